"""What buckets want told of their objects: to functions, topics and queues that they name, and as events of EventBridge.

After "Event message structure" and "Amazon S3 events" of EventBridge (Amazon S3 User Guide).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus
from xml.etree.ElementTree import Element, fromstring

from studiolo.domain import Scope
from studiolo.storage.notices import Notice

OF_FUNCTIONS = ("CloudFunction", "LambdaFunctionArn", "Function")
NAMES = {
    "CloudFunctionConfiguration": OF_FUNCTIONS,
    "LambdaFunctionConfiguration": OF_FUNCTIONS,
    "TopicConfiguration": ("Topic",),
    "QueueConfiguration": ("Queue",),
}
"""Where the configurations of a bucket have the ARN of who is to be told."""
SUBJECT = "Amazon S3 Notification"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A function, topic or queue, that is to be told, by its ARN; name: of the configuration."""

    name: str
    arn: str


def is_for_events(configuration: str) -> bool:
    """Whether the bucket tells EventBridge."""
    return any(_local(each) == "EventBridgeConfiguration" for each in fromstring(configuration))  # noqa: S314


def wanted_by(notice: Notice) -> Iterator[Wanted]:
    """The functions, topics and queues that the bucket's notifications name for this."""
    for each in fromstring(notice.configuration):  # noqa: S314 (the door has read it as what it is)
        if _local(each) not in NAMES:
            continue
        texts = {_local(child): child.text or "" for child in each}
        wanted = [child.text or "" for child in each if _local(child) == "Event"]
        arn = next((texts[name] for name in NAMES[_local(each)] if texts.get(name)), "")
        if arn and any(_is_of(notice.name, event) for event in wanted) and _passes(notice.key, each):
            yield Wanted(texts.get("Id", ""), arn)


def message_of(notice: Notice, wanted: Wanted, scope: Scope, number: int, at: datetime) -> Mapping[str, Any]:
    """What a function, topic or queue is given."""
    item: dict[str, Any] = {"key": quote_plus(notice.key, safe="/"), "sequencer": f"{number:016X}"}
    if notice.size is not None:
        item["size"] = notice.size
    if notice.etag is not None:
        item["eTag"] = notice.etag
    if notice.version is not None:
        item["versionId"] = notice.version
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": scope.region,
                "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                "eventName": notice.name,
                "userIdentity": {"principalId": f"AWS:{notice.by}"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": notice.request_id},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": wanted.name,
                    "bucket": {
                        "name": notice.bucket,
                        "ownerIdentity": {"principalId": scope.account},
                        "arn": f"arn:{scope.partition}:s3:::{notice.bucket}",
                    },
                    "object": item,
                },
            }
        ]
    }


def event_of(notice: Notice, scope: Scope, number: int) -> Mapping[str, Any]:
    """The event for EventBridge, without its id and time."""
    created = notice.name.startswith("ObjectCreated")
    item: dict[str, Any] = {"key": notice.key, "sequencer": f"{number:016X}"}
    given = {"size": notice.size, "etag": notice.etag, "version-id": notice.version}
    item |= {name: value for name, value in given.items() if value is not None}
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": notice.bucket},
        "object": item,
        "request-id": notice.request_id,
        "requester": scope.account,
        "source-ip-address": "127.0.0.1",
        "reason": notice.reason,
    }
    if not created:
        marked = notice.name.endswith("DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
    return {
        "detail-type": "Object Created" if created else "Object Deleted",
        "source": "aws.s3",
        "resources": [f"arn:{scope.partition}:s3:::{notice.bucket}"],
        "detail": detail,
    }


def _is_of(name: str, event: str) -> bool:
    """Whether an event, e.g. `s3:ObjectCreated:*`, is this one."""
    wanted = event.removeprefix("s3:")
    return wanted == name or (wanted.endswith("*") and name.startswith(wanted[:-1]))


def _passes(key: str, configuration: Element) -> bool:
    for rule in configuration.iter():
        if _local(rule) != "FilterRule":
            continue
        texts = {_local(child): child.text or "" for child in rule}
        test = key.startswith if texts.get("Name", "").lower() == "prefix" else key.endswith
        if not test(texts.get("Value", "")):
            return False
    return True


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
