"""Amazon SQS: queues, and the messages in them."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound, Scope
from studiolo.queues import (
    NAMES,
    BatchRefused,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidContents,
    InvalidReceipt,
    Message,
    MissingParameter,
    NotInFlight,
    Received,
    Sent,
    Value,
    check_ids,
    digest,
    thing_of,
)
from studiolo.services.call import Call
from studiolo.services.patience import Wait
from studiolo.services.service import Service
from studiolo.state import Thing

Request = Mapping[str, Any]
INVALID = "InvalidParameterValue"
PAGE = 1000
LONGEST_WAIT = 20
"""Seconds of ReceiveMessage."""
TRACE = "AWSTraceHeader"
_URL = re.compile(r"(?:https?://[^/]+)?/?(\d{12})/([^/]+)/?")

sqs = Service(
    "sqs",
    {
        NotFound: "QueueDoesNotExist",
        AlreadyExists: "QueueNameExists",
        Invalid: INVALID,
        InvalidAttributeName: "InvalidAttributeName",
        InvalidAttributeValue: "InvalidAttributeValue",
        InvalidContents: "InvalidMessageContents",
        InvalidReceipt: "ReceiptHandleIsInvalid",
        MissingParameter: "MissingParameter",
        Conflict: INVALID,
        NotInFlight: "MessageNotInflight",
        Denied: "AccessDenied",
        LimitExceeded: "OverLimit",
    },
    invalid=INVALID,
)


class Polling:
    """How ReceiveMessage waits until there is something in its queue."""

    def thing(self, scope: Scope, request: Request) -> Thing:
        return thing_of(*named(scope.region, request["QueueUrl"]))

    def wait(self, call: Call, request: Request, answer: Request, *, waiter: bool) -> Wait | None:
        seconds = request.get("WaitTimeSeconds")
        queues, (scope, name) = call.studio.queues, named(call.scope.region, request["QueueUrl"])
        if answer.get("Messages"):
            return None
        if seconds is None:
            seconds = int(queues.attributes(scope, name)["ReceiveMessageWaitTimeSeconds"])
        return Wait(seconds, queues.due(scope, name)) if seconds else None


@sqs.operation
def add_permission(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.permit(*_queue(call, request), request["Label"], request["AWSAccountIds"], request["Actions"])
    return {}


@sqs.operation
def change_message_visibility(call: Call, request: Request) -> dict[str, Any]:
    change = request["ReceiptHandle"], request["VisibilityTimeout"]
    _all_done(call.studio.queues.hide(*_queue(call, request), [change]))
    return {}


@sqs.operation
def change_message_visibility_batch(call: Call, request: Request) -> dict[str, Any]:
    changes = [(each["ReceiptHandle"], each.get("VisibilityTimeout", 0)) for each in _entries(request)]
    return _batch(request, [{} if e is None else e for e in call.studio.queues.hide(*_queue(call, request), changes)])


@sqs.operation
def create_queue(call: Call, request: Request) -> dict[str, Any]:
    given = request.get("Attributes") or {}, request.get("tags") or {}
    made = call.studio.queues.create(call.scope, request["QueueName"], *given)
    return {"QueueUrl": call.studio.queues.url(made)}


@sqs.operation
def delete_message(call: Call, request: Request) -> dict[str, Any]:
    _all_done(call.studio.queues.delete_messages(*_queue(call, request), [request["ReceiptHandle"]]))
    return {}


@sqs.operation
def delete_message_batch(call: Call, request: Request) -> dict[str, Any]:
    receipts = [each["ReceiptHandle"] for each in _entries(request)]
    done = call.studio.queues.delete_messages(*_queue(call, request), receipts)
    return _batch(request, [{} if error is None else error for error in done])


@sqs.operation
def delete_queue(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.delete(*_queue(call, request))
    return {}


@sqs.operation
def get_queue_attributes(call: Call, request: Request) -> dict[str, Any]:
    found, names = call.studio.queues.attributes(*_queue(call, request)), request.get("AttributeNames") or ()
    if unknown := [name for name in names if name != "All" and name not in NAMES]:
        raise InvalidAttributeName(f"Unknown Attribute {unknown[0]}.")
    return {"Attributes": {name: value for name, value in found.items() if "All" in names or name in names}}


@sqs.operation
def get_queue_url(call: Call, request: Request) -> dict[str, Any]:
    scope = Scope(request.get("QueueOwnerAWSAccountId") or call.scope.account, call.scope.region)
    return {"QueueUrl": call.studio.queues.url(call.studio.queues.get(scope, request["QueueName"]))}


@sqs.operation
def list_dead_letter_source_queues(call: Call, request: Request) -> dict[str, Any]:
    queues = call.studio.queues
    start, limit = int(_after(request) or 0), _limit(request)
    found = queues.sources(*_queue(call, request))
    following = {"NextToken": encode_token(str(start + limit))} if len(found) > start + limit else {}
    return {"queueUrls": [queues.url(each) for each in found[start : start + limit]], **following}


@sqs.operation
def list_queue_tags(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.queues.get(*_queue(call, request)).tags
    return {"Tags": dict(tags)} if tags else {}


@sqs.operation
def list_queues(call: Call, request: Request) -> dict[str, Any]:
    queues = call.studio.queues
    found = queues.page(call.scope, request.get("QueueNamePrefix") or "", _after(request), _limit(request))
    # Who does not ask for pages gets the first 1,000.
    following = {"NextToken": encode_token(found.next)} if found.next and request.get("MaxResults") else {}
    urls = [queues.url(each) for each in found.items]
    return {**({"QueueUrls": urls} if urls else {}), **following}


@sqs.operation
def purge_queue(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.purge(*_queue(call, request))
    return {}


@sqs.patient(Polling())
def receive_message(call: Call, request: Request) -> dict[str, Any]:
    if not 0 <= (seconds := request.get("WaitTimeSeconds") or 0) <= LONGEST_WAIT:
        raise Invalid(
            f"Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        )
    most = request.get("MaxNumberOfMessages")
    found = call.studio.queues.receive(
        *_queue(call, request),
        1 if most is None else most,
        request.get("VisibilityTimeout"),
        request.get("ReceiveRequestAttemptId"),
    )
    told = {*(request.get("AttributeNames") or ()), *(request.get("MessageSystemAttributeNames") or ())}
    wanted = request.get("MessageAttributeNames") or ()
    return {"Messages": [_as_message(each, told, wanted) for each in found]} if found else {}


@sqs.operation
def remove_permission(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.forbid(*_queue(call, request), request["Label"])
    return {}


@sqs.operation
def send_message(call: Call, request: Request) -> dict[str, Any]:
    message = _message(request)
    (done,) = call.studio.queues.send(*_queue(call, request), [message], call.principal.user_id)
    if isinstance(done, DomainError):
        raise done
    return _as_sent(message, done)


@sqs.operation
def send_message_batch(call: Call, request: Request) -> dict[str, Any]:
    sent = [_message(each) for each in _entries(request)]
    done = call.studio.queues.send(*_queue(call, request), sent, call.principal.user_id)
    pairs = zip(sent, done, strict=True)
    return _batch(request, [each if isinstance(each, DomainError) else _as_sent(of, each) for of, each in pairs])


@sqs.operation
def set_queue_attributes(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.set(*_queue(call, request), request["Attributes"])
    return {}


@sqs.operation
def tag_queue(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.tag(*_queue(call, request), request["Tags"])
    return {}


@sqs.operation
def untag_queue(call: Call, request: Request) -> dict[str, Any]:
    call.studio.queues.tag(*_queue(call, request), {}, request["TagKeys"])
    return {}


def named(region: str, url: str) -> tuple[Scope, str]:
    """Whose queue a URL names, and its name: the end of its path says both, whatever the host. Raises ServiceError."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ServiceError("InvalidAddress", f"The address {url} is not valid for this endpoint.")
    return Scope(found[1], region), found[2]


