"""EventBridge through boto3: what happens reaches functions and log groups."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.lambda_functions import create, messages
from tests.api.stack_parts import PIPELINE
from tests.waiting import until

UNZIPS = """
import base64, gzip, json

def handler(event, context):
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    print(told["messageType"], [each["message"] for each in told["logEvents"]])
"""


@pytest.fixture(scope="module")
def events(client: Callable[..., Any]) -> Any:
    return client("events")


@pytest.fixture(scope="module")
def group(client: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """A log group that EventBridge may write to, and its ARN."""
    logs, name = client("logs"), f"/aws/events/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": arn,
    }
    logs.put_resource_policy(
        policyName=name[12:], policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    yield name, arn
    logs.delete_resource_policy(policyName=name[12:])
    logs.delete_log_group(logGroupName=name)


@pytest.fixture
def function_that_unzips(client: Callable[..., Any], role: str) -> str:
    return create(client("lambda"), role, UNZIPS)


def _said(client: Callable[..., Any], function: str, pattern: str) -> list[str]:
    """What a function has printed, which may not have run yet."""
    logs = client("logs")
    try:
        return messages(logs, function, pattern)
    except logs.exceptions.ResourceNotFoundException:
        return []


def _written(client: Callable[..., Any], group: str) -> list[Any]:
    found = client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in found]


def test_an_event_of_ones_own_reaches_a_function_that_lets_the_rule_and_a_log_group(
    events: Any, client: Callable[..., Any], role: str, group: tuple[str, str]
) -> None:
    functions, bus = client("lambda"), f"orders-{uuid.uuid4().hex[:8]}"
    lets, refuses = create(functions, role), create(functions, role)
    arns = [functions.get_function_configuration(FunctionName=name)["FunctionArn"] for name in (lets, refuses)]
    events.create_event_bus(Name=bus, Tags=[{"Key": "team", "Value": "air"}])
    pattern = json.dumps({"source": ["shop"], "detail": {"price": [{"numeric": [">", 10]}]}})
    rule = events.put_rule(Name="dear", EventBusName=bus, EventPattern=pattern, Tags=[{"Key": "a", "Value": "b"}])
    functions.add_permission(
        FunctionName=lets,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule["RuleArn"],
    )
    transformer = {"InputPathsMap": {"price": "$.detail.price"}, "InputTemplate": '{"costs": "<price> euros"}'}
    targets = [
        {"Id": "lets", "Arn": arns[0], "InputTransformer": transformer},
        {"Id": "refuses", "Arn": arns[1]},
        {"Id": "logs", "Arn": group[1].removesuffix(":*"), "InputPath": "$.detail"},
    ]
    assert events.put_targets(Rule="dear", EventBusName=bus, Targets=targets)["FailedEntryCount"] == 0
    entry = {"Source": "shop", "DetailType": "order", "EventBusName": bus}
    answer = events.put_events(
        Entries=[
            {**entry, "Detail": '{"price": 11}'},
            {**entry, "Detail": '{"price": 9}'},
            {**entry, "Detail": "x"},
            {**entry, "Detail": "{}", "Source": "aws.ec2"},
        ]
    )
    codes = [each.get("ErrorCode") for each in answer["Entries"]]
    assert (answer["FailedEntryCount"], codes) == (
        2, [None, None, "MalformedDetail", "NotAuthorizedForSourceException"],
    )  # fmt: skip
    until(lambda: _said(client, lets, '"11 euros"'))
    until(lambda: _written(client, group[0]) == [{"price": 11}])
    failed = {"Namespace": "AWS/Events", "MetricName": "FailedInvocations"}
    dimensions = [{"Name": "RuleName", "Value": "dear"}, {"Name": "EventBusName", "Value": bus}]
    until(lambda: client("cloudwatch").list_metrics(**failed, Dimensions=dimensions)["Metrics"])
    assert events.list_rule_names_by_target(TargetArn=arns[0], EventBusName=bus)["RuleNames"] == ["dear"]
    assert events.list_tags_for_resource(ResourceARN=rule["RuleArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(events.exceptions.ClientError, match="it has rules"):
        events.delete_event_bus(Name=bus)
    with pytest.raises(events.exceptions.ClientError, match="since it has targets"):
        events.delete_rule(Name="dear", EventBusName=bus)
    events.remove_targets(Rule="dear", EventBusName=bus, Ids=["lets", "refuses", "logs"])
    events.delete_rule(Name="dear", EventBusName=bus)
    events.delete_event_bus(Name=bus)
    with pytest.raises(events.exceptions.ResourceNotFoundException, match=bus):
        events.describe_event_bus(Name=bus)


def test_what_happens_to_stacks_and_pipelines_and_packages_is_an_event(
    events: Any, client: Callable[..., Any], role: str, group: tuple[str, str]
) -> None:
    name = f"watch-{uuid.uuid4().hex[:8]}"
    pattern = json.dumps({"source": ["aws.cloudformation", "aws.sagemaker"], "detail-type": [{"exists": True}]})
    events.put_rule(Name=name, EventPattern=pattern)
    events.put_targets(Rule=name, Targets=[{"Id": "logs", "Arn": group[1]}])
    stacks, sagemaker = client("cloudformation"), client("sagemaker")
    template = json.dumps({"Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}}})
    stack = stacks.create_stack(StackName=name, TemplateBody=template)["StackId"]
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=PIPELINE, RoleArn=role)
    run = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    package = sagemaker.create_model_package(ModelPackageGroupName=name, SourceUri="s3://models/one")["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")

    def seen(resource: str, *path: str) -> list[Any]:
        found = []
        for event in _written(client, group[0]):
            value = event
            if resource in event.get("resources", []):
                for step in path:
                    value = value[step]
                found.append(value)
        return found

    def all_seen() -> bool:
        return (
            set(seen(stack, "detail", "status-details", "status")) == {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}
            and seen(package, "detail", "ModelApprovalStatus").count("Approved") == 1
            and len(seen(run, "detail", "currentPipelineExecutionStatus")) >= 2
        )

    until(all_seen)
    assert set(seen(run, "detail-type")) == {"SageMaker Model Building Pipeline Execution Status Change"}
    assert "Executing" in seen(run, "detail", "currentPipelineExecutionStatus")
    assert set(seen(package, "detail", "ModelPackageGroupName")) == {name}
    events.remove_targets(Rule=name, Ids=["logs"])
    events.delete_rule(Name=name)
    stacks.delete_stack(StackName=name)


def test_what_a_rule_cannot_be_is_refused(events: Any, role: str) -> None:
    wrong = events.exceptions.ClientError
    with pytest.raises(events.exceptions.InvalidEventPatternException, match="Unrecognized match type"):
        events.put_rule(Name="wrong", EventPattern='{"source": [{"like": "a"}]}')
    with pytest.raises(wrong, match="must be specified"):
        events.put_rule(Name="wrong")
    for schedule in ("rate(1 minutes)", "rate(5 minute)", "at(2030-01-01T00:00:00)", "cron(* * * * * *)"):
        with pytest.raises(wrong, match="ScheduleExpression is not valid"):
            events.put_rule(Name="wrong", ScheduleExpression=schedule)
    events.put_rule(Name="nightly", ScheduleExpression="cron(0 2 * * ? *)", State="DISABLED")
    queue = {"Id": "q", "Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/queue"}
    with pytest.raises(wrong, match="rules send to Lambda functions"):
        events.put_targets(Rule="nightly", Targets=[queue])
    with pytest.raises(events.exceptions.ResourceNotFoundException, match="does not exist on EventBus default"):
        events.put_targets(Rule="none", Targets=[{**queue, "Arn": "arn:aws:sns:us-east-1:000000000000:topic"}])
    events.enable_rule(Name="nightly")
    assert events.describe_rule(Name="nightly")["State"] == "ENABLED"
    events.delete_rule(Name="nightly")


def test_what_is_logged_is_handed_to_the_function_that_subscribed(
    client: Callable[..., Any], role: str, function_that_unzips: str
) -> None:
    functions, logs, name = client("lambda"), client("logs"), f"watched-{uuid.uuid4().hex[:8]}"
    arn = functions.get_function_configuration(FunctionName=function_that_unzips)["FunctionArn"]
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    asked = {"logGroupName": name, "filterName": "errors", "filterPattern": "ERROR", "destinationArn": arn}
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not execute the lambda function"):
        logs.put_subscription_filter(**asked)
    functions.add_permission(
        FunctionName=arn, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=name, logStreamName="one", logEvents=[{"timestamp": now, "message": "ERROR before"}]
    )
    logs.put_subscription_filter(**asked)
    events = [{"timestamp": now, "message": text} for text in ("all is well", "ERROR after")]
    logs.put_log_events(logGroupName=name, logStreamName="one", logEvents=events)
    until(lambda: _said(client, function_that_unzips, '"ERROR after"'))
    assert not _said(client, function_that_unzips, '"ERROR before"')
    assert not _said(client, function_that_unzips, '"all is well"')
    (found,) = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
    assert (found["filterName"], found["destinationArn"]) == ("errors", arn)
    logs.delete_log_group(logGroupName=name)


def test_an_object_that_is_written_is_told_to_a_function_and_is_an_event(
    events: Any, client: Callable[..., Any], role: str, group: tuple[str, str]
) -> None:
    functions, s3, name = client("lambda"), client("s3"), f"told-{uuid.uuid4().hex[:8]}"
    function = create(functions, role)
    arn = functions.get_function_configuration(FunctionName=function)["FunctionArn"]
    s3.create_bucket(Bucket=name)
    functions.add_permission(
        FunctionName=function,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}",
    )
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]
    wanted = {
        "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}},
    }  # fmt: skip
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={"LambdaFunctionConfigurations": [wanted], "EventBridgeConfiguration": {}},
    )
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}})
    events.put_rule(Name=name, EventPattern=pattern)
    events.put_targets(Rule=name, Targets=[{"Id": "logs", "Arn": group[1]}])
    for key in ("in/a b.csv", "in/a.txt", "out/a.csv"):
        s3.put_object(Bucket=name, Key=key, Body=b"four")
    s3.delete_object(Bucket=name, Key="in/a.txt")
    until(lambda: _said(client, function, '"in/a+b.csv"'))
    assert not _said(client, function, '"out/a.csv"')

    def seen() -> list[tuple[str, str, Any]]:
        found = [each for each in _written(client, group[0]) if each.get("source") == "aws.s3"]
        return sorted(
            (each["detail-type"], each["detail"]["object"]["key"], each["detail"]["object"].get("size"))
            for each in found
        )

    keys = [("Object Created", key, 4) for key in ("in/a b.csv", "in/a.txt", "out/a.csv")]
    until(lambda: seen() == [*keys, ("Object Deleted", "in/a.txt", None)])
    events.remove_targets(Rule=name, Ids=["logs"])
    events.delete_rule(Name=name)
