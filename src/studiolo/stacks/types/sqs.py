"""AWS::SQS."""

from typing import Any

from studiolo.stacks.types.base import At, Properties, ResourceType, as_text, differs, document, existing, tag_changes

ATTRIBUTES = {
    "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue", "KmsDataKeyReusePeriodSeconds": "300", "KmsMasterKeyId": "",
    "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "", "RedrivePolicy": "", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
}  # fmt: skip
"""Of a queue that may change, with what it is where a template says nothing."""


class Queue(ResourceType):
    """Ref is its URL."""

    name = "AWS::SQS::Queue"
    named_by = "QueueName"

    def _name(self, at: At, properties: Properties) -> str:
        fifo = ".fifo" if as_text(properties.get("FifoQueue", False)) == "true" else ""
        return str(properties.get("QueueName") or at.name(80 - len(fifo)) + fifo)

    def create(self, at: At, properties: Properties) -> str:
        given = {name: as_text(properties[name]) for name in (*ATTRIBUTES, "FifoQueue") if name in properties}
        if given.get("FifoQueue") == "false":
            del given["FifoQueue"]
        name = self._name(at, properties)
        made = at.call("sqs", "CreateQueue", QueueName=name, Attributes=given or None, tags=at.tag_map(properties))
        return str(made["QueueUrl"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="sqs", operation="GetQueueUrl", QueueName=name)
        return None if found is None else str(found["QueueUrl"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in ATTRIBUTES if differs(properties, before, name)]
        if names:
            values = {name: as_text(properties.get(name, ATTRIBUTES[name])) for name in names}
            at.call("sqs", "SetQueueAttributes", QueueUrl=physical, Attributes=values)
        gone, tags = tag_changes(properties, before)
        if gone:
            at.call("sqs", "UntagQueue", QueueUrl=physical, TagKeys=gone)
        if tags:
            at.call("sqs", "TagQueue", QueueUrl=physical, Tags={tag["Key"]: tag["Value"] for tag in tags})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sqs", "DeleteQueue", QueueUrl=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        name = physical.rpartition("/")[2]
        arn = f"arn:{at.scope.partition}:sqs:{at.scope.region}:{at.scope.account}:{name}"
        return {"Arn": arn, "QueueName": name, "QueueUrl": physical}


class QueuePolicy(ResourceType):
    name = "AWS::SQS::QueuePolicy"

    def create(self, at: At, properties: Properties) -> str:
        _put(at, properties["Queues"], document(properties["PolicyDocument"]))
        return at.name()

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        _put(at, properties["Queues"], document(properties["PolicyDocument"]))
        _put(at, [each for each in before["Queues"] if each not in properties["Queues"]], None)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        _put(at, properties["Queues"], None)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class QueueInlinePolicy(ResourceType):
    """The policy of one queue. Ref is the queue's URL."""

    name = "AWS::SQS::QueueInlinePolicy"

    def create(self, at: At, properties: Properties) -> str:
        _put(at, [properties["Queue"]], document(properties["PolicyDocument"]))
        return str(properties["Queue"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        _put(at, [properties["Queue"]], None)


def _put(at: At, queues: list[str], policy: str | None) -> None:
    for queue in queues:
        given = {"QueueUrl": queue, "Attributes": {"Policy": policy or ""}}
        if policy is None:
            existing(at.call, service="sqs", operation="SetQueueAttributes", **given)
        else:
            at.call("sqs", "SetQueueAttributes", **given)


TYPES = (Queue, QueueInlinePolicy, QueuePolicy)
