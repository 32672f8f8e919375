"""Partitions: by their values, by filter, in segments and pages; written singly and in batches."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from studiolo.catalog.expressions import parse
from studiolo.catalog.filters import Filter, Keys, evaluator
from studiolo.catalog.indexes import slots
from studiolo.catalog.model import Partition, Segment
from studiolo.catalog.partition_rows import Records, Stored
from studiolo.catalog.scan import BATCH, Path, Place, best, candidates, paths
from studiolo.catalog.subject import TABLE, Subject, require_table
from studiolo.domain import DomainError, Invalid, Page, Scope


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry of a batch that was not carried out: whose values, and why."""

    values: tuple[str, ...]
    error: DomainError


class Partitions(Subject):
    """The partitions of tables."""

    def create_partition(self, scope: Scope, database: str, table: str, partition: Partition) -> Partition:
        """Add a partition. Raises NotFound, AlreadyExists, and Invalid for a wrong number of values."""
        with self._state.transaction() as tx:
            made, failures = self._records(tx, scope, database, table, lock=True).add([partition], self._clock())
        _raise_first(failures)
        return made[0]

    def create_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition]
    ) -> list[Failure]:
        """Add those of the partitions that can be; the others with the reason. Raises NotFound for the table."""
        with self._state.transaction() as tx:
            _, failures = self._records(tx, scope, database, table, lock=True).add(partitions, self._clock())
        return [Failure(*failure) for failure in failures]

    def add_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition], *, if_not_exists: bool = False
    ) -> list[Partition]:
        """Add all of the partitions or none, but for those that `if_not_exists` lets be; those that were added.

        Raises NotFound, AlreadyExists and Invalid.
        """
        with self._state.transaction() as tx:
            records = self._records(tx, scope, database, table, lock=True)
            if if_not_exists:
                there = records.existing([partition.values for partition in partitions])
                partitions = [partition for partition in partitions if partition.values not in there]
            made, failures = records.add(partitions, self._clock())
            _raise_first(failures)
        return made

    def partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> Partition:
        """Raises NotFound and Invalid."""
        with self._state.reading() as connection:
            records = self._records(connection, scope, database, table)
            return records.partition(records.row(values))

    def partitions_of(
        self, scope: Scope, database: str, table: str, sought: Sequence[Sequence[str]]
    ) -> list[Partition]:
        """Those of the partitions that exist, in the order of the values sought. Raises NotFound for the table, Invalid."""
        with self._state.reading() as connection:
            records = self._records(connection, scope, database, table)
            there = records.existing(sought)
            return [records.partition(there[tuple(values)]) for values in sought if tuple(values) in there]

    def partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        where: Filter | str | None = None,
        *,
        segment: Segment | None = None,
        after: str | None = None,
        limit: int | None = None,
        columns: bool = True,
        seen: Callable[[Sequence[str]], bool] | None = None,
    ) -> Page[Partition]:
        """The partitions that a filter holds for, at most `limit` of them, all without it.

        where: a filter, or its text (expressions.py); segment: of which part; columns: whether to give the columns of
        their storage; seen: whether one of these values may be known of at all. Raises NotFound and Invalid.
        """
        with self._state.reading() as connection:
            records = self._records(connection, scope, database, table)
            found = _find(connection, records, where, segment, after, BATCH if limit is None else min(limit + 1, BATCH))
            if seen is not None:
                found = ((place, row) for place, row in found if seen(row.values))
            taken = list(islice(found, None if limit is None else limit + 1))
            more = limit is not None and len(taken) > limit
            taken = taken[:limit]
            items = [records.partition(row, columns=columns) for _, row in taken]
        return Page(items, taken[-1][0] if more else None)

    def partition_values(
        self, scope: Scope, database: str, table: str, where: Filter | str | None = None, *, limit: int | None = None
    ) -> list[tuple[str, ...]]:
        """The values of the partitions that a filter holds for, and no more of them. Raises NotFound and Invalid."""
        with self._state.reading() as connection:
            records = self._records(connection, scope, database, table)
            found = _find(connection, records, where, None, None, BATCH)
            return [row.values for _, row in islice(found, limit)]

    def update_partition(
        self, scope: Scope, database: str, table: str, values: Sequence[str], partition: Partition
    ) -> Partition:
        """Replace a partition, whose values may change. Raises NotFound, AlreadyExists and Invalid."""
        with self._state.transaction() as tx:
            return self._records(tx, scope, database, table, lock=True).update(values, partition)

    def update_partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        changes: Iterable[tuple[Sequence[str], Partition]],
        *,
        together: bool = False,
    ) -> list[Failure]:
        """Replace those of the partitions that can be; the others with the reason. Raises NotFound for the table.

        With `together` all are replaced or none, and the first reason is raised.
        """
        failures = []
        with self._state.transaction() as tx:
            records = self._records(tx, scope, database, table, lock=True)
            for values, partition in changes:
                try:
                    records.update(values, partition)
                except DomainError as error:
                    if together:
                        raise
                    failures.append(Failure(tuple(values), error))
        return failures

    def delete_partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> None:
        """Raises NotFound and Invalid."""
        with self._state.transaction() as tx:
            self._records(tx, scope, database, table, lock=True).delete(values)

    def delete_partitions(
        self, scope: Scope, database: str, table: str, gone: Iterable[Sequence[str]]
    ) -> list[Failure]:
        """Delete those of the partitions that can be; the others with the reason. Raises NotFound for the table."""
        failures = []
        with self._state.transaction() as tx:
            records = self._records(tx, scope, database, table, lock=True)
            for values in gone:
                try:
                    records.delete(values)
                except DomainError as error:
                    failures.append(Failure(tuple(values), error))
        return failures

    def _records(
        self, connection: Connection, scope: Scope, database: str, table: str, *, lock: bool = False
    ) -> Records:
        row = require_table(connection, scope, database.lower(), table.lower(), lock=lock)
        found = replace(TABLE.validate_json(row.document), database=database.lower())
        return Records(connection, row.id, found)


