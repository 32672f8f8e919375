"""Stacks, and a stack set's, whose server is killed while they are made, taken back, deleted, imported."""

import json
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from tests.api.member_accounts import administration
from tests.conftest import Server
from tests.waiting import hasty, until

PARAMETERS = 30


def template(prefix: str, last: dict[str, Any] | None = None) -> str:
    """Parameters that are made one after the other, and what comes last."""

    def one(number: int) -> dict[str, Any]:
        own = {"Type": "String", "Name": f"/{prefix}/{number}", "Value": str(number)}
        made: dict[str, Any] = {"Type": "AWS::SSM::Parameter", "DeletionPolicy": "Delete", "Properties": own}
        return {**made, "DependsOn": f"P{number - 1}"} if number else made

    resources = {f"P{number}": one(number) for number in range(PARAMETERS)}
    if last is not None:
        resources["Last"] = {**last, "DependsOn": f"P{PARAMETERS - 1}"}
    return json.dumps({"Resources": resources})


def begin_all(server: Server) -> None:
    """Have one stack being made, one taken back, one deleted, one imported, and two made by a stack set."""
    cloudformation, ssm = server.client("cloudformation"), server.client("ssm")
    administration(server.client("iam"))
    bucketless = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "nowhere", "PolicyDocument": {}}}
    cloudformation.create_stack(StackName="deleted", TemplateBody=template("deleted"))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="deleted", WaiterConfig={"Delay": 1})
    imports = []
    for number in range(PARAMETERS):
        name = f"/imported/{number}"
        ssm.put_parameter(Name=name, Value=str(number), Type="String")
        identifier = {"ResourceType": "AWS::SSM::Parameter", "ResourceIdentifier": {"Name": name}}
        imports.append({"LogicalResourceId": f"P{number}", **identifier})
    taken = cloudformation.create_change_set(
        StackName="imported", ChangeSetName="take", ChangeSetType="IMPORT", TemplateBody=template("imported"),
        ResourcesToImport=imports,
    )  # fmt: skip
    cloudformation.create_stack_set(StackSetName="killed", TemplateBody=template("set"))
    cloudformation.create_stack(StackName="taken-back", TemplateBody=template("taken-back", bucketless))
    until(lambda: status(cloudformation, "taken-back") == "ROLLBACK_IN_PROGRESS")
    where = {"Accounts": ["000000000000"], "Regions": ["us-west-1", "us-west-2"]}
    cloudformation.create_stack_instances(StackSetName="killed", **where, OperationId="made")
    cloudformation.create_stack(StackName="made", TemplateBody=template("made"))
    cloudformation.delete_stack(StackName="deleted")
    cloudformation.execute_change_set(ChangeSetName=taken["Id"])


def status(cloudformation: Any, name: str) -> str:
    try:
        return str(hasty(cloudformation).describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return "DELETE_COMPLETE"


def test_stacks_go_on_where_a_killed_server_left_them(own_server: Server) -> None:
    begin_all(own_server)
    cloudformation = own_server.client("cloudformation")

    def made() -> int:
        found = cloudformation.list_stack_resources(StackName="made")["StackResourceSummaries"]
        return sum(each["ResourceStatus"] == "CREATE_COMPLETE" for each in found)

    until(lambda: made() > 2)
    own_server.kill()
    own_server.up()
    cloudformation = own_server.client("cloudformation")

    def of_set() -> str:
        asked = {"StackSetName": "killed", "OperationId": "made"}
        return str(cloudformation.describe_stack_set_operation(**asked)["StackSetOperation"]["Status"])

    wanted = {
        "made": "CREATE_COMPLETE", "taken-back": "ROLLBACK_COMPLETE", "deleted": "DELETE_COMPLETE",
        "imported": "IMPORT_COMPLETE",
    }  # fmt: skip
    until(lambda: {name: status(cloudformation, name) for name in wanted} == wanted)
    until(lambda: of_set() == "SUCCEEDED")
    for region in ("us-west-1", "us-west-2"):
        [stack] = own_server.client("cloudformation", region_name=region).describe_stacks()["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    pages = own_server.client("ssm").get_paginator("describe_parameters").paginate()
    left = Counter(found["Name"].split("/")[1] for page in pages for found in page["Parameters"])
    assert left == {"made": PARAMETERS, "imported": PARAMETERS}
    for name, event, times in (
        ("made", "CREATE_COMPLETE", PARAMETERS + 1),
        ("imported", "IMPORT_COMPLETE", PARAMETERS + 1),
        ("taken-back", "DELETE_COMPLETE", PARAMETERS),
    ):
        told = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        ended = [e["LogicalResourceId"] for page in told for e in page["StackEvents"] if e["ResourceStatus"] == event]
        assert len(ended) == len({*ended}) == times
