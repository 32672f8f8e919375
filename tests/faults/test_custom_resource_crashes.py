"""A stack whose server is killed while a function makes one of its resources."""

import json

from botocore.exceptions import BotoCoreError

from tests.api.lambda_functions import RUNTIME
from tests.conftest import Server, create_role
from tests.waiting import until

CODE = """
import boto3, cfnresponse, time

def handler(event, context):
    s3 = boto3.client("s3")
    if event["RequestType"] == "Create":
        s3.put_object(Bucket="marks", Key=f"asked/{event['RequestId']}/{context.log_stream_name[-8:]}")
        while "Contents" not in s3.list_objects_v2(Bucket="marks", Prefix="go"):
            time.sleep(0.05)
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Answer": "42"}, "made")
"""


def test_a_custom_resource_is_made_though_the_server_was_killed_while_its_function_worked(own_server: Server) -> None:
    role = create_role(own_server)
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="marks", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    maker = {"Role": role, "Runtime": RUNTIME, "Handler": "index.handler", "Timeout": 60, "Code": {"ZipFile": CODE}}
    token = {"Fn::GetAtt": ["Maker", "Arn"]}
    body = {
        "Resources": {
            "Maker": {"Type": "AWS::Lambda::Function", "Properties": maker},
            "Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}},
        },
        "Outputs": {"Answer": {"Value": {"Fn::GetAtt": ["Thing", "Answer"]}}},
    }
    own_server.client("cloudformation").create_stack(StackName="killed", TemplateBody=json.dumps(body))
    until(lambda: s3.list_objects_v2(Bucket="marks", Prefix="asked")["KeyCount"] == 1)
    own_server.kill()
    own_server.up()
    own_server.client("s3").put_object(Bucket="marks", Key="go")
    cloudformation = own_server.client("cloudformation")

    def status() -> str:
        try:
            return str(cloudformation.describe_stacks(StackName="killed")["Stacks"][0]["StackStatus"])
        except BotoCoreError:
            return "no answer"

    until(lambda: status() != "CREATE_IN_PROGRESS")
    [stack] = cloudformation.describe_stacks(StackName="killed")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert [each["OutputValue"] for each in stack["Outputs"]] == ["42"]
    asked = own_server.client("s3").list_objects_v2(Bucket="marks", Prefix="asked")["Contents"]
    assert len({each["Key"].split("/")[1] for each in asked}) == 1
