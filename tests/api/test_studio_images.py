"""Images of Studio through boto3. An app with a kernel on one is in test_studio_apps.py."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

PLAIN = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3-cpu"
"""An image that is Studiolo's own Python here: nothing has to be fetched for it."""


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


@pytest.fixture
def image(sagemaker: Any, role: str) -> str:
    name = f"churn-{uuid.uuid4().hex[:8]}"
    sagemaker.create_image(ImageName=name, RoleArn=role, DisplayName="Churn", Tags=[{"Key": "team", "Value": "air"}])
    return name


def version(sagemaker: Any, image: str, base: str = PLAIN, **more: Any) -> dict[str, Any]:
    token = uuid.uuid4().hex
    made = sagemaker.create_image_version(ImageName=image, BaseImage=base, ClientToken=token, **more)
    again = sagemaker.create_image_version(ImageName=image, BaseImage=base, ClientToken=token, **more)
    assert made["ImageVersionArn"] == again["ImageVersionArn"]
    number = int(made["ImageVersionArn"].rpartition("/")[2])
    found: dict[str, Any] = sagemaker.describe_image_version(ImageName=image, Version=number)
    return found


def test_versions_of_an_image_are_found_by_number_and_alias_and_go_with_it(sagemaker: Any, image: str) -> None:
    first = version(sagemaker, image, Aliases=["stable"])
    assert (first["Version"], first["ImageVersionStatus"], first["BaseImage"]) == (1, "CREATED", PLAIN)
    second = version(sagemaker, image, MLFramework="sklearn 1.5")
    assert sagemaker.describe_image_version(ImageName=image)["Version"] == second["Version"] == 2
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="alias stable is that of the version 1"):
        sagemaker.update_image_version(ImageName=image, Version=2, AliasesToAdd=["stable"])
    sagemaker.update_image_version(ImageName=image, Alias="stable", AliasesToDelete=["stable"], AliasesToAdd=["old"])
    assert sagemaker.list_aliases(ImageName=image)["SageMakerImageVersionAliases"] == ["old"]
    pages = sagemaker.get_paginator("list_image_versions").paginate(ImageName=image, MaxResults=1)
    assert [each["Version"] for page in pages for each in page["ImageVersions"]] == [2, 1]
    sagemaker.delete_image_version(ImageName=image, Version=2)
    assert version(sagemaker, image)["Version"] == 3
    sagemaker.update_image(ImageName=image, Description="for churn", DeleteProperties=["DisplayName"])
    found = sagemaker.describe_image(ImageName=image)
    assert (found["ImageStatus"], found["Description"], found.get("DisplayName")) == ("CREATED", "for churn", None)
    assert sagemaker.list_tags(ResourceArn=found["ImageArn"])["Tags"] == [{"Key": "team", "Value": "air"}]
    assert [each["ImageName"] for each in sagemaker.list_images(NameContains=image)["Images"]] == [image]
    sagemaker.delete_image(ImageName=image)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match=image):
        sagemaker.list_image_versions(ImageName=image)


@pytest.mark.parametrize("base", ["mine/unknown:1", "811284229777.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"])
def test_a_version_of_what_no_notebook_can_run_in_is_refused_by_its_name(sagemaker: Any, image: str, base: str) -> None:
    with pytest.raises(sagemaker.exceptions.ClientError, match=base):
        version(sagemaker, image, base)
    assert sagemaker.list_image_versions(ImageName=image)["ImageVersions"] == []


def test_how_an_app_shows_an_image_is_described_changed_and_listed_until_it_is_deleted(sagemaker: Any) -> None:
    name = f"shown-{uuid.uuid4().hex[:8]}"
    kernel = {"KernelSpecs": [{"Name": "churn", "DisplayName": "Churn"}]}
    sagemaker.create_app_image_config(AppImageConfigName=name, KernelGatewayImageConfig=kernel)
    assert sagemaker.describe_app_image_config(AppImageConfigName=name)["KernelGatewayImageConfig"] == kernel
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match=name):
        sagemaker.create_app_image_config(AppImageConfigName=name)
    with pytest.raises(sagemaker.exceptions.ClientError, match=r"The Name \.\./churn of a kernel"):
        sagemaker.update_app_image_config(
            AppImageConfigName=name, KernelGatewayImageConfig={"KernelSpecs": [{"Name": "../churn"}]}
        )
    listed = sagemaker.list_app_image_configs(NameContains=name)["AppImageConfigs"]
    assert [each["AppImageConfigName"] for each in listed] == [name]
    sagemaker.delete_app_image_config(AppImageConfigName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match=name):
        sagemaker.describe_app_image_config(AppImageConfigName=name)
