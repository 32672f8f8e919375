"""Users, groups and their keys through boto3: who they are, what they may, and what is refused."""

import csv
import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from studiolo.identity.mfa import code_of
from tests.conftest import REGION, Server
from tests.waiting import until

Client = Callable[..., Any]


def allow(action: Any, resource: Any = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def refusal(error: "pytest.ExceptionInfo[ClientError]") -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


@pytest.fixture(scope="session")
def iam(client: Client) -> Any:
    return client("iam")


class Person:
    """A user with an access key, whose clients talk to the server and its S3 door."""

    def __init__(self, server: Server, iam: Any) -> None:
        self.name = f"ada-{uuid.uuid4().hex[:8]}"
        self.server = server
        self.user = iam.create_user(UserName=self.name, Path="/people/")["User"]
        self.key = iam.create_access_key(UserName=self.name)["AccessKey"]

    def client(self, service: str) -> Any:
        session = boto3.session.Session(self.key["AccessKeyId"], self.key["SecretAccessKey"], region_name=REGION)
        endpoint = self.server.s3_endpoint if service == "s3" else self.server.endpoint
        return session.client(service, endpoint_url=endpoint)


def remove(iam: Any, name: str) -> None:
    """Delete a user and all that it has."""
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_user(UserName=name)


@pytest.fixture
def ada(server: Server, iam: Any) -> Iterator[Person]:
    person = Person(server, iam)
    yield person
    remove(iam, person.name)


@pytest.fixture
def group(iam: Any) -> Iterator[str]:
    name = f"group-{uuid.uuid4().hex[:8]}"
    iam.create_group(GroupName=name)
    yield name
    for policy in iam.list_group_policies(GroupName=name)["PolicyNames"]:
        iam.delete_group_policy(GroupName=name, PolicyName=policy)
    for user in iam.get_group(GroupName=name)["Users"]:
        iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
    iam.delete_group(GroupName=name)


def test_a_second_person_signs_with_a_key_of_their_own_and_may_what_they_and_their_group_may(
    iam: Any, client: Client, ada: Person, group: str, bucket: str
) -> None:
    caller = ada.client("sts").get_caller_identity()
    assert (caller["Arn"], caller["UserId"]) == (ada.user["Arn"], ada.user["UserId"])
    client("s3").put_object(Bucket=bucket, Key=f"{ada.name}/x", Body=b"mine")
    s3, logs = ada.client("s3"), ada.client("logs")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key=f"{ada.name}/x")
    assert refusal(error) == "AccessDenied"

    iam.put_user_policy(UserName=ada.name, PolicyName="logs", PolicyDocument=allow("logs:Describe*"))
    home = f"arn:aws:s3:::{bucket}/${{aws:username}}/*"
    iam.put_group_policy(GroupName=group, PolicyName="home", PolicyDocument=allow("s3:GetObject", home))
    iam.add_user_to_group(GroupName=group, UserName=ada.name)
    logs.describe_log_groups()
    assert s3.get_object(Bucket=bucket, Key=f"{ada.name}/x")["Body"].read() == b"mine"

    iam.remove_user_from_group(GroupName=group, UserName=ada.name)
    with pytest.raises(ClientError):
        s3.get_object(Bucket=bucket, Key=f"{ada.name}/x")


