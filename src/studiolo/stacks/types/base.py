"""What a type of resource must do. One class each; `types/__init__.py` lists them.

The engine journals around every call, and repeats a call whose answer it does not know: `create` is called again only
where `find` finds nothing, `update` and `delete` are safe to repeat. Nothing here waits: what takes time is made
(`create` returns), and `ready` is asked until it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from studiolo.calling import Refused, Services
from studiolo.domain import Scope
from studiolo.identity import Principal
from studiolo.stacks.naming import physical_name, suffix_of
from studiolo.stacks.schemas import Schema, schema_of

Properties = Mapping[str, Any]


class Nested(Protocol):
    """Stacks that are resources of others."""

    def create_nested(self, at: "At", properties: Mapping[str, Any]) -> str:
        """Begin to make one; its id. Raises Refused."""

    def update_nested(self, at: "At", stack: str, properties: Mapping[str, Any]) -> None: ...

    def delete_nested(self, at: "At", stack: str) -> None: ...

    def find_nested(self, at: "At", name: str) -> str | None: ...

    def macro(self, at: "At", name: str) -> str | None:
        """The function of a macro that a stack has registered; None for no such."""

    def status_of(self, stack: str) -> tuple[str, str | None]:
        """The status of a stack, and its reason."""

    def outputs_of(self, stack: str) -> Mapping[str, str]: ...


class Asking(Protocol):
    """Custom resources' questions to their functions, what else is written down beside a step, and signals."""

    def ask(
        self, at: "At", kind: str, physical: str, properties: "Properties", before: "Properties | None" = None
    ) -> None: ...

    def last(self, at: "At", *kinds: str, operation: bool = True) -> Any: ...

    def arrived(self, request: Any) -> bool: ...

    def note(self, at: "At", kind: str, physical: str, seconds: int = 3600) -> Any:
        """Write down, once for one step, what a resource is about to do, or waits for."""

    def complete(self, request: Any, answer: Mapping[str, Any]) -> None: ...

    def handle(self, at: "At") -> str:
        """The address that signals of a handle are written to."""

    def signals(self, address: str) -> list[Mapping[str, Any]] | None:
        """What has been written there, in that order; None where it is no handle's."""


class NotUpdatable(Refused):
    """A type of resource has no way to change that in place."""

    def __init__(self, type_name: str, names: str) -> None:
        super().__init__("NotUpdatable", f"Studiolo has no update of {names} of a resource of the type {type_name}.")


