"""Fields picked, dropped, renamed and mapped: what each transform makes of a record's nodes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Union

from pyspark.sql import Column
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue.columns import (
    COMPLEX,
    Node,
    as_type,
    cast,
    edit,
    edit_elements,
    find,
    kept_null,
    members,
    pack,
    packed,
    path_in,
    split_path,
    struct_type,
)
from awsglue.schema import parse_type

Mapping = tuple[str, str, str, str]
"""Source path, source type, target path, target type."""

Branches = dict[str, Union[Node, "Branches"]]


def as_list(paths: str | Iterable[str]) -> list[str]:
    """The paths; one alone may be given without a list."""
    return [paths] if isinstance(paths, str) else list(paths)


def as_tuples(given: Any) -> list[Any]:
    """The mappings, or specifications; one alone may be given without a list."""
    return [given] if isinstance(given, tuple) and given and isinstance(given[0], str) else list(given)


def drop(nodes: Sequence[Node], paths: Iterable[str]) -> list[Node]:
    """The nodes without those at the paths; a path to nothing is left alone."""
    kept = list(nodes)
    for path in paths:
        kept = edit(kept, path_in(kept, path), lambda _node: [])
    return kept


def select(nodes: Sequence[Node], paths: Iterable[str]) -> list[Node]:
    """The nodes at the paths, in the paths' order, nested as they were; a path to nothing gives nothing."""
    return _prune(nodes, [path_in(nodes, path) for path in paths])


def _prune(nodes: Sequence[Node], paths: Sequence[Sequence[str]]) -> list[Node]:
    known = {node.name: node for node in nodes}
    wanted: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        if path and path[0] in known:
            wanted.setdefault(path[0], []).append(path[1:])
    kept: list[Node] = []
    for name, rest in wanted.items():
        kept += [known[name]] if not all(rest) else _prune_inside(known[name], rest)
    return kept


def _prune_inside(node: Node, paths: Sequence[Sequence[str]]) -> list[Node]:
    if isinstance(node.kind, glue.ArrayType):
        return edit_elements(node, lambda element: _prune_inside(element, paths))
    if not isinstance(node.kind, glue.StructType):
        return []
    fields = _prune(members(node), paths)
    return [Node(node.name, kept_null(node.column, pack(fields)), struct_type(fields))] if fields else []


def rename(nodes: Sequence[Node], old: str, new: str) -> list[Node]:
    """The nodes with one renamed where it is, or moved when the new path has other parents."""
    old_path, new_path = path_in(nodes, old), split_path(new)
    if not new_path:
        raise ValueError("A field's new name must not be empty.")
    if old_path[:-1] == new_path[:-1]:
        return edit(nodes, old_path, lambda node: [Node(new_path[-1], node.expression, node.kind)])
    found = find(nodes, old_path)
    if found is None:
        return list(nodes)
    branches: Branches = {node.name: node for node in edit(nodes, old_path, lambda _node: [])}
    _place(branches, new_path, found)
    return _grown(branches)


def _place(branches: Branches, path: Sequence[str], node: Node) -> None:
    """Put the node at the path, beside the fields that are there."""
    name = path[0]
    if len(path) == 1:
        branches[name] = node
        return
    below = branches.get(name, {})
    if isinstance(below, Node):
        below = {field.name: field for field in members(below)} if isinstance(below.kind, glue.StructType) else {}
    branches[name] = below
    _place(below, path[1:], node)


def _grown(branches: Branches) -> list[Node]:
    grown = []
    for name, branch in branches.items():
        if isinstance(branch, Node):
            grown.append(Node(name, branch.expression, branch.kind))
        else:
            fields = _grown(branch)
            grown.append(Node(name, packed(fields), struct_type(fields)))
    return grown


def apply_mapping(
    nodes: Sequence[Node], mappings: Iterable[Sequence[str]], *, case_sensitive: bool = False
) -> list[Node]:
    """The fields that the mappings name, under their new paths and as their new types; no others.

    A source that is not there gives no field. `[]` in both paths maps within the elements of an array.
    Raises ValueError for a mapping that is none.
    """
    names = {node.name: node for node in nodes}

    def look(path: str) -> Node | None:
        return names.get(path) or find(nodes, split_path(path), case_sensitive=case_sensitive)

    branches: Branches = {}
    inside: dict[tuple[str, str], list[Mapping]] = {}
    for given in mappings:
        source, source_type, target, target_type = _checked(given)
        if "[]" in source and "[]" in target:
            source_array, _, source_rest = source.partition("[]")
            target_array, _, target_rest = target.partition("[]")
            parts = (source_rest.lstrip("."), source_type, target_rest.lstrip("."), target_type)
            inside.setdefault((source_array, target_array), []).append(parts)
            continue
        node = look(source)
        if node is not None:
            kind = parse_type(target_type, node.kind)
            _place(branches, split_path(target), as_type(node, kind))
    for (source, target), within in inside.items():
        node = look(source)
        if node is not None and isinstance(node.kind, glue.ArrayType):
            change = partial(_map_element, mappings=within, case_sensitive=case_sensitive)
            for mapped in edit_elements(node, change):
                _place(branches, split_path(target), mapped)
    return _grown(branches)


