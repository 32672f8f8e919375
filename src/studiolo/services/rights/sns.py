"""What the operations of Amazon SNS need.

After "Actions, resources, and condition keys for Amazon SNS" (Service Authorization Reference). A topic's own policy is
recorded, and not asked.
"""

from collections.abc import Mapping

from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, conditions, table

TABLE = """
    CreateTopic                {Name}
    CreateTopic?Tags           @sns:TagResource  {Name}
    DeleteTopic                ={TopicArn}
    GetSubscriptionAttributes  ={SubscriptionArn}
    GetTopicAttributes         ={TopicArn}
    ListSubscriptions          *
    ListSubscriptionsByTopic   ={TopicArn}
    ListTagsForResource        ={ResourceArn}
    ListTopics                 *
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
    return call.studio.recorder.topics.get(call.scope, arn).tags


RIGHTS = Rights("sns", table("sns", TABLE), conditions(KEYS), tags=_tags)
