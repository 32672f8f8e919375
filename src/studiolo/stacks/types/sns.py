"""AWS::SNS."""

from typing import Any

from studiolo.stacks.types.base import At, Properties, ResourceType, as_text, differs, document, existing, retag


class Topic(ResourceType):
    """Ref is its ARN."""

    name = "AWS::SNS::Topic"
    named_by = "TopicName"

    ATTRIBUTES = ("ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId", "SignatureVersion")

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("TopicName") or at.name() + (".fifo" if properties.get("FifoTopic") else ""))

    def create(self, at: At, properties: Properties) -> str:
        given = {name: as_text(properties[name]) for name in self.ATTRIBUTES if name in properties}
        made = at.call(
            "sns", "CreateTopic", Name=self._name(at, properties), Attributes=given or None, Tags=properties.get("Tags")
        )
        arn = str(made["TopicArn"])
        for each in properties.get("Subscription") or []:
            at.call("sns", "Subscribe", TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        return arn

    def find(self, at: At, properties: Properties) -> str | None:
        arn = f"arn:{at.scope.partition}:sns:{at.scope.region}:{at.scope.account}:{self._name(at, properties)}"
        return None if existing(at.call, service="sns", operation="GetTopicAttributes", TopicArn=arn) is None else arn

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        for name in self.ATTRIBUTES:
            if differs(properties, before, name):
                value = as_text(properties[name]) if name in properties else None
                at.call("sns", "SetTopicAttributes", TopicArn=physical, AttributeName=name, AttributeValue=value)
        wanted, had = properties.get("Subscription") or [], before.get("Subscription") or []
        for each in wanted:
            if each not in had:
                at.call("sns", "Subscribe", TopicArn=physical, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        there = at.call("sns", "ListSubscriptionsByTopic", TopicArn=physical)["Subscriptions"]
        for each in had:
            for found in there:
                same = found["Protocol"] == each["Protocol"] and found["Endpoint"] == each["Endpoint"]
                if each not in wanted and same and found["SubscriptionArn"] != "PendingConfirmation":
                    at.call("sns", "Unsubscribe", SubscriptionArn=found["SubscriptionArn"])
        retag(at, "sns", {"ResourceArn": physical}, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sns", "DeleteTopic", TopicArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"TopicArn": physical, "TopicName": physical.rpartition(":")[2]}


class Subscription(ResourceType):
    name = "AWS::SNS::Subscription"

    ATTRIBUTES = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")

    def create(self, at: At, properties: Properties) -> str:
        place = {name: properties.get(name) for name in ("TopicArn", "Protocol", "Endpoint")}
        given = {name: as_text(properties[name]) for name in self.ATTRIBUTES if name in properties}
        made = at.call("sns", "Subscribe", **place, Attributes=given or None, ReturnSubscriptionArn=True)
        return str(made["SubscriptionArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        for name in self.ATTRIBUTES:
            if differs(properties, before, name):
                value = as_text(properties[name]) if name in properties else None
                given = {"SubscriptionArn": physical, "AttributeName": name}
                at.call("sns", "SetSubscriptionAttributes", **given, AttributeValue=value)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sns", "Unsubscribe", SubscriptionArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": physical}


class TopicPolicy(ResourceType):
    name = "AWS::SNS::TopicPolicy"

    def _put(self, at: At, topics: list[str], policy: str | None) -> None:
        for topic in topics:
            given = {"TopicArn": topic, "AttributeName": "Policy"}
            existing(at.call, service="sns", operation="SetTopicAttributes", **given, AttributeValue=policy)

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties["Topics"], document(properties["PolicyDocument"]))
        return at.name()

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)
        self._put(at, [each for each in before["Topics"] if each not in properties["Topics"]], None)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self._put(at, properties["Topics"], None)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class TopicInlinePolicy(ResourceType):
    """The policy of one topic. Ref is the topic's ARN."""

    name = "AWS::SNS::TopicInlinePolicy"

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties, document(properties["PolicyDocument"]))
        return str(properties["TopicArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self._put(at, properties, None)

    def _put(self, at: At, properties: Properties, policy: str | None) -> None:
        given = {"TopicArn": properties["TopicArn"], "AttributeName": "Policy", "AttributeValue": policy}
        at.call("sns", "SetTopicAttributes", **given)


TYPES = (Subscription, Topic, TopicInlinePolicy, TopicPolicy)
