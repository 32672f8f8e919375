"""CloudFormation's stack sets through boto3: one template's stacks in two accounts and regions."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.member_accounts import (
    ADMINISTRATION,
    EXECUTION,
    HOME,
    Account,
    administration,
    document,
    entered,
    let_in,
    member_account,
    organization_of,
    refusal,
)
from tests.api.stacks import create, delete, new_name, update
from tests.conftest import REGION, Server

OTHER = "eu-west-1"
TEMPLATE = {
    "Parameters": {"Text": {"Type": "String", "Default": "set"}},
    "Resources": {
        "One": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "air", "Value": {"Ref": "Text"}},
        }
    },
}
BODY = json.dumps(TEMPLATE)


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    """A client of CloudFormation in an account whose administration role may take on the execution roles."""
    administration(client("iam"))
    return client("cloudformation")


@pytest.fixture(scope="module")
def member(server: Server, cloudformation: Any) -> Account:
    """An account with the execution role."""
    organization_of(server)
    made = member_account(server, "sets")
    let_in(made.client("iam"))
    return made


@pytest.fixture
def stack_set(cloudformation: Any) -> str:
    name = new_name()
    cloudformation.create_stack_set(StackSetName=name, TemplateBody=BODY, Tags=[{"Key": "team", "Value": "air"}])
    return name


def ended(cloudformation: Any, name: str, begun: dict[str, Any]) -> dict[str, Any]:
    """An operation once it has ended."""
    asked = {"StackSetName": name, "OperationId": begun["OperationId"]}
    while True:
        found: dict[str, Any] = cloudformation.describe_stack_set_operation(**asked)["StackSetOperation"]
        if found["Status"] not in ("RUNNING", "STOPPING"):
            return found


def results(cloudformation: Any, name: str, begun: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """What an operation came to, by account and region, in its order."""
    pages = cloudformation.get_paginator("list_stack_set_operation_results").paginate(
        StackSetName=name, OperationId=begun["OperationId"], PaginationConfig={"PageSize": 1}
    )
    return {
        (each["Account"], each["Region"]): (each["Status"], each.get("StatusReason", ""))
        for page in pages
        for each in page["Summaries"]
    }


def instances(cloudformation: Any, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    pages = cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name)
    return {(each["Account"], each["Region"]): each for page in pages for each in page["Summaries"]}


def value(client: Callable[..., Any], region: str) -> str:
    return str(client("ssm", region_name=region).get_parameter(Name="air")["Parameter"]["Value"])


def test_stacks_come_change_and_go_in_accounts_and_regions(
    client: Callable[..., Any], cloudformation: Any, member: Account, stack_set: str
) -> None:
    targets = {"StackSetName": stack_set, "Accounts": [HOME, member.number], "Regions": [REGION, OTHER]}
    preferences = {"RegionOrder": [OTHER, REGION], "MaxConcurrentCount": 2, "FailureToleranceCount": 1}
    begun = cloudformation.create_stack_instances(**targets, OperationPreferences=preferences, OperationId="first")
    assert begun["OperationId"] == "first"
    again = cloudformation.create_stack_instances(**targets, OperationPreferences=preferences, OperationId="first")
    assert again["OperationId"] == "first"
    assert "OperationIdAlreadyExistsException" in refusal(
        cloudformation.delete_stack_instances, **targets, RetainStacks=False, OperationId="first"
    )
    operation = ended(cloudformation, stack_set, begun)
    assert (operation["Action"], operation["Status"]) == ("CREATE", "SUCCEEDED")
    assert [place[1] for place in results(cloudformation, stack_set, begun)] == [OTHER, OTHER, REGION, REGION]
    made = instances(cloudformation, stack_set)
    assert {each["Status"] for each in made.values()} == {"CURRENT"}
    stack = made[member.number, OTHER]["StackId"]
    assert stack.startswith(f"arn:aws:cloudformation:{OTHER}:{member.number}:stack/StackSet-{stack_set}-")
    [shown] = member.client("cloudformation", region_name=OTHER).describe_stacks(StackName=stack)["Stacks"]
    assert (shown["StackStatus"], shown["Tags"]) == ("CREATE_COMPLETE", [{"Key": "team", "Value": "air"}])

    here = {"StackSetName": stack_set, "Accounts": [member.number], "Regions": [OTHER]}
    own = [{"ParameterKey": "Text", "ParameterValue": "own"}]
    ended(cloudformation, stack_set, cloudformation.update_stack_instances(**here, ParameterOverrides=own))
    changed = [{"ParameterKey": "Text", "ParameterValue": "new"}]
    begun = cloudformation.update_stack_set(StackSetName=stack_set, UsePreviousTemplate=True, Parameters=changed)
    assert ended(cloudformation, stack_set, begun)["Status"] == "SUCCEEDED"
    assert (value(client, OTHER), value(client, REGION)) == ("new", "new")
    assert (value(member.client, OTHER), value(member.client, REGION)) == ("own", "new")
    assert results(cloudformation, stack_set, begun)[member.number, OTHER][1] == "No updates are to be performed."

    assert refusal(cloudformation.delete_stack_set, StackSetName=stack_set) == (
        "StackSetNotEmptyException: StackSet is not empty"
    )
    ended(cloudformation, stack_set, cloudformation.delete_stack_instances(**here, RetainStacks=True))
    assert value(member.client, OTHER) == "own"
    begun = cloudformation.delete_stack_instances(**targets, RetainStacks=False)
    assert ended(cloudformation, stack_set, begun)["Status"] == "SUCCEEDED"
    assert instances(cloudformation, stack_set) == {}
    assert "ParameterNotFound" in refusal(member.client("ssm").get_parameter, Name="air")
    cloudformation.delete_stack_set(StackSetName=stack_set)
    assert "StackSetNotFoundException" in refusal(cloudformation.describe_stack_set, StackSetName=stack_set)
    member.client("cloudformation", region_name=OTHER).delete_stack(StackName=stack)


def test_what_fails_in_a_region_ends_the_operation_unless_it_is_tolerated(
    client: Callable[..., Any], cloudformation: Any, member: Account, stack_set: str
) -> None:
    """A parameter of that name is there in one region, so that the stack's cannot be made."""
    regions = ["us-west-1", "us-west-2"]
    client("ssm", region_name=regions[0]).put_parameter(Name="air", Value="mine", Type="String")
    targets = {"StackSetName": stack_set, "Accounts": [HOME, member.number], "Regions": regions}
    begun = cloudformation.create_stack_instances(**targets)
    operation = ended(cloudformation, stack_set, begun)
    assert (operation["Status"], operation["StatusDetails"]) == ("FAILED", {"FailedStackInstancesCount": 1})
    [failed, *cancelled] = results(cloudformation, stack_set, begun).values()
    assert failed[0] == "FAILED"
    assert failed[1].startswith("ResourceLogicalId:One, ResourceType:AWS::SSM::Parameter, ResourceStatusReason:")
    assert cancelled == [("CANCELLED", "Cancelled since failure tolerance has exceeded")] * 3
    found = instances(cloudformation, stack_set)
    assert {each["Status"] for each in found.values()} == {"OUTDATED"}

    begun = cloudformation.create_stack_instances(**targets, OperationPreferences={"FailureTolerancePercentage": 50})
    assert ended(cloudformation, stack_set, begun)["Status"] == "SUCCEEDED"
    assert [status for status, _ in results(cloudformation, stack_set, begun).values()] == [
        "FAILED",
        *["SUCCEEDED"] * 3,
    ]

    client("ssm", region_name=regions[0]).delete_parameter(Name="air")
    begun = cloudformation.create_stack_instances(**targets)
    assert ended(cloudformation, stack_set, begun)["Status"] == "SUCCEEDED"
    [again] = cloudformation.list_stack_instances(
        StackSetName=stack_set, StackInstanceAccount=HOME, StackInstanceRegion=regions[0]
    )["Summaries"]
    assert again["StackId"] != found[HOME, regions[0]]["StackId"]
    ended(cloudformation, stack_set, cloudformation.delete_stack_instances(**targets, RetainStacks=False))


