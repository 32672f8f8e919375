"""Column statistics of several parts of a table as those of the whole, as Hive's metastore makes them.

Without Hive's bit vectors, which Glue has no place for, the distinct values of the whole are at least those of the
part that has most: that is what Hive then says, too.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from studiolo.catalog import ColumnStatistics

T = TypeVar("T")

READERS: dict[str, Callable[[str], Any]] = {
    "LONG": int,
    "DOUBLE": float,
    "DECIMAL": Decimal,
    "DATE": datetime.fromisoformat,
}
"""How the limits of each kind are compared."""


def together(one: ColumnStatistics, other: ColumnStatistics) -> ColumnStatistics:
    """What is known of both parts; of one column with two types, the later of the two is right."""
    if one.kind != other.kind:
        return other
    read = READERS.get(one.kind, str)
    return replace(
        other,
        analyzed=_of(max, one.analyzed, other.analyzed),
        minimum=_of(lambda a, b: min(a, b, key=read), one.minimum, other.minimum),
        maximum=_of(lambda a, b: max(a, b, key=read), one.maximum, other.maximum),
        nulls=_of(int.__add__, one.nulls, other.nulls),
        distinct=_of(max, one.distinct, other.distinct),
        average_length=_of(max, one.average_length, other.average_length),
        maximum_length=_of(max, one.maximum_length, other.maximum_length),
        trues=_of(int.__add__, one.trues, other.trues),
        falses=_of(int.__add__, one.falses, other.falses),
    )


def _of(both: Callable[[T, T], T], one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return both(one, other)