def _find(
    connection: Connection,
    records: Records,
    where: Filter | str | None,
    segment: Segment | None,
    after: str | None,
    batch: int,
) -> Iterator[tuple[str, Stored]]:
    """What satisfies the filter, each with the token of its place."""
    if segment is not None and not 0 <= segment.number < segment.total:
        raise Invalid(f"Segment {segment.number} is not one of {segment.total}, which are counted from 0.")
    keys = Keys(records.table.partition_keys)
    try:
        if isinstance(where, str):
            where = parse(where, keys) if where.strip() else None
        test = None if where is None else evaluator(where, keys)
    except Invalid as error:
        raise Invalid(f"Invalid partition expression! {error}") from error
    path, place = _path(connection, records, where, after)
    for at, row in candidates(connection, records.number, path, segment, place, batch):
        stored = Stored(at[1], tuple(json.loads(row.written)), row.digest, row.document)
        if test is None or test(stored.values):
            yield f"{path.slot}:{at[0].hex()}:{at[1].hex()}", stored


def _path(
    connection: Connection, records: Records, condition: Filter | None, after: str | None
) -> tuple[Path, Place | None]:
    """The way to the partitions; a list that goes on keeps to the way that it began."""
    ways = paths(condition, records.table, slots(connection, records.number, records.table))
    if after is None:
        return best(connection, records.number, ways), None
    try:
        slot, entry, key = after.split(":")
        place = bytes.fromhex(entry), bytes.fromhex(key)
        (path,) = [way for way in ways if way.slot == int(slot)]
    except ValueError:
        raise Invalid("The pagination token is not one of this list.") from None
    return path, place


def _raise_first(failures: Sequence[tuple[tuple[str, ...], DomainError]]) -> None:
    for _, error in failures:
        raise error
