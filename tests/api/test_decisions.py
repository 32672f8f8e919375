"""What IAM decides of real calls: by resource, by condition, by the policies of buckets and catalogs; and why."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.catalog_inputs import table_input
from tests.conftest import REGION, Server

Client = Callable[..., Any]
TRUST = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """What is said of the call, which is denied."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    said = error.value.response["Error"]
    assert said["Code"] in ("AccessDenied", "AccessDeniedException"), said
    return str(said["Message"])


@pytest.fixture(scope="module")
def account(client: Client) -> str:
    return str(client("sts").get_caller_identity()["Account"])


@pytest.fixture(scope="module")
def role(client: Client) -> str:
    """The name of a role that anybody of the account may assume."""
    name = f"Decided-{secrets.token_hex(4)}"
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST))
    return name


@pytest.fixture
def key(client: Client, role: str, account: str) -> Callable[..., dict[str, str]]:
    """A key of the role when it has these statements and no others, as arguments of a client."""

    def made(*statements: dict[str, Any], **asked: Any) -> dict[str, str]:
        if statements:
            client("iam").put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=document(*statements))
        arn = f"arn:aws:iam::{account}:role/{role}"
        given = client("sts").assume_role(**{"RoleArn": arn, "RoleSessionName": "ada", **asked})["Credentials"]
        names = {
            "AccessKeyId": "access_key_id",
            "SecretAccessKey": "secret_access_key",
            "SessionToken": "session_token",
        }
        return {f"aws_{argument}": given[name] for name, argument in names.items()}

    return made


@pytest.fixture(scope="module")
def tables(glue: Any) -> Iterator[str]:
    """A database with the tables open and closed."""
    database = f"decided_{secrets.token_hex(4)}"
    glue.create_database(DatabaseInput={"Name": database})
    for name in ("open", "closed"):
        glue.create_table(DatabaseName=database, TableInput=table_input(name))
    yield database
    glue.delete_database(Name=database)


def test_a_policy_for_one_table_opens_that_table_alone(client: Client, key: Any, tables: str, account: str) -> None:
    prefix = f"arn:aws:glue:{REGION}:{account}"
    resources = [f"{prefix}:catalog", f"{prefix}:database/{tables}", f"{prefix}:table/{tables}/open"]
    glue = client("glue", **key(allow("glue:*Table*", resources)))
    assert glue.get_table(DatabaseName=tables, Name="OPEN")["Table"]["Name"] == "open"
    said = refused(glue.get_table, DatabaseName=tables, Name="Closed")
    assert f"glue:GetTable on resource: {prefix}:table/{tables}/closed because no identity-based policy allows" in said
    said = refused(glue.batch_delete_table, DatabaseName=tables, TablesToDelete=["open", "closed"])
    assert said.endswith("because no identity-based policy allows the glue:BatchDeleteTable action")
    assert f"database/{tables} " in refused(
        client("glue", **key(allow("glue:*", resources[0]))).get_tables, DatabaseName=tables
    )


def test_a_deny_of_all_that_is_glue_s_denies(client: Client, key: Any, tables: str) -> None:
    glue = client("glue", **key(allow("*"), deny("*", "arn:aws:glue:*:*:*")))
    assert "with an explicit deny in an identity-based policy" in refused(glue.get_databases)


def test_who_has_no_right_to_an_operation_is_not_told_what_is_wrong_with_its_parameters(
    client: Client, key: Any, tables: str
) -> None:
    wrong = {"DatabaseName": "x" * 300, "Name": "t"}
    assert "glue:GetTable" in refused(client("glue", **key(allow("logs:*"))).get_table, **wrong)
    glue = client("glue", **key(allow("glue:GetTable", "arn:aws:glue:*:*:table/a/b")))
    with pytest.raises(ClientError, match="ValidationException"):
        glue.get_table(**wrong)


