"""What a change of a resource's properties means: nothing, an update in place, or another resource."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import Properties, ResourceType


class Action(Enum):
    """What is done to a resource."""

    NOTHING = "nothing"
    UPDATE = "update"
    REPLACE = "replace"


def decide(kind: ResourceType, properties: Properties, before: Properties) -> Action:
    """What has to be done for a resource that has the properties `before`."""
    if properties == before:
        return Action.NOTHING
    return Action.REPLACE if replacing(kind, properties, before) else Action.UPDATE


def replacing(kind: ResourceType, properties: Properties, before: Properties) -> list[str]:
    """The changed properties, with dots, that only another resource can have."""
    schema = kind.schema
    paths = {*kind.also_create_only, *(() if schema is None else schema.create_only)} - {*kind.in_place}
    return [path for path in sorted(paths) if _differs(path, properties, before)]


def check_replacement(kind: ResourceType, properties: Properties, before: Properties) -> None:
    """Raise Refused where the new resource would have the name of the old one, given by the template."""
    name = kind.custom_name(before)
    if name is not None and kind.custom_name(properties) == name:
        raise Refused(
            "CustomNamed",
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again.",
        )


def _differs(path: str, one: Properties, other: Properties) -> bool:
    return list(_values(one, path.split("."))) != list(_values(other, path.split(".")))


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for item in value:
            yield from _values(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _values(value[path[0]], path[1:])
