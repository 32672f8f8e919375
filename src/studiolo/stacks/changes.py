"""What an update would change, property by property: the Changes of a change set."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.contexts import Hide, context, places
from studiolo.stacks.deciding import Action, decide, replacing
from studiolo.stacks.live import Live
from studiolo.stacks.model import Resource, Stack, Target
from studiolo.stacks.template import Definition, TemplateInvalid, Unknown, causes_of, references
from studiolo.stacks.types.base import Properties, ResourceType
from studiolo.stacks.values import of_people, outputs_of, settled

Types = Callable[[str], ResourceType]


class Planned:
    """Finds what functions see after an update: of what that changes, nothing is known yet."""

    def __init__(self, live: Live, actions: Mapping[str, Action]) -> None:
        self._live = live
        self._actions = actions

    def resource(self, logical: str, attribute: str | None) -> Any:
        action = self._actions.get(logical, Action.NOTHING)
        if action is Action.REPLACE or (action is Action.UPDATE and attribute is not None):
            return Unknown(frozenset({(logical, attribute)}))
        return self._live.resource(logical, attribute)

    def export(self, name: str) -> Any:
        return self._live.export(name)

    def output(self, stack: str, name: str, region: str | None, role: str | None) -> Any:
        return self._live.output(stack, name, region, role)

    def zones(self, region: str) -> Any:
        return self._live.zones(region)


def planned_changes(
    stack: Stack, target: Target, current: Mapping[str, Resource], types: Types, live: Live, *, values: bool = False
) -> list[dict[str, Any]]:
    """The changes, as DescribeChangeSet shows them, in the order in which they come. Raises TemplateInvalid, Refused.

    values: with the properties before and after, and each place in them that differs.
    """
    hide = _hiding(stack, target) if values else None
    evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
    definitions = target.template.definitions(evaluator)
    actions: dict[str, Action] = {}
    changes = []
    for logical, definition in definitions.items():
        kind = types(definition.type)
        evaluator.resources = Planned(live, actions)
        properties = evaluator.value(dict(definition.properties))
        row = current.get(logical)
        if row is None or row.physical is None:
            actions[logical] = Action.REPLACE
            if not causes_of(properties):
                settled(kind, properties, target.tags, logical)
            change = _change("Add", definition.type, logical, None)
            if hide is not None:
                change["ResourceChange"]["AfterContext"] = context(properties, hide)
            changes.append(change)
            continue
        after = _settled(kind, properties, target.tags, logical)
        if row.type != definition.type:
            raise TemplateInvalid(
                f"Update of resource type is not permitted. The new template modifies resource type of the following "
                f"resources: [{logical}]"
            )
        details = list(_details(kind, definition, target, after, row, hide))
        if not details:
            continue
        action = decide(kind, after, row.properties)
        actions[logical] = action
        replacement = "False"
        if action is Action.REPLACE:
            sure = any(
                each["Target"].get("RequiresRecreation") == "Always" and each["Evaluation"] == "Static"
                for each in details
            )
            replacement = "True" if sure else "Conditional"
        change = _change("Modify", definition.type, logical, row.physical)
        resource = change["ResourceChange"]
        resource["Replacement"] = replacement
        resource["Scope"] = sorted({each["Target"]["Attribute"] for each in details})
        resource["Details"] = details
        if hide is not None:
            resource["BeforeContext"], resource["AfterContext"] = context(row.properties, hide), context(after, hide)
        changes.append(change)
    for logical, row in current.items():
        if logical not in definitions:
            change = _change("Remove", row.type, logical, row.physical)
            change["ResourceChange"]["PolicyAction"] = (
                "Retain" if row.definition["deletion_policy"].startswith("Retain") else "Delete"
            )
            if hide is not None:
                change["ResourceChange"]["BeforeContext"] = context(row.properties, hide)
            changes.append(change)
    return changes


def _settled(kind: ResourceType, properties: Any, tags: Mapping[str, str], logical: str) -> dict[str, Any]:
    if not causes_of(properties):
        return settled(kind, properties, tags, logical)
    # What is known only later cannot be checked now.
    schema = kind.schema
    tags = of_people(tags)
    found: dict[str, Any] = dict(properties) if schema is None else schema.coerced(properties)
    name = None if schema is None else schema.tag_property
    if tags and name is not None and schema is not None and not isinstance(found.get(name), Unknown):
        own: Any = found.get(name) or ({} if schema.tags_are_map else [])
        keys = set(own) if isinstance(own, dict) else {tag["Key"] for tag in own}
        added = {key: value for key, value in tags.items() if key not in keys}
        if schema.tags_are_map:
            found[name] = {**added, **own}
        else:
            found[name] = [*({"Key": key, "Value": value} for key, value in added.items()), *own]
    return found


def _change(action: str, kind: str, logical: str, physical: str | None) -> dict[str, Any]:
    resource: dict[str, Any] = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind}
    if physical is not None:
        resource["PhysicalResourceId"] = physical
    return {"Type": "Resource", "ResourceChange": {**resource, "Scope": [], "Details": []}}


def _details(
    kind: ResourceType,
    definition: Definition,
    target: Target,
    after: Properties,
    row: Resource,
    hide: Hide | None,
) -> Iterator[dict[str, Any]]:
    if (definition.metadata or None) != (row.definition.get("metadata") or None):
        yield {"Target": {"Attribute": "Metadata"}, "Evaluation": "Static", "ChangeSource": "DirectModification"}
    if definition.deletion_policy != row.definition["deletion_policy"]:
        yield {"Target": {"Attribute": "DeletionPolicy"}, "Evaluation": "Static", "ChangeSource": "DirectModification"}
    if definition.replace_policy != row.definition["replace_policy"]:
        yield {
            "Target": {"Attribute": "UpdateReplacePolicy"},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
    schema = kind.schema
    for name in sorted({*after, *row.properties}):
        value, before = after.get(name), row.properties.get(name)
        if value == before:
            continue
        is_tags = schema is not None and name == schema.tag_property
        recreation = "Never"
        if schema is not None:
            inner = {path.split(".")[0] for path in replacing(kind, {name: value}, {name: before})}
            recreation = "Always" if name in inner else "Never"
            if recreation == "Never" and name in {path.split(".")[0] for path in schema.conditional}:
                recreation = "Conditionally"
        place = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
        if is_tags:
            place = {"Attribute": "Tags", "RequiresRecreation": "Never"}
        if hide is None:
            yield from _sources(definition, target, name, place, causes_of(value))
            continue
        for told, part in places(f"/Properties/{name}", before, value, hide):
            yield from _sources(definition, target, name, {**place, **told}, causes_of(part))


def _sources(
    definition: Definition, target: Target, name: str, place: dict[str, Any], causes: frozenset[tuple[str, str | None]]
) -> Iterator[dict[str, Any]]:
    if causes:
        for logical, attribute in sorted(causes, key=str):
            source = "ResourceReference" if attribute is None else "ResourceAttribute"
            cause = logical if attribute is None else f"{logical}.{attribute}"
            yield {"Target": place, "Evaluation": "Dynamic", "ChangeSource": source, "CausingEntity": cause}
        return
    named = {each for each, _ in references(definition.properties.get(name)) if each in target.parameters}
    for parameter in sorted(named):
        yield {
            "Target": place,
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": parameter,
        }
    if not named:
        yield {"Target": place, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _hiding(stack: Stack, target: Target) -> Hide:
    had = stack.target

    def hide(text: str) -> str:
        return target.hidden(text if had is None else had.hidden(text))

    return hide


def nothing_changes(changes: list[dict[str, Any]], stack: Stack, target: Target, live: Live) -> bool:
    """Whether an update would change nothing at all: neither resources nor outputs, tags."""
    good = stack.good
    if changes or good is None or dict(good.tags) != dict(target.tags) or good.role != target.role:
        return False
    same = good.template.outputs == target.template.outputs
    return same and bool(list(stack.outputs) == _outputs(stack, target, live))


def _outputs(stack: Stack, target: Target, live: Live) -> Any:
    try:
        return outputs_of(stack, target, live)
    except (TemplateInvalid, Refused):
        return None
