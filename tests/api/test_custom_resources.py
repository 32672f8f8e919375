"""Stacks with functions, and with resources that functions make."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.api.lambda_functions import RUNTIME, messages, zipped
from tests.api.stacks import CAPABILITIES, create, delete, events, new_name, outputs, physical, update, wait

BY_CFNRESPONSE = """
import cfnresponse, json

def handler(event, context):
    asked = event["ResourceProperties"]
    print("asked", json.dumps([event["RequestType"], event.get("PhysicalResourceId"), asked["Name"], asked["Flag"]]))
    good = asked.get("FailOn") != event["RequestType"]
    data = {"Greeting": f"hello {asked['Name']}"}
    status = cfnresponse.SUCCESS if good else cfnresponse.FAILED
    cfnresponse.send(event, context, status, data, "thing-" + asked["Name"], noEcho="Secret" in asked, reason="as told")
"""
BY_HTTPS = """
import json
from http.client import HTTPSConnection
from urllib.parse import urlsplit

def handler(event, context):
    place = urlsplit(event["ResponseURL"])
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "by-https", "Data": {"Greeting": "hello"}}
    body = json.dumps(answer)
    connection = HTTPSConnection(place.netloc)
    connection.request("PUT", place.path, body, {"content-length": str(len(body))})
    return connection.getresponse().reason
