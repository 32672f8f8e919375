"""What schedules can do: one function a kind of target, from the target to a call of a service."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from studiolo.domain import Invalid
from studiolo.scheduler.model import Schedule

_PIPELINE = re.compile(r"arn:[a-z-]+:sagemaker:([a-z0-9-]+):(\d{12}):pipeline/([A-Za-z0-9-]+)", re.IGNORECASE)
_FUNCTION = re.compile(r"arn:[a-z-]+:lambda:([a-z0-9-]+):\d{12}:function:[\w-]+(?::[$\w-]+)?")
_BUS = re.compile(r"arn:[a-z-]+:events:([a-z0-9-]+):\d{12}:event-bus/[\w./-]+")
_QUEUE = re.compile(r"arn:[a-z-]+:sqs:([a-z0-9-]+):(\d{12}):([\w-]+(?:\.fifo)?)")
_OTHERS = ("DeadLetterConfig", "EcsParameters", "KinesisParameters")
EMPTY = "{}"
"""What a function is given where a schedule says nothing."""


class Doing(NamedTuple):
    """An operation of a service, with its parameters."""

    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]


def check(target: Mapping[str, Any]) -> None:
    """Raises Invalid for a target that Studiolo cannot do."""
    arn, others = target["Arn"], list(_OTHERS)
    if _PIPELINE.fullmatch(arn):
        others += ["EventBridgeParameters", "Input", "SqsParameters"]
    elif _BUS.fullmatch(arn):
        if "EventBridgeParameters" not in target:
            raise Invalid(f"EventBridgeParameters must be given for the target {arn}.")
        others += ["SageMakerPipelineParameters", "SqsParameters"]
    elif _QUEUE.fullmatch(arn):
        if arn.endswith(".fifo") and not target.get("SqsParameters", {}).get("MessageGroupId"):
            raise Invalid(f"SqsParameters with a MessageGroupId must be given for the target {arn}.")
        others += ["EventBridgeParameters", "SageMakerPipelineParameters"]
    elif _FUNCTION.fullmatch(arn):
        others += ["EventBridgeParameters", "SageMakerPipelineParameters", "SqsParameters"]
    else:
        raise Invalid(
            f"The target {arn} is not supported by Studiolo: schedules start pipelines of SageMaker, invoke Lambda "
            "functions, put events on event buses and send to SQS queues."
        )
    if asked := [name for name in others if name in target]:
        raise Invalid(f"{', '.join(asked)} of the target {arn} is not supported by Studiolo.")


def doing(schedule: Schedule, at: datetime) -> Doing:
    """What a schedule does at a moment. Done twice, it begins one execution of a pipeline."""
    arn = schedule.target["Arn"]
    token = sha256(f"{schedule.arn} {schedule.created.timestamp()} {at.timestamp()}".encode()).hexdigest()
    words = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "<aws.scheduler.execution-id>": token[:36],
        "<aws.scheduler.attempt-number>": "1",
    }
    text = _filled(schedule.target.get("Input", EMPTY), words)
    if found := _FUNCTION.fullmatch(arn):
        asked = {"FunctionName": arn, "InvocationType": "Event", "Payload": text.encode()}
        return Doing(found[1], "lambda", "Invoke", asked)
    if found := _BUS.fullmatch(arn):
        told = schedule.target["EventBridgeParameters"]
        entry = {"Source": told["Source"], "DetailType": told["DetailType"], "Detail": text, "EventBusName": arn}
        return Doing(found[1], "events", "PutEvents", {"Entries": [{**entry, "Resources": [schedule.arn]}]})
    if found := _QUEUE.fullmatch(arn):
        sent = {"QueueUrl": f"/{found[2]}/{found[3]}", "MessageBody": text}
        if arn.endswith(".fifo"):
            group = schedule.target["SqsParameters"]["MessageGroupId"]
            sent |= {"MessageGroupId": group, "MessageDeduplicationId": token}
        return Doing(found[1], "sqs", "SendMessage", sent)
    found = _PIPELINE.fullmatch(arn)
    assert found is not None, "it was checked"
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
