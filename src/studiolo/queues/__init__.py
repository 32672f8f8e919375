"""SQS: queues, and the messages that wait in them until somebody has dealt with them."""

from studiolo.queues.attributes import NAMES
from studiolo.queues.errors import (
    BatchRefused,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidContents,
    InvalidReceipt,
    MissingParameter,
    NotInFlight,
    QueueDenied,
)
from studiolo.queues.model import (
    LARGEST,
    Message,
    Queue,
    Received,
    Sent,
    Value,
    attribute_fault,
    check_ids,
    digest,
    is_queue,
    number_of,
    queue_arn,
    queue_named,
    url_of,
)
from studiolo.queues.queues import Queues, thing_of

__all__ = [
    "LARGEST", "NAMES", "BatchRefused", "InvalidAttributeName", "InvalidAttributeValue", "InvalidContents",
    "InvalidReceipt", "Message", "MissingParameter", "NotInFlight", "Queue", "QueueDenied", "Queues", "Received", "Sent",
    "Value", "attribute_fault", "check_ids", "digest", "is_queue", "number_of", "queue_arn", "queue_named",
    "thing_of", "url_of",
]  # fmt: skip