def test_both_roles_must_let_the_one_take_on_the_other(cloudformation: Any, member: Account, stack_set: str) -> None:
    iam = member.client("iam")
    targets = {"StackSetName": stack_set, "Accounts": [member.number], "Regions": ["us-west-1"]}
    unasked = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="Unasked", AssumeRolePolicyDocument=document(unasked))
    closed = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=f"{EXECUTION}Closed", AssumeRolePolicyDocument=document(closed))
    for role in ("Unasked", f"{EXECUTION}Closed"):
        begun = cloudformation.update_stack_set(
            StackSetName=stack_set, UsePreviousTemplate=True, ExecutionRoleName=role
        )
        ended(cloudformation, stack_set, begun)
        begun = cloudformation.create_stack_instances(**targets)
        assert ended(cloudformation, stack_set, begun)["Status"] == "FAILED"
        words = f"should have '{role}' role with trust relationship to Role '{ADMINISTRATION}'."
        assert results(cloudformation, stack_set, begun) == {
            (member.number, "us-west-1"): ("FAILED", f"Account {member.number} {words}")
        }
    [found] = instances(cloudformation, stack_set).values()
    assert (found["Status"], found["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "FAILED")
    theirs = member.client("cloudformation")
    theirs.create_stack_set(StackSetName=stack_set, TemplateBody=BODY)
    assert refusal(theirs.create_stack_instances, **targets) == (
        f"ValidationError: Account {member.number} should have '{ADMINISTRATION}' role with trust relationship to "
        "CloudFormation service."
    )


def test_rights_name_a_stack_set_its_target_accounts_and_regions(
    server: Server, client: Callable[..., Any], member: Account
) -> None:
    """Who may is refused for want of an administration role."""
    name = new_name()
    member.client("cloudformation").create_stack_set(StackSetName=name, TemplateBody=BODY)
    place = f"arn:aws:cloudformation:{REGION}:{member.number}"
    may = {
        "Effect": "Allow",
        "Action": "cloudformation:CreateStackInstances",
        "Resource": [f"{place}:stackset/{name}:*", f"{place}:stackset-target/{name}:*/{member.number}"],
        "Condition": {"ForAllValues:StringEquals": {"cloudformation:TargetRegion": [OTHER]}},
    }
    way = f"arn:aws:iam::{member.number}:role/Way"
    make = entered(server, client("sts"), way, Policy=document(may)).client("cloudformation").create_stack_instances
    said = [
        refusal(make, StackSetName=name, Accounts=[account], Regions=[region]).partition(":")[0]
        for account, region in ((member.number, OTHER), (HOME, OTHER), (member.number, REGION))
    ]
    assert said == ["ValidationError", "AccessDenied", "AccessDenied"]


def test_an_operation_can_be_stopped_and_is_the_only_one(cloudformation: Any) -> None:
    name, made = new_name(), {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "1"}}
    chain = {f"P{n}": {**made, **({"DependsOn": f"P{n - 1}"} if n else {})} for n in range(15)}
    cloudformation.create_stack_set(StackSetName=name, TemplateBody=json.dumps({"Resources": chain}))
    targets = {"StackSetName": name, "Accounts": [HOME], "Regions": [REGION, OTHER]}
    begun = cloudformation.create_stack_instances(**targets)
    busy = refusal(cloudformation.delete_stack_set, StackSetName=name)
    assert busy.startswith(
        f"OperationInProgressException: Another Operation on StackSet arn:aws:cloudformation:{REGION}:"
    )
    which = {"StackSetName": name, "OperationId": begun["OperationId"]}
    cloudformation.stop_stack_set_operation(**which)
    assert ended(cloudformation, name, begun)["Status"] == "STOPPED"
    assert [status for status, _ in results(cloudformation, name, begun).values()] == ["SUCCEEDED", "CANCELLED"]
    assert "InvalidOperationException" in refusal(cloudformation.stop_stack_set_operation, **which)

    begun = cloudformation.detect_stack_set_drift(StackSetName=name)
    assert ended(cloudformation, name, begun)["StackSetDriftDetectionDetails"]["FailedStackInstancesCount"] == 1
    assert {each["DriftStatus"] for each in instances(cloudformation, name).values()} == {"IN_SYNC", "NOT_CHECKED"}
    ended(cloudformation, name, cloudformation.delete_stack_instances(**targets, RetainStacks=False))


def test_a_template_has_stack_sets_and_their_instances(
    client: Callable[..., Any], cloudformation: Any, member: Account
) -> None:
    def template(*groups: tuple[list[str], str]) -> dict[str, Any]:
        properties = {
            "StackSetName": name,
            "PermissionModel": "SELF_MANAGED",
            "TemplateBody": BODY,
            "StackInstancesGroup": [
                {
                    "DeploymentTargets": {"Accounts": [member.number]},
                    "Regions": regions,
                    "ParameterOverrides": [{"ParameterKey": "Text", "ParameterValue": text}],
                }
                for regions, text in groups
            ],
        }
        return {"Resources": {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}}}

    name = new_name()
    stack = create(cloudformation, template((["us-east-1"], "a")))
    assert value(member.client, "us-east-1") == "a"
    update(cloudformation, stack, template((["us-east-1"], "b"), (["us-east-2"], "c")))
    assert (value(member.client, "us-east-1"), value(member.client, "us-east-2")) == ("b", "c")
    update(cloudformation, stack, template((["us-east-2"], "c")))
    assert list(instances(cloudformation, name)) == [(member.number, "us-east-2")]
    delete(cloudformation, stack)
    assert "StackSetNotFoundException" in refusal(cloudformation.describe_stack_set, StackSetName=name)
    assert "ParameterNotFound" in refusal(member.client("ssm", region_name="us-east-2").get_parameter, Name="air")


