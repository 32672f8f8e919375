"""Partition indexes: which partitions have the given values of some keys, found without reading the others.

Each partition key after the first has an index of its own from the start; users add indexes over several keys. The
order of `partitions.key` is the index over all keys.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from studiolo.catalog.keys import components
from studiolo.catalog.model import PartitionIndex, Table
from studiolo.catalog.subject import TABLE, Subject, require_table
from studiolo.catalog.tables import partition_entries, partition_indexes, partitions
from studiolo.domain import AlreadyExists, Invalid, LimitExceeded, NotFound, Scope

MOST_INDEXES = 3
MOST_KEYS = 100
# Slots below are the positions of single keys.
FIRST_OWN = 1000
CHUNK = 1000

Slots = Mapping[int, tuple[int, ...]]
"""Of each index of a table, the positions of its keys; slot 0 is the order of the partitions themselves."""


class PartitionIndexes(Subject):
    """The partition indexes of tables."""

    def create_partition_index(self, scope: Scope, database: str, table: str, index: PartitionIndex) -> None:
        """Add an index, filled when this returns. Raises NotFound, AlreadyExists, Invalid, LimitExceeded."""
        with self._state.transaction() as tx:
            row = require_table(tx, scope, database.lower(), table.lower(), lock=True)
            add_indexes(tx, row.id, TABLE.validate_json(row.document), [index])

    def partition_indexes(self, scope: Scope, database: str, table: str) -> list[PartitionIndex]:
        """The indexes that users made, by name. Raises NotFound."""
        with self._state.reading() as connection:
            row = require_table(connection, scope, database.lower(), table.lower())
            query = select(partition_indexes).where(partition_indexes.c.table == row.id)
            found = connection.execute(query.order_by(partition_indexes.c.name))
            return [PartitionIndex(index.name, tuple(json.loads(index.key_names))) for index in found]

    def delete_partition_index(self, scope: Scope, database: str, table: str, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            row = require_table(tx, scope, database.lower(), table.lower(), lock=True)
            mine = (partition_indexes.c.table == row.id) & (partition_indexes.c.name == name)
            index = tx.execute(select(partition_indexes.c.slot).where(mine)).first()
            if index is None:
                raise NotFound(f"Index with the given indexName : {name} does not exist.")
            tx.execute(
                partition_entries.delete().where(
                    partition_entries.c.table == row.id, partition_entries.c.slot == index.slot
                )
            )
            tx.execute(partition_indexes.delete().where(mine))


def check_keys(table: Table) -> None:
    """Raise Invalid where partition keys are named twice or are too many."""
    names = [key.name.lower() for key in table.partition_keys]
    if len(set(names)) < len(names):
        raise Invalid(f"The partition keys of table {table.name} must have different names: {', '.join(names)}.")
    if len(names) > MOST_KEYS:
        raise Invalid(f"A table has at most {MOST_KEYS} partition keys, and {table.name} {len(names)}.")


def slots(connection: Connection, number: int, table: Table) -> Slots:
    """The indexes of the table with that id."""
    rows = connection.execute(_SLOTS, {"table": number})
    return {**_own_slots(table), **{row.slot: _positions(table, json.loads(row.key_names)) for row in rows}}


def entries(number: int, key: bytes, parts: Sequence[bytes], of: Slots) -> list[dict[str, Any]]:
    """The rows by which a partition is found in the indexes."""
    return [
        {"table": number, "slot": slot, "entry": b"".join(parts[position] for position in positions), "key": key}
        for slot, positions in of.items()
        if slot
    ]


def add_indexes(tx: Connection, number: int, table: Table, indexes: Iterable[PartitionIndex]) -> None:
    """Record indexes, and enter the partitions that are there. Raises AlreadyExists, Invalid, LimitExceeded."""
    for index in indexes:
        mine = partition_indexes.c.table == number
        there = tx.execute(select(partition_indexes).where(mine)).all()
        positions = _positions(table, index.keys)
        if any(row.name == index.name for row in there):
            raise AlreadyExists(f"Index with the given indexName : {index.name} already exists.")
        if any(_positions(table, json.loads(row.key_names)) == positions for row in there):
            raise AlreadyExists(f"An index over the keys {', '.join(index.keys)} already exists.")
        if len(there) == MOST_INDEXES:
            raise LimitExceeded(f"A table has at most {MOST_INDEXES} partition indexes.")
        slot = max((row.slot for row in there), default=FIRST_OWN) + 1
        row = {"table": number, "name": index.name, "slot": slot, "key_names": json.dumps(index.keys)}
        tx.execute(partition_indexes.insert().values(row))
        _fill(tx, number, table, {slot: positions})


def _fill(tx: Connection, number: int, table: Table, of: Slots) -> None:
    after = b""
    query = select(partitions.c.key, partitions.c.written).order_by(partitions.c.key).limit(CHUNK)
    while rows := tx.execute(query.where(partitions.c.table == number, partitions.c.key > after)).all():
        made = []
        for row in rows:
            parts = components(table.partition_keys, json.loads(row.written))
            made += entries(number, row.key, parts, of)
        tx.execute(partition_entries.insert(), made)
        after = rows[-1].key


def _own_slots(table: Table) -> Slots:
    count = len(table.partition_keys)
    return {0: tuple(range(count)), **{position: (position,) for position in range(1, count)}}


def _positions(table: Table, keys: Sequence[str]) -> tuple[int, ...]:
    """Where the keys of an index stand among those of the table. Raises Invalid."""
    names = [key.name.lower() for key in table.partition_keys]
    if not keys or len({key.lower() for key in keys}) < len(keys):
        raise Invalid("A partition index needs one or more keys, each once.")
    for key in keys:
        if key.lower() not in names:
            raise Invalid(f"{key} is not a partition key of table {table.name}: {', '.join(names) or 'it has none'}.")
    return tuple(names.index(key.lower()) for key in keys)


# Built once: every list and every batch asks for them.
_SLOTS = select(partition_indexes.c.slot, partition_indexes.c.key_names).where(
    partition_indexes.c.table == bindparam("table")
)
