"""Application Auto Scaling of an endpoint's variants, through boto3."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api import machine_learning
from tests.api.machine_learning import LINEAR_LEARNER
from tests.api.stacks import create, delete, physical, update
from tests.waiting import until

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer:latest"
SAGEMAKER = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
INVOCATIONS = {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}


@pytest.fixture(scope="module")
def scaling(client: Callable[..., Any]) -> Any:
    return client("application-autoscaling")


@pytest.fixture(scope="module")
def cloudwatch(client: Callable[..., Any]) -> Any:
    return client("cloudwatch")


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def endpoint(sagemaker: Any, role: str, plane: str, bucket: str) -> Iterator[str]:
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": plane}
    sagemaker.create_model(ModelName="scaled", PrimaryContainer=container, ExecutionRoleArn=role)
    variants = [machine_learning.variant("all", "scaled")]
    captured = {
        "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }  # fmt: skip
    sagemaker.create_endpoint_config(
        EndpointConfigName="scaled", ProductionVariants=variants, DataCaptureConfig=captured
    )
    sagemaker.create_endpoint(EndpointName="scaled", EndpointConfigName="scaled")
    until(lambda: sagemaker.describe_endpoint(EndpointName="scaled")["EndpointStatus"] == "InService")
    yield "scaled"
    sagemaker.delete_endpoint(EndpointName="scaled")


@pytest.fixture
def variant(scaling: Any, endpoint: str) -> Iterator[dict[str, str]]:
    """The variant, registered, of one to three instances."""
    resource = {**SAGEMAKER, "ResourceId": f"endpoint/{endpoint}/variant/all"}
    scaling.register_scalable_target(**resource, MinCapacity=1, MaxCapacity=3)
    yield resource
    scaling.deregister_scalable_target(**resource)


def counts(sagemaker: Any, variant: dict[str, str]) -> tuple[str, int]:
    described = sagemaker.describe_endpoint(EndpointName=variant["ResourceId"].split("/")[1])
    return described["EndpointStatus"], described["ProductionVariants"][0]["CurrentInstanceCount"]


def activity(scaling: Any, variant: dict[str, str]) -> dict[str, Any]:
    """The newest of the variant's that has ended."""

    def ended() -> dict[str, Any] | None:
        newest: dict[str, Any] = scaling.describe_scaling_activities(**variant, MaxResults=1)["ScalingActivities"][0]
        return newest if newest["StatusCode"] != "InProgress" else None

    return until(ended)


def sound(cloudwatch: Any, alarm: str) -> None:
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")


def test_target_tracking_scales_by_its_two_alarms(
    scaling: Any, cloudwatch: Any, sagemaker: Any, variant: dict[str, str]
) -> None:
    tracking = {"TargetValue": 100.0, **INVOCATIONS, "ScaleOutCooldown": 0, "ScaleInCooldown": 600}
    policy = {"PolicyName": "calls", "PolicyType": "TargetTrackingScaling", **variant}
    made = scaling.put_scaling_policy(**policy, TargetTrackingScalingPolicyConfiguration=tracking)
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    (shown,) = scaling.describe_scaling_policies(**variant)["ScalingPolicies"]
    assert shown["TargetTrackingScalingPolicyConfiguration"] == {**tracking, "DisableScaleIn": False}
    alarms = cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"]
    watched = {each["AlarmName"]: (each["MetricName"], each["Threshold"], each["EvaluationPeriods"]) for each in alarms}
    assert watched == {high: ("InvocationsPerInstance", 100.0, 3), low: ("InvocationsPerInstance", 90.0, 15)}

    sound(cloudwatch, high)
    done = activity(scaling, variant)
    assert (done["StatusCode"], done["Description"]) == ("Successful", "Setting desired instance count to 2.")
    assert done["Cause"] == f"monitor alarm {high} in state ALARM triggered policy calls"
    assert counts(sagemaker, variant) == ("InService", 2)
    sound(cloudwatch, low)
    assert activity(scaling, variant)["Description"] == "Setting desired instance count to 1."
    assert counts(sagemaker, variant) == ("InService", 1)

    scaling.delete_scaling_policy(**variant, PolicyName="calls")
    assert cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"] == []


