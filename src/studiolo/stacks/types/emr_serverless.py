"""AWS::EMRServerless: applications."""

from collections.abc import Iterator, Mapping
from typing import Any

from studiolo.stacks.types.base import At, Properties, ResourceType, changed, tag_changes, without

SERVICE = "emr-serverless"
MAPS = ("InitialCapacity", "LogTypeMap", "WorkerTypeSpecifications")
"""Properties that are maps of the operations: their keys are as they are. Two of them are lists of Key and Value."""


class Application(ResourceType):
    """Ref is its id. It is deleted when nothing runs in it: one that is started is stopped first."""

    name = "AWS::EMRServerless::Application"

    def create(self, at: At, properties: Properties) -> str:
        given = {**_lower(without(properties, "Tags")), "tags": at.tag_map(properties), "clientToken": at.token}
        return str(at.call(SERVICE, "CreateApplication", **given)["applicationId"])

    def find(self, at: At, properties: Properties) -> str | None:
        for each in _applications(at):
            is_named_so = each.get("name") == properties.get("Name") and each["state"] != "TERMINATED"
            if is_named_so and at.tags.items() <= self._described(at, each["id"])["tags"].items():
                return str(each["id"])
        return None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = {name: properties[name] for name in changed(properties, before) if name in properties}
        known = self._described(at, physical)
        # One that is started cannot be updated: a rollback has nothing to undo of an update that it refused.
        settings = {name: value for name, value in _lower(without(given, "Tags")).items() if known.get(name) != value}
        if settings:
            at.call(SERVICE, "UpdateApplication", applicationId=physical, clientToken=at.token, **settings)
        arn = known["arn"]
        gone, tags = tag_changes(properties, before)
        if gone:
            at.call(SERVICE, "UntagResource", resourceArn=arn, tagKeys=gone)
        if tags:
            at.call(SERVICE, "TagResource", resourceArn=arn, tags={tag["Key"]: tag["Value"] for tag in tags})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        if self._described(at, physical)["state"] in ("STARTING", "STARTED"):
            at.call(SERVICE, "StopApplication", applicationId=physical)

    def is_gone(self, at: At, physical: str) -> bool:
        """Deletes it once it has stopped."""
        state = self._described(at, physical)["state"]
        if state in ("CREATED", "STOPPED"):
            at.call(SERVICE, "DeleteApplication", applicationId=physical)
            return True
        return bool(state == "TERMINATED")

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"ApplicationId": physical, "Arn": self._described(at, physical)["arn"]}

    def _described(self, at: At, physical: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = at.call(SERVICE, "GetApplication", applicationId=physical)["application"]
        return found


def _applications(at: At) -> Iterator[Mapping[str, Any]]:
    token = None
    while True:
        page = at.call(SERVICE, "ListApplications", nextToken=token)
        yield from page["applications"]
        token = page.get("nextToken")
        if token is None:
            return


def _lower(given: Any, name: str = "") -> Any:
    """Properties as the operations spell them: with a small letter first, but for the keys of maps."""
    if name in MAPS:
        pairs = [(each["Key"], each["Value"]) for each in given] if isinstance(given, list) else given.items()
        return {key: _lower(value) for key, value in pairs}
    if name == "Properties":
        return given
    if isinstance(given, list):
        return [_lower(each) for each in given]
    if isinstance(given, Mapping):
        return {key[:1].lower() + key[1:]: _lower(value, key) for key, value in given.items()}
    return given


TYPES = (Application,)