def _queue(call: Call, request: Request) -> tuple[Scope, str]:
    return named(call.scope.region, request["QueueUrl"])


def _entries(request: Request) -> Sequence[Request]:
    """Those of a batch. Raises ServiceError."""
    entries: Sequence[Request] = request["Entries"]
    try:
        check_ids([each["Id"] for each in entries])
    except BatchRefused as error:
        raise ServiceError(error.code, str(error)) from error
    return entries


def _batch(request: Request, done: Sequence[DomainError | dict[str, Any]]) -> dict[str, Any]:
    """The answer to a batch: what became of each of its entries."""
    answer: dict[str, Any] = {"Successful": [], "Failed": []}
    for entry, what in zip(request["Entries"], done, strict=True):
        if isinstance(what, DomainError):
            said = sqs.error(what)
            failed = {"Id": entry["Id"], "SenderFault": True, "Code": said.code, "Message": said.message}
            answer["Failed"].append(failed)
        else:
            answer["Successful"].append({"Id": entry["Id"], **what})
    # Code looks whether there is a list of what failed.
    return {name: entries for name, entries in answer.items() if entries}


def _all_done(done: Sequence[DomainError | None]) -> None:
    for error in done:
        if error is not None:
            raise error


def _message(entry: Request) -> Message:
    trace = (entry.get("MessageSystemAttributes") or {}).get(TRACE, {})
    attributes = {
        name: Value(each["DataType"], each["BinaryValue"] if "BinaryValue" in each else each.get("StringValue", ""))
        for name, each in (entry.get("MessageAttributes") or {}).items()
    }
    return Message(
        entry["MessageBody"],
        entry.get("DelaySeconds"),
        attributes,
        trace.get("StringValue"),
        entry.get("MessageGroupId"),
        entry.get("MessageDeduplicationId"),
    )