def _map_element(element: Node, mappings: Sequence[Mapping], *, case_sensitive: bool) -> list[Node]:
    if len(mappings) == 1 and not mappings[0][0]:
        kind = parse_type(mappings[0][3], element.kind)
        return [Node("element", cast(element, kind), kind)]
    fields = apply_mapping(members(element), mappings, case_sensitive=case_sensitive)
    return [Node("element", kept_null(element.column, pack(fields)), struct_type(fields))] if fields else []


def _checked(mapping: Sequence[str]) -> Mapping:
    if isinstance(mapping, str) or len(mapping) not in (2, 4) or not all(isinstance(part, str) for part in mapping):
        raise ValueError(f"A mapping is (source path, source type, target path, target type), and not {mapping!r}.")
    if len(mapping) == 2:
        return mapping[0], "", mapping[1], "struct"
    return mapping[0], mapping[1], mapping[2], mapping[3]


def drop_nulls(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without those whose type is null, in structs and in the elements of arrays too."""
    return [kept for node in nodes for kept in _without_nulls(node)]


def _without_nulls(node: Node) -> list[Node]:
    if isinstance(node.kind, glue.NullType):
        return []
    if isinstance(node.kind, glue.StructType):
        fields = drop_nulls(members(node))
        return [Node(node.name, kept_null(node.column, pack(fields)), struct_type(fields))] if fields else []
    if isinstance(node.kind, glue.ArrayType) and isinstance(node.kind.elementType, COMPLEX):
        return edit_elements(node, _without_nulls)
    return [node]


def unnest(nodes: Sequence[Node], prefix: str = "") -> list[Node]:
    """The fields of structs as columns of their own, named by their paths."""
    flat: list[Node] = []
    for node in nodes:
        name = f"{prefix}{node.name}"
        if isinstance(node.kind, glue.StructType):
            flat += unnest(members(node), f"{name}.")
        else:
            flat.append(Node(name, node.expression, node.kind))
    return flat


def conjunction(nodes: Sequence[Node], comparisons: dict[str, dict[str, object]]) -> Column:
    """The condition of `split_rows`. Raises ValueError for an unknown comparator or column."""
    condition = F.lit(True)
    for path, tests in comparisons.items():
        node = find(nodes, path_in(nodes, path))
        if node is None:
            raise ValueError(f"There is no column {path} to split rows by.")
        for comparator, value in tests.items():
            if comparator not in COMPARATORS:
                raise ValueError(f"{comparator} is not a comparator: use one of {', '.join(COMPARATORS)}.")
            condition = condition & _compared(node, COMPARATORS[comparator], value)
    return F.coalesce(condition, F.lit(False))


def _compared(node: Node, comparator: str, value: object) -> Column:
    """Whether a column compares so; of a choice the value of a kind that can be compared, others compare as nothing."""
    if not isinstance(node.kind, glue.ChoiceType):
        return _test(node, comparator, value)
    kinds = next((kinds for python, kinds in COMPARABLE if isinstance(value, python)), ())
    tests = [_test(member, comparator, value) for member in members(node) if isinstance(member.kind, kinds)]
    return F.coalesce(*tests, F.lit(False))


def _test(node: Node, comparator: str, value: object) -> Column:
    compared: Column = getattr(node.column, comparator)(F.lit(value))
    return compared


NUMBERS = (
    glue.ByteType, glue.ShortType, glue.IntegerType, glue.LongType, glue.FloatType, glue.DoubleType, glue.DecimalType,
)  # fmt: skip
COMPARABLE: Sequence[tuple[Any, tuple[type, ...]]] = (
    (bool, (glue.BooleanType,)),
    ((int, float, Decimal), NUMBERS),
    (str, (glue.StringType,)),
    (datetime, (glue.TimestampType,)),
    (date, (glue.DateType,)),
)
"""Types of Python, and those of the values of a choice that can be compared with theirs."""


COMPARATORS = {
    ">": "__gt__",
    "<": "__lt__",
    ">=": "__ge__",
    "<=": "__le__",
    "=": "__eq__",
    "==": "__eq__",
    "!=": "__ne__",
}
