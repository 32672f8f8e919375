"""AWS::CloudFormation: stacks within stacks, macros; and AWS::CDK: what CDK notes in every template."""

from typing import Any

from studiolo.stacks.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


class NestedStack(ResourceType):
    name = "AWS::CloudFormation::Stack"

    def create(self, at: At, properties: Properties) -> str:
        return at.nested.create_nested(at, properties)

    def find(self, at: At, properties: Properties) -> str | None:
        return at.nested.find_nested(at, at.name(128))

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        status, reason = at.nested.status_of(physical)
        if status in GOOD:
            return True
        if status.endswith("_IN_PROGRESS"):
            return False
        words = f"Embedded stack {physical} was not successfully created or updated: it is in {status}"
        raise Refused("Stack", f"{words} ({reason})" if reason else words)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.nested.update_nested(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.nested.delete_nested(at, physical)

    def is_gone(self, at: At, physical: str) -> bool:
        status, reason = at.nested.status_of(physical)
        if status == "DELETE_FAILED":
            raise Refused("Stack", f"Embedded stack {physical} was not successfully deleted: {reason}")
        return status == "DELETE_COMPLETE"

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {f"Outputs.{name}": value for name, value in at.nested.outputs_of(physical).items()}


class Macro(ResourceType):
    """It is there by being a resource of a stack: its physical id is its name."""

    name = "AWS::CloudFormation::Macro"
    named_by = "Name"

    def create(self, at: At, properties: Properties) -> str:
        if at.nested.macro(at, properties["Name"]) is not None:
            raise Refused("AlreadyExists", f"{properties['Name']} already exists")
        return str(properties["Name"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """What the stack remembers of it is all that there is."""

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """With its stack's memory it is gone."""


class CdkMetadata(ResourceType):
    """What an app was made of, as CDK notes it: nothing comes of it at AWS either."""

    name = "AWS::CDK::Metadata"

    def create(self, at: At, properties: Properties) -> str:
        return at.suffix(32)

    def find(self, at: At, properties: Properties) -> str | None:
        return at.suffix(32)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """There is nothing to change."""

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """There is nothing to delete."""


TYPES = (NestedStack, Macro, CdkMetadata)
