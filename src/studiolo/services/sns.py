"""Amazon SNS: topics, subscriptions, and what is published to them."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound, Scope
from studiolo.queues import BatchRefused, Value
from studiolo.recorded import Record
from studiolo.services.call import Call
from studiolo.services.service import Service
from studiolo.topics import InvalidAttribute, Publication, scope_of
from studiolo.topics.store import is_pending

Request = Mapping[str, Any]
INVALID = "InvalidParameter"
PENDING, PENDING_LISTED = "pending confirmation", "PendingConfirmation"
"""In place of the ARN of a subscription that is not confirmed: when it is made, and in lists."""
PAGE = 100

sns = Service(
    "sns",
    {
        NotFound: "NotFound",
        AlreadyExists: INVALID,
        Invalid: INVALID,
        InvalidAttribute: "ParameterValueInvalid",
        Conflict: INVALID,
        Denied: "AuthorizationError",
        LimitExceeded: "TopicLimitExceeded",
    },
    invalid=INVALID,
)


@sns.operation
def confirm_subscription(call: Call, request: Request) -> dict[str, Any]:
    arn, signed = request["TopicArn"], str(request.get("AuthenticateOnUnsubscribe")).lower() == "true"
    found = call.studio.topics.store.confirm(_scope(call, arn), arn, request["Token"], authenticated=signed)
    return {"SubscriptionArn": found.id}


@sns.operation
def create_topic(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    made = call.studio.topics.store.create(call.scope, request["Name"], request.get("Attributes", {}), tags)
    return {"TopicArn": made.id}


@sns.operation
def delete_topic(call: Call, request: Request) -> dict[str, Any]:
    call.studio.topics.store.delete(_scope(call, request["TopicArn"]), request["TopicArn"])
    return {}


@sns.operation
def get_subscription_attributes(call: Call, request: Request) -> dict[str, Any]:
    arn = request["SubscriptionArn"]
    return {"Attributes": call.studio.topics.subscription_attributes(_scope(call, arn), arn)}


@sns.operation
def get_topic_attributes(call: Call, request: Request) -> dict[str, Any]:
    return {"Attributes": call.studio.topics.attributes(_scope(call, request["TopicArn"]), request["TopicArn"])}


@sns.operation
def list_subscriptions(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.topics.store.subscriptions(call.scope)
    return _paged("Subscriptions", [as_subscription(each) for each in found], request)


@sns.operation
def list_subscriptions_by_topic(call: Call, request: Request) -> dict[str, Any]:
    store, scope = call.studio.topics.store, _scope(call, request["TopicArn"])
    found = store.subscriptions(scope, store.get(scope, request["TopicArn"]).id)
    return _paged("Subscriptions", [as_subscription(each) for each in found], request)


@sns.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.topics.store.get(_scope(call, request["ResourceArn"]), request["ResourceArn"]).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@sns.operation
def list_topics(call: Call, request: Request) -> dict[str, Any]:
    return _paged("Topics", [{"TopicArn": each.id} for each in call.studio.topics.store.all(call.scope)], request)


@sns.operation
def publish(call: Call, request: Request) -> dict[str, Any]:
    named = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if request.get(name)]
    if not named:
        raise ServiceError(INVALID, "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")
    if len(named) > 1:
        raise ServiceError(INVALID, f"Invalid parameter: only one of {' and '.join(named)} can be given")
    arn = request[named[0]]
    if named == ["PhoneNumber"] or ":endpoint/" in arn:
        raise ServiceError("NotImplemented", "Studiolo publishes to topics alone: not to phones, nor to devices.", 501)
    made = call.studio.topics.publish(_scope(call, arn), arn, publication(request))
    return {"MessageId": made.id, **({"SequenceNumber": made.sequence} if made.sequence else {})}


@sns.operation
def publish_batch(call: Call, request: Request) -> dict[str, Any]:
    arn = request["TopicArn"]
    entries = [(each["Id"], publication(each)) for each in request["PublishBatchRequestEntries"]]
    try:
        done = call.studio.topics.publish_batch(_scope(call, arn), arn, entries)
    except BatchRefused as error:
        raise ServiceError(error.code, str(error)) from error
    successful, failed = [], []
    for identifier, made in done:
        if isinstance(made, DomainError):
            said = sns.error(made)
            failed.append({"Id": identifier, "Code": said.code, "Message": said.message, "SenderFault": True})
        else:
            sequence = {"SequenceNumber": made.sequence} if made.sequence else {}
            successful.append({"Id": identifier, "MessageId": made.id, **sequence})
    return {"Successful": successful, "Failed": failed}


@sns.operation
def set_subscription_attributes(call: Call, request: Request) -> dict[str, Any]:
    arn = request["SubscriptionArn"]
    call.studio.topics.store.set_subscription(
        _scope(call, arn), arn, request["AttributeName"], request.get("AttributeValue")
    )
    return {}


@sns.operation
def set_topic_attributes(call: Call, request: Request) -> dict[str, Any]:
    arn, name = request["TopicArn"], request["AttributeName"]
    call.studio.topics.store.set(_scope(call, arn), arn, name, request.get("AttributeValue"))
    return {}


@sns.operation
def subscribe(call: Call, request: Request) -> dict[str, Any]:
    if "Endpoint" not in request:
        raise ServiceError(INVALID, "Invalid parameter: Endpoint")
    arn, owner = request["TopicArn"], call.scope.account
    made = call.studio.topics.subscribe(
        _scope(call, arn), owner, arn, request["Protocol"], request["Endpoint"], request.get("Attributes", {})
    )
    return {"SubscriptionArn": PENDING if is_pending(made) and not request.get("ReturnSubscriptionArn") else made.id}


@sns.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    call.studio.topics.store.tag(_scope(call, request["ResourceArn"]), request["ResourceArn"], tags)
    return {}


@sns.operation
def unsubscribe(call: Call, request: Request) -> dict[str, Any]:
    call.studio.topics.store.unsubscribe(_scope(call, request["SubscriptionArn"]), request["SubscriptionArn"])
    return {}


@sns.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    arn = request["ResourceArn"]
    call.studio.topics.store.tag(_scope(call, arn), arn, {}, request["TagKeys"])
    return {}


def publication(entry: Request) -> Publication:
    """What Publish, or an entry of a batch, asks for."""
    attributes = {
        name: Value(each["DataType"], each["BinaryValue"] if "BinaryValue" in each else each.get("StringValue", ""))
        for name, each in (entry.get("MessageAttributes") or {}).items()
    }
    return Publication(
        entry["Message"],
        entry.get("Subject"),
        entry.get("MessageStructure"),
        attributes,
        entry.get("MessageGroupId"),
        entry.get("MessageDeduplicationId"),
    )


def as_subscription(found: Record) -> dict[str, Any]:
    names = ("Owner", "Protocol", "Endpoint", "TopicArn")
    arn = PENDING_LISTED if is_pending(found) else found.id
    return {"SubscriptionArn": arn, **{name: found[name] for name in names}}


def _scope(call: Call, arn: str) -> Scope:
    return scope_of(call.scope.region, arn)


def _paged(name: str, items: list[Any], request: Request) -> dict[str, Any]:
    token = request.get("NextToken")
    start = decode_place(token, INVALID)
    following = {"NextToken": encode_token(str(start + PAGE))} if len(items) > start + PAGE else {}
    return {name: items[start : start + PAGE], **following}