@dataclass(frozen=True)
class At:
    """Where and as whom one step of a stack is done. tags: the stack's, and those that tell what made a resource.

    type: the resource's, as the template has it; operation: the id of the stack's operation, empty
    for a look that is part of none.
    """

    scope: Scope
    principal: Principal
    services: Services
    stack: str
    stack_id: str
    logical: str
    generation: int
    tags: Mapping[str, str]
    nested: Nested
    type: str
    operation: str
    requests: Asking

    def call(self, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """An operation's answer. Members that are None are left out. Raises Refused."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.services(self.principal, self.scope.region, service, operation, given)

    def name(self, longest: int = 255) -> str:
        """The name of a resource that its template gives none."""
        return physical_name(self.stack, self.stack_id, self.logical, self.generation, longest)

    def suffix(self, length: int = 12) -> str:
        """Letters and digits that are this resource's own."""
        return suffix_of(self.stack_id, self.logical, self.generation, length)

    @property
    def token(self) -> str:
        """What makes a repeated request the same request."""
        return self.suffix(32)

    def all_tags(self, properties: Properties, name: str = "Tags") -> list[dict[str, str]]:
        """The tags of a resource as a list: the stack's, and its own."""
        return [{"Key": key, "Value": value} for key, value in self.tag_map(properties, name).items()]

    def tag_map(self, properties: Properties, name: str = "Tags") -> dict[str, str]:
        """The tags of a resource as a map."""
        own = properties.get(name) or {}
        given = own if isinstance(own, dict) else {tag["Key"]: tag.get("Value", "") for tag in own}
        return {**self.tags, **{key: str(value) for key, value in given.items()}}

    def own_filter(self) -> list[dict[str, Any]]:
        """The filter of EC2's lists that finds what this step has made."""
        return [
            {"Name": f"tag:aws:cloudformation:{name}", "Values": [value]}
            for name, value in (("stack-id", self.stack_id), ("logical-id", self.logical))
        ]


class ResourceType:
    """One type. properties are resolved, and fit the type's schema."""

    name: ClassVar[str]
    named_by: ClassVar[str | None] = None
    """The property, with dots, that names a resource in the account where a template gives it."""

    also_create_only: ClassVar[tuple[str, ...]] = ()
    """Properties, with dots, that cannot change though the schema says nothing of it."""

    in_place: ClassVar[tuple[str, ...]] = ()
    """Properties that change in place here, though the schema says that they cannot."""

    any_properties: ClassVar[bool] = False
    """Whether it has properties of its own making, and no schema."""

    @property
    def schema(self) -> Schema | None:
        return schema_of(self.name)

    def custom_name(self, properties: Properties) -> str | None:
        """The name that a template gives the resource."""
        found: Any = properties
        for part in (self.named_by or "").split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return None if found is None else str(found)

    def create(self, at: At, properties: Properties) -> str:
        """Make one; its physical id. Raises Refused."""
        raise NotImplementedError

    def find(self, at: At, properties: Properties) -> str | None:
        """The physical id of what `create` would make, or has made in this step; None where it is not there."""
        return None

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        """Whether what was made, or changed, has arrived. Raises Refused where it never will."""
        return True

    def settled(self, at: At, physical: str, properties: Properties) -> str:
        """The physical id of what has arrived: another one than it had before where a change has made another thing."""
        return physical

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """Change it in place. Raises Refused."""
        raise NotUpdatable(self.name, ", ".join(changed(properties, before)))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """Delete it. What is not there any more is deleted. Raises Refused."""
        raise NotImplementedError

    def is_gone(self, at: At, physical: str) -> bool:
        """Whether what was deleted has gone."""
        return True

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        """What GetAtt may ask for, beside the properties."""
        return {}

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        """The properties as they are now, of those that it can tell. None: it can tell of none. Raises Refused."""
        return None


def changed(properties: Properties, before: Properties) -> list[str]:
    """The names of the properties that differ."""
    names = sorted({*properties, *before})
    return [name for name in names if properties.get(name) != before.get(name)]


def differs(properties: Properties, before: Properties, *names: str) -> bool:
    """Whether one of these properties differs."""
    return any(properties.get(name) != before.get(name) for name in names)


def tag_changes(properties: Properties, before: Properties) -> tuple[list[str], list[dict[str, str]]]:
    """The keys of the tags, a list of Key and Value, that have gone, and the tags to put; both empty for no change."""
    if not differs(properties, before, "Tags"):
        return [], []
    tags = properties.get("Tags") or []
    keys = {tag["Key"] for tag in tags}
    return [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in keys], tags


def existing(call: Any, **parameters: Any) -> Any:
    """A call's answer; None where what it names is not there."""
    try:
        return call(**parameters)
    except Refused as error:
        if error.missing:
            return None
        raise


def document(value: Any) -> str | None:
    """A policy, or another document, as the services take it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def without(properties: Properties, *names: str) -> dict[str, Any]:
    """The properties but for these."""
    return {name: value for name, value in properties.items() if name not in names}


def retag(
    at: At, service: str, which: Mapping[str, Any], properties: Properties, before: Properties, change: Any = None
) -> None:
    """Bring tags from what they were to what they are to be."""
    if not differs(properties, before, "Tags"):
        return
    tags = properties.get("Tags") or []
    keys = {tag["Key"] for tag in tags}
    if gone := [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in keys]:
        at.call(service, "UntagResource", **which, TagKeys=gone)
    if tags:
        at.call(service, "TagResource", **which, Tags=change(properties) if change is not None else tags)


def as_text(value: Any) -> str:
    """A value as services take attributes, which are strings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(document(value)) if isinstance(value, (dict, list)) else str(value)