def test_what_cannot_be_is_refused(cloudformation: Any, stack_set: str) -> None:
    make = cloudformation.create_stack_set
    refused = {
        "NameAlreadyExistsException": (make, {"StackSetName": stack_set, "TemplateBody": BODY}),
        "failed to satisfy constraint": (make, {"StackSetName": "1a", "TemplateBody": BODY}),
        "use SELF_MANAGED": (make, {"StackSetName": "a", "TemplateBody": BODY, "PermissionModel": "SERVICE_MANAGED"}),
        "do not exist in the template": (
            cloudformation.create_stack_instances,
            {
                "StackSetName": stack_set,
                "Accounts": [HOME],
                "Regions": [REGION],
                "ParameterOverrides": [{"ParameterKey": "Other", "ParameterValue": "1"}],
            },
        ),
        "StackInstanceNotFoundException": (
            cloudformation.update_stack_instances,
            {"StackSetName": stack_set, "Accounts": [HOME], "Regions": [REGION]},
        ),
        "OperationNotFoundException": (
            cloudformation.describe_stack_set_operation,
            {"StackSetName": stack_set, "OperationId": "none"},
        ),
        "StackSetNotFoundException": (cloudformation.list_stack_instances, {"StackSetName": "none"}),
    }
    for words, (call, given) in refused.items():
        assert words in refusal(call, **given)
    found = cloudformation.get_paginator("list_stack_sets").paginate(Status="ACTIVE", PaginationConfig={"PageSize": 1})
    assert stack_set in [each["StackSetName"] for page in found for each in page["Summaries"]]
