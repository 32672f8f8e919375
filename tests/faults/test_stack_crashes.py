"""A stack, and a stack set's stacks, whose server is killed while they are made."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError

from tests.api.member_accounts import administration
from tests.conftest import Server
from tests.waiting import until

PARAMETERS = 30


def test_stacks_go_on_where_a_killed_server_left_them(own_server: Server) -> None:
    def one(number: int) -> dict[str, Any]:
        made: dict[str, Any] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": str(number)}}
        return {**made, "DependsOn": f"P{number - 1}"} if number else made

    body = json.dumps({"Resources": {f"P{number}": one(number) for number in range(PARAMETERS)}})
    cloudformation = own_server.client("cloudformation")
    administration(own_server.client("iam"))
    cloudformation.create_stack_set(StackSetName="killed", TemplateBody=body)
    where = {"Accounts": ["000000000000"], "Regions": ["us-west-1", "us-west-2"]}
    cloudformation.create_stack_instances(StackSetName="killed", **where, OperationId="made")
    cloudformation.create_stack(StackName="killed", TemplateBody=body)

    def made() -> int:
        found = cloudformation.list_stack_resources(StackName="killed")["StackResourceSummaries"]
        return sum(each["ResourceStatus"] == "CREATE_COMPLETE" for each in found)

    until(lambda: made() > 5)
    own_server.kill()
    own_server.up()
    cloudformation = own_server.client("cloudformation")

    def status() -> str:
        try:
            return str(cloudformation.describe_stacks(StackName="killed")["Stacks"][0]["StackStatus"])
        except BotoCoreError:
            return "no answer"

    def of_set() -> str:
        asked = {"StackSetName": "killed", "OperationId": "made"}
        return str(cloudformation.describe_stack_set_operation(**asked)["StackSetOperation"]["Status"])

    until(lambda: status() == "CREATE_COMPLETE")
    until(lambda: of_set() == "SUCCEEDED")
    for region in where["Regions"]:
        [stack] = own_server.client("cloudformation", region_name=region).describe_stacks()["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    found = own_server.client("ssm").get_paginator("describe_parameters").paginate()
    assert sum(len(page["Parameters"]) for page in found) == PARAMETERS
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName="killed")
    complete = [
        e["LogicalResourceId"]
        for page in pages
        for e in page["StackEvents"]
        if e["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert sorted(complete) == sorted({*complete})
    assert len(complete) == PARAMETERS + 1
