"""Schedules of EventBridge Scheduler through boto3, as the SageMaker SDK's PipelineSchedule makes them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.api.stack_parts import PIPELINE
from tests.conftest import REGION
from tests.waiting import until


@pytest.fixture(scope="module")
def scheduler(client: Callable[..., Any]) -> Any:
    return client("scheduler")


def test_a_schedule_starts_its_pipeline_as_its_role_when_it_is_due_and_goes(
    scheduler: Any, client: Callable[..., Any], role: str
) -> None:
    sagemaker, name = client("sagemaker"), f"nightly-{uuid.uuid4().hex[:8]}"
    pipeline = sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=PIPELINE, RoleArn=role)["PipelineArn"]
    asked: dict[str, Any] = {
        "Name": name,
        "ScheduleExpression": "cron(0 8 ? * MON-FRI *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": pipeline, "SageMakerPipelineParameters": {}, "RoleArn": role},
        "State": "ENABLED",
        "StartDate": datetime.now(timezone.utc),
        "ActionAfterCompletion": "DELETE",
    }
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException, match=name):
        scheduler.update_schedule(**asked)
    made = scheduler.create_schedule(**asked)
    assert made["ScheduleArn"].endswith(f":schedule/default/{name}")
    with pytest.raises(scheduler.exceptions.ConflictException, match=name):
        scheduler.create_schedule(**asked)
    found = scheduler.get_schedule(Name=name)
    assert (found["State"], found["ScheduleExpression"]) == ("ENABLED", "cron(0 8 ? * MON-FRI *)")
    assert found["Target"]["Arn"] == pipeline
    assert [each["Name"] for each in scheduler.list_schedules(NamePrefix=name)["Schedules"]] == [name]
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    scheduler.update_schedule(**{**asked, "ScheduleExpression": f"at({soon:%Y-%m-%dT%H:%M:%S})"})
    runs = until(lambda: sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"])
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=runs[0]["PipelineExecutionArn"])
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith(f"/schedule-{name}")
    until(lambda: not scheduler.list_schedules(NamePrefix=name)["Schedules"])
    sagemaker.delete_pipeline(PipelineName=name, ClientRequestToken="x" * 32)


def test_a_group_has_tags_and_goes_with_its_schedules(scheduler: Any, role: str) -> None:
    name = f"group-{uuid.uuid4().hex[:8]}"
    arn = scheduler.create_schedule_group(Name=name, Tags=[{"Key": "team", "Value": "air"}])["ScheduleGroupArn"]
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]
    target = {"Arn": f"arn:aws:sagemaker:{REGION}:000000000000:pipeline/none", "RoleArn": role}
    with pytest.raises(scheduler.exceptions.ValidationException, match="one of day-of-month and day-of-week must be"):
        scheduler.create_schedule(
            Name="s", ScheduleExpression="cron(0 8 * * * *)", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
        )
    scheduler.create_schedule(
        GroupName=name,
        Name="s",
        ScheduleExpression="cron(0 8 1 1 ? *)",
        Target=target,
        FlexibleTimeWindow={"Mode": "OFF"},
    )
    scheduler.delete_schedule_group(Name=name)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(GroupName=name, Name="s")
