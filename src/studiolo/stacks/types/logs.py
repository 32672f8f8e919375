"""AWS::Logs: groups, streams, metric and subscription filters, resource policies."""

import json
from typing import Any

from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, differs, document


class LogGroup(ResourceType):
    name = "AWS::Logs::LogGroup"
    named_by = "LogGroupName"

    HERE = frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"})

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("LogGroupName") or at.name())

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call(
            "logs",
            "CreateLogGroup",
            logGroupName=name,
            kmsKeyId=properties.get("KmsKeyId"),
            logGroupClass=properties.get("LogGroupClass"),
            tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []} or None,
        )
        self._retain(at, name, properties)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        groups = at.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
        return name if any(group["logGroupName"] == name for group in groups) else None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in changed(properties, before) if name not in ("RetentionInDays", "Tags")]
        if names:
            raise NotUpdatable(self.name, ", ".join(names))
        if differs(properties, before, "RetentionInDays"):
            self._retain(at, physical, properties)
        if differs(properties, before, "Tags"):
            tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
            gone = [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in tags]
            if gone:
                at.call("logs", "UntagLogGroup", logGroupName=physical, tags=gone)
            if tags:
                at.call("logs", "TagLogGroup", logGroupName=physical, tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("logs", "DeleteLogGroup", logGroupName=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        place = f"arn:{at.scope.partition}:logs:{at.scope.region}:{at.scope.account}"
        return {"Arn": f"{place}:log-group:{physical}:*"}

    def _retain(self, at: At, name: str, properties: Properties) -> None:
        days = properties.get("RetentionInDays")
        if days is not None:
            at.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        else:
            at.call("logs", "DeleteRetentionPolicy", logGroupName=name)


class LogStream(ResourceType):
    name = "AWS::Logs::LogStream"
    named_by = "LogStreamName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("LogStreamName") or at.name())

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call("logs", "CreateLogStream", logGroupName=properties["LogGroupName"], logStreamName=name)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name, group = self._name(at, properties), properties["LogGroupName"]
        streams = at.call("logs", "DescribeLogStreams", logGroupName=group, logStreamNamePrefix=name)["logStreams"]
        return name if any(stream["logStreamName"] == name for stream in streams) else None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("logs", "DeleteLogStream", logGroupName=properties["LogGroupName"], logStreamName=physical)


class MetricFilter(ResourceType):
    name = "AWS::Logs::MetricFilter"

    def _put(self, at: At, name: str, properties: Properties) -> None:
        transformations = [
            {key[:1].lower() + key[1:]: value for key, value in each.items() if key != "Dimensions"}
            | ({"dimensions": {d["Key"]: d["Value"] for d in each["Dimensions"]}} if "Dimensions" in each else {})
            for each in properties["MetricTransformations"]
        ]
        at.call(
            "logs",
            "PutMetricFilter",
            logGroupName=properties["LogGroupName"],
            filterName=name,
            filterPattern=properties["FilterPattern"],
            metricTransformations=transformations,
        )

    def create(self, at: At, properties: Properties) -> str:
        name = str(properties.get("FilterName") or at.name())
        self._put(at, name, properties)
        return name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("logs", "DeleteMetricFilter", logGroupName=properties["LogGroupName"], filterName=physical)


class ResourcePolicy(ResourceType):
    name = "AWS::Logs::ResourcePolicy"

    def _put(self, at: At, properties: Properties) -> None:
        text = properties["PolicyDocument"]
        name = properties["PolicyName"]
        at.call("logs", "PutResourcePolicy", policyName=name, policyDocument=document(text))

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties)
        return str(properties["PolicyName"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("logs", "DeleteResourcePolicy", policyName=physical)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        policies = at.call("logs", "DescribeResourcePolicies")["resourcePolicies"]
        found = next((each["policyDocument"] for each in policies if each["policyName"] == physical), None)
        return None if found is None else {"PolicyDocument": json.loads(found)}


class SubscriptionFilter(ResourceType):
    name = "AWS::Logs::SubscriptionFilter"
    named_by = "FilterName"

    def _put(self, at: At, name: str, properties: Properties) -> None:
        given = {key[:1].lower() + key[1:]: value for key, value in properties.items()}
        at.call("logs", "PutSubscriptionFilter", **{**given, "filterName": name})

    def create(self, at: At, properties: Properties) -> str:
        name = str(properties.get("FilterName") or at.name())
        self._put(at, name, properties)
        return name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("logs", "DeleteSubscriptionFilter", logGroupName=properties["LogGroupName"], filterName=physical)


TYPES = (LogGroup, LogStream, MetricFilter, ResourcePolicy, SubscriptionFilter)
