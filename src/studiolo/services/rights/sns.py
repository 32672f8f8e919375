"""What the operations of Amazon SNS need.

After "Actions, resources, and condition keys for Amazon SNS" (Service Authorization Reference). A topic's own policy
counts too.
"""

from collections.abc import Mapping

from studiolo.domain import DomainError
from studiolo.identity import Policies
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table
from studiolo.topics import scope_of

TABLE = """
    ConfirmSubscription        ={TopicArn}
    CreateTopic                {Name}
    CreateTopic?Tags           @sns:TagResource  {Name}
    DeleteTopic                ={TopicArn}
    GetSubscriptionAttributes  ={SubscriptionArn}
    GetTopicAttributes         ={TopicArn}
    ListSubscriptions          *
    ListSubscriptionsByTopic   ={TopicArn}
    ListTagsForResource        ={ResourceArn}
    ListTopics                 *
    Publish                    ={TopicArn||TargetArn}
    PublishBatch               @sns:Publish  ={TopicArn}
    SetSubscriptionAttributes  ={SubscriptionArn}
    SetTopicAttributes         ={TopicArn}
    Subscribe                  ={TopicArn}
    TagResource                ={ResourceArn}
    Unsubscribe                ={SubscriptionArn}
    UntagResource              ={ResourceArn}
"""

KEYS = """
    Subscribe  sns:Protocol  Protocol
    Subscribe  sns:Endpoint  Endpoint
"""


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.topics.store.get(scope_of(call.scope.region, arn), arn).tags


def _policy(call: Call, parameters: Parameters) -> Policies | None:
    """Its own: the one that every topic has at first says nothing of who calls."""
    arn = next((parameters[name] for name in ("TopicArn", "TargetArn", "ResourceArn") if parameters.get(name)), None)
    if not isinstance(arn, str):
        return None
    try:
        document = call.studio.topics.store.get(scope_of(call.scope.region, arn), arn).get("Policy")
    except DomainError:
        return None
    return call.studio.identity.compiled(document, arn) if document else None


RIGHTS = Rights("sns", table("sns", TABLE), conditions(KEYS), tags=_tags, policy=_policy)
