"""Column statistics of tables and partitions: what optimizers plan by."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from studiolo.catalog.model import ColumnStatistics, Table
from studiolo.catalog.partition_rows import LOOKED_UP, Records
from studiolo.catalog.subject import TABLE, Subject, document, require_table
from studiolo.catalog.tables import statistics
from studiolo.domain import Clock, DomainError, NotFound, Scope

STATISTICS = TypeAdapter(ColumnStatistics)
OF_TABLE = b""

Combine = Callable[[ColumnStatistics, ColumnStatistics], ColumnStatistics]
"""What was known of a column and what is said of rows that were added, as one."""


class Statistics(Subject):
    """Statistics of the columns of a table, or of one of its partitions where `values` are given."""

    def column_statistics(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], values: Sequence[str] | None = None
    ) -> list[ColumnStatistics]:
        """What is known of those columns; a column of which nothing is known is left out. Raises NotFound, Invalid."""
        with self._state.reading() as connection:
            number, _, key = _place(connection, scope, database, table, values)
            query = select(statistics.c.document).where(
                statistics.c.table == number,
                statistics.c.partition == key,
                statistics.c.column.in_([column.lower() for column in columns]),
            )
            found = connection.execute(query.order_by(statistics.c.column)).scalars()
            return [STATISTICS.validate_json(written) for written in found]

    def column_statistics_of(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], sought: Sequence[Sequence[str]]
    ) -> dict[tuple[str, ...], list[ColumnStatistics]]:
        """What is known of those columns of partitions, by their values; the others are left out.

        Raises NotFound for the table, and Invalid.
        """
        with self._state.reading() as connection:
            row = require_table(connection, scope, database.lower(), table.lower())
            there = Records(connection, row.id, TABLE.validate_json(row.document)).existing(sought)
            values = {stored.key: each for each, stored in there.items()}
            known: dict[tuple[str, ...], list[ColumnStatistics]] = {}
            for start in range(0, len(values), LOOKED_UP):
                query = select(statistics.c.partition, statistics.c.document).where(
                    statistics.c.table == row.id,
                    statistics.c.partition.in_(list(values)[start : start + LOOKED_UP]),
                    statistics.c.column.in_([column.lower() for column in columns]),
                )
                for partition, written in connection.execute(query.order_by(statistics.c.column)):
                    known.setdefault(values[partition], []).append(STATISTICS.validate_json(written))
            return known

    def set_column_statistics(
        self,
        scope: Scope,
        database: str,
        table: str,
        known: Sequence[ColumnStatistics],
        values: Sequence[str] | None = None,
        *,
        combine: Combine | None = None,
    ) -> list[tuple[ColumnStatistics, DomainError]]:
        """Replace what is known of columns, or combine it with what is said now.

        The columns that are none of the table, with that. Raises NotFound, Invalid.
        """
        failures: list[tuple[ColumnStatistics, DomainError]] = []
        with self._state.transaction() as tx:
            number, found, key = _place(tx, scope, database, table, values, lock=True)
            there = _columns(found)
            for each in known:
                column = each.column.lower()
                if column not in there:
                    failures.append((each, NotFound(f"Column {each.column} not found in table {found.name}.")))
                    continue
                before = _delete(tx, number, key, column)
                told = each if combine is None or before is None else combine(before, each)
                kept = document(STATISTICS, _dated(told, self._clock))
                row = {"table": number, "partition": key, "column": column, "document": kept}
                tx.execute(statistics.insert().values(row))
        return failures

    def delete_column_statistics(
        self, scope: Scope, database: str, table: str, column: str, values: Sequence[str] | None = None
    ) -> None:
        """Forget what is known of a column, if anything is. Raises NotFound for the table or partition, and Invalid."""
        with self._state.transaction() as tx:
            number, _, key = _place(tx, scope, database, table, values, lock=True)
            _delete(tx, number, key, column.lower())


def _place(
    connection: Connection,
    scope: Scope,
    database: str,
    table: str,
    values: Sequence[str] | None,
    *,
    lock: bool = False,
) -> tuple[int, Table, bytes]:
    """The table's id, the table, and the key of the partition. Raises NotFound and Invalid."""
    row = require_table(connection, scope, database.lower(), table.lower(), lock=lock)
    found = TABLE.validate_json(row.document)
    key = OF_TABLE if values is None else Records(connection, row.id, found).row(values).key
    return row.id, found, key


def _columns(table: Table) -> set[str]:
    columns = table.storage.columns if table.storage is not None else ()
    return {column.name.lower() for column in (*columns, *table.partition_keys)}


def _dated(known: ColumnStatistics, clock: Clock) -> ColumnStatistics:
    return known if known.analyzed is not None else replace(known, analyzed=clock())


def _delete(tx: Connection, number: int, key: bytes, column: str) -> ColumnStatistics | None:
    """Forget a column's statistics; what they were."""
    mine = (statistics.c.table == number) & (statistics.c.partition == key) & (statistics.c.column == column)
    written = tx.execute(select(statistics.c.document).where(mine)).scalar()
    tx.execute(statistics.delete().where(mine))
    return None if written is None else STATISTICS.validate_json(written)