def test_a_metric_of_one_s_own_is_brought_to_its_target_within_the_bounds(
    scaling: Any, cloudwatch: Any, sagemaker: Any, variant: dict[str, str]
) -> None:
    measured = {"Namespace": "Own", "MetricName": "Load", "Dimensions": [], "Statistic": "Average"}
    tracking = {"TargetValue": 10.0, "CustomizedMetricSpecification": measured, "DisableScaleIn": True}
    policy = {"PolicyName": "load", "PolicyType": "TargetTrackingScaling", **variant}
    made = scaling.put_scaling_policy(**policy, TargetTrackingScalingPolicyConfiguration=tracking)
    (high,) = (alarm["AlarmName"] for alarm in made["Alarms"])
    a_minute_ago = datetime.now(timezone.utc) - timedelta(minutes=1)
    told = {"MetricName": "Load", "Timestamp": a_minute_ago, "Value": 950.0}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[told])
    sound(cloudwatch, high)
    assert activity(scaling, variant)["Description"] == "Setting desired instance count to 3."
    assert counts(sagemaker, variant) == ("InService", 3)
    (shown,) = scaling.describe_scaling_policies(**variant)["ScalingPolicies"]
    assert shown["TargetTrackingScalingPolicyConfiguration"].items() >= tracking.items()


def test_steps_are_taken_for_an_alarm_of_one_s_own_and_cool_down(
    scaling: Any, cloudwatch: Any, sagemaker: Any, variant: dict[str, str]
) -> None:
    scaling.register_scalable_target(**variant, MaxCapacity=1)
    activity(scaling, variant)  # an alarm amid a change is not acted on
    assert counts(sagemaker, variant) == ("InService", 1)
    scaling.register_scalable_target(**variant, MaxCapacity=3)
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
        "Cooldown": 600,
    }
    policy = {"PolicyName": "steps", "PolicyType": "StepScaling", **variant}
    arn = scaling.put_scaling_policy(**policy, StepScalingPolicyConfiguration=steps)["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName="many-calls", Namespace="Own", MetricName="Calls", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=10.0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[arn],
    )  # fmt: skip
    sound(cloudwatch, "many-calls")
    cause = "monitor alarm many-calls in state ALARM triggered policy steps"
    done = until(lambda: (newest := activity(scaling, variant))["Cause"] == cause and newest)
    assert counts(sagemaker, variant) == ("InService", 2)
    sound(cloudwatch, "many-calls")
    assert activity(scaling, variant) == done, "it cools down"
    history = cloudwatch.describe_alarm_history(AlarmName="many-calls", HistoryItemType="Action")["AlarmHistoryItems"]
    assert {each["HistorySummary"] for each in history} == {f"Successfully executed action {arn}"}
    cloudwatch.delete_alarms(AlarmNames=["many-calls"])


def test_a_scheduled_action_changes_the_bounds_and_with_them_the_capacity(
    scaling: Any, sagemaker: Any, variant: dict[str, str]
) -> None:
    before = counts(sagemaker, variant)[1]
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    wanted = {"MinCapacity": 2, "MaxCapacity": 2} if before != 2 else {"MinCapacity": 1, "MaxCapacity": 1}
    action = {**variant, "ScheduledActionName": "soon", "Schedule": f"at({soon:%Y-%m-%dT%H:%M:%S})"}
    scaling.put_scheduled_action(**action, ScalableTargetAction=wanted)
    (shown,) = scaling.describe_scheduled_actions(**variant)["ScheduledActions"]
    assert shown["ScalableTargetAction"] == wanted
    until(lambda: counts(sagemaker, variant) == ("InService", wanted["MinCapacity"]))
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (wanted["MinCapacity"], wanted["MaxCapacity"])
    activity(scaling, variant)
    causes = [each["Cause"] for each in scaling.describe_scaling_activities(**variant)["ScalingActivities"]]
    assert "scheduled action name soon was triggered" in causes


def test_what_cannot_be_scaled_is_refused_in_a_sentence(scaling: Any, endpoint: str, variant: dict[str, str]) -> None:
    elsewhere = {**variant, "ResourceId": f"endpoint/{endpoint}/variant/none"}
    refusals: list[tuple[Callable[[], Any], str, str]] = [
        (
            lambda: scaling.register_scalable_target(**elsewhere, MinCapacity=1, MaxCapacity=2),
            "ValidationException", "no production variant none",
        ),
        (
            lambda: scaling.register_scalable_target(**variant, MinCapacity=3, MaxCapacity=2),
            "ValidationException", "cannot be less than minimum",
        ),
        (lambda: scaling.deregister_scalable_target(**elsewhere), "ObjectNotFoundException", "No scalable target"),
        (
            lambda: scaling.delete_scaling_policy(**variant, PolicyName="none"),
            "ObjectNotFoundException", "No scaling policy found",
        ),
    ]  # fmt: skip
    for ask, code, words in refusals:
        with pytest.raises(ClientError, match=words) as error:
            ask()
        assert error.value.response["Error"]["Code"] == code


