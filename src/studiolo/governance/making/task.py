"""What the program is asked to do with one file, as it goes over its pipe."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from studiolo.catalog import Column
from studiolo.governance import expressions as filters
from studiolo.governance.expressions import Among, And, Compare, Filter, Like, Not, Null, Or, Truth, Value


class Refused(Exception):
    """Why a file cannot be filtered exactly, in one sentence: nothing of it is shown then."""


class Unread(Refused):
    """What of a table's format is not read here, which says nothing of its columns and values: who asks is told it."""


@dataclass(frozen=True)
class Task:
    """A file to be filtered. columns: of the table, in their order; shown: those of them that are to be left.

    cells: rows and the columns that show of those, in lower case. serde: how rows are written. more: what a format needs
    beside, which is JSON.
    """

    source: str
    target: str
    name: str
    format: str
    columns: tuple[Column, ...]
    shown: tuple[str, ...]
    cells: tuple[tuple[Filter, frozenset[str]], ...]
    serde: Mapping[str, str]
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> Filter:
        """The rows of which anything shows."""
        return filters.either([rows for rows, _ in self.cells])

    def rows_of(self, column: str) -> Filter:
        """The rows in which a column shows."""
        return filters.either([rows for rows, names in self.cells if column in names])

    def write(self) -> str:
        """The task as a line."""
        return json.dumps(
            {
                **{name: getattr(self, name) for name in ("source", "target", "name", "format", "shown")},
                "serde": dict(self.serde),
                "more": dict(self.more),
                "columns": [[column.name, column.type] for column in self.columns],
                "cells": [[_told(rows), sorted(names)] for rows, names in self.cells],
            }
        )

    @classmethod
    def read(cls, line: str) -> "Task":
        told: dict[str, Any] = json.loads(line)
        return cls(
            **{name: told[name] for name in ("source", "target", "name", "format", "serde", "more")},
            shown=tuple(told["shown"]),
            columns=tuple(Column(name, kind) for name, kind in told["columns"]),
            cells=tuple((_read(rows), frozenset(names)) for rows, names in told["cells"]),
        )


def _told(node: Filter) -> list[Any]:
    if isinstance(node, And | Or):
        return [type(node).__name__, [_told(part) for part in node.parts]]
    if isinstance(node, Not):
        return ["Not", _told(node.part)]
    if isinstance(node, Truth):
        return ["Truth", node.value]
    if isinstance(node, Null):
        return ["Null", node.column]
    if isinstance(node, Like):
        return ["Like", node.column, node.pattern]
    if isinstance(node, Among):
        return ["Among", node.column, [_value(each) for each in node.values]]
    return ["Compare", node.column, node.operator, _value(node.value)]


def _read(told: list[Any]) -> Filter:
    kind, *rest = told
    if kind in ("And", "Or"):
        parts = tuple(_read(part) for part in rest[0])
        return And(parts) if kind == "And" else Or(parts)
    if kind == "Not":
        return Not(_read(rest[0]))
    if kind == "Truth":
        return Truth(rest[0])
    if kind == "Null":
        return Null(rest[0])
    if kind == "Like":
        return Like(*rest)
    if kind == "Among":
        return Among(rest[0], tuple(_read_value(each) for each in rest[1]))
    return Compare(rest[0], rest[1], _read_value(rest[2]))


def _value(value: Value) -> Any:
    return {"number": str(value)} if isinstance(value, Decimal) else value


def _read_value(told: Any) -> Value:
    return Decimal(told["number"]) if isinstance(told, dict) else told
