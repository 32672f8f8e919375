"""The rows of one table's partitions."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, bindparam, select

from studiolo.catalog.indexes import Slots, entries, slots
from studiolo.catalog.keys import components, partition_key, segment_hash
from studiolo.catalog.model import Column, Partition, Table
from studiolo.catalog.tables import partition_entries, partitions, schemas, statistics
from studiolo.domain import AlreadyExists, DomainError, Invalid, NotFound

PARTITION = TypeAdapter(Partition)
COLUMNS = TypeAdapter(tuple[Column, ...])
ELSEWHERE: Mapping[str, Any] = {"database": True, "table": True, "storage": {"columns": True}}
"""What a partition's document leaves out: its table, and columns that many have."""

LOOKED_UP = 500
LONGEST_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A partition as its row has it: `digest` leads to its columns."""

    key: bytes
    values: tuple[str, ...]
    digest: str | None
    document: str


class Records:
    """The partitions of the table with the id `number`, within one transaction."""

    def __init__(self, connection: Connection, number: int, table: Table) -> None:
        self._connection = connection
        self.number = number
        self.table = table
        self._columns: dict[str, tuple[Column, ...]] = {}
        # The last columns that were kept, and their digest: the next partition of a batch mostly has them too.
        self._kept: tuple[tuple[Column, ...], str] = ((), "")

    def partition(self, stored: Stored, *, columns: bool = True) -> Partition:
        """What a row tells."""
        kept: Partition = PARTITION.validate_json(stored.document)
        storage = kept.storage
        if storage is not None and stored.digest is not None and columns:
            storage = replace(storage, columns=self._schema(stored.digest))
        return replace(kept, values=stored.values, database=self.table.database, table=self.table.name, storage=storage)

    def row(self, values: Sequence[str]) -> Stored:
        """Raises NotFound and Invalid."""
        found = self.existing([values])
        if not found:
            raise NotFound("Cannot find partition.")
        return found[tuple(values)]

    def existing(self, sought: Sequence[Sequence[str]]) -> dict[tuple[str, ...], Stored]:
        """Those that exist, by their values. Raises Invalid."""
        found = {}
        for row in self._rows(_ROWS, [self._keyed(values)[1] for values in sought]):
            values = tuple(json.loads(row.written))
            found[values] = Stored(row.key, values, row.digest, row.document)
        return found

    def add(
        self, wanted: Sequence[Partition], moment: datetime
    ) -> tuple[list[Partition], list[tuple[tuple[str, ...], DomainError]]]:
        """Add those that are new and have a value for each key; the others, with what is wrong with them."""
        failures: list[tuple[tuple[str, ...], DomainError]] = []
        sound = []
        for partition in wanted:
            try:
                sound.append((partition, *self._keyed(partition.values)))
            except Invalid as error:
                failures.append((partition.values, error))
        there = {row.key for row in self._rows(_KEYS, [key for _, _, key in sound])}
        made, rows, entered = [], [], []
        for partition, parts, key in sound:
            if key in there:
                failures.append((partition.values, AlreadyExists("Partition already exists.")))
                continue
            there.add(key)
            made.append(replace(partition, created=moment, database=self.table.database, table=self.table.name))
            rows.append({"table": self.number, "key": key, **self._written(made[-1], key)})
            entered += entries(self.number, key, parts, self._slots)
        self._insert(rows, entered)
        return made, failures

    def update(self, values: Sequence[str], partition: Partition) -> Partition:
        """Raises NotFound, AlreadyExists and Invalid."""
        row = self.row(values)
        created = PARTITION.validate_json(row.document).created
        made = replace(
            partition,
            values=partition.values or row.values,
            created=created,
            database=self.table.database,
            table=self.table.name,
        )
        parts, key = self._keyed(made.values)
        mine = (partitions.c.table == self.number) & (partitions.c.key == row.key)
        if key == row.key:
            self._connection.execute(partitions.update().where(mine).values(self._written(made, key)))
            return made
        if self.existing([made.values]):
            raise AlreadyExists("Partition already exists.")
        self._drop_entries(row.key)
        self._connection.execute(partitions.update().where(mine).values(key=key, **self._written(made, key)))
        of_it = (statistics.c.table == self.number) & (statistics.c.partition == row.key)
        self._connection.execute(statistics.update().where(of_it).values(partition=key))
        self._insert([], entries(self.number, key, parts, self._slots))
        return made

    def delete(self, values: Sequence[str]) -> None:
        """Raises NotFound and Invalid."""
        row = self.row(values)
        self._drop_entries(row.key)
        of_it = (statistics.c.table == self.number) & (statistics.c.partition == row.key)
        self._connection.execute(statistics.delete().where(of_it))
        mine = (partitions.c.table == self.number) & (partitions.c.key == row.key)
        self._connection.execute(partitions.delete().where(mine))

    @cached_property
    def _slots(self) -> Slots:
        return slots(self._connection, self.number, self.table)

    def _keyed(self, values: Sequence[str]) -> tuple[list[bytes], bytes]:
        """The components of values, and the key. Raises Invalid."""
        keys = self.table.partition_keys
        if len(values) != len(keys) or not keys:
            raise Invalid(
                "The number of partition keys do not match the number of partition values: table "
                f"{self.table.name} has {len(keys)} ({', '.join(key.name for key in keys)}), and {len(values)} were given."
            )
        if any(len(value) > LONGEST_VALUE for value in values):
            raise Invalid(f"A partition value has at most {LONGEST_VALUE} characters.")
        parts = components(keys, values)
        return parts, partition_key(parts, values)

    def _rows(self, query: Select[Any], keys: Sequence[bytes]) -> Iterator[Row[Any]]:
        """The rows of those of the keys that exist."""
        for start in range(0, len(keys), LOOKED_UP):
            bound = {"table": self.number, "keys": keys[start : start + LOOKED_UP]}
            yield from self._connection.execute(query, bound)

    def _written(self, partition: Partition, key: bytes) -> dict[str, Any]:
        columns = partition.storage.columns if partition.storage else ()
        return {
            "hash": segment_hash(key),
            "written": json.dumps(partition.values),
            "schema": self._keep_schema(columns) if columns else None,
            "document": PARTITION.dump_json(partition, exclude_defaults=True, exclude=ELSEWHERE).decode(),
        }

    def _insert(self, rows: Sequence[dict[str, Any]], entered: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(partitions.insert(), rows)
        if entered:
            self._connection.execute(partition_entries.insert(), entered)

    def _drop_entries(self, key: bytes) -> None:
        row = self._connection.execute(_ROWS, {"table": self.number, "keys": [key]}).one()
        parts = components(self.table.partition_keys, json.loads(row.written))
        for entry in entries(self.number, key, parts, self._slots):
            self._connection.execute(_DROP_ENTRY, {f"the_{name}": value for name, value in entry.items()})

    def _keep_schema(self, columns: tuple[Column, ...]) -> str:
        if columns is self._kept[0]:
            return self._kept[1]
        written = COLUMNS.dump_json(columns, exclude_defaults=True)
        digest = hashlib.blake2b(written, digest_size=16).hexdigest()
        if digest not in self._columns:
            key = {"table": self.number, "digest": digest}
            if self._connection.execute(_SCHEMA, key).first() is None:
                self._connection.execute(schemas.insert().values(**key, document=written.decode()))
            self._columns[digest] = columns
        self._kept = columns, digest
        return digest

    def _schema(self, digest: str) -> tuple[Column, ...]:
        if digest not in self._columns:
            written = self._connection.execute(_SCHEMA, {"table": self.number, "digest": digest}).scalar_one()
            self._columns[digest] = COLUMNS.validate_json(written)
        return self._columns[digest]


_SOUGHT = (partitions.c.table == bindparam("table"), partitions.c.key.in_(bindparam("keys", expanding=True)))
_KEYS = select(partitions.c.key).where(*_SOUGHT)
_ROWS = select(
    partitions.c.key,
    partitions.c.written,
    partitions.c.schema.label("digest"),
    partitions.c.document,
).where(*_SOUGHT)
_SCHEMA = select(schemas.c.document).where(
    schemas.c.table == bindparam("table"), schemas.c.digest == bindparam("digest")
)
_DROP_ENTRY = partition_entries.delete().where(
    *(partition_entries.c[name] == bindparam(f"the_{name}") for name in ("table", "slot", "entry", "key"))
)