def test_who_may_not_change_an_endpoint_may_not_have_it_scaled_either(
    client: Callable[..., Any], variant: dict[str, str]
) -> None:
    iam = client("iam")
    name = f"scaler-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "application-autoscaling:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="scale", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    theirs = client("application-autoscaling", **keys)
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:"):
        theirs.register_scalable_target(**variant, MinCapacity=2, MaxCapacity=3)
    tracking = {"TargetValue": 100.0, **INVOCATIONS}
    with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:PutMetricAlarm"):
        theirs.put_scaling_policy(
            **variant,
            PolicyName="calls",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
        )


def test_a_stack_scales_an_endpoint_and_watches_it(
    client: Callable[..., Any], scaling: Any, sagemaker: Any, endpoint: str, bucket: str, role: str
) -> None:
    def template(most: int, target: float) -> dict[str, Any]:
        registered = {**SAGEMAKER, "ResourceId": f"endpoint/{endpoint}/variant/all", "MinCapacity": 1}
        action = {"MaxCapacity": "1"}
        nightly = {"ScheduledActionName": "n", "Schedule": "cron(0 22 * * ? *)", "ScalableTargetAction": action}
        policy = {
            "PolicyName": "calls", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": str(target), **INVOCATIONS},
        }  # fmt: skip
        output = {"S3Uri": f"s3://{bucket}/reports", "LocalPath": "/opt/ml/processing/output"}
        job = {
            "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            "RoleArn": role,
        }
        given = {"EndpointInput": {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input"}}
        outputs = {"MonitoringOutputs": [{"S3Output": output}]}
        data = {
            **job, "DataQualityAppSpecification": {"ImageUri": ANALYZER}, "DataQualityJobInput": given,
            "DataQualityJobOutputConfig": outputs,
        }  # fmt: skip
        read = {"EndpointInput": {**given["EndpointInput"], "InferenceAttribute": "0"}}
        truth = {**read, "GroundTruthS3Input": {"S3Uri": f"s3://{bucket}/truth"}}
        model = {
            **job, "ModelQualityAppSpecification": {"ImageUri": ANALYZER, "ProblemType": "Regression"},
            "ModelQualityJobInput": truth, "ModelQualityJobOutputConfig": outputs,
        }  # fmt: skip
        hourly = {
            "MonitoringScheduleName": "watching",
            "MonitoringScheduleConfig": {
                "MonitoringJobDefinitionName": {"Fn::GetAtt": ["Data", "JobDefinitionName"]},
                "MonitoringType": "DataQuality", "ScheduleConfig": {"ScheduleExpression": f"cron(0 {most} ? * * *)"},
            },
        }  # fmt: skip
        target_properties = {**registered, "MaxCapacity": str(most), "ScheduledActions": [nightly]}
        kinds = {
            "Target": ("AWS::ApplicationAutoScaling::ScalableTarget", target_properties),
            "Policy": ("AWS::ApplicationAutoScaling::ScalingPolicy", policy),
            "Data": ("AWS::SageMaker::DataQualityJobDefinition", data),
            "Model": ("AWS::SageMaker::ModelQualityJobDefinition", model),
            "Watching": ("AWS::SageMaker::MonitoringSchedule", hourly),
        }
        return {"Resources": {name: {"Type": kind, "Properties": own} for name, (kind, own) in kinds.items()}}

    cloudformation = client("cloudformation")
    name = create(cloudformation, template(3, 100))
    made = physical(cloudformation, name)
    assert made["Target"] == f"endpoint/{endpoint}/variant/all|{SAGEMAKER['ScalableDimension']}|sagemaker"
    update(cloudformation, name, template(2, 50))
    assert physical(cloudformation, name) == made
    [registered] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert registered["MaxCapacity"] == 2
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watching")
    assert schedule["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 2 ? * * *)"
    delete(cloudformation, name)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
