"""CloudFormation as people use it: the aws CLI, boto3's waiters, templates as they are published."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.api.stacks import (
    QUICKLY,
    create,
    delete,
    events,
    new_name,
    outputs,
    physical,
    text_of,
    update,
    wait,
)
from tests.conftest import Server

PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "one"}}


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def test_events_tell_from_the_first_to_the_last_what_happened(cloudformation: Any) -> None:
    name = create(cloudformation, {"Resources": {"One": PARAMETER}}, ClientRequestToken="token-1")
    told = list(reversed(events(cloudformation, name)))
    assert [(each["LogicalResourceId"], each["ResourceStatus"], each.get("ResourceStatusReason")) for each in told] == [
        (name, "CREATE_IN_PROGRESS", "User Initiated"),
        ("One", "CREATE_IN_PROGRESS", None),
        ("One", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("One", "CREATE_COMPLETE", None),
        (name, "CREATE_COMPLETE", None),
    ]
    assert {each["ClientRequestToken"] for each in told} == {"token-1"}
    assert len({each["EventId"] for each in told}) == len(told)
    delete(cloudformation, name)


def test_a_stack_s_bucket_is_in_its_region_and_has_access_lists_where_it_owns_them(client: Callable[..., Any]) -> None:
    far, s3 = client("cloudformation", region_name="us-west-2"), client("s3")
    owned = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    properties = {"AccessControl": "PublicRead", "OwnershipControls": owned}
    name = create(far, {"Resources": {"Lake": {"Type": "AWS::S3::Bucket", "Properties": properties}}})
    lake = physical(far, name)["Lake"]
    assert s3.get_bucket_location(Bucket=lake)["LocationConstraint"] == "us-west-2"
    assert s3.get_bucket_ownership_controls(Bucket=lake)["OwnershipControls"] == owned
    delete(far, name)


def test_a_template_of_ours_in_s3_makes_stacks_within_a_stack(server: Server, cloudformation: Any, bucket: str) -> None:
    inner = {
        "Parameters": {"Text": {"Type": "String"}},
        "Resources": {"One": {**PARAMETER, "Properties": {"Type": "String", "Value": {"Ref": "Text"}}}},
        "Outputs": {"Name": {"Value": {"Ref": "One"}}},
    }
    server.client("s3").put_object(Bucket=bucket, Key="inner.json", Body=text_of(inner).encode())

    def outer(text: str) -> dict[str, Any]:
        properties = {"TemplateURL": f"https://{bucket}.s3.amazonaws.com/inner.json", "Parameters": {"Text": text}}
        return {
            "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}},
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Name"]}}},
        }

    name = create(cloudformation, outer("a"))
    parameter, inside = outputs(cloudformation, name)["Name"], physical(cloudformation, name)["Inner"]
    ssm = server.client("ssm")
    assert ssm.get_parameter(Name=parameter)["Parameter"]["Value"] == "a"
    update(cloudformation, name, outer("b"))
    assert ssm.get_parameter(Name=parameter)["Parameter"]["Value"] == "b"
    assert cloudformation.describe_stacks(StackName=inside)["Stacks"][0]["ParentId"].split("/")[1] == name
    delete(cloudformation, name)
    assert cloudformation.describe_stacks(StackName=inside)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


def test_what_a_stacks_role_may_not_do_fails_as_its_event_says(server: Server, cloudformation: Any) -> None:
    iam, role = server.client("iam"), new_name()
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": ["ssm:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=role, PolicyName="may", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
    )
    topic = {"Type": "AWS::SNS::Topic", "DependsOn": "One"}
    name = new_name()
    with pytest.raises(WaiterError):
        create(cloudformation, {"Resources": {"One": PARAMETER, "Topic": topic}}, name, RoleARN=arn)
    [failed] = [each for each in events(cloudformation, name) if each["ResourceStatus"] == "CREATE_FAILED"]
    assert (
        f"assumed-role/{role}/AWSCloudFormation is not authorized to perform: sns:CreateTopic"
        in failed["ResourceStatusReason"]
    )
    assert "HandlerErrorCode: AccessDenied" in failed["ResourceStatusReason"]
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    gone = [each for each in events(cloudformation, name) if each["ResourceStatus"] == "DELETE_COMPLETE"]
    assert [each["LogicalResourceId"] for each in gone] == ["One"]
    delete(cloudformation, name)


def test_a_role_that_does_not_trust_cloudformation_and_capabilities_not_given_are_refused(
    cloudformation: Any, role: str
) -> None:
    with pytest.raises(ClientError, match="cloudformation.amazonaws.com"):
        cloudformation.create_stack(
            StackName=new_name(), TemplateBody=text_of({"Resources": {"One": PARAMETER}}), RoleARN=role
        )
    named = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "a", "AssumeRolePolicyDocument": {}}}
        }
    }
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]") as refused:
        cloudformation.create_stack(StackName=new_name(), TemplateBody=text_of(named), Capabilities=["CAPABILITY_IAM"])
    assert refused.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"


def test_a_change_set_says_what_will_be_replaced_and_one_without_changes_fails(cloudformation: Any) -> None:
    def template(cidr: str) -> dict[str, Any]:
        vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "Block"}}}
        group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}}}
        return {
            "Parameters": {"Block": {"Type": "String", "Default": cidr}},
            "Resources": {"Vpc": vpc, "Group": group, "Old": PARAMETER}
            if cidr == "10.0.0.0/16"
            else {"Vpc": vpc, "Group": group},
        }

    name = create(cloudformation, template("10.0.0.0/16"))
    same = cloudformation.create_change_set(
        StackName=name, ChangeSetName="same", TemplateBody=text_of(template("10.0.0.0/16"))
    )
    with pytest.raises(WaiterError, match="FAILED"):
        cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=same["Id"], WaiterConfig=QUICKLY)
    told = cloudformation.describe_change_set(ChangeSetName=same["Id"])
    assert told["StatusReason"].startswith("The submitted information didn't contain changes.")
    assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        cloudformation.execute_change_set(ChangeSetName=same["Id"])

    made = cloudformation.create_change_set(
        StackName=name, ChangeSetName="move", TemplateBody=text_of(template("10.1.0.0/16"))
    )
    changes = {
        each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"]
        for each in cloudformation.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    }
    assert {logical: change["Action"] for logical, change in changes.items()} == {
        "Vpc": "Modify",
        "Group": "Modify",
        "Old": "Remove",
    }
    assert (changes["Vpc"]["Replacement"], changes["Group"]["Replacement"]) == ("True", "Conditional")
    [detail] = changes["Group"]["Details"]
    assert (detail["Evaluation"], detail["CausingEntity"]) == ("Dynamic", "Vpc")
    told = cloudformation.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)["Changes"]
    [place] = [
        each["ResourceChange"]["Details"] for each in told if each["ResourceChange"]["LogicalResourceId"] == "Vpc"
    ]
    assert place[0]["Target"].items() >= {
        "Path": "/Properties/CidrBlock", "BeforeValue": "10.0.0.0/16", "AfterValue": "10.1.0.0/16",
        "AttributeChangeType": "Modify",
    }.items()  # fmt: skip
    before = physical(cloudformation, name)
    cloudformation.execute_change_set(ChangeSetName=made["Id"])
    wait(cloudformation, "stack_update_complete", name)
    after = physical(cloudformation, name)
    assert set(after) == {"Vpc", "Group"}
    assert all(after[logical] != before[logical] for logical in after)
    delete(cloudformation, name)


def test_a_stack_under_review_leaves_nothing_when_it_is_deleted(cloudformation: Any) -> None:
    name = new_name()
    made = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=text_of({"Resources": {"One": PARAMETER}}),
    )
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert "TemplateBody" not in cloudformation.get_template(StackName=name)
    cloudformation.delete_stack(StackName=name)
    for ask in (
        lambda: cloudformation.describe_stacks(StackName=name),
        lambda: cloudformation.describe_change_set(ChangeSetName=made["Id"]),
    ):
        with pytest.raises(ClientError):
            ask()


def test_an_export_in_use_can_neither_change_nor_go(cloudformation: Any) -> None:
    export = f"export-{uuid.uuid4().hex[:8]}"

    def exporting(value: str) -> dict[str, Any]:
        return {"Resources": {"One": PARAMETER}, "Outputs": {"Out": {"Value": value, "Export": {"Name": export}}}}

    value = {"Type": "String", "Value": {"Fn::ImportValue": export}}
    giver = create(cloudformation, exporting("a"))
    taker = create(cloudformation, {"Resources": {"Two": {**PARAMETER, "Properties": value}}})
    assert cloudformation.list_imports(ExportName=export)["Imports"] == [taker]
    with pytest.raises(WaiterError):
        update(cloudformation, giver, exporting("b"))
    assert any(
        "cannot be updated as it is in use by" in each.get("ResourceStatusReason", "")
        for each in events(cloudformation, giver)
    )
    cloudformation.delete_stack(StackName=giver)
    with pytest.raises(WaiterError, match="DELETE_FAILED"):
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=giver, WaiterConfig=QUICKLY)
    [stack] = cloudformation.describe_stacks(StackName=giver)["Stacks"]
    assert stack["StackStatusReason"] == f"Export {export} cannot be deleted as it is in use by {taker}"
    delete(cloudformation, taker)
    delete(cloudformation, giver)


def test_an_output_of_another_region_s_stack_is_read_when_a_stack_is_made_and_changed(
    server: Server, cloudformation: Any
) -> None:
    elsewhere, giver = server.client("cloudformation", region_name="us-west-2"), new_name()

    def giving(value: str) -> dict[str, Any]:
        return {"Resources": {"One": PARAMETER}, "Outputs": {"Out": {"Value": value}}}

    def taking(output: str = "Out") -> dict[str, Any]:
        value = {"Fn::GetStackOutput": {"StackName": giver, "OutputName": output, "Region": "us-west-2"}}
        return {"Resources": {"One": PARAMETER}, "Outputs": {"Taken": {"Value": value}}}

    create(elsewhere, giving("a"), giver)
    taker = create(cloudformation, taking())
    update(elsewhere, giver, giving("b"))
    update(cloudformation, taker, taking())
    assert outputs(cloudformation, taker) == {"Taken": "b"}
    with pytest.raises(WaiterError):
        update(cloudformation, taker, taking("None"))
    assert f"Stack {giver} has no output None" in json.dumps(events(cloudformation, taker), default=str)
    delete(elsewhere, giver)
    delete(cloudformation, taker)


def test_what_holds_objects_stays_and_the_stack_can_be_deleted_without_it(server: Server, cloudformation: Any) -> None:
    s3 = server.client("s3")
    name = create(cloudformation, {"Resources": {"Lake": {"Type": "AWS::S3::Bucket"}, "One": PARAMETER}})
    lake = physical(cloudformation, name)["Lake"]
    s3.put_object(Bucket=lake, Key="a", Body=b"a")
    cloudformation.delete_stack(StackName=name)
    with pytest.raises(WaiterError, match="DELETE_FAILED"):
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=QUICKLY)
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Lake]."
    cloudformation.delete_stack(StackName=name, RetainResources=["Lake"])
    wait(cloudformation, "stack_delete_complete", name)
    assert s3.get_object(Bucket=lake, Key="a")["Body"].read() == b"a"


def test_parameters_and_secrets_reach_a_resource_and_are_not_shown(server: Server, cloudformation: Any) -> None:
    prefix = new_name()
    server.client("ssm").put_parameter(Name=f"/{prefix}/size", Type="String", Value="large")
    server.client("secretsmanager").create_secret(Name=prefix, SecretString='{"password": "hush-hush"}')
    template = {
        "Parameters": {
            "Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{prefix}/size"},
            "Token": {"Type": "String", "NoEcho": True},
        },
        "Resources": {
            "One": {
                **PARAMETER,
                "Properties": {
                    "Type": "String",
                    "Value": {
                        "Fn::Sub": f"${{Size}} ${{Token}} {{{{resolve:secretsmanager:{prefix}:SecretString:password}}}}"
                    },
                },
            }
        },
    }
    name = create(cloudformation, template, Parameters=[{"ParameterKey": "Token", "ParameterValue": "tell-nobody"}])
    value = server.client("ssm").get_parameter(Name=physical(cloudformation, name)["One"])["Parameter"]["Value"]
    assert value == "large tell-nobody hush-hush"
    told = json.dumps([events(cloudformation, name), cloudformation.describe_stacks(StackName=name)], default=str)
    assert "tell-nobody" not in told
    assert "hush-hush" not in told
    delete(cloudformation, name)