def test_a_user_s_rights_end_at_its_boundary(iam: Any, ada: Person) -> None:
    iam.attach_user_policy(UserName=ada.name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    ada.client("iam").list_users()
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.put_user_permissions_boundary(UserName=ada.name, PermissionsBoundary=boundary)
    with pytest.raises(ClientError, match="permissions boundary"):
        ada.client("iam").list_users()
    iam.delete_user_permissions_boundary(UserName=ada.name)
    ada.client("iam").list_users()


def test_a_key_that_is_switched_off_is_nobody_s_at_both_doors_at_once(iam: Any, ada: Person, bucket: str) -> None:
    iam.attach_user_policy(UserName=ada.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    s3, sts = ada.client("s3"), ada.client("sts")
    s3.list_objects_v2(Bucket=bucket)
    this = {"UserName": ada.name, "AccessKeyId": ada.key["AccessKeyId"]}
    iam.update_access_key(**this, Status="Inactive")
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(Bucket=bucket)
    assert refusal(error) == "InvalidAccessKeyId"
    with pytest.raises(ClientError) as error:
        sts.get_caller_identity()
    assert refusal(error) == "InvalidClientTokenId"
    iam.update_access_key(**this, Status="Active")
    s3.list_objects_v2(Bucket=bucket)
    iam.delete_access_key(**this)
    with pytest.raises(ClientError):
        s3.list_objects_v2(Bucket=bucket)


def test_a_user_has_two_keys_at_most_and_sees_when_they_were_used(iam: Any, ada: Person) -> None:
    second = iam.create_access_key(UserName=ada.name)["AccessKey"]["AccessKeyId"]
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_access_key(UserName=ada.name)
    unused = iam.get_access_key_last_used(AccessKeyId=second)
    assert unused["UserName"] == ada.name
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    ada.client("sts").get_caller_identity()

    def used() -> bool:
        use = iam.get_access_key_last_used(AccessKeyId=ada.key["AccessKeyId"])["AccessKeyLastUsed"]
        return bool((use["ServiceName"], use["Region"]) == ("sts", REGION) and "LastUsedDate" in use)

    until(used)


def test_users_are_listed_by_pages_and_paths_and_their_names_are_unique_whatever_their_case(iam: Any) -> None:
    path = f"/{uuid.uuid4().hex[:8]}/"
    names = [f"user{i}-{uuid.uuid4().hex[:8]}" for i in range(3)]
    for name in names:
        iam.create_user(UserName=name, Path=path)
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException, match="User with name"):
        iam.create_user(UserName=names[0].upper())
    pages = iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [names[:2], names[2:]]
    for name in names:
        iam.delete_user(UserName=name)


def test_who_may_list_the_users_of_a_path_lists_no_others(iam: Any, ada: Person) -> None:
    account = ada.client("sts").get_caller_identity()["Account"]
    listing = allow("iam:ListUsers", f"arn:aws:iam::{account}:user/people/*")
    iam.put_user_policy(UserName=ada.name, PolicyName="list", PolicyDocument=listing)
    assert ada.name in [user["UserName"] for user in ada.client("iam").list_users(PathPrefix="/people/")["Users"]]
    with pytest.raises(ClientError, match=f"iam:ListUsers on resource: arn:aws:iam::{account}:user/ because"):
        ada.client("iam").list_users()


def test_a_user_that_is_given_another_name_keeps_all_it_has(iam: Any, ada: Person, group: str) -> None:
    iam.put_user_policy(UserName=ada.name, PolicyName="own", PolicyDocument=allow("iam:GetUser"))
    iam.add_user_to_group(GroupName=group, UserName=ada.name)
    iam.update_user(UserName=ada.name, NewUserName=f"{ada.name}-2", NewPath="/")
    ada.name = f"{ada.name}-2"
    assert ada.client("iam").get_user()["User"]["Arn"].endswith(f":user/{ada.name}")
    assert [user["UserName"] for user in iam.get_group(GroupName=group)["Users"]] == [ada.name]


def test_what_is_in_use_is_not_deleted(iam: Any, ada: Person, group: str) -> None:
    def words() -> str:
        with pytest.raises(iam.exceptions.DeleteConflictException) as error:
            iam.delete_user(UserName=ada.name)
        return str(error.value.response["Error"]["Message"])

    iam.add_user_to_group(GroupName=group, UserName=ada.name)
    assert words() == "Cannot delete entity, must remove users from group first."
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_group(GroupName=group)
    iam.remove_user_from_group(GroupName=group, UserName=ada.name)
    assert words() == "Cannot delete entity, must delete access keys first."
    iam.delete_access_key(UserName=ada.name, AccessKeyId=ada.key["AccessKeyId"])
    iam.create_login_profile(UserName=ada.name, Password="correct-Horse-7")
    assert words() == "Cannot delete entity, must delete login profile first."
    iam.delete_login_profile(UserName=ada.name)
    iam.put_user_policy(UserName=ada.name, PolicyName="own", PolicyDocument=allow("s3:*"))
    assert words() == "Cannot delete entity, must delete policies first."


def test_tags_are_the_same_whatever_their_case(iam: Any, ada: Person) -> None:
    iam.tag_user(UserName=ada.name, Tags=[{"Key": "Team", "Value": "air"}])
    iam.tag_user(UserName=ada.name, Tags=[{"Key": "team", "Value": "sea"}])
    assert iam.list_user_tags(UserName=ada.name)["Tags"] == [{"Key": "team", "Value": "sea"}]
    iam.untag_user(UserName=ada.name, TagKeys=["TEAM"])
    assert "Tags" not in iam.get_user(UserName=ada.name)["User"]


def test_a_password_is_as_the_account_wants_it_and_its_owner_changes_it(iam: Any, ada: Person) -> None:
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireNumbers=True, AllowUsersToChangePassword=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["RequireSymbols"], policy["ExpirePasswords"]) == (12, False, False)
    with pytest.raises(iam.exceptions.PasswordPolicyViolationException):
        iam.create_login_profile(UserName=ada.name, Password="without-a-number")
    iam.create_login_profile(UserName=ada.name, Password="with-number-1", PasswordResetRequired=True)
    iam.put_user_policy(UserName=ada.name, PolicyName="own", PolicyDocument=allow("iam:ChangePassword"))
    with pytest.raises(ClientError):
        ada.client("iam").change_password(OldPassword="wrong", NewPassword="with-number-2")
    ada.client("iam").change_password(OldPassword="with-number-1", NewPassword="with-number-2")
    assert not iam.get_login_profile(UserName=ada.name)["LoginProfile"]["PasswordResetRequired"]
    iam.delete_login_profile(UserName=ada.name)
    iam.delete_account_password_policy()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()


