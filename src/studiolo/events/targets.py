"""What rules can send to: one way a kind of target."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from studiolo.calling import Services
from studiolo.domain import Clock, Denied, Invalid, Scope
from studiolo.events import buckets
from studiolo.events.rules import SERVICE
from studiolo.functions import Trusting, is_function
from studiolo.identity import Identity, Question
from studiolo.logs import Logs
from studiolo.queues import Message, Queues, Value, is_queue, url_of
from studiolo.topics import Publication, Topics

_PIPELINE = re.compile(r"arn:[^:]+:sagemaker:([a-z0-9-]+):\d{12}:pipeline/([A-Za-z0-9-]+)")
_GROUP = re.compile(r"arn:[^:]+:logs:([a-z0-9-]+):(\d{12}):log-group:([.\-_/#A-Za-z0-9]{1,512})(?::\*)?")
_TOPIC = re.compile(r"arn:[^:]+:sns:([a-z0-9-]+):\d{12}:[\w.-]{1,256}")
_OTHERS = (
    "AppSyncParameters", "BatchParameters", "EcsParameters", "HttpParameters", "KinesisParameters",
    "RedshiftDataParameters", "RunCommandParameters",
)  # fmt: skip
SESSION = "eventbridge"
"""How the sessions are called in which targets' roles are taken."""


def check(target: Mapping[str, Any]) -> None:
    """Raises Invalid for a target that Studiolo cannot send to."""
    arn, name = target["Arn"], target["Id"]
    if not any(
        known(arn) for known in (is_function, _PIPELINE.fullmatch, _GROUP.fullmatch, _TOPIC.fullmatch, is_queue)
    ):
        raise Invalid(
            f"The target {arn} (Id {name}) is not supported by Studiolo: rules send to Lambda functions, CloudWatch Logs "
            "groups, SageMaker pipelines, SNS topics and SQS queues."
        )
    if others := [each for each in _OTHERS if each in target]:
        raise Invalid(f"{', '.join(others)} of target {name} is not supported by Studiolo.")
    if arn.endswith(".fifo") and is_queue(arn) and not target.get("SqsParameters", {}).get("MessageGroupId"):
        raise Invalid(f"Parameter(s) MessageGroupId must be specified for target: {name}.")
    if (dead := target.get("DeadLetterConfig", {}).get("Arn")) and not is_queue(dead):
        raise Invalid(f"DeadLetterConfig of target {name} must have the ARN of a queue, and has {dead}.")
    if _PIPELINE.fullmatch(arn) and "RoleArn" not in target:
        raise Invalid(f"RoleArn is required for target {arn}.")


class Sender:
    """Hands events to targets. `services` are given at the start."""

    def __init__(
        self, trusting: Trusting, topics: Topics, queues: Queues, logs: Logs, identity: Identity, clock: Clock
    ) -> None:
        self._trusting = trusting
        self._topics = topics
        self._queues = queues
        self._logs = logs
        self._identity = identity
        self._clock = clock
        self.services: Services | None = None

    def send(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        """Hand a target its input.

        source: the ARN of the rule, or bucket; identifier: of the delivery, the same when it is tried again.
        Raises DomainError and Refused.
        """
        arn = target["Arn"]
        ways: tuple[tuple[Callable[[str], Any], Callable[..., None]], ...] = (
            (is_function, self._to_function),
            (_GROUP.fullmatch, self._to_group),
            (_PIPELINE.fullmatch, self._to_pipeline),
            (_TOPIC.fullmatch, self._to_topic),
            (is_queue, self._to_queue),
        )
        way = next((way for is_one, way in ways if is_one(arn)), None)
        if way is None:
            raise Invalid(f"{arn} is no target that Studiolo can send to.")
        way(source, target, text, identifier)

    def _to_function(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        if "RoleArn" in target:
            parameters = {"FunctionName": target["Arn"], "InvocationType": "Event", "Payload": text.encode()}
            self._call(target, target["Arn"].split(":")[3], "lambda", "Invoke", parameters)
        else:
            self._trusting.invoke(f"{source.split(':')[2]}.amazonaws.com", source, target["Arn"], text.encode())

    def _to_group(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        found = _GROUP.fullmatch(target["Arn"])
        assert found is not None, "it was checked"
        scope, group = Scope(found[2], found[1]), found[3]
        stream = str(uuid.uuid5(uuid.NAMESPACE_OID, identifier))
        arn = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{group}:log-stream:{stream}"
        identity = self._identity.of(scope.account)
        policies = [each.document for each in self._logs.resource_policies.list(scope).items]
        names = frozenset({("Service", SERVICE), ("Service", "delivery.logs.amazonaws.com")})
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            asked = Question(action, arn, {"aws:SourceArn": source, "aws:SourceAccount": scope.account})
            if not any(identity.trusts(identity.compiled(each), names, asked) for each in policies):
                raise Denied(f"No resource policy of CloudWatch Logs lets {SERVICE} do {action} on the group {group}.")
        self._logs.groups.get(scope, group)
        self._logs.writer_file(scope, group, stream)
        self._logs.put(scope, group, stream, [(int(self._clock().timestamp() * 1000), text)])

    def _to_pipeline(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        found = _PIPELINE.fullmatch(target["Arn"])
        assert found is not None, "it was checked"
        parameters = {
            "PipelineName": found[2],
            "ClientRequestToken": identifier,
            "PipelineParameters": target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", []),
        }
        self._call(target, found[1], "sagemaker", "StartPipelineExecution", parameters)

    def _to_topic(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        found = _TOPIC.fullmatch(target["Arn"])
        assert found is not None, "it was checked"
        if "RoleArn" in target:
            self._call(target, found[1], "sns", "Publish", {"TopicArn": target["Arn"], "Message": text})
        else:
            of_bucket = source.split(":")[2] == "s3"
            publication = Publication(text, buckets.SUBJECT if of_bucket else None)
            self._topics.publish_by(f"{source.split(':')[2]}.amazonaws.com", source, target["Arn"], publication)

    def _to_queue(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        arn = target["Arn"]
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        # The same when it is tried again.
        deduplication = identifier if arn.endswith(".fifo") else None
        if "RoleArn" in target:
            order = {"MessageGroupId": group, "MessageDeduplicationId": deduplication}
            given = {name: value for name, value in order.items() if value is not None}
            self._call(
                target, arn.split(":")[3], "sqs", "SendMessage", {"QueueUrl": url_of(arn), "MessageBody": text, **given}
            )
        else:
            message = Message(text, group=group, deduplication=deduplication)
            self._queues.send_by(f"{source.split(':')[2]}.amazonaws.com", source, arn, message)

    def bury(self, source: str, target: Mapping[str, Any], text: str, dead: str, told: Mapping[str, str]) -> None:
        """Send what a target did not get to its dead-letter queue. Raises DomainError.

        told: why, and how often it was tried, by the names of the message's attributes.
        """
        told = {"RULE_ARN": source, "TARGET_ARN": target["Arn"], **told}
        attributes = {name: Value("String", value) for name, value in told.items() if value}
        self._queues.send_by(SERVICE, source, dead, Message(text, attributes=attributes))

    def _call(
        self, target: Mapping[str, Any], region: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        assert self.services is not None, "it was started"
        if "RoleArn" not in target:
            raise Denied(f"The target {target['Arn']} has no RoleArn: there is nobody to send to it as.")
        principal = self._identity.session_of(target["RoleArn"], SESSION)
        self.services(principal, region, service, operation, parameters)
