"""Finding the partitions that satisfy a filter: the index that leads to the fewest, read range by range, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, Row, Select, bindparam, func, select, tuple_

from studiolo.catalog.filters import Filter, Keys, Range, is_point, ranges_of
from studiolo.catalog.indexes import Slots
from studiolo.catalog.keys import TEXT, after_prefix, kind_of
from studiolo.catalog.model import Segment, Table
from studiolo.catalog.tables import partition_entries, partitions

MOST_RANGES = 1000
COUNTED = 200
BATCH = 1000
EVERYTHING: Range = (b"", b"\xff")

Place = tuple[bytes, bytes]
"""Where a list is: the entry in the index, and the key of the partition."""


@dataclass(frozen=True)
class Path:
    """Ranges of an index, ascending and disjoint, that hold all that is sought."""

    slot: int
    ranges: Sequence[Range]


def paths(condition: Filter | None, table: Table, slots: Slots) -> list[Path]:
    """The ways to what a filter is satisfied by, of each index that narrows it; the whole table where none does."""
    everything = Path(0, [EVERYTHING])
    if condition is None:
        return [everything]
    keys = Keys(table.partition_keys)
    found = [_path(condition, table, keys, slot, positions) for slot, positions in slots.items()]
    return [path for path in found if path.ranges != [EVERYTHING]] or [everything]


def _path(condition: Filter, table: Table, keys: Keys, slot: int, positions: Sequence[int]) -> Path:
    """As many keys of the index as have single values, and a range of the one after them."""
    points: list[list[bytes]] = []
    last: list[Range] | None = None
    for position in positions:
        limits = ranges_of(condition, keys, position)
        if limits == []:
            return Path(slot, [])
        kind = kind_of(table.partition_keys[position]) or TEXT
        count = prod(map(len, points)) * len(limits or ())
        if limits is None or count > MOST_RANGES:
            break
        if not all(is_point(each, kind) for each in limits):
            last = limits
            break
        points.append([low for low, _ in limits])
    if last is None and points:
        last = [(low, after_prefix(low) or b"\xff") for low in points.pop()]
    if last is None:
        return Path(slot, [EVERYTHING])
    prefixes = [b"".join(parts) for parts in product(*points)]
    return Path(slot, [(prefix + low, prefix + high) for prefix in prefixes for low, high in last])


def best(connection: Connection, number: int, candidates: Sequence[Path]) -> Path:
    """The path over the fewest rows, as far as counting the first of each tells."""
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda path: _count(connection, number, path))


def _count(connection: Connection, number: int, path: Path) -> int:
    total = 0
    for low, high in path.ranges:
        query = _COUNT_KEYS if path.slot == 0 else _COUNT_ENTRIES
        bound = {"table": number, "slot": path.slot, "low": low, "high": high}
        total += connection.execute(query, bound).scalar_one()
        if total >= COUNTED:
            break
    return total


def candidates(
    connection: Connection, number: int, path: Path, segment: Segment | None, after: Place | None, batch: int = BATCH
) -> Iterator[tuple[Place, Row[Any]]]:
    """The partitions of a path's ranges after a place, in the index's order."""
    for low, high in path.ranges:
        place = after if after is not None and after[0] >= low else (low, b"")
        if place[0] >= high:
            continue
        while True:
            query = _of_segment(_KEYS if path.slot == 0 else _ENTRIES, segment)
            bound = {
                "table": number,
                "slot": path.slot,
                "high": high,
                "entry": place[0],
                "after": place[1],
                "batch": batch,
            }
            rows = connection.execute(query, bound).all()
            for row in rows:
                place = (row.key, row.key) if path.slot == 0 else (row.entry, row.key)
                yield place, row
            if len(rows) < batch:
                break


def _of_segment(query: Select[Any], segment: Segment | None) -> Select[Any]:
    if segment is None:
        return query
    return query.where(partitions.c.hash % segment.total == segment.number)


_COLUMNS: tuple[ColumnElement[Any], ...] = (
    partitions.c.key,
    partitions.c.written,
    partitions.c.schema.label("digest"),
    partitions.c.document,
)
_PLACE = tuple_(bindparam("entry", type_=LargeBinary), bindparam("after", type_=LargeBinary))
# In the order of the partitions the place is the key itself, and no key is as short as the prefixes that ranges begin at.
_KEYS = (
    select(*_COLUMNS)
    .where(partitions.c.table == bindparam("table"))
    .where(partitions.c.key < bindparam("high"), partitions.c.key > bindparam("entry"))
    .order_by(partitions.c.key)
    .limit(bindparam("batch"))
)
_ENTRIES = (
    select(*_COLUMNS, partition_entries.c.entry)
    .select_from(partition_entries)
    .join(
        partitions,
        (partitions.c.table == partition_entries.c.table) & (partitions.c.key == partition_entries.c.key),
    )
    .where(partition_entries.c.table == bindparam("table"), partition_entries.c.slot == bindparam("slot"))
    .where(partition_entries.c.entry < bindparam("high"))
    .where(tuple_(partition_entries.c.entry, partition_entries.c.key) > _PLACE)
    .order_by(partition_entries.c.entry, partition_entries.c.key)
    .limit(bindparam("batch"))
)
_COUNT_KEYS = select(func.count()).select_from(
    select(partitions.c.key)
    .where(partitions.c.table == bindparam("table"))
    .where(partitions.c.key >= bindparam("low"), partitions.c.key < bindparam("high"))
    .limit(COUNTED)
    .subquery()
)
_COUNT_ENTRIES = select(func.count()).select_from(
    select(partition_entries.c.key)
    .where(partition_entries.c.table == bindparam("table"), partition_entries.c.slot == bindparam("slot"))
    .where(partition_entries.c.entry >= bindparam("low"), partition_entries.c.entry < bindparam("high"))
    .limit(COUNTED)
    .subquery()
)
