"""Studio's domains, user profiles and spaces through boto3; what their names answer in a browser."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browsing import Browser
from tests.conftest import REGION, Server, create_role

PRIVATE = {
    "OwnershipSettings": {"OwnerUserProfileName": "ana"},
    "SpaceSharingSettings": {"SharingType": "Private"},
    "SpaceSettings": {"AppType": "JupyterLab"},
}


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


@pytest.fixture
def domain(sagemaker: Any, role: str) -> Iterator[str]:
    """The id of a domain with the user ana."""
    name = f"lab-{uuid.uuid4().hex[:8]}"
    made: str = sagemaker.create_domain(
        DomainName=name, AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role}, VpcId="vpc-1"
    )["DomainId"]
    sagemaker.create_user_profile(DomainId=made, UserProfileName="ana")
    yield made
    for space in sagemaker.list_spaces(DomainIdEquals=made)["Spaces"]:
        sagemaker.delete_space(DomainId=made, SpaceName=space["SpaceName"])
    for user in sagemaker.list_user_profiles(DomainIdEquals=made)["UserProfiles"]:
        sagemaker.delete_user_profile(DomainId=made, UserProfileName=user["UserProfileName"])
    sagemaker.delete_domain(DomainId=made)


def test_a_domain_is_described_as_it_was_made_with_an_address_of_its_own(
    server: Server, sagemaker: Any, domain: str, role: str
) -> None:
    found = sagemaker.describe_domain(DomainId=domain)
    assert found["Status"] == "InService"
    assert found["DefaultUserSettings"] == {"ExecutionRole": role}
    assert found["VpcId"] == "vpc-1"
    assert found["Url"] == f"http://{domain}.studio.{REGION}.localhost:{server.port}"
    assert domain in [each["DomainId"] for each in sagemaker.list_domains(MaxResults=50)["Domains"]]


def test_what_is_in_a_domain_is_listed_changed_tagged_and_keeps_it_from_being_deleted(
    sagemaker: Any, domain: str
) -> None:
    sagemaker.create_space(DomainId=domain, SpaceName="mine", Tags=[{"Key": "team", "Value": "air"}], **PRIVATE)
    [space] = sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]
    assert space["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "ana"}
    arn = sagemaker.describe_space(DomainId=domain, SpaceName="mine")["SpaceArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "air"}]
    sagemaker.update_space(DomainId=domain, SpaceName="mine", SpaceDisplayName="Ana's")
    assert sagemaker.describe_space(DomainId=domain, SpaceName="mine")["SpaceDisplayName"] == "Ana's"
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="spaces|user-profiles"):
        sagemaker.delete_domain(DomainId=domain)
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="owns the space mine"):
        sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ana")


def test_a_second_one_of_a_name_and_one_that_is_not_there_are_refused_in_sagemaker_s_codes(
    sagemaker: Any, domain: str
) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="ana"):
        sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="bob"):
        sagemaker.describe_user_profile(DomainId=domain, UserProfileName="bob")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.create_space(DomainId="d-none", SpaceName="mine")


def test_a_domain_needs_a_role_that_lets_sagemaker_act_as_it(server: Server, sagemaker: Any, domain: str) -> None:
    iam, name = server.client("iam"), f"glue-only-{uuid.uuid4().hex[:6]}"
    statement = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    with pytest.raises(sagemaker.exceptions.ClientError, match="allows principal 'sagemaker.amazonaws.com'"):
        sagemaker.update_domain(DomainId=domain, DefaultUserSettings={"ExecutionRole": arn})


def test_a_lifecycle_configuration_is_described_as_it_was_made_and_listed_until_it_is_deleted(sagemaker: Any) -> None:
    name, content = f"greets-{uuid.uuid4().hex[:8]}", base64.b64encode(b"echo prepared").decode()
    given = {"StudioLifecycleConfigName": name, "StudioLifecycleConfigAppType": "JupyterLab"}
    arn = sagemaker.create_studio_lifecycle_config(
        **given, StudioLifecycleConfigContent=content, Tags=[{"Key": "team", "Value": "air"}]
    )["StudioLifecycleConfigArn"]
    found = sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName=name)
    assert (found["StudioLifecycleConfigArn"], found["StudioLifecycleConfigContent"]) == (arn, content)
    [listed] = sagemaker.list_studio_lifecycle_configs(NameContains=name)["StudioLifecycleConfigs"]
    assert listed["StudioLifecycleConfigName"] == name
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "air"}]
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match=name):
        sagemaker.create_studio_lifecycle_config(**given, StudioLifecycleConfigContent=content)
    with pytest.raises(sagemaker.exceptions.ClientError, match="not a text in base64"):
        sagemaker.create_studio_lifecycle_config(
            **{**given, "StudioLifecycleConfigName": "other"}, StudioLifecycleConfigContent="no!"
        )
    sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName=name)


def test_an_app_that_is_not_there_is_refused_by_its_name(sagemaker: Any, domain: str) -> None:
    sagemaker.create_space(DomainId=domain, SpaceName="mine", **PRIVATE)
    why = {"KernelGateway": "is not supported", "CodeEditor": "needs code-server|The space mine is for JupyterLab"}
    for app_type, words in why.items():
        with pytest.raises(sagemaker.exceptions.ClientError, match=words):
            sagemaker.create_app(DomainId=domain, SpaceName="mine", AppType=app_type, AppName="default")


def test_a_presigned_address_needs_the_right_to_that_very_user(server: Server, sagemaker: Any, domain: str) -> None:
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="bob")
    iam, role = server.client("iam"), create_role(server)
    name = role.rpartition("/")[2]
    iam.detach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    resource = f"arn:aws:sagemaker:{REGION}:*:user-profile/{domain}/ana"
    statement = {"Effect": "Allow", "Action": "sagemaker:CreatePresignedDomainUrl", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="ana", PolicyDocument=policy)
    account = server.client("sts").get_caller_identity()["Account"]
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    key = server.client("sts").assume_role(RoleArn=role, RoleSessionName="ana")["Credentials"]
    mine = server.client(
        "sagemaker",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    url = mine.create_presigned_domain_url(DomainId=domain, UserProfileName="ana")["AuthorizedUrl"]
    assert urlsplit(url).netloc == f"{domain}.studio.{REGION}.localhost:{server.port}"
    with pytest.raises(mine.exceptions.ClientError, match="CreatePresignedDomainUrl"):
        mine.create_presigned_domain_url(DomainId=domain, UserProfileName="bob")


def test_a_space_of_somebody_else_is_not_opened(sagemaker: Any, domain: str) -> None:
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="bob")
    sagemaker.create_space(DomainId=domain, SpaceName="mine", **PRIVATE)
    with pytest.raises(sagemaker.exceptions.ClientError, match="not one of the user profile bob"):
        sagemaker.create_presigned_domain_url(DomainId=domain, UserProfileName="bob", SpaceName="mine")


def test_a_domain_s_name_shows_nothing_to_who_is_not_signed_in_to_it(server: Server, domain: str) -> None:
    stranger = Browser(server.port, name=f"{domain}.studio.{REGION}.localhost")
    assert stranger.open("/jupyterlab/default/lab").status == 401
    refused = stranger.open("/auth?token=invented")
    assert refused.status == 403
    assert "has been used, or its time is over" in refused.words
