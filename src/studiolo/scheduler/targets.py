"""What schedules can do: one function a kind of target, from the target to a call of a service."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from studiolo.domain import Invalid
from studiolo.scheduler.model import Schedule

_PIPELINE = re.compile(r"arn:[a-z-]+:sagemaker:([a-z0-9-]+):(\d{12}):pipeline/([A-Za-z0-9-]+)", re.IGNORECASE)
_OTHERS = (
    "DeadLetterConfig", "EcsParameters", "EventBridgeParameters", "KinesisParameters", "SqsParameters", "Input",
)  # fmt: skip


class Doing(NamedTuple):
    """An operation of a service, with its parameters."""

    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]


def check(target: Mapping[str, Any]) -> None:
    """Raises Invalid for a target that Studiolo cannot do."""
    if not _PIPELINE.fullmatch(target["Arn"]):
        raise Invalid(
            f"The target {target['Arn']} is not supported by Studiolo: schedules start pipelines of SageMaker."
        )
    if others := [name for name in _OTHERS if name in target]:
        raise Invalid(f"{', '.join(others)} of a target that is a pipeline is not supported by Studiolo.")


def doing(schedule: Schedule, at: datetime) -> Doing:
    """What a schedule does at a moment. Done twice, it begins one execution."""
    found = _PIPELINE.fullmatch(schedule.target["Arn"])
    assert found is not None, "it was checked"
    token = sha256(f"{schedule.arn} {schedule.created.timestamp()} {at.timestamp()}".encode()).hexdigest()
    words = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "<aws.scheduler.execution-id>": token[:36],
        "<aws.scheduler.attempt-number>": "1",
    }
    given = schedule.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    parameters = {
        "PipelineName": found[3],
        "ClientRequestToken": token,
        "PipelineParameters": [{"Name": each["Name"], "Value": _filled(each["Value"], words)} for each in given],
    }
    return Doing(found[1], "sagemaker", "StartPipelineExecution", parameters)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
