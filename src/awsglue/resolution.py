"""ResolveChoice: what becomes of the fields that have values of several types."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from awsglue import gluetypes as glue
from awsglue.columns import (
    COMPLEX,
    Node,
    as_type,
    cast,
    describe,
    edit,
    edit_elements,
    fit,
    kept_null,
    members,
    pack,
    path_in,
    struct_type,
)
from awsglue.schema import from_spark, parse_type, type_name

ACTIONS = "cast:type, make_cols, make_struct, project:type or match_catalog"


@dataclass(frozen=True)
class ResolveOption:
    """What `toDF` does with the choice at a path: `KeepAsStruct`, `Project` to a type, or `Cast` to it.

    `target` is a type of `awsglue.gluetypes` or of `pyspark.sql.types`.
    """

    path: str
    action: str
    target: Any = None

    def as_spec(self) -> tuple[str, str]:
        """The same as `resolveChoice` takes it. Raises ValueError for another action."""
        action = self.action.lower()
        if action == "keepasstruct":
            return self.path, "make_struct"
        if action not in ("cast", "project") or self.target is None:
            raise ValueError(f"{self.action} is not an action: use KeepAsStruct, or Project or Cast with a type.")
        kind = self.target if isinstance(self.target, glue.DataType) else from_spark(self.target)
        return self.path, f"{action}:{type_name(kind)}"


def resolve_paths(nodes: Sequence[Node], specs: Iterable[tuple[str, str]]) -> list[Node]:
    """Each path resolved by its action; a path to nothing is left alone. Raises ValueError for an action that is none."""
    resolved = list(nodes)
    for path, action in specs:
        check_action(action)
        resolved = edit(resolved, path_in(resolved, path), partial(act, action=action))
    return resolved


def resolve_all(nodes: Sequence[Node], action: str) -> list[Node]:
    """Every choice resolved by one action, wherever it is. Raises ValueError for an action that is none."""
    check_action(action)
    return [after for node in nodes for after in _everywhere(node, action)]


def _everywhere(node: Node, action: str) -> Sequence[Node]:
    if isinstance(node.kind, glue.ChoiceType):
        return act(node, action)
    if isinstance(node.kind, glue.StructType) and has_choice(node.kind):
        fields = resolve_all(members(node), action)
        return [Node(node.name, kept_null(node.column, pack(fields)), struct_type(fields))]
    if isinstance(node.kind, glue.ArrayType) and has_choice(node.kind):
        return edit_elements(node, lambda element: _everywhere(element, _for_element(element, action)))
    return [node]


def _for_element(element: Node, action: str) -> str:
    # An element cannot become several columns.
    return "make_struct" if action == "make_cols" and isinstance(element.kind, glue.ChoiceType) else action


def has_choice(kind: glue.DataType) -> bool:
    """Whether there is a choice in the type."""
    if isinstance(kind, glue.StructType):
        return any(has_choice(field.dataType) for field in kind)
    if isinstance(kind, glue.ArrayType):
        return has_choice(kind.elementType)
    return isinstance(kind, glue.ChoiceType)


def check_action(action: str) -> None:
    """Raises ValueError for an action that is none, also where there is nothing to resolve."""
    if not re.fullmatch(r"\s*((cast|project)\s*:.+|make_cols\s*:?|(make|keep_as)_struct\s*:?)", action, re.IGNORECASE):
        raise ValueError(f"{action!r} is not an action: use {ACTIONS}.")


def act(node: Node, action: str) -> list[Node]:
    """What an action that `check_action` lets through makes of one node. What is no choice is cast, and otherwise left."""
    verb, _, target = action.partition(":")
    verb = verb.strip().lower()
    if verb == "cast":
        kind = parse_type(target, node.kind)
        return [as_type(node, kind)]
    if verb == "project":
        return [_project(node, target)]
    if verb == "make_cols":
        if not isinstance(node.kind, glue.ChoiceType):
            return [node]
        return [Node(f"{node.name}_{member.name}", member.column, member.kind) for member in members(node)]
    kept = struct_type(members(node)) if isinstance(node.kind, glue.ChoiceType) else node.kind
    return [Node(node.name, node.column, kept)]


def _project(node: Node, target: str) -> Node:
    """The values that have the type; what has another is null ("ResolveChoice class": project retains one type)."""
    kind = parse_type(target, node.kind)
    if not isinstance(node.kind, glue.ChoiceType):
        return Node(node.name, cast(node, kind), kind)
    for member in members(node):
        if member.kind.typeName() == kind.typeName():
            return Node(node.name, fit(member.column, member.kind, kind), kind)
    raise ValueError(f"{node.name} is {describe(node.kind)}: it cannot be projected to {target}.")


def match(nodes: Sequence[Node], schema: glue.StructType) -> list[Node]:
    """Each choice cast to the type that its column has in the schema; a choice it does not know becomes a struct."""
    known = {field.name.lower(): field.dataType for field in schema}
    matched: list[Node] = []
    for node in nodes:
        kind = known.get(node.name.lower())
        if kind is None or not has_choice(node.kind):
            matched += _everywhere(node, "make_struct") if has_choice(node.kind) else [node]
        elif isinstance(node.kind, glue.ChoiceType) and isinstance(kind, COMPLEX):
            values = [member for member in members(node) if type(member.kind) is type(kind)]
            matched += [Node(node.name, fit(value.column, value.kind, kind), kind) for value in values] or [node]
        else:
            matched.append(Node(node.name, fit(node.column, node.kind, kind), kind))
    return matched
