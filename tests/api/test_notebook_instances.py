"""Notebook instances through boto3. Those that need JupyterLab's packages are in test_studio_apps.py."""

import base64
import uuid
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


def script(text: str) -> list[dict[str, str]]:
    return [{"Content": base64.b64encode(text.encode()).decode()}]


def test_a_lifecycle_configuration_is_described_as_it_was_made_changed_tagged_and_deleted(sagemaker: Any) -> None:
    name = f"scripts-{uuid.uuid4().hex[:8]}"
    named = {"NotebookInstanceLifecycleConfigName": name}
    asked = {"OnCreate": script("echo made"), "OnStart": script("echo started")}
    arn = sagemaker.create_notebook_instance_lifecycle_config(**named, **asked, Tags=[{"Key": "team", "Value": "air"}])[
        "NotebookInstanceLifecycleConfigArn"
    ]
    found = sagemaker.describe_notebook_instance_lifecycle_config(**named)
    assert {when: found[when] for when in asked} == asked
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "air"}]
    sagemaker.update_notebook_instance_lifecycle_config(**named, OnStart=script("echo again"))
    found = sagemaker.describe_notebook_instance_lifecycle_config(**named)
    assert (found["OnCreate"], found["OnStart"]) == (asked["OnCreate"], script("echo again"))
    listed = sagemaker.list_notebook_instance_lifecycle_configs(NameContains=name)
    assert [each["NotebookInstanceLifecycleConfigArn"] for each in listed["NotebookInstanceLifecycleConfigs"]] == [arn]
    with pytest.raises(sagemaker.exceptions.ClientError, match="duplicate"):
        sagemaker.create_notebook_instance_lifecycle_config(**named)
    with pytest.raises(sagemaker.exceptions.ClientError, match="OnStart is not a script in base64"):
        sagemaker.update_notebook_instance_lifecycle_config(**named, OnStart=[{"Content": "no!"}])
    sagemaker.delete_notebook_instance_lifecycle_config(**named)
    with pytest.raises(sagemaker.exceptions.ClientError, match="RecordNotFound"):
        sagemaker.describe_notebook_instance_lifecycle_config(**named)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"LifecycleConfigName": "nowhere"}, "NotebookInstanceLifecycleConfig nowhere does not exist"),
        ({"DefaultCodeRepository": "mine"}, "DefaultCodeRepository mine is not supported"),
        ({"AdditionalCodeRepositories": ["https://example.com/a"]}, "AdditionalCodeRepositories is not supported"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "nobody"),
    ],
)
def test_a_notebook_instance_that_cannot_be_had_is_refused_before_it_is_made(
    sagemaker: Any, role: str, asked: dict[str, Any], words: str
) -> None:
    given = {"NotebookInstanceName": "never", "InstanceType": "ml.t3.medium", "RoleArn": role, **asked}
    with pytest.raises(sagemaker.exceptions.ClientError, match=words):
        sagemaker.create_notebook_instance(**given)
    with pytest.raises(sagemaker.exceptions.ClientError, match="RecordNotFound"):
        sagemaker.describe_notebook_instance(NotebookInstanceName="never")
    assert sagemaker.list_notebook_instances(NameContains="never")["NotebookInstances"] == []
