"""STS and IAM through boto3, and what they mean for every other call."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import REGION, Server

Client = Callable[..., Any]
SERVICES = ["glue.amazonaws.com", "sagemaker.amazonaws.com"]
TWICE = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*") -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource})


def trust(principal: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def refusal(error: "pytest.ExceptionInfo[ClientError]") -> tuple[str, str]:
    said = error.value.response["Error"]
    return said["Code"], said["Message"]


@pytest.fixture(scope="session")
def iam(client: Client) -> Any:
    return client("iam")


@pytest.fixture(scope="session")
def sts(client: Client) -> Any:
    return client("sts")


@pytest.fixture(scope="session")
def account(sts: Any) -> str:
    number: str = sts.get_caller_identity()["Account"]
    return number


@pytest.fixture
def analyst(iam: Any, account: str) -> Iterator[dict[str, Any]]:
    """A role that the account may assume, and that has no policies."""
    name = f"Analyst-{uuid.uuid4().hex[:8]}"
    role: dict[str, Any] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]
    yield role
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_role(RoleName=name)


@pytest.fixture
def policy(iam: Any) -> Iterator[str]:
    """A managed policy of the account, its ARN."""
    arn: str = iam.create_policy(
        PolicyName=f"policy-{uuid.uuid4().hex[:8]}", PolicyDocument=allow("glue:*"), Path="/team/"
    )["Policy"]["Arn"]
    yield arn
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def as_role(server: Server, sts: Any, arn: str, **asked: Any) -> boto3.session.Session:
    """A session of the role."""
    key = sts.assume_role(RoleArn=arn, RoleSessionName="ada", **asked)["Credentials"]
    return boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION)


def test_the_root_key_is_the_account_s_root_user(sts: Any, account: str) -> None:
    caller = sts.get_caller_identity()
    assert (caller["UserId"], caller["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_a_session_of_a_role_signs_as_that_role(
    server: Server, sts: Any, analyst: dict[str, Any], account: str
) -> None:
    session = as_role(server, sts, analyst["Arn"])
    caller = session.client("sts", endpoint_url=server.endpoint).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::{account}:assumed-role/{analyst['RoleName']}/ada"
    assert caller["UserId"] == f"{analyst['RoleId']}:ada"


def test_assume_role_says_whose_session_it_is_and_until_when(sts: Any, analyst: dict[str, Any]) -> None:
    answer = sts.assume_role(RoleArn=analyst["Arn"], RoleSessionName="ada", DurationSeconds=900, Policy=allow("s3:*"))
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{analyst['RoleId']}:ada"
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    lifetime = answer["Credentials"]["Expiration"] - analyst["CreateDate"]
    assert 890 < lifetime.total_seconds() < 1000
    assert answer["PackedPolicySize"] > 0


def test_a_role_may_do_what_its_policies_allow_and_no_more(
    server: Server, iam: Any, sts: Any, analyst: dict[str, Any]
) -> None:
    logs = as_role(server, sts, analyst["Arn"]).client("logs", endpoint_url=server.endpoint)
    with pytest.raises(ClientError) as error:
        logs.describe_log_groups()
    code, message = refusal(error)
    assert code == "AccessDeniedException"
    assert message.endswith("because no identity-based policy allows the logs:DescribeLogGroups action")
    iam.put_role_policy(RoleName=analyst["RoleName"], PolicyName="read", PolicyDocument=allow("logs:Describe*"))
    logs.describe_log_groups()


def test_a_query_api_says_access_denied(server: Server, sts: Any, analyst: dict[str, Any]) -> None:
    iam = as_role(server, sts, analyst["Arn"]).client("iam", endpoint_url=server.endpoint)
    with pytest.raises(ClientError) as error:
        iam.list_roles()
    assert refusal(error)[0] == "AccessDenied"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_s3_through_the_endpoint_is_decided_by_bucket_and_key(
    server: Server, iam: Any, sts: Any, client: Client, analyst: dict[str, Any], bucket: str
) -> None:
    client("s3").put_object(Bucket=bucket, Key="open/x", Body=b"seen")
    client("s3").put_object(Bucket=bucket, Key="closed/x", Body=b"hidden")
    only = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*")
    iam.put_role_policy(RoleName=analyst["RoleName"], PolicyName="open", PolicyDocument=only)
    s3 = as_role(server, sts, analyst["Arn"]).client("s3", endpoint_url=server.endpoint)
    assert s3.get_object(Bucket=bucket, Key="open/x")["Body"].read() == b"seen"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="closed/x")
    assert refusal(error)[0] == "AccessDenied"


def test_a_role_that_does_not_trust_the_caller_cannot_be_assumed(iam: Any, sts: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        sts.assume_role(RoleArn=role, RoleSessionName="ada")
    code, message = refusal(error)
    assert code == "AccessDenied"
    denied = f"is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert message.endswith(f"{denied} because no role trust policy allows the sts:AssumeRole action")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"RoleArn": "arn:aws:iam::123456789012:user/ada"}, "ValidationError"),
        ({"Tags": TWICE}, "ValidationError"),
    ],
)
def test_assume_role_refuses_what_cannot_be(
    sts: Any, analyst: dict[str, Any], asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        sts.assume_role(**{"RoleArn": analyst["Arn"], "RoleSessionName": "ada", **asked})
    assert refusal(error)[0] == code


def test_a_session_token_is_the_root_user_s(server: Server, sts: Any, account: str) -> None:
    key = sts.get_session_token()["Credentials"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION)
    root = session.client("sts", endpoint_url=server.endpoint)
    assert root.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:root"
    assert sts.get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == account


def test_the_sagemaker_sdk_finds_its_execution_role(
    server: Server, sts: Any, iam: Any, analyst: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker = pytest.importorskip("sagemaker")
    iam.attach_role_policy(RoleName=analyst["RoleName"], PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    for name, value in server.environment().items():
        if name.startswith(("AWS_ENDPOINT", "BOTOCORE")):
            monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(server.environment()["PYTHONPATH"].split(":")[0])
    session = sagemaker.Session(boto_session=as_role(server, sts, analyst["Arn"]))
    assert sagemaker.get_execution_role(session) == analyst["Arn"]


def test_a_role_comes_back_as_it_was_made(iam: Any, policy: str) -> None:
    name = f"Made-{uuid.uuid4().hex[:8]}"
    made = iam.create_role(
        RoleName=name,
        Path="/service-role/",
        AssumeRolePolicyDocument=trust({"Service": SERVICES}),
        Description="runs jobs",
        MaxSessionDuration=7200,
        PermissionsBoundary=policy,
        Tags=[{"Key": "team", "Value": "air"}],
    )["Role"]
    role = iam.get_role(RoleName=name)["Role"]
    assert role == {**made, "RoleLastUsed": {}}
    assert role["Arn"].endswith(f":role/service-role/{name}")
    assert role["AssumeRolePolicyDocument"] == json.loads(trust({"Service": SERVICES}))
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    assert (role["Description"], role["MaxSessionDuration"]) == ("runs jobs", 7200)
    iam.delete_role(RoleName=name)


def test_a_role_s_settings_change(iam: Any, analyst: dict[str, Any], policy: str) -> None:
    name = analyst["RoleName"]
    iam.update_role(RoleName=name, Description="new", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust({"Service": SERVICES}))
    iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName=name, TagKeys=["a"])
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=policy)
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Description"] == "new"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": SERVICES}
    assert iam.list_role_tags(RoleName=name)["Tags"] == role["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.delete_role_permissions_boundary(RoleName=name)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=name)["Role"]


def test_roles_are_listed_by_pages_and_paths(iam: Any) -> None:
    path = f"/{uuid.uuid4().hex[:8]}/"
    names = [f"Listed-{uuid.uuid4().hex[:8]}" for _ in range(5)]
    for name in names:
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust({"Service": SERVICES}))
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    listed = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    assert [name for page in listed for name in page] == sorted(names)
    for name in names:
        iam.delete_role(RoleName=name)


def test_a_role_s_own_policies_are_put_read_and_deleted(iam: Any, analyst: dict[str, Any]) -> None:
    name = analyst["RoleName"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allow("s3:*", "arn:aws:s3:::a b/ü*"))
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["own"]
    got = iam.get_role_policy(RoleName=name, PolicyName="own")["PolicyDocument"]
    assert got["Statement"][0]["Resource"] == "arn:aws:s3:::a b/ü*"
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role_policy(RoleName=name, PolicyName="own")


def test_a_managed_policy_is_attached_counted_and_detached(iam: Any, analyst: dict[str, Any], policy: str) -> None:
    name = analyst["RoleName"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == [{"PolicyName": policy.rpartition("/")[2], "PolicyArn": policy}]
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    assert iam.list_entities_for_policy(PolicyArn=policy)["PolicyRoles"][0]["RoleName"] == name
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=policy)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 0


def test_a_policy_has_five_versions_and_one_that_counts(iam: Any, policy: str) -> None:
    for i in range(2, 6):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=allow(f"s3:Get{i}"), SetAsDefault=i == 3)
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=allow("s3:*"))
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v3"
    third = iam.get_policy_version(PolicyArn=policy, VersionId="v3")["PolicyVersion"]
    assert third["Document"]["Statement"][0]["Action"] == "s3:Get3"
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy_version(PolicyArn=policy, VersionId="v3")
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    iam.delete_policy_version(PolicyArn=policy, VersionId="v3")
    versions = [version["VersionId"] for version in iam.list_policy_versions(PolicyArn=policy)["Versions"]]
    assert versions == ["v5", "v4", "v2", "v1"]


def test_policies_are_listed_by_whose_they_are(iam: Any, policy: str) -> None:
    local = iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix="/team/", PaginationConfig={"PageSize": 1}
    )
    assert policy in [each["Arn"] for page in local for each in page["Policies"]]
    of_aws = iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]
    assert "AdministratorAccess" in [each["PolicyName"] for each in of_aws]
    assert policy not in [each["Arn"] for each in of_aws]


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "message"),
    [
        ("get_user", {"UserName": "Nobody"}, "NoSuchEntity", "The user with name Nobody cannot be found."),
        ("get_group", {"GroupName": "Nobody"}, "NoSuchEntity", "The group with name Nobody cannot be found."),
        ("get_instance_profile", {"InstanceProfileName": "No"}, "NoSuchEntity", "Instance Profile No cannot be found."),
        ("get_login_profile", {"UserName": "Nobody"}, "NoSuchEntity", "The user with name Nobody cannot be found."),
        ("create_user", {"UserName": "u", "PermissionsBoundary": f"{READ_ONLY}x"}, "NoSuchEntity", "Scope ARN"),
        ("create_user", {"UserName": "u", "Path": "/a"}, "ValidationError", "path"),
        ("create_user", {"UserName": "u", "Tags": TWICE}, "InvalidInput", "Duplicate tag keys found"),
        ("create_user", {"UserName": "u", "Tags": [{"Key": "a!", "Value": "1"}]}, "ValidationError", "tags.1.member.key"),
        ("create_user", {"UserName": "u", "Tags": [{"Key": "aws:a", "Value": "1"}]}, "InvalidInput", "reserved"),
        ("create_open_id_connect_provider", {"Url": "ftp://issuer"}, "InvalidInput", "https://"),
        ("create_saml_provider", {"Name": "idp", "SAMLMetadataDocument": "x" * 1000}, "InvalidInput", "Could not parse"),
        ("delete_account_alias", {"AccountAlias": "nobody"}, "NoSuchEntity", "nobody"),
        ("get_role", {"RoleName": "Nobody"}, "NoSuchEntity", "The role with name Nobody cannot be found."),
        ("delete_role", {"RoleName": "Nobody"}, "NoSuchEntity", "The role with name Nobody cannot be found."),
        ("get_role", {"RoleName": "a b"}, "ValidationError", "1 validation error detected"),
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/None"}, "NoSuchEntity", "was not found"),
        ("create_role", {"RoleName": "Bad", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", "invalid Json"),
        ("create_policy", {"PolicyName": "Bad", "PolicyDocument": "{}"}, "MalformedPolicyDocument", "version 2012-10-17"),
        ("list_roles", {"Marker": "none of ours"}, "ValidationError", "token"),
    ],
)  # fmt: skip
def test_iam_refuses_in_its_own_words(
    iam: Any, operation: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(iam, operation)(**parameters)
    assert refusal(error)[0] == code
    assert message in refusal(error)[1]


def test_a_second_role_of_the_name_is_refused_whatever_its_case(iam: Any, analyst: dict[str, Any]) -> None:
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=analyst["RoleName"].upper(), AssumeRolePolicyDocument=trust({"Service": SERVICES}))


def test_what_a_role_may_do_can_be_asked(iam: Any, analyst: dict[str, Any]) -> None:
    iam.attach_role_policy(RoleName=analyst["RoleName"], PolicyArn=READ_ONLY)
    answers = iam.simulate_principal_policy(
        PolicySourceArn=analyst["Arn"], ActionNames=["glue:GetTable", "glue:CreateTable"]
    )["EvaluationResults"]
    assert {each["EvalActionName"]: each["EvalDecision"] for each in answers} == {
        "glue:GetTable": "allowed",
        "glue:CreateTable": "implicitDeny",
    }


def test_the_account_has_a_root_user(iam: Any, account: str) -> None:
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account}:root"


def test_an_untagged_role_shows_no_tags(iam: Any, analyst: dict[str, Any]) -> None:
    assert "Tags" not in iam.get_role(RoleName=analyst["RoleName"])["Role"]


def test_a_new_policy_shows_its_tags_and_its_description_when_it_is_asked_for(iam: Any) -> None:
    tags = [{"Key": "team", "Value": "air"}]
    made = iam.create_policy(
        PolicyName=f"tagged-{uuid.uuid4().hex[:8]}", PolicyDocument=allow("glue:*"), Description="for all", Tags=tags
    )["Policy"]
    assert made["Tags"] == tags
    assert "Description" not in made
    assert iam.get_policy(PolicyArn=made["Arn"])["Policy"]["Description"] == "for all"
    iam.delete_policy(PolicyArn=made["Arn"])


def test_a_policy_of_aws_is_shown_and_cannot_be_changed(iam: Any) -> None:
    policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")["Policy"]
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    actions = {action for each in version["Document"]["Statement"] for action in each["Action"]}
    assert "ec2:CreateNetworkInterfacePermission" in actions
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=policy["Arn"])
    assert refusal(error)[0] == "AccessDenied"


def test_the_role_of_a_service_is_its_own(iam: Any) -> None:
    role = iam.create_service_linked_role(
        AWSServiceName="elasticmapreduce.amazonaws.com", CustomSuffix=uuid.uuid4().hex[:8]
    )["Role"]
    assert role["RoleName"].startswith("AWSServiceRoleForEMRCleanup_")
    everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    with pytest.raises(iam.exceptions.UnmodifiableEntityException):
        iam.delete_role(RoleName=role["RoleName"])
    with pytest.raises(iam.exceptions.UnmodifiableEntityException):
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="more", PolicyDocument=everything)
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role["RoleName"])