def _as_sent(message: Message, sent: Sent) -> dict[str, Any]:
    told: dict[str, Any] = {"MessageId": sent.id, "MD5OfMessageBody": _md5(message.body)}
    if message.attributes:
        told["MD5OfMessageAttributes"] = digest(message.attributes)
    if message.trace is not None:
        told["MD5OfMessageSystemAttributes"] = digest({TRACE: Value("String", message.trace)})
    return {**told, **({"SequenceNumber": sent.sequence} if sent.sequence else {})}


def _as_message(found: Received, told: set[str], wanted: Sequence[str]) -> dict[str, Any]:
    """told: names of system attributes; wanted: of attributes, also `prefix.*`."""
    attributes = {name: value for name, value in found.attributes.items() if _is_wanted(name, wanted)}
    system = {name: value for name, value in found.told.items() if "All" in told or name in told}
    message: dict[str, Any] = {
        "MessageId": found.id,
        "ReceiptHandle": found.receipt,
        "MD5OfBody": _md5(found.body),
        "Body": found.body,
    }
    if system:
        message["Attributes"] = system
    if attributes:
        message["MD5OfMessageAttributes"] = digest(attributes)
        message["MessageAttributes"] = {name: _as_value(value) for name, value in attributes.items()}
    return message


def _is_wanted(name: str, wanted: Sequence[str]) -> bool:
    return any(each in ("All", ".*", name) or (each.endswith(".*") and name.startswith(each[:-1])) for each in wanted)


def _as_value(value: Value) -> dict[str, Any]:
    form = "BinaryValue" if isinstance(value.content, bytes) else "StringValue"
    return {form: value.content, "DataType": value.type}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _after(request: Request) -> str | None:
    token = request.get("NextToken")
    return decode_token(token, INVALID) if token else None


def _limit(request: Request) -> int:
    limit = request.get("MaxResults")
    if limit is not None and not 1 <= limit <= PAGE:
        raise Invalid(
            f"Value {limit} for parameter MaxResults is invalid. Reason: MaxResults must be between 1 and 1000."
        )
    return PAGE if limit is None else int(limit)