def test_a_device_that_shows_codes_opens_what_asks_for_one(iam: Any, ada: Person) -> None:
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=ada.name)["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
    step = int(time.time()) // 30
    with pytest.raises(iam.exceptions.InvalidAuthenticationCodeException):
        iam.enable_mfa_device(
            UserName=ada.name, SerialNumber=serial, AuthenticationCode1="000000", AuthenticationCode2="000000"
        )
    codes = {"AuthenticationCode1": code_of(seed, step - 1), "AuthenticationCode2": code_of(seed, step)}
    iam.enable_mfa_device(UserName=ada.name, SerialNumber=serial, **codes)
    assert iam.list_mfa_devices(UserName=ada.name)["MFADevices"][0]["SerialNumber"] == serial
    guarded = json.loads(allow("logs:DescribeLogGroups"))
    guarded["Statement"]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    iam.put_user_policy(UserName=ada.name, PolicyName="guarded", PolicyDocument=json.dumps(guarded))
    with pytest.raises(ClientError):
        ada.client("logs").describe_log_groups()
    sts = ada.client("sts")
    with pytest.raises(ClientError, match="MultiFactorAuthentication failed"):
        sts.get_session_token(SerialNumber=serial, TokenCode="000000")
    shown = code_of(seed, step + 1)
    key = sts.get_session_token(SerialNumber=serial, TokenCode=shown)["Credentials"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION)
    session.client("logs", endpoint_url=ada.server.endpoint).describe_log_groups()
    with pytest.raises(ClientError, match="MultiFactorAuthentication failed"):
        sts.get_session_token(SerialNumber=serial, TokenCode=shown)
    iam.deactivate_mfa_device(UserName=ada.name, SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)


def test_an_instance_profile_has_one_role(iam: Any, role: str) -> None:
    name, role_name = f"profile-{uuid.uuid4().hex[:8]}", role.rpartition("/")[2]
    made = iam.create_instance_profile(InstanceProfileName=name, Path="/emr/")["InstanceProfile"]
    assert made["Arn"].endswith(f":instance-profile/emr/{name}")
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    profiles = iam.list_instance_profiles_for_role(RoleName=role_name)["InstanceProfiles"]
    assert [(each["InstanceProfileName"], each["Roles"][0]["Arn"]) for each in profiles] == [(name, role)]
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_instance_profile(InstanceProfileName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role_name)
    iam.delete_instance_profile(InstanceProfileName=name)


def test_the_account_tells_of_itself(iam: Any, ada: Person, group: str) -> None:
    iam.create_account_alias(AccountAlias="air-quality")
    assert iam.list_account_aliases()["AccountAliases"] == ["air-quality"]
    iam.delete_account_alias(AccountAlias="air-quality")
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert iam.get_account_summary()["SummaryMap"]["Users"] >= 1
    iam.add_user_to_group(GroupName=group, UserName=ada.name)
    iam.attach_user_policy(UserName=ada.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 5})
    details = pages.build_full_result()
    user = next(user for user in details["UserDetailList"] if user["UserName"] == ada.name)
    assert user["GroupList"] == [group]
    assert [each["PolicyName"] for each in user["AttachedManagedPolicies"]] == ["AmazonS3ReadOnlyAccess"]
    assert "AmazonS3ReadOnlyAccess" in [policy["PolicyName"] for policy in details["Policies"]]
    entities = iam.list_entities_for_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert ada.name in [each["UserName"] for each in entities["PolicyUsers"]]


def test_the_credential_report_is_a_table_of_who_has_which_keys(iam: Any, ada: Person) -> None:
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert rows["<root_account>"]["access_key_1_active"] == "true"
    mine = rows[ada.name]
    assert (mine["access_key_1_active"], mine["access_key_2_active"], mine["mfa_active"]) == ("true", "false", "false")
