"""What a stack's resources and outputs come to, of its target and of what is there."""

from collections.abc import Iterable, Mapping
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.live import Live
from studiolo.stacks.model import Resource, Stack, Target
from studiolo.stacks.template import Definition, TemplateInvalid, Unknown, causes_of
from studiolo.stacks.types.base import ResourceType


class Known:
    """The resources of a stack while a walk changes them."""

    def __init__(self, rows: Iterable[Resource]) -> None:
        rows = list(rows)
        self.current = current_of(row for row in rows if not row.gone)
        self._generations = {logical: row.generation for logical, row in current_of(rows).items()}

    def next_generation(self, logical: str) -> int:
        return self._generations.get(logical, 0) + 1

    def note(self, row: Resource | None) -> Resource | None:
        """Take what a step has made of a resource for its present state."""
        if row is not None:
            self.current[row.logical] = row
            self._generations[row.logical] = max(row.generation, self._generations.get(row.logical, 0))
        return row


def current_of(rows: Iterable[Resource]) -> dict[str, Resource]:
    """The newest of each logical id."""
    found: dict[str, Resource] = {}
    for row in rows:
        if row.logical not in found or row.generation > found[row.logical].generation:
            found[row.logical] = row
    return found


def kept_of(definition: Definition) -> dict[str, Any]:
    """What is kept of a definition with its resource."""
    return {
        "depends": list(definition.depends),
        "deletion_policy": definition.deletion_policy,
        "replace_policy": definition.replace_policy,
        "metadata": definition.metadata,
    }


def resolved(stack: Stack, target: Target, definition: Definition, kind: ResourceType, live: Live) -> dict[str, Any]:
    """The properties of a resource as its schema has them, with the stack's tags. Raises TemplateInvalid, Refused."""
    evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
    evaluator.resources = live
    properties = evaluator.value(dict(definition.properties))
    if isinstance(properties, Unknown) or causes_of(properties):
        raise TemplateInvalid(f"Resource {definition.logical} needs what is not there: {sorted(causes_of(properties))}")
    return settled(kind, properties, target.tags, definition.logical)


def settled(kind: ResourceType, properties: Mapping[str, Any], tags: Mapping[str, str], logical: str) -> dict[str, Any]:
    """Properties coerced and checked by the schema, with the stack's tags among their own. Raises Refused."""
    schema = kind.schema
    if schema is None:
        return dict(properties)
    found = schema.coerced(properties)
    if not kind.any_properties and (violations := schema.violations(found)):
        what = "\n".join(violations)
        raise Refused("Properties", f"Properties validation failed for resource {logical} with message:\n{what}")
    name = schema.tag_property
    tags = of_people(tags)
    if tags and name is not None:
        own = found.get(name) or {}
        if schema.tags_are_map:
            found[name] = {**tags, **own}
        else:
            keys = {tag["Key"] for tag in own} if own else set()
            found[name] = [*({"Key": k, "Value": v} for k, v in tags.items() if k not in keys), *(own or [])]
    return found


def of_people(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags without AWS's own, which no template can give: those go beside the properties, as CloudFormation's do."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def outputs_of(stack: Stack, target: Target, live: Live) -> list[dict[str, Any]]:
    """The outputs of a stack as its description shows them. Raises TemplateInvalid."""
    evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
    evaluator.resources = live
    found = []
    for name, output in target.template.outputs.items():
        if "Condition" in output and not evaluator.condition(output["Condition"]):
            continue
        value = evaluator.value(output["Value"])
        if isinstance(value, (dict, list)):
            value = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        if isinstance(value, bool):
            value = str(value).lower()
        shown = {"OutputKey": name, "OutputValue": str(value)}
        if "Description" in output:
            shown["Description"] = str(output["Description"])
        if "Export" in output:
            shown["ExportName"] = str(evaluator.value(output["Export"]["Name"]))
        found.append(shown)
    return found


def imports_in(node: Any) -> list[Any]:
    if isinstance(node, dict):
        found = [node] if "Fn::ImportValue" in node and len(node) == 1 else []
        return found + [each for item in node.values() for each in imports_in(item)]
    return [each for item in node for each in imports_in(item)] if isinstance(node, (list, tuple)) else []
