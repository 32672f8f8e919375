"""Several accounts of one server through boto3: made by AWS Organizations, entered by roles, and apart from each other."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.catalog_inputs import table_input
from tests.api.member_accounts import HOME, Account, document, entered, member_account, organization_of, refusal
from tests.conftest import REGION, Server, trust_policy

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def organization(server: Server) -> str:
    return organization_of(server)


@pytest.fixture(scope="module")
def member(server: Server, organization: str) -> Account:
    """A second account, in which its role does everything."""
    return member_account(server, "air")


@pytest.fixture
def person(server: Server, client: Client) -> Account:
    """A role of the first account that has no rights, by a session of it."""
    iam, name = client("iam"), f"nobody-{uuid.uuid4().hex[:6]}"
    statement = {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))["Role"]["Arn"]
    return entered(server, client("sts"), role)


def allow(client: Client, who: Account, *actions: str) -> None:
    """Let the role of a session do that, as its own policies go."""
    name = who.client("sts").get_caller_identity()["Arn"].split("/")[1]
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(statement))


def test_a_member_account_is_listed_beside_its_management_account(client, member, organization):
    organizations = client("organizations")
    pages = organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1})
    listed = {each["Id"]: each["JoinedMethod"] for page in pages for each in page["Accounts"]}
    assert listed.items() >= {HOME: "INVITED", member.number: "CREATED"}.items()
    assert member.client("organizations").describe_organization()["Organization"]["Id"] == organization
    assert "AccessDenied" in refusal(member.client("organizations").list_accounts)
    assert "NotImplemented" in refusal(organizations.list_policies, Filter="SERVICE_CONTROL_POLICY")


def test_an_email_belongs_to_one_account(client, member):
    failed = client("organizations").create_account(Email="AIR@example.org", AccountName="again")["CreateAccountStatus"]
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")


def test_what_is_made_with_a_member_s_keys_is_in_that_account_alone(client, member):
    """One thing of each service, of the same name in both accounts."""
    name = f"apart_{uuid.uuid4().hex[:6]}"
    dashed = name.replace("_", "-")
    made: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
        "iam": (
            lambda it: it.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy()),
            lambda it: [each["RoleName"] for each in it.list_roles()["Roles"]],
        ),
        "glue": (
            lambda it: it.create_database(DatabaseInput={"Name": name}),
            lambda it: [each["Name"] for each in it.get_databases()["DatabaseList"]],
        ),
        "logs": (
            lambda it: it.create_log_group(logGroupName=name),
            lambda it: [each["logGroupName"] for each in it.describe_log_groups()["logGroups"]],
        ),
        "ssm": (
            lambda it: it.put_parameter(Name=name, Value="1", Type="String"),
            lambda it: [each["Name"] for each in it.describe_parameters()["Parameters"]],
        ),
        "secretsmanager": (
            lambda it: it.create_secret(Name=name, SecretString="1"),
            lambda it: [each["Name"] for each in it.list_secrets()["SecretList"]],
        ),
        "sns": (
            lambda it: it.create_topic(Name=name),
            lambda it: [each["TopicArn"].rpartition(":")[2] for each in it.list_topics()["Topics"]],
        ),
        "ecr": (
            lambda it: it.create_repository(repositoryName=name),
            lambda it: [each["repositoryName"] for each in it.describe_repositories()["repositories"]],
        ),
        "sagemaker": (
            lambda it: it.create_experiment(ExperimentName=dashed),
            lambda it: [
                each["ExperimentName"].replace("-", "_") for each in it.list_experiments()["ExperimentSummaries"]
            ],
        ),
        "servicecatalog": (
            lambda it: it.create_portfolio(DisplayName=name, ProviderName="air"),
            lambda it: [each["DisplayName"] for each in it.list_portfolios()["PortfolioDetails"]],
        ),
        "cloudwatch": (
            lambda it: it.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}'),
            lambda it: [each["DashboardName"] for each in it.list_dashboards()["DashboardEntries"]],
        ),
        "emr": (
            lambda it: it.create_security_configuration(Name=name, SecurityConfiguration="{}"),
            lambda it: [each["Name"] for each in it.list_security_configurations()["SecurityConfigurations"]],
        ),
        "ec2": (
            lambda it: it.create_vpc(
                CidrBlock="10.9.0.0/16",
                TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}],
            ),
            lambda it: [tag["Value"] for each in it.describe_vpcs()["Vpcs"] for tag in each.get("Tags", ())],
        ),
        "emr-serverless": (
            lambda it: it.create_application(name=name, type="SPARK", releaseLabel="emr-7.5.0"),
            lambda it: [each.get("name") for each in it.list_applications()["applications"]],
        ),
        "kms": (
            lambda it: it.create_alias(AliasName=f"alias/{name}", TargetKeyId=it.create_key()["KeyMetadata"]["KeyId"]),
            lambda it: [each["AliasName"].removeprefix("alias/") for each in it.list_aliases()["Aliases"]],
        ),
    }
    mixed = {}
    for service, (make, names) in made.items():
        own, other = member.client(service), client(service)
        make(own)
        if name in names(other) or name not in names(own):
            mixed[service] = "it is seen in the wrong account"
        make(other)
        if names(own).count(name) != 1 or names(other).count(name) != 1:
            mixed[service] = "one stands for both"
    assert mixed == {}


def test_what_another_account_s_arn_names_is_not_looked_for_in_one_s_own(client, member):
    member.client("sns").create_topic(Name="news")
    client("sns").create_topic(Name="news")
    arn = f"arn:aws:sns:{REGION}:{member.number}:news"
    assert "AuthorizationError" in refusal(client("sns").get_topic_attributes, TopicArn=arn)
    assert "AuthorizationError" in refusal(client("sns").publish, TopicArn=arn, Message="x")
    lets = {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sns:Publish", "Resource": arn}
    member.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document(lets))
    assert client("sns").publish(TopicArn=arn, Message="x")["MessageId"]
    client("ssm").put_parameter(Name="news-of-theirs", Value=arn.replace(":sns:", ":ssm:"), Type="String")
    function = f"arn:aws:lambda:{REGION}:{member.number}:function:f"
    assert "NotImplemented: lambda Invoke across accounts" in refusal(client("lambda").invoke, FunctionName=function)


def test_a_role_of_another_account_is_assumed_when_both_accounts_agree(server, client, member, person, organization):
    iam, name = member.client("iam"), f"guest-{uuid.uuid4().hex[:6]}"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": HOME},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))["Role"]["Arn"]
    sts = person.client("sts")
    assert "AccessDenied" in refusal(sts.assume_role, RoleArn=role, RoleSessionName="ada")
    allow(client, person, "sts:AssumeRole")
    guest = entered(server, sts, role)
    assert guest.client("sts").get_caller_identity()["Account"] == member.number
    statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"] = "o-anotherone1"
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(statement))
    assert "AccessDenied" in refusal(sts.assume_role, RoleArn=role, RoleSessionName="ada")


def test_a_role_is_not_passed_to_a_session_of_another_account(client, member):
    role = member.client("iam").create_role(RoleName="job", AssumeRolePolicyDocument=trust_policy())["Role"]["Arn"]
    given = {"Id": "theirs", "Role": role, "Command": {"Name": "glueetl", "PythonVersion": "3"}}
    assert "Cross-account pass role is not allowed" in refusal(client("glue").create_session, **given)


def test_a_bucket_is_its_account_s_and_another_s_where_both_policies_say_so(client, member, person):
    bucket, own, other = f"theirs-{uuid.uuid4().hex[:8]}", member.client("s3"), person.client("s3")
    own.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    own.put_object(Bucket=bucket, Key="air.csv", Body=b"pm10")
    assert bucket in [each["Name"] for each in own.list_buckets()["Buckets"]]
    assert bucket not in [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    assert "BucketAlreadyExists" in refusal(client("s3").create_bucket, Bucket=bucket)
    read = {"Bucket": bucket, "Key": "air.csv"}
    assert "because no resource-based policy allows the s3:GetObject action" in refusal(client("s3").get_object, **read)
    allow(client, person, "s3:GetObject")
    assert "because no resource-based policy allows" in refusal(other.get_object, **read)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": HOME},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    own.put_bucket_policy(Bucket=bucket, Policy=document(statement))
    assert other.get_object(**read, ExpectedBucketOwner=member.number)["Body"].read() == b"pm10"
    allow(client, person, "s3:ListBucket")
    assert "because no identity-based policy allows" in refusal(other.get_object, **read)


def test_the_first_account_s_buckets_are_closed_to_a_member(client, member, bucket):
    assert "AccessDenied" in refusal(member.client("s3").list_objects_v2, Bucket=bucket)
    assert "BucketAlreadyExists" in refusal(
        member.client("s3").create_bucket, Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )


def test_a_table_of_another_account_s_catalog_is_read_when_both_policies_say_so(client, member, person):
    own, other = member.client("glue"), person.client("glue")
    own.create_database(DatabaseInput={"Name": "shared"})
    own.create_table(DatabaseName="shared", TableInput=table_input("days"))
    asked = {"CatalogId": member.number, "DatabaseName": "shared", "Name": "days"}
    allow(client, person, "glue:GetTable")
    assert "because no resource-based policy allows the glue:GetTable action" in refusal(other.get_table, **asked)
    base = f"arn:aws:glue:{REGION}:{member.number}"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": HOME},
        "Action": "glue:GetTable",
        "Resource": [f"{base}:catalog", f"{base}:database/shared", f"{base}:table/shared/*"],
    }
    own.put_resource_policy(PolicyInJson=document(statement))
    assert other.get_table(**asked)["Table"]["CatalogId"] == member.number
    assert client("glue").get_table(**asked)["Table"]["Name"] == "days"
    assert "AccessDenied" in refusal(other.delete_table, **asked)
    assert "EntityNotFound" in refusal(client("glue").get_table, DatabaseName="shared", Name="days")
