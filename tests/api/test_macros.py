"""Templates that functions and AWS's translator make of what was written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_functions import RUNTIME, invoke
from tests.api.stacks import CAPABILITIES, create, delete, new_name, physical, text_of

CODE = """
def handler(event, context):
    fragment = event["fragment"]
    if event["params"].get("Fail"):
        return {"requestId": event["requestId"], "status": "failed", "errorMessage": "it was told to"}
    for resource in fragment["Resources"].values():
        resource["Properties"]["Description"] = event["templateParameterValues"]["Words"]
    return {"requestId": event["requestId"], "status": "success", "fragment": fragment}
"""


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def test_a_macro_and_the_serverless_transform_make_the_template_that_is_deployed(
    cloudformation: Any, role: str, client: Callable[..., Any]
) -> None:
    macro = new_name()
    code = {"Role": role, "Runtime": RUNTIME, "Handler": "index.handler", "Timeout": 20, "Code": {"ZipFile": CODE}}
    function = {"Type": "AWS::Lambda::Function", "Properties": code}
    known = {"Name": macro, "FunctionName": {"Fn::GetAtt": ["Maker", "Arn"]}}
    maker = create(
        cloudformation,
        {"Resources": {"Maker": function, "Known": {"Type": "AWS::CloudFormation::Macro", "Properties": known}}},
    )
    hello = {"Runtime": RUNTIME, "Handler": "index.handler", "Role": role, "InlineCode": "handler = lambda *_: 'hello'"}
    template = {
        "Transform": [macro, "AWS::Serverless-2016-10-31"],
        "Parameters": {"Words": {"Type": "String", "Default": "by a macro"}},
        "Resources": {"Hello": {"Type": "AWS::Serverless::Function", "Properties": hello}},
    }
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]"):
        cloudformation.create_stack(StackName=new_name(), TemplateBody=text_of(template))
    name = create(cloudformation, template)
    made = physical(cloudformation, name)["Hello"]
    assert invoke(client("lambda"), made)["Payload"] == "hello"
    assert client("lambda").get_function_configuration(FunctionName=made)["Description"] == "by a macro"
    stages = {
        stage: cloudformation.get_template(StackName=name, TemplateStage=stage)["TemplateBody"]["Resources"]["Hello"]
        for stage in ("Original", "Processed")
    }
    assert {stage: each["Type"].split("::")[1] for stage, each in stages.items()} == {
        "Original": "Serverless",
        "Processed": "Lambda",
    }
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName=name, TemplateBody=text_of(template), Capabilities=CAPABILITIES)
    failing = json.dumps({**template, "Transform": [{"Name": macro, "Parameters": {"Fail": "1"}}]})
    with pytest.raises(ClientError, match=f"::{macro} failed with: it was told to"):
        cloudformation.update_stack(StackName=name, TemplateBody=failing, Capabilities=CAPABILITIES)
    delete(cloudformation, name)
    delete(cloudformation, maker)
    with pytest.raises(ClientError, match=f"No transform named {macro} found"):
        create(cloudformation, template)