"""
BY_NODE_S_HTTPS = """
const https = require("https");
exports.handler = (event, context) => {
  const { StackId, RequestId, LogicalResourceId } = event;
  const told = { Status: "SUCCESS", PhysicalResourceId: "by-node", Data: { Greeting: "hello" } };
  const body = JSON.stringify({ ...told, StackId, RequestId, LogicalResourceId });
  const place = new URL(event.ResponseURL);
  const headers = { "content-length": body.length };
  const options = { hostname: place.hostname, port: 443, path: place.pathname, method: "PUT", headers };
  https.request(options, (answer) => context.done()).end(body);
};
"""


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def template(role: str, code: str = BY_CFNRESPONSE, runtime: str = RUNTIME, **properties: Any) -> dict[str, Any]:
    token = {"Fn::GetAtt": ["Maker", "Arn"]}
    maker = {"Role": role, "Runtime": runtime, "Handler": "index.handler", "Timeout": 20, "Code": {"ZipFile": code}}
    return {
        "Resources": {
            "Maker": {"Type": "AWS::Lambda::Function", "Properties": maker},
            "Thing": {
                "Type": "Custom::Thing",
                "Properties": {"ServiceToken": token, "Name": "a", "Flag": True, **properties},
            },
        },
        "Outputs": {"Greeting": {"Value": {"Fn::GetAtt": ["Thing", "Greeting"]}}, "Thing": {"Value": {"Ref": "Thing"}}},
    }


def asked(client: Callable[..., Any], function: str) -> list[Any]:
    return [json.loads(line.removeprefix("asked ")) for line in messages(client("logs"), function, "asked")]


def test_a_function_makes_changes_replaces_and_deletes_a_resource(
    cloudformation: Any, role: str, client: Callable[..., Any]
) -> None:
    name = create(cloudformation, template(role))
    function = physical(cloudformation, name)["Maker"]
    assert outputs(cloudformation, name) == {"Greeting": "hello a", "Thing": "thing-a"}
    update(cloudformation, name, template(role, Name="b"))
    assert outputs(cloudformation, name) == {"Greeting": "hello b", "Thing": "thing-b"}
    assert asked(client, function) == [
        ["Create", None, "a", "true"],
        ["Update", "thing-a", "b", "true"],
        ["Delete", "thing-a", "a", "true"],
    ]
    cloudformation.update_stack(
        StackName=name, TemplateBody=json.dumps(template(role, Name="b", Flag=False, FailOn="Update"))
    )
    with pytest.raises(WaiterError, match="UPDATE_ROLLBACK_COMPLETE"):
        wait(cloudformation, "stack_update_complete", name)
    assert outputs(cloudformation, name)["Thing"] == "thing-b"
    delete(cloudformation, name)
    assert asked(client, function)[3:] == [
        ["Update", "thing-b", "b", "false"],
        ["Update", "thing-b", "b", "true"],
        ["Delete", "thing-b", "b", "true"],
    ]


def test_why_a_function_made_nothing_stands_in_the_events_and_it_is_asked_to_delete(
    cloudformation: Any, role: str, client: Callable[..., Any]
) -> None:
    body = json.dumps(template(role, FailOn="Create", Secret="x"))
    stack = cloudformation.create_stack(StackName=new_name(), TemplateBody=body, Capabilities=CAPABILITIES)["StackId"]
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        wait(cloudformation, "stack_create_complete", stack)
    [failed] = [each for each in events(cloudformation, stack) if each["ResourceStatus"] == "CREATE_FAILED"]
    assert (
        "Received response status [FAILED] from custom resource. Message returned: as told"
        in failed["ResourceStatusReason"]
    )
    function = next(
        each["PhysicalResourceId"]
        for each in events(cloudformation, stack)
        if each["LogicalResourceId"] == "Maker" and each["PhysicalResourceId"]
    )
    assert [kind for kind, *_ in asked(client, function)] == ["Create", "Delete"]
    delete(cloudformation, stack)


def test_a_function_that_does_not_answer_is_waited_for_as_long_as_the_template_says(
    cloudformation: Any, role: str
) -> None:
    silent = "def handler(event, context):\n    pass"
    body = json.dumps(template(role, silent, ServiceTimeout=1))
    name = new_name()
    cloudformation.create_stack(StackName=name, TemplateBody=body, OnFailure="DO_NOTHING")
    with pytest.raises(WaiterError, match="CREATE_FAILED"):
        wait(cloudformation, "stack_create_complete", name)
    reasons = [each.get("ResourceStatusReason", "") for each in events(cloudformation, name)]
    assert any("did not receive a response from your Custom Resource" in reason for reason in reasons)


def test_what_a_function_says_is_secret_is_not_shown_in_events(cloudformation: Any, role: str) -> None:
    body = template(role, Secret="yes")
    told = {"Type": "String", "Value": {"Fn::GetAtt": ["Thing", "Greeting"]}}
    body["Resources"]["Kept"] = {"Type": "AWS::SSM::Parameter", "Properties": told}
    name = create(cloudformation, body)
    shown = [each.get("ResourceProperties", "") for each in events(cloudformation, name)]
    assert not [text for text in shown if "hello a" in text]
    assert any('"Value": "****"' in text for text in shown)
    delete(cloudformation, name)


def test_a_function_of_a_stack_has_the_layer_of_the_stack(
    cloudformation: Any, role: str, bucket: str, client: Callable[..., Any]
) -> None:
    client("s3").put_object(Bucket=bucket, Key="layer.zip", Body=zipped(python__greeting="TEXT = 'from the layer'"))
    code = BY_CFNRESPONSE.replace("import cfnresponse", "import greeting, cfnresponse").replace(
        "hello {", "{greeting.TEXT} {"
    )
    body = template(role, code)
    content = {"S3Bucket": bucket, "S3Key": "layer.zip"}
    body["Resources"]["Shared"] = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}}
    body["Resources"]["Maker"]["Properties"]["Layers"] = [{"Ref": "Shared"}]
    name = create(cloudformation, body)
    assert outputs(cloudformation, name)["Greeting"] == "from the layer a"
    delete(cloudformation, name)


def test_functions_that_answer_by_https_arrive_too(cloudformation: Any, role: str) -> None:
    name = create(cloudformation, template(role, BY_HTTPS))
    assert outputs(cloudformation, name)["Thing"] == "by-https"
    delete(cloudformation, name)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_functions_of_node_that_answer_to_port_443_arrive_too(cloudformation: Any, role: str) -> None:
    name = create(cloudformation, template(role, BY_NODE_S_HTTPS, "nodejs20.x"))
    assert outputs(cloudformation, name)["Thing"] == "by-node"
    delete(cloudformation, name)
