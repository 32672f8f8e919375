"""What a selective filter costs does not grow with the table: counted in steps of SQLite's machine, not in seconds."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from studiolo.catalog import Catalog, Column, Database, Partition, PartitionIndex, Table
from studiolo.catalog.indexes import entries, slots
from studiolo.catalog.keys import components, partition_key, segment_hash
from studiolo.catalog.tables import partition_entries, partitions, tables
from studiolo.domain import Scope, now
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
KEYS = (Column("year", "int"), Column("month", "int"), Column("day", "date"), Column("city", "string"))
SELECTIVE = {
    "year = 2005 and month = 5 and day = '2005-05-05'": 2,
    "year = 2005 and month = 5 and day between '2005-05-05' and '2005-05-06' and city = 'c1'": 2,
    "day = '2005-05-05' and city like 'c%'": 2,
    "year in (2003, 2005) and month = 5 and city = 'c0' and day < '2003-05-03'": 2,
    "day >= '2005-05-05' and day <= '2005-05-06' and not city <> 'c0'": 2,
    "city = 'c1' and month = 5 and year <= 2000 and day = '2000-05-28'": 1,
}


class Counted:
    """A catalog whose table `many` has a partition for 2 cities, 28 days, 12 months of so many years."""

    def __init__(self, folder: Path, years: int) -> None:
        self.steps = 0
        self.state = State(f"sqlite:///{folder / f'{years}.db'}")
        event.listen(self.state._engine, "checkout", lambda connection, *_: self._watch(connection))
        self.catalog = Catalog(self.state, now)
        self.catalog.create_database(SCOPE, Database("air"))
        index = PartitionIndex("by_city", ("city", "month"))
        self.catalog.create_table(SCOPE, "air", Table("many", partition_keys=KEYS), indexes=[index])
        for year in range(2000, 2000 + years):
            self._fill(year)

    def _watch(self, connection: Any) -> None:
        def step() -> None:
            self.steps += 1

        connection.set_progress_handler(step, 1)

    def _fill(self, year: int) -> None:
        """Past the domain, which would take minutes."""
        table = self.catalog.table(SCOPE, "air", "many")
        dates = [(month, day, city) for month in range(1, 13) for day in range(1, 29) for city in range(2)]
        rows, entered = [], []
        with self.state.transaction() as tx:
            number = tx.execute(select(tables.c.id)).scalar_one()
            indexes = slots(tx, number, table)
            for month, day, city in dates:
                values = [str(year), str(month), f"{year}-{month:02}-{day:02}", f"c{city}"]
                parts = components(KEYS, values)
                key = partition_key(parts, values)
                row = {"table": number, "key": key, "hash": segment_hash(key), "written": json.dumps(values)}
                rows.append({**row, "schema": None, "document": '{"values":[]}'})
                entered += entries(number, key, parts, indexes)
            tx.connection.driver_connection.set_progress_handler(None, 1)  # type: ignore[union-attr]
            tx.execute(partitions.insert(), rows)
            tx.execute(partition_entries.insert(), entered)

    def cost(self, where: str) -> tuple[int, int]:
        """How many partitions a filter finds, and in how many steps."""
        self.steps = 0
        found = len(self.catalog.partitions(SCOPE, "air", "many", where, limit=100).items)
        return found, self.steps

    def cost_of_adding(self, count: int) -> int:
        """In how many steps so many partitions are added, together."""
        wanted = [Partition(("1999", "1", "1999-01-01", f"c{number}")) for number in range(count)]
        self.steps = 0
        assert self.catalog.create_partitions(SCOPE, "air", "many", wanted) == []
        return self.steps


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Counted, Counted]:
    folder = tmp_path_factory.mktemp("scale")
    return Counted(folder, 8), Counted(folder, 80)


@pytest.mark.parametrize("where", SELECTIVE)
def test_a_selective_filter_costs_the_same_in_a_table_ten_times_as_large(
    sizes: tuple[Counted, Counted], where: str
) -> None:
    small, large = (each.cost(where) for each in sizes)
    assert small[0] == large[0] == SELECTIVE[where]
    assert large[1] < small[1] * 1.2
    assert large[1] < 20_000


@pytest.mark.parametrize("where", ["", "year >= 2001", "month = 5", "city = 'c1'"])
def test_a_page_of_many_costs_a_page(sizes: tuple[Counted, Counted], where: str) -> None:
    small, large = (each.cost(where) for each in sizes)
    assert small[0] == large[0] == 100
    assert large[1] < small[1] * 1.2


def test_partitions_are_added_at_the_same_cost_to_a_table_ten_times_as_large(sizes: tuple[Counted, Counted]) -> None:
    small, large = (each.cost_of_adding(100) for each in sizes)
    assert large < small * 1.2
