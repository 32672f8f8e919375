"""Importing: what is there already becomes a stack's resource, untouched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.calling import Refused
from studiolo.domain import Invalid
from studiolo.stacks.model import Resource, Stack, Target
from studiolo.stacks.schemas import Schema
from studiolo.stacks.store import Store
from studiolo.stacks.template import Definition, Unknown
from studiolo.stacks.types.base import At, ResourceType

UNTOUCHED = (
    "As part of the import operation, you cannot modify or add [%s]: change them by an update, before or after it"
)


@dataclass(frozen=True)
class Import:
    """A resource to import. identifier: the values of its type's primary identifier, by property."""

    logical: str
    type: str
    identifier: Mapping[str, str]


class Importing:
    """Finds what a change set is to import."""

    def __init__(self, store: Store, types: Callable[[str], ResourceType], at: Callable[[Stack, str], At]) -> None:
        self._store = store
        self._types = types
        self._at = at

    def found(
        self, stack: Stack, target: Target, current: Mapping[str, Resource], imports: Sequence[Import]
    ) -> dict[str, str]:
        """The physical ids of what is to be imported, by logical id. Raises Invalid."""
        definitions = target.template.definitions(
            target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
        )
        wanted = {each.logical: each for each in imports}
        if missing := sorted(set(wanted) - set(definitions)):
            raise Invalid(f"Resources [{', '.join(missing)}] to import are missing in the template")
        if there := sorted(set(wanted) & set(current)):
            raise Invalid(f"Resources [{', '.join(there)}] are in the stack already and cannot be imported")
        if others := sorted(set(definitions) - set(wanted) - set(current)):
            raise Invalid(UNTOUCHED % ", ".join(others))
        if gone := sorted(set(current) - set(definitions)):
            raise Invalid(UNTOUCHED % ", ".join(gone))
        return {name: self._physical(stack, target, definitions[name], each) for name, each in wanted.items()}

    def _physical(self, stack: Stack, target: Target, definition: Definition, asked: Import) -> str:
        name = definition.logical
        if asked.type != definition.type:
            raise Invalid(f"Resource {name} is a {definition.type} in the template, and to be imported as {asked.type}")
        if "DeletionPolicy" not in target.template.resources[name]:
            raise Invalid(f"Resources to import [{name}] need a DeletionPolicy in the template")
        kind = self._types(definition.type)
        schema = kind.schema
        if schema is None:
            raise Invalid(f"Resources of the type {definition.type} cannot be imported")
        if set(asked.identifier) != set(schema.identifier):
            raise Invalid(f"Resource {name} is identified by [{', '.join(schema.identifier)}]: give just these")
        physical = self._looked_up(stack, target, definition, kind, schema, asked)
        if physical is None:
            told = ", ".join(f"{key}={value}" for key, value in asked.identifier.items())
            raise Invalid(f"Resource {definition.type} with identifier {told} does not exist")
        owner = self._store.stack_of(stack.scope, physical)
        if owner is not None:
            raise Invalid(f"Resource {physical} is in the stack {owner.name} already")
        return physical

    def _looked_up(
        self,
        stack: Stack,
        target: Target,
        definition: Definition,
        kind: ResourceType,
        schema: Schema,
        asked: Import,
    ) -> str | None:
        at = self._at(stack, definition.logical)
        evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
        evaluator.resources = _Nothing()
        properties = schema.coerced(evaluator.value(dict(definition.properties)))
        for path, value in asked.identifier.items():
            properties = _with(properties, path.split("."), value)
        joined = "|".join(str(asked.identifier[path]) for path in schema.identifier)
        try:
            # The name that it is found by must be the one asked for, not one that a stack would give.
            if kind.custom_name(properties) in asked.identifier.values():
                return kind.find(at, properties)
            if kind.read(at, joined, properties) is not None:
                return joined
        except Refused as error:
            if not error.missing:
                raise Invalid(f"Resource {definition.logical}: {error.message}") from error
            return None
        raise Invalid(f"Studiolo cannot import resources of the type {definition.type}: it has no way to look one up")


def imported(changes: Sequence[Mapping[str, Any]], found: Mapping[str, str]) -> list[dict[str, Any]]:
    """The changes of an import. Raises Invalid where there is any other."""
    shown = []
    for change in changes:
        resource = change["ResourceChange"]
        name = resource["LogicalResourceId"]
        if name not in found:
            raise Invalid(UNTOUCHED % name)
        shown.append({**change, "ResourceChange": {**resource, "Action": "Import", "PhysicalResourceId": found[name]}})
    return shown


class _Nothing:
    """Of other resources nothing is needed to look one up."""

    def resource(self, logical: str, attribute: str | None) -> Any:
        return Unknown(frozenset({(logical, attribute)}))

    def export(self, name: str) -> Any:
        return Unknown(frozenset({(name, None)}))

    def output(self, stack: str, name: str, region: str | None, role: str | None) -> Any:
        return Unknown(frozenset({(name, None)}))

    def zones(self, region: str) -> Sequence[str]:
        return []


def _with(properties: Mapping[str, Any], path: Sequence[str], value: str) -> dict[str, Any]:
    inner = properties.get(path[0])
    below = inner if isinstance(inner, Mapping) else {}
    return {**properties, path[0]: value if len(path) == 1 else _with(below, path[1:], value)}
