"""Custom::NAME and AWS::CloudFormation::CustomResource: resources that a function makes."""

from collections.abc import Mapping
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.schemas import Schema
from studiolo.stacks.types.base import At, Properties, ResourceType

PREFIX = "Custom::"
CUSTOM = "CustomResource"


class CustomResource(ResourceType):
    """Known provisionally until its function has said its id."""

    name = "AWS::CloudFormation::CustomResource"
    any_properties = True

    @property
    def schema(self) -> Schema | None:
        return None

    def create(self, at: At, properties: Properties) -> str:
        _check(properties)
        at.requests.ask(at, "Create", at.name(), properties)
        return at.name()

    def find(self, at: At, properties: Properties) -> str | None:
        return None if at.requests.last(at, "Create", operation=False) is None else at.name()

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        request = at.requests.last(at, "Create", "Update")
        return request is None or at.requests.arrived(request)

    def settled(self, at: At, physical: str, properties: Properties) -> str:
        request = at.requests.last(at, "Create", "Update")
        return physical if request is None else request.answered_physical

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        _check(properties)
        if properties["ServiceToken"] != before.get("ServiceToken"):
            raise Refused(CUSTOM, "Modifying service token is not allowed.")
        at.requests.ask(at, "Update", physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        if physical == at.name() and (made := at.requests.last(at, "Create", operation=False)) is not None:
            # It was not made, but its function may have said how it would have been known.
            physical = made.answered_physical
        try:
            at.requests.ask(at, "Delete", physical, properties)
        except Refused as error:
            # That its function is gone does not mean that it is.
            raise Refused(CUSTOM, error.message) from error

    def is_gone(self, at: At, physical: str) -> bool:
        request = at.requests.last(at, "Delete")
        return request is None or at.requests.arrived(request)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        request = at.requests.last(at, "Create", "Update")
        data: Mapping[str, Any] = {} if request is None or request.answer is None else request.answer.get("Data") or {}
        return dict(data)


def _check(properties: Properties) -> None:
    token = properties.get("ServiceToken")
    if not isinstance(token, str) or ":function:" not in token:
        raise Refused(
            CUSTOM,
            f"Invalid service token: {token!r} must be the ARN of a Lambda function. (At Studiolo no topics serve custom "
            "resources.)",
        )


TYPES = (CustomResource,)
