"""A server in China, as its users' programs and templates see it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.stacks import create
from tests.conftest import Server

REGION = "cn-north-1"
TRUST = {"Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Reader": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "Reader",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [TRUST]},
                "ManagedPolicyArns": [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSGlueConsoleFullAccess"}],
            },
        },
        "Reads": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": "reads",
                "Roles": [{"Ref": "Reader"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "s3:GetObject",
                            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::air/*"},
                        }
                    ],
                },
            },
        },
    },
    "Outputs": {
        "Role": {"Value": {"Fn::GetAtt": ["Reader", "Arn"]}},
        "Policy": {"Value": {"Ref": "Reads"}},
    },
}


@pytest.fixture
def china(tmp_path: Path) -> Iterator[Server]:
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "STUDIOLO_REGION": REGION, "STUDIOLO_ACCOUNT_ID": "123456789012"}
    server = Server(tmp_path / "data", settings=settings).up()
    yield server
    server.down()


def test_a_stack_of_china_has_roles_and_policies_that_are_found_and_decide_there(china: Server) -> None:
    def client(service: str, **options: Any) -> Any:
        return china.client(service, **{"region_name": REGION, **options})

    cloudformation, iam = client("cloudformation"), client("iam")
    (stack,) = cloudformation.describe_stacks(StackName=create(cloudformation, TEMPLATE))["Stacks"]
    made = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert made == {
        "Role": "arn:aws-cn:iam::123456789012:role/Reader",
        "Policy": "arn:aws-cn:iam::123456789012:policy/reads",
    }
    attached = iam.list_attached_role_policies(RoleName="Reader")["AttachedPolicies"]
    assert {each["PolicyArn"] for each in attached} == {
        made["Policy"], "arn:aws-cn:iam::aws:policy/AWSGlueConsoleFullAccess",
    }  # fmt: skip
    s3 = client("s3", endpoint_url=china.s3_endpoint)
    s3.create_bucket(Bucket="air", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("shown", "hidden"):
        s3.put_object(Bucket="air", Key=key, Body=b"42")
    session = client("sts").assume_role(RoleArn=made["Role"], RoleSessionName="ada")
    assert session["AssumedRoleUser"]["Arn"] == "arn:aws-cn:sts::123456789012:assumed-role/Reader/ada"
    held = {
        "aws_access_key_id": session["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": session["Credentials"]["SecretAccessKey"],
        "aws_session_token": session["Credentials"]["SessionToken"],
    }
    client("glue", **held).create_database(DatabaseInput={"Name": "air"})
    reader = client("s3", endpoint_url=china.s3_endpoint, **held)
    deny = {"Effect": "Deny", "Principal": {"AWS": made["Role"]}, "Action": "s3:GetObject"}
    statement = {**deny, "Resource": "arn:aws-cn:s3:::air/hidden"}
    s3.put_bucket_policy(Bucket="air", Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert reader.get_object(Bucket="air", Key="shown")["Body"].read() == b"42"
    with pytest.raises(ClientError, match='on resource: "arn:aws-cn:s3:::air/hidden" with an explicit deny'):
        reader.get_object(Bucket="air", Key="hidden")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client("iam", region_name="us-east-1").list_users()
