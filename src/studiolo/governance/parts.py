"""What belongs to tables, as somebody may see and change it: versions, partitions, statistics."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from studiolo.catalog import (
    ColumnStatistics,
    Failure,
    Partition,
    PartitionIndex,
    Segment,
    Table,
)
from studiolo.catalog import Filter as PartitionFilter
from studiolo.domain import Denied, DomainError, NotFound, Page, Scope
from studiolo.governance import expressions
from studiolo.governance.redaction import partition_seen
from studiolo.governance.seeing import Seeing, insufficient, location_of, require_any
from studiolo.governance.sights import Sight

PAGE = 1000


class GovernedParts(Seeing):
    """Versions, partitions and statistics of tables for one principal."""

    # Versions: an earlier one is seen with what may be seen of the present one.

    def table_version(self, scope: Scope, database: str, table: str, version: int | None = None) -> Table:
        sight = self._required(scope, database, table)
        if sight.partial:
            raise insufficient("Select", table)
        return super().table_version(scope, database, table, version)

    def table_versions(
        self, scope: Scope, database: str, table: str, before: int | None = None, limit: int = 100
    ) -> Page[Table]:
        sight = self._required(scope, database, table)
        if sight.partial:
            raise insufficient("Select", table)
        return super().table_versions(scope, database, table, before, limit)

    def delete_table_version(self, scope: Scope, database: str, table: str, version: int) -> None:
        self.require(scope, database, table, "DROP")
        super().delete_table_version(scope, database, table, version)

    def delete_table_versions(
        self, scope: Scope, database: str, table: str, versions: Iterable[int]
    ) -> dict[int, DomainError]:
        self.require(scope, database, table, "DROP")
        return super().delete_table_versions(scope, database, table, versions)

    # Partitions

    def create_partition(self, scope: Scope, database: str, table: str, partition: Partition) -> Partition:
        self._require_partitions(scope, database, table, [partition])
        return super().create_partition(scope, database, table, partition)

    def create_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition]
    ) -> list[Failure]:
        self._require_partitions(scope, database, table, partitions)
        return super().create_partitions(scope, database, table, partitions)

    def add_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition], *, if_not_exists: bool = False
    ) -> list[Partition]:
        self._require_partitions(scope, database, table, partitions)
        return super().add_partitions(scope, database, table, partitions, if_not_exists=if_not_exists)

    def partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> Partition:
        if not self._lake.in_use:
            return super().partition(scope, database, table, values)
        found = self.partitions_of(scope, database, table, [values])
        if not found:
            raise NotFound("Cannot find partition.")
        return found[0]

    def partitions_of(
        self, scope: Scope, database: str, table: str, sought: Sequence[Sequence[str]]
    ) -> list[Partition]:
        if not self._lake.in_use:
            return super().partitions_of(scope, database, table, sought)
        sight, place, whole = self.sight(scope, database, table)
        require_any(sight, table)
        found = super().partitions_of(scope, database, table, sought)
        return self._partitions_seen(sight, place, whole, found) if sight.partial else found

    def partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        where: PartitionFilter | str | None = None,
        *,
        segment: Segment | None = None,
        after: str | None = None,
        limit: int | None = None,
        columns: bool = True,
        seen: Callable[[Sequence[str]], bool] | None = None,
    ) -> Page[Partition]:
        if self._lake.in_use:
            sight, place, whole = self.sight(scope, database, table)
            require_any(sight, table)
            if sight.partial:
                _require_keys(sight, whole)
                # The token of a page names a partition: it must be one that shows.
                page = super().partitions(
                    scope, database, table, where,
                    segment=segment, after=after, limit=limit, columns=columns, seen=_showing(sight, whole),
                )  # fmt: skip
                return Page(self._partitions_seen(sight, place, whole, page.items), page.next)
        return super().partitions(
            scope, database, table, where, segment=segment, after=after, limit=limit, columns=columns, seen=seen
        )

    def partition_values(
        self,
        scope: Scope,
        database: str,
        table: str,
        where: PartitionFilter | str | None = None,
        *,
        limit: int | None = None,
    ) -> list[tuple[str, ...]]:
        if not self._lake.in_use:
            return super().partition_values(scope, database, table, where, limit=limit)
        sight, _, whole = self.sight(scope, database, table)
        require_any(sight, table)
        if not sight.partial:
            return super().partition_values(scope, database, table, where, limit=limit)
        _require_keys(sight, whole)
        found = filter(_showing(sight, whole), super().partition_values(scope, database, table, where))
        return list(islice(found, limit))

    def update_partition(
        self, scope: Scope, database: str, table: str, values: Sequence[str], partition: Partition
    ) -> Partition:
        self._require_partitions(scope, database, table, [partition])
        return super().update_partition(scope, database, table, values, partition)

    def update_partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        changes: Iterable[tuple[Sequence[str], Partition]],
        *,
        together: bool = False,
    ) -> list[Failure]:
        changes = list(changes)
        self._require_partitions(scope, database, table, [partition for _, partition in changes])
        return super().update_partitions(scope, database, table, changes, together=together)

    def delete_partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> None:
        self.require(scope, database, table, "DELETE", "ALTER")
        super().delete_partition(scope, database, table, values)

    def delete_partitions(
        self, scope: Scope, database: str, table: str, gone: Iterable[Sequence[str]]
    ) -> list[Failure]:
        self.require(scope, database, table, "DELETE", "ALTER")
        return super().delete_partitions(scope, database, table, gone)

    def create_partition_index(self, scope: Scope, database: str, table: str, index: PartitionIndex) -> None:
        self.require(scope, database, table, "ALTER")
        super().create_partition_index(scope, database, table, index)

    def partition_indexes(self, scope: Scope, database: str, table: str) -> list[PartitionIndex]:
        sight = self._required(scope, database, table)
        found = super().partition_indexes(scope, database, table)
        return [each for each in found if all(sight.shows(key) for key in each.keys)]

    def delete_partition_index(self, scope: Scope, database: str, table: str, name: str) -> None:
        self.require(scope, database, table, "ALTER")
        super().delete_partition_index(scope, database, table, name)

    # Statistics tell of all rows: who may not see those is told none.

    def column_statistics(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], values: Sequence[str] | None = None
    ) -> list[ColumnStatistics]:
        return super().column_statistics(scope, database, table, self._told(scope, database, table, columns), values)

    def column_statistics_of(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], sought: Sequence[Sequence[str]]
    ) -> dict[tuple[str, ...], list[ColumnStatistics]]:
        told = self._told(scope, database, table, columns)
        return super().column_statistics_of(scope, database, table, told, sought)

    def set_column_statistics(
        self,
        scope: Scope,
        database: str,
        table: str,
        known: Sequence[ColumnStatistics],
        values: Sequence[str] | None = None,
        *,
        combine: Callable[[ColumnStatistics, ColumnStatistics], ColumnStatistics] | None = None,
    ) -> list[tuple[ColumnStatistics, DomainError]]:
        self.require(scope, database, table, "ALTER", "INSERT")
        return super().set_column_statistics(scope, database, table, known, values, combine=combine)

    def delete_column_statistics(
        self, scope: Scope, database: str, table: str, column: str, values: Sequence[str] | None = None
    ) -> None:
        self.require(scope, database, table, "ALTER", "INSERT")
        super().delete_column_statistics(scope, database, table, column, values)

    def _told(self, scope: Scope, database: str, table: str, columns: Sequence[str]) -> Sequence[str]:
        """Those of the columns whose statistics may be told."""
        sight = self._required(scope, database, table)
        if not sight.full and (not sight.cells or any(each.rows is not None for each in sight.cells)):
            return []
        return [column for column in columns if sight.shows(column)]

    def _partitions_seen(self, sight: Sight, place: Scope, table: Table, found: Sequence[Partition]) -> list[Partition]:
        _require_keys(sight, table)
        shows, root = _showing(sight, table), self._views.location(place, table, sight)
        return [
            partition_seen(each, sight, self._views.partition_location(root, table, each))
            for each in found
            if shows(each.values)
        ]

    def _require_partitions(self, scope: Scope, database: str, table: str, partitions: Sequence[Partition]) -> None:
        """Raise Denied unless partitions may be written, where they are to lie."""
        self.require(scope, database, table, "INSERT", "ALTER")
        scope, database, table = self.place_of(scope, database, table)
        if not self._lake.locations(scope):
            return
        root = location_of(super().table(scope, database, table))
        for partition in partitions:
            self._require_locations(scope, partition, under=root)


def _showing(sight: Sight, table: Table) -> Callable[[Sequence[str]], bool]:
    """Tells whether a partition of these values can have rows that show."""
    rows = sight.rows
    return lambda values: not expressions.never(expressions.bound(rows, table.partition_keys, values))


def _require_keys(sight: Sight, table: Table) -> None:
    """Raise Denied where a partition key is hidden: it stands in the names of partitions."""
    hidden = [key.name for key in table.partition_keys if not sight.shows(key.name)]
    if hidden:
        raise Denied(
            f"Insufficient Lake Formation permission(s): Required Select on the partition keys of {table.name}, "
            "which its partitions are named by"
        )