def test_a_home_folder_is_listed_and_no_other(client: Client, key: Any, bucket: str) -> None:
    for name in ("home/ada/x", "home/bob/x"):
        client("s3").put_object(Bucket=bucket, Key=name, Body=b"1")
    mine = "home/${aws:PrincipalTag/person}"
    statements = (
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": [f"{mine}/*"]}}),
        allow("s3:*Object", f"arn:aws:s3:::{bucket}/{mine}/*"),
    )
    s3 = client("s3", **key(*statements, Tags=[{"Key": "person", "Value": "ada"}]))
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="home/ada/")["Contents"]] == ["home/ada/x"]
    assert s3.get_object(Bucket=bucket, Key="home/ada/x")["Body"].read() == b"1"
    for call, parameters in (
        (s3.list_objects_v2, {"Prefix": "home/bob/"}),
        (s3.list_objects_v2, {}),
        (s3.get_object, {"Key": "home/bob/x"}),
    ):
        assert f'on resource: "arn:aws:s3:::{bucket}' in refused(call, Bucket=bucket, **parameters)


def test_sessions_that_began_before_a_moment_are_revoked_by_a_policy(client: Client, key: Any) -> None:
    glue = client("glue", **key(allow("*")))
    glue.get_databases()
    soon = datetime.now(timezone.utc) + timedelta(seconds=60)
    revoking = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": soon.isoformat()}})
    key(allow("*"), revoking)
    assert "explicit deny" in refused(glue.get_databases)
    long_ago = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}})
    key(allow("*"), long_ago)
    glue.get_databases()


def test_where_a_request_comes_from_is_a_condition_at_both_doors(client: Client, key: Any, bucket: str) -> None:
    elsewhere = allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    here = allow("*", Condition={"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}})
    keys = key(elsewhere)
    calls = (client("glue", **keys).get_databases, lambda: client("s3", **keys).list_objects_v2(Bucket=bucket))
    for call in calls:
        refused(call)
    key(here)
    for call in calls:
        call()


def test_passing_a_role_is_decided_by_where_the_request_comes_from_too(client: Client, key: Any, role: str) -> None:
    elsewhere = {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}
    arn = client("iam").get_role(RoleName=role)["Role"]["Arn"]
    glue = client("glue", **key(allow("*"), deny("*", Condition=elsewhere)))
    # It comes as far as the role's trust, which names no service.
    with pytest.raises(glue.exceptions.InvalidInputException, match="should be given assume role permissions"):
        glue.create_session(Id="never", Role=arn, Command={"Name": "glueetl"})


def test_tags_of_a_request_and_of_a_resource_are_conditions(client: Client, key: Any) -> None:
    group = f"/decided/{secrets.token_hex(4)}"
    mine = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    tagged = {"StringEquals": {"aws:RequestTag/team": "air"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    statements = (
        allow(["logs:CreateLogGroup", "logs:TagResource"], Condition=tagged),
        allow("logs:DeleteLogGroup", Condition=mine),
    )
    logs = client("logs", **key(*statements, Tags=[{"Key": "team", "Value": "air"}]))
    refused(logs.create_log_group, logGroupName=group)
    refused(logs.create_log_group, logGroupName=group, tags={"team": "sea"})
    refused(logs.create_log_group, logGroupName=group, tags={"team": "air", "other": "x"})
    logs.create_log_group(logGroupName=group, tags={"team": "air"})
    other = client("logs", **key(Tags=[{"Key": "team", "Value": "sea"}]))
    refused(other.delete_log_group, logGroupName=group)
    logs.delete_log_group(logGroupName=group)


def test_tags_go_into_a_session_only_where_its_role_lets_them(client: Client, account: str) -> None:
    name = f"Plain-{secrets.token_hex(4)}"
    trust = document({**TRUST, "Action": "sts:AssumeRole"})
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    sts = client("sts")
    sts.assume_role(RoleArn=arn, RoleSessionName="ada")
    tags = [{"Key": "team", "Value": "air"}]
    assert "sts:TagSession" in refused(sts.assume_role, RoleArn=arn, RoleSessionName="ada", Tags=tags)
    said = refused(sts.assume_role, RoleArn=arn, RoleSessionName="ada", SourceIdentity="ada")
    assert "sts:SetSourceIdentity" in said
    with pytest.raises(ClientError, match="ValidationError.*is invalid"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{account}:user/somebody", RoleSessionName="ada")


def test_a_bucket_s_policy_grants_and_denies_by_the_names_of_callers(
    client: Client, key: Any, role: str, account: str, bucket: str
) -> None:
    root = client("s3")
    root.put_object(Bucket=bucket, Key="shared/x", Body=b"1")
    root.put_object(Bucket=bucket, Key="secret/x", Body=b"2")
    s3 = client("s3", **key(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/secret/*")))
    refused(s3.get_object, Bucket=bucket, Key="shared/x")
    of_role = {"AWS": f"arn:aws:iam::{account}:role/{role}"}
    statements = (
        {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/shared/*"), "Principal": of_role},
        {**deny("s3:GetObject", f"arn:aws:s3:::{bucket}/secret/*"), "Principal": "*"},
    )
    root.put_bucket_policy(Bucket=bucket, Policy=document(*statements))
    assert json.loads(root.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(document(*statements))
    assert s3.get_object(Bucket=bucket, Key="shared/x")["Body"].read() == b"1"
    for reader in (s3, root):
        said = refused(reader.get_object, Bucket=bucket, Key="secret/x")
        assert said.endswith("with an explicit deny in a resource-based policy")
    root.delete_bucket_policy(Bucket=bucket)
    assert root.get_object(Bucket=bucket, Key="secret/x")["Body"].read() == b"2"
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        root.get_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{bucket}"},
            "Missing required field Principal",
        ),
        ({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::other"}, "invalid resource"),
        ({"Effect": "Allow", "Principal": "*", "Action": "glue:*", "Resource": "*"}, "Policy has invalid action"),
        ({"Effect": "Maybe", "Principal": "*", "Action": "s3:*", "Resource": "*"}, "Invalid effect: Maybe"),
    ],
)
def test_what_is_no_bucket_policy_is_refused_as_malformed(
    client: Client, bucket: str, statement: dict[str, str], says: str
) -> None:
    text = document(statement).replace("{bucket}", bucket)
    with pytest.raises(ClientError, match=f"MalformedPolicy.*{says}"):
        client("s3").put_bucket_policy(Bucket=bucket, Policy=text)


def test_a_bucket_s_policy_of_every_action_is_taken(client: Client, bucket: str) -> None:
    statement = {**allow("*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]), "Principal": {"AWS": "*"}}
    client("s3").put_bucket_policy(Bucket=bucket, Policy=document(statement))
    assert client("s3").get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    client("s3").delete_bucket_policy(Bucket=bucket)


def test_the_catalog_s_policy_grants_and_denies(
    client: Client, key: Any, role: str, account: str, tables: str, glue: Any
) -> None:
    reader = client("glue", **key(allow("s3:*")))
    refused(reader.get_table, DatabaseName=tables, Name="open")
    prefix = f"arn:aws:glue:{REGION}:{account}"
    of_role = {"Principal": {"AWS": f"arn:aws:iam::{account}:role/{role}"}}
    opened = [f"{prefix}:catalog", f"{prefix}:database/{tables}", f"{prefix}:table/{tables}/open"]
    closed = {**deny("glue:GetTable", f"{prefix}:table/{tables}/closed"), **of_role}
    glue.put_resource_policy(PolicyInJson=document({**allow("glue:GetTable", opened), **of_role}, closed))
    try:
        reader.get_table(DatabaseName=tables, Name="open")
        key(allow("glue:*"))
        said = refused(reader.get_table, DatabaseName=tables, Name="closed")
        assert "with an explicit deny in a resource-based policy" in said
    finally:
        glue.delete_resource_policy()


def test_studiolo_why_tells_what_denied_a_request(server: Server, client: Client, key: Any, bucket: str) -> None:
    keys = key(allow("*"), {**deny("glue:GetDatabases"), "Sid": "NoLists"})
    with pytest.raises(ClientError) as error:
        client("glue", **keys).get_databases()
    told = server.run("why", error.value.response["ResponseMetadata"]["RequestId"]).stdout
    for words in ("glue:GetDatabases", "with an explicit deny", "statement NoLists", "aws:tokenissuetime"):
        assert words in told
    key(allow("glue:*"))
    with pytest.raises(ClientError) as error:
        client("s3", **keys).list_objects_v2(Bucket=bucket)
    told = server.run("why", error.value.response["ResponseMetadata"]["RequestId"]).stdout
    assert "because no identity-based policy allows the s3:ListBucket action" in told
    assert server.run("why", "none-of-ours", check=False).returncode == 1


def test_a_simulation_shows_the_statements_that_decide(client: Client, role: str, account: str, key: Any) -> None:
    iam = client("iam")
    key(allow("s3:*", "arn:aws:s3:::air/*"), deny("s3:Delete*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    asked = {
        "PolicySourceArn": f"arn:aws:iam::{account}:role/{role}",
        "ActionNames": ["s3:GetObject", "s3:DeleteObject"],
        "ResourceArns": ["arn:aws:s3:::air/x", "arn:aws:s3:::sea/x"],
    }
    entry = {"ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["false"]}
    get, delete = iam.simulate_principal_policy(**asked, ContextEntries=[entry])["EvaluationResults"]
    decisions = [each["EvalResourceDecision"] for each in get["ResourceSpecificResults"]]
    assert (decisions, get["EvalDecision"]) == (["allowed", "implicitDeny"], "implicitDeny")
    assert delete["EvalDecision"] == "explicitDeny"
    first = get["ResourceSpecificResults"][0]["MatchedStatements"][0]
    assert first["SourcePolicyId"] == f"role_{role}_own"
    assert first["StartPosition"]["Line"] == 1
    without = iam.simulate_principal_policy(**asked)["EvaluationResults"][1]
    assert without["MissingContextValues"] == ["aws:SecureTransport"]
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=asked["PolicySourceArn"])["ContextKeyNames"]
    assert keys == ["aws:SecureTransport"]


def test_policies_alone_are_simulated_with_a_boundary_and_a_resource_s_policy(client: Client, account: str) -> None:
    iam = client("iam")
    asked = {"ActionNames": ["s3:GetObject", "s3:PutObject"], "ResourceArns": ["arn:aws:s3:::air/x"]}
    answers = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("s3:*"))],
        PermissionsBoundaryPolicyInputList=[document(allow("s3:Get*"))],
        **asked,
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in answers] == ["allowed", "implicitDeny"]
    assert answers[1]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    caller = f"arn:aws:iam::{account}:user/ada"
    resource = {**allow("s3:GetObject", "arn:aws:s3:::air/*"), "Principal": {"AWS": caller}}
    answers = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("glue:*"))], ResourcePolicy=document(resource), CallerArn=caller, **asked
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in answers] == ["allowed", "implicitDeny"]
    assert answers[0]["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy"


def test_a_deny_of_a_user_holds_in_every_region_and_for_who_would_become_it(
    client: Client, key: Callable[..., dict[str, str]], account: str
) -> None:
    iam, name = client("iam"), f"chief-{secrets.token_hex(4)}"
    iam.create_user(UserName=name, Path="/chiefs/")
    iam.create_user(UserName=f"not-{name}")
    held = key(allow("iam:*"), deny("iam:*", f"arn:aws:iam::{account}:user/chiefs/*"))
    for region in (REGION, "cn-north-1", "us-gov-west-1"):
        refused(client("iam", region_name=region, **held).create_access_key, UserName=name)
    mallory = client("iam", **held)
    refused(mallory.update_user, UserName=f"not-{name}", NewPath="/chiefs/")
    refused(mallory.update_user, UserName=name, NewPath="/")
    mallory.update_user(UserName=f"not-{name}", NewUserName=f"no-{name}")
    iam.delete_user(UserName=f"no-{name}")
    iam.delete_user(UserName=name)


def test_a_deny_of_a_resource_holds_for_other_spellings_of_its_arn(
    client: Client, key: Callable[..., dict[str, str]], account: str
) -> None:
    name = f"spelled-{secrets.token_hex(4)}"
    client("glue").create_database(DatabaseInput={"Name": name})
    client("logs").create_log_group(logGroupName=name)
    denied = [f"arn:aws:glue:*:*:database/{name}", f"arn:aws:logs:*:*:log-group:{name}"]
    held = key(allow("*"), deny("*", denied))
    glue, logs = client("glue", **held), client("logs", **held)
    database = f"glue:{REGION}:{account}:database/{name}"
    refused(glue.tag_resource, ResourceArn=f"arn:aws:{database}", TagsToAdd={"a": "b"})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.tag_resource(ResourceArn=f"arn:aws-cn:{database}", TagsToAdd={"a": "b"})
    group = f"logs:{REGION}:{account}:log-group:{name}"
    refused(logs.tag_resource, resourceArn=f"arn:aws:{group}", tags={"a": "b"})
    for spelled in (f"arn:aws-cn:{group}", f"arn:x:log-group:{name}", name):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            logs.tag_resource(resourceArn=spelled, tags={"a": "b"})
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.describe_log_streams(logGroupIdentifier=f"arn:x:log-group:{name}")
    client("glue").delete_database(Name=name)
    client("logs").delete_log_group(logGroupName=name)


def test_a_search_finds_no_tables_that_are_denied(client: Client, key: Callable[..., dict[str, str]]) -> None:
    glue, name = client("glue"), f"sought-{secrets.token_hex(4)}"
    for database in (name, f"{name}-open"):
        glue.create_database(DatabaseInput={"Name": database})
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    for action, resource in (("glue:GetTable", f"database/{name}"), ("glue:*", f"table/{name}/*")):
        held = key(allow("glue:*"), deny(action, f"arn:aws:glue:*:*:{resource}"))
        found = client("glue", **held).search_tables(SearchText=name)["TableList"]
        assert [each["DatabaseName"] for each in found] == [f"{name}-open"]
    for database in (name, f"{name}-open"):
        glue.delete_database(Name=database)


def test_a_list_of_connections_has_none_that_are_denied(client: Client, key: Callable[..., dict[str, str]]) -> None:
    """It shows their passwords."""
    glue, name = client("glue"), f"kept-{secrets.token_hex(4)}"
    properties = {"JDBC_CONNECTION_URL": "jdbc:mysql://127.0.0.1/db", "USERNAME": "ada", "PASSWORD": "secret"}
    for each in (name, f"{name}-open"):
        told = {"Name": each, "ConnectionType": "JDBC", "ConnectionProperties": properties}
        glue.create_connection(ConnectionInput=told)
    for action in ("glue:GetConnection", "glue:GetConnections"):
        held = key(allow("glue:*"), deny(action, f"arn:aws:glue:*:*:connection/{name}"))
        listed = [each["Name"] for each in client("glue", **held).get_connections()["ConnectionList"]]
        assert name not in listed
        assert f"{name}-open" in listed
    for each in (name, f"{name}-open"):
        glue.delete_connection(ConnectionName=each)


def test_what_ec2_tells_encoded_is_read_by_who_may_decode_it(
    client: Client, key: Callable[..., dict[str, str]], account: str
) -> None:
    given = key(deny("ec2:Describe*"))
    with pytest.raises(ClientError) as error:
        client("ec2", **given).describe_vpcs()
    said = error.value.response["Error"]
    assert said["Code"] == "UnauthorizedOperation"
    _, _, encoded = said["Message"].partition("Encoded authorization failure message: ")
    assert "decode" in refused(client("sts", **given).decode_authorization_message, EncodedMessage=encoded).lower()
    sts = client("sts")
    decoded = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, True)
    assert decoded["context"]["action"] == "ec2:DescribeVpcs"
    assert decoded["context"]["principal"]["arn"].endswith("/ada")
    with pytest.raises(sts.exceptions.InvalidAuthorizationMessageException):
        sts.decode_authorization_message(EncodedMessage="nonsense")


def test_a_policy_is_looked_at_before_it_is_put(client: Client) -> None:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)
    found = client("accessanalyzer").validate_policy(policyDocument=document, policyType="IDENTITY_POLICY")["findings"]
    assert [each["issueCode"] for each in found] == ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    assert found[0]["locations"][0]["span"]["start"] == {"line": 4, "column": 2, "offset": document.index("{", 1)}
