"""The schemas of resource types: what their properties may be, which are only for creation, which are attributes.

`schemas.jsonl` is extracted by docs/stack_schemas.py.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import fastjsonschema
from fastjsonschema import JsonSchemaValueException

PROPERTIES = "/properties/"


class Schema:
    """The schema of one resource type."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.type: str = document["typeName"]

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The properties that nobody sets, with dots: what GetAtt may ask for."""
        return self._paths("readOnlyProperties")

    @cached_property
    def create_only(self) -> frozenset[str]:
        """The properties, with dots, that cannot change: another value means another resource."""
        return self._paths("createOnlyProperties")

    @cached_property
    def conditional(self) -> frozenset[str]:
        """The properties, with dots, whose change may need another resource."""
        return self._paths("conditionalCreateOnlyProperties")

    @cached_property
    def identifier(self) -> tuple[str, ...]:
        """The properties that name a resource, with dots."""
        return tuple(path.removeprefix(PROPERTIES).replace("/", ".") for path in self.document["primaryIdentifier"])

    @property
    def tag_property(self) -> str | None:
        """The property that holds tags, where CloudFormation may tag such a resource."""
        tagging = self.document.get("tagging", {})
        if not tagging.get("taggable", "Tags" in self.document["properties"]):
            return None
        name = str(tagging.get("tagProperty", "/properties/Tags")).removeprefix(PROPERTIES)
        return name if name in self.document["properties"] else None

    @property
    def tags_are_map(self) -> bool:
        """Whether tags are a map, not a list of Key and Value."""
        name = self.tag_property
        return name is not None and self.resolved(self.document["properties"][name]).get("type") == "object"

    def coerced(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Properties with their scalars as the schema has them: templates say "true" and 320 for either."""
        return dict(self._coerce(self.document, dict(properties)))

    def violations(self, properties: Mapping[str, Any]) -> Sequence[str]:
        """What is wrong with properties, in CloudFormation's words; empty for nothing."""
        found = []
        try:
            self._validate(dict(properties))
        except JsonSchemaValueException as error:
            found.append(_words(error))
        set_by_nobody = sorted(name for name in properties if name in self.read_only and name not in self.create_only)
        return [*found, *(f"#: extraneous key [{name}] is not permitted: it is read-only" for name in set_by_nobody)]

    @cached_property
    def _validate(self) -> Callable[[dict[str, Any]], Any]:
        """Compiled at the first use: 10 to 130 ms."""
        keys = ("properties", "definitions", "required", "additionalProperties")
        document = {"type": "object", **{key: self.document[key] for key in keys if key in self.document}}
        compiled: Callable[[dict[str, Any]], Any] = fastjsonschema.compile(
            _without_patterns(document), use_formats=False, use_default=False
        )
        return compiled

    def _paths(self, key: str) -> frozenset[str]:
        return frozenset(path.removeprefix(PROPERTIES).replace("/", ".") for path in self.document.get(key, ()))

    def resolved(self, node: Any) -> Mapping[str, Any]:
        """A part of the schema, or the definition that it refers to."""
        while isinstance(node, dict) and "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node if isinstance(node, dict) else {}

    def _coerce(self, node: Any, value: Any) -> Any:
        schema = self.resolved(node)
        if isinstance(value, dict):
            known = dict(schema.get("properties", {}))
            for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
                known = {**self.resolved(part).get("properties", {}), **known}
            other = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
            return {
                key: self._coerce(known[key], item)
                if key in known
                else self._coerce(other, item)
                if isinstance(other, dict)
                else item
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._coerce(schema.get("items", {}), item) for item in value]
        return _scalar(schema.get("type"), value)


def _scalar(kinds: Any, value: Any) -> Any:
    allowed = [kinds] if isinstance(kinds, str) else kinds or []
    if not allowed or value is None:
        return value
    if isinstance(value, bool):
        return value if "boolean" in allowed else ("true" if value else "false") if "string" in allowed else value
    if isinstance(value, (int, float)):
        if "number" in allowed or ("integer" in allowed and isinstance(value, int)):
            return value
        return str(value) if "string" in allowed else value
    if not isinstance(value, str) or "string" in allowed:
        return value
    if "boolean" in allowed and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if "integer" in allowed and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if "number" in allowed and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    return value


def _without_patterns(node: Any, names: bool = False) -> Any:
    """A schema without its patterns: they are Java's, and the services have them too."""
    if isinstance(node, list):
        return [_without_patterns(item) for item in node]
    if not isinstance(node, dict):
        return node
    if not names and "patternProperties" in node:
        others = next(iter(node["patternProperties"].values()))
        node = {
            **{key: item for key, item in node.items() if key != "patternProperties"},
            "additionalProperties": others,
        }
    return {
        key: _without_patterns(item, key in ("properties", "definitions") and not names)
        for key, item in node.items()
        if names or key != "pattern"
    }


def _words(error: JsonSchemaValueException) -> str:
    place = "#" + "".join(f"/{part}" for part in error.path[1:])
    if error.rule == "required":
        missing = [name for name in error.rule_definition if name not in error.value]
        return f"{place}: required key [{missing[0] if missing else '?'}] not found"
    if error.rule == "additionalProperties" and isinstance(error.value, dict):
        known = error.definition.get("properties", {})
        extra = next((key for key in error.value if key not in known), "?")
        return f"{place}: extraneous key [{extra}] is not permitted"
    if error.rule == "type":
        wanted = error.rule_definition if isinstance(error.rule_definition, str) else " or ".join(error.rule_definition)
        return f"{place}: expected type: {wanted}, found: {_kind(error.value)}"
    if error.rule in ("oneOf", "anyOf"):
        return f"{place}: fits none of the forms that it may have"
    return f"{place}: {error.message.partition(' ')[2]}"


def _kind(value: Any) -> str:
    kinds = {bool: "Boolean", int: "Integer", float: "Number", str: "String", list: "JSONArray", dict: "JSONObject"}
    return kinds.get(type(value), "Null")


@cache
def _lines() -> Mapping[str, str]:
    text = files("studiolo.stacks").joinpath("schemas.jsonl").read_text()
    return {re.search(r'"typeName":"([^"]+)"', line)[1]: line for line in text.splitlines()}  # type: ignore[index]


@cache
def schema_of(type_name: str) -> Schema | None:
    """The schema of a type; None where there is none (custom resources have none)."""
    line = _lines().get(type_name)
    return None if line is None else Schema(json.loads(line))
