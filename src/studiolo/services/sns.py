"""Amazon SNS: topics and subscriptions, which are only recorded. To publish is not implemented."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.recorded import Record
from studiolo.recorded.topics import as_attributes
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]
INVALID = "InvalidParameter"
PAGE = 100

sns = Service(
    "sns",
    {
        NotFound: "NotFound",
        AlreadyExists: INVALID,
        Invalid: INVALID,
        Conflict: INVALID,
        Denied: "AuthorizationError",
        LimitExceeded: "TopicLimitExceeded",
    },
    invalid=INVALID,
)


@sns.operation
def create_topic(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    made = call.studio.recorder.topics.create(call.scope, request["Name"], request.get("Attributes", {}), tags)
    return {"TopicArn": made.id}


@sns.operation
def delete_topic(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.topics.delete(call.scope, request["TopicArn"])
    return {}


@sns.operation
def get_subscription_attributes(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.topics.subscription(call.scope, request["SubscriptionArn"])
    told = {"SubscriptionArn": found.id, "PendingConfirmation": "false", "ConfirmationWasAuthenticated": "true"}
    return {"Attributes": {"RawMessageDelivery": "false", **found.attributes, **told}}


@sns.operation
def get_topic_attributes(call: Call, request: Request) -> dict[str, Any]:
    topic = call.studio.recorder.topics.get(call.scope, request["TopicArn"])
    confirmed = len(call.studio.recorder.topics.subscriptions(call.scope, topic.id))
    told = {
        "DisplayName": "",
        "Owner": call.scope.account,
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": topic.id,
    }
    return {"Attributes": {**told, **as_attributes(topic)}}


@sns.operation
def list_subscriptions(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.topics.subscriptions(call.scope)
    return _paged("Subscriptions", [as_subscription(each) for each in found], request)


@sns.operation
def list_subscriptions_by_topic(call: Call, request: Request) -> dict[str, Any]:
    topics = call.studio.recorder.topics
    found = topics.subscriptions(call.scope, topics.get(call.scope, request["TopicArn"]).id)
    return _paged("Subscriptions", [as_subscription(each) for each in found], request)


@sns.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.recorder.topics.get(call.scope, request["ResourceArn"]).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@sns.operation
def list_topics(call: Call, request: Request) -> dict[str, Any]:
    return _paged("Topics", [{"TopicArn": each.id} for each in call.studio.recorder.topics.all(call.scope)], request)


@sns.operation
def set_subscription_attributes(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.topics.set_subscription(
        call.scope, request["SubscriptionArn"], request["AttributeName"], request.get("AttributeValue")
    )
    return {}


@sns.operation
def set_topic_attributes(call: Call, request: Request) -> dict[str, Any]:
    name = request["AttributeName"]
    call.studio.recorder.topics.set(call.scope, request["TopicArn"], name, request.get("AttributeValue"))
    return {}


@sns.operation
def subscribe(call: Call, request: Request) -> dict[str, Any]:
    """Nothing is sent to confirm it: it is there at once."""
    if "Endpoint" not in request:
        raise ServiceError(INVALID, "Invalid parameter: Endpoint")
    made = call.studio.recorder.topics.subscribe(
        call.scope, request["TopicArn"], request["Protocol"], request["Endpoint"], request.get("Attributes", {})
    )
    return {"SubscriptionArn": made.id}


@sns.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    call.studio.recorder.topics.tag(call.scope, request["ResourceArn"], tags)
    return {}


@sns.operation
def unsubscribe(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.topics.unsubscribe(call.scope, request["SubscriptionArn"])
    return {}


@sns.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.topics.tag(call.scope, request["ResourceArn"], {}, request["TagKeys"])
    return {}


def as_subscription(found: Record) -> dict[str, Any]:
    names = ("Owner", "Protocol", "Endpoint", "TopicArn")
    return {"SubscriptionArn": found.id, **{name: found[name] for name in names}}


def _paged(name: str, items: list[Any], request: Request) -> dict[str, Any]:
    token = request.get("NextToken")
    start = int(decode_token(token, INVALID)) if token else 0
    following = {"NextToken": encode_token(str(start + PAGE))} if len(items) > start + PAGE else {}
    return {name: items[start : start + PAGE], **following}
