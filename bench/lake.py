"""A Data Catalog of any size: filled past the API of its server, by which a million partitions would take hours."""

from collections.abc import Iterator
from dataclasses import replace

from bench.server import Server
from bench.signing import REGION
from studiolo.catalog import Catalog, Column, Database, Partition, SerDe, StorageDescriptor, Table
from studiolo.catalog.subject import TABLE, bound, document
from studiolo.catalog.tables import tables
from studiolo.config import Settings
from studiolo.domain import Scope, now
from studiolo.state import State

COLUMNS = tuple(Column(f"column_{number}", "double") for number in range(20))
KEYS = (Column("day", "int"), Column("city", "string"))
STORAGE = StorageDescriptor(columns=COLUMNS, location="s3://lake/air", serde=SerDe(library="parquet"))
CHUNK = 10_000


class Lake:
    """One database of a server's catalog, with the table `air`: a partition of it is a day, and a city of that day."""

    def __init__(self, server: Server, database: str) -> None:
        self._database = database
        self._scope = Scope(Settings().account_id, REGION)
        self._state = State(f"sqlite:///{server.data / 'state.db'}")
        self._catalog = Catalog(self._state, now)

    def make(self) -> "Lake":
        """The database, and the table without partitions."""
        self._catalog.create_database(self._scope, Database(self._database))
        self._catalog.create_table(self._scope, self._database, Table("air", storage=STORAGE, partition_keys=KEYS))
        return self

    def add_partitions(self, first: int, last: int) -> None:
        """Partitions of `air` from one number up to another, all in the table's own place."""
        storage = self._catalog.table(self._scope, self._database, "air").storage
        for numbers in _chunks(first, last):
            wanted = [Partition(tuple(values_of(number)), storage=storage) for number in numbers]
            self._catalog.create_partitions(self._scope, self._database, "air", wanted)

    def add_tables(self, first: int, last: int, *, governed: bool = False) -> None:
        """Tables from one number up to another; governed: with Lake Formation, and not left to IAM."""
        table = Table("", database=self._database, storage=STORAGE, created=now(), updated=now(), governed=governed)
        for numbers in _chunks(first, last):
            rows = []
            for name in map(table_name, numbers):
                written = document(TABLE, replace(table, name=name))
                rows.append(bound(self._scope, database=self._database, name=name, document=written))
            with self._state.transaction() as tx:
                tx.execute(tables.insert(), rows)


def values_of(number: int) -> list[str]:
    """The values of a partition of `air`."""
    return [str(number), f"city {number}"]


def table_name(number: int) -> str:
    return f"table_{number}"


def _chunks(first: int, last: int) -> Iterator[range]:
    return (range(start, min(start + CHUNK, last)) for start in range(first, last, CHUNK))
