"""A stack whose server is killed while it is made."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError

from tests.conftest import Server
from tests.waiting import until

PARAMETERS = 30


def test_a_stack_goes_on_where_a_killed_server_left_it(own_server: Server) -> None:
    def one(number: int) -> dict[str, Any]:
        made: dict[str, Any] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": str(number)}}
        return {**made, "DependsOn": f"P{number - 1}"} if number else made

    body = json.dumps({"Resources": {f"P{number}": one(number) for number in range(PARAMETERS)}})
    cloudformation = own_server.client("cloudformation")
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

    until(lambda: status() == "CREATE_COMPLETE")
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
