import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from studiolo.catalog import (
    Catalog,
    Column,
    Partition,
    PartitionIndex,
    Segment,
    StorageDescriptor,
)
from studiolo.domain import AlreadyExists, Invalid, LimitExceeded, NotFound, Scope

STORAGE = StorageDescriptor(columns=(Column("pm", "double", "fine dust"),), location="s3://lake/days/1")


def days(year: int, months: Sequence[int] = range(1, 13)) -> list[Partition]:
    return [Partition((str(year), str(month), f"{year}-{month:02}-01"), storage=STORAGE) for month in months]


def found(catalog: Catalog, scope: Scope, where: str, **options: object) -> list[str]:
    page = catalog.partitions(scope, "air", "days", where, **options)  # type: ignore[arg-type]
    return ["/".join(partition.values) for partition in page.items]


def test_a_partition_comes_back_with_every_field(catalog: Catalog, scope: Scope) -> None:
    given = Partition(("2024", "1", "2024-01-01"), storage=STORAGE, parameters={"numRows": "5"})
    made = catalog.create_partition(scope, "air", "days", given)
    kept = catalog.partition(scope, "air", "days", ["2024", "1", "2024-01-01"])
    assert kept == made
    assert replace(kept, created=None, database="", table="") == given


def test_a_wrong_number_of_values_is_refused(catalog: Catalog, scope: Scope) -> None:
    with pytest.raises(Invalid, match="number of partition keys do not match the number of partition values"):
        catalog.create_partition(scope, "air", "days", Partition(("2024",)))
    with pytest.raises(Invalid, match="number of partition keys"):
        catalog.partition(scope, "air", "days", ["2024"])


def test_of_a_batch_each_entry_succeeds_or_says_why_not(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partition(scope, "air", "days", days(2024, [1])[0])
    batch = [*days(2024, [1, 2, 2]), Partition(("2024",))]
    failures = catalog.create_partitions(scope, "air", "days", batch)
    assert sorted(type(failure.error).__name__ for failure in failures) == ["AlreadyExists", "AlreadyExists", "Invalid"]
    assert len(catalog.partitions(scope, "air", "days").items) == 2


def test_partitions_are_added_together_or_not_at_all(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partition(scope, "air", "days", days(2024, [2])[0])
    with pytest.raises(AlreadyExists):
        catalog.add_partitions(scope, "air", "days", days(2024, [1, 2]))
    assert len(catalog.partitions(scope, "air", "days").items) == 1
    added = catalog.add_partitions(scope, "air", "days", days(2024, [1, 2]), if_not_exists=True)
    assert [partition.values[1] for partition in added] == ["1"]


def test_1_and_01_are_two_partitions_that_an_integer_filter_finds_both(catalog: Catalog, scope: Scope) -> None:
    values = [("2024", "1", "2024-01-01"), ("02024", "1", "2024-01-01")]
    assert catalog.create_partitions(scope, "air", "days", [Partition(each) for each in values]) == []
    assert len(found(catalog, scope, "year = 2024")) == 2


def test_filters_compare_by_the_type_of_the_key(catalog: Catalog, scope: Scope) -> None:
    for year in (999, 2023, 2024):
        catalog.create_partitions(scope, "air", "days", days(year) if year > 999 else [Partition(("999", "x", "-"))])
    assert len(found(catalog, scope, "year < 2023")) == 1
    assert found(catalog, scope, "year = 2024 AND month = '5'") == ["2024/5/2024-05-01"]
    assert len(found(catalog, scope, "month > '5' and year >= 2024")) == 4
    assert found(catalog, scope, "day between '2023-12-01' and DATE '2024-01-31'") == [
        "2023/12/2023-12-01",
        "2024/1/2024-01-01",
    ]
    assert len(found(catalog, scope, "month in ('1', '2') or day = '2023-03-01'")) == 5
    assert len(found(catalog, scope, "not (year = 2024 or month like '1%')")) == 9


def test_a_value_that_is_none_of_its_key_s_type_is_in_no_comparison(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", [Partition(("soon", "1", "2024-01-01"))])
    assert found(catalog, scope, "year = 1 or year <> 1") == []
    assert found(catalog, scope, "year is not null") == ["soon/1/2024-01-01"]


def test_hive_s_default_partition_is_null(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", [Partition(("2024", "__HIVE_DEFAULT_PARTITION__", "2024-01-01"))])
    assert len(found(catalog, scope, "month is null")) == 1
    assert found(catalog, scope, "month <> 'x'") == []
    assert found(catalog, scope, "month like '%'") == []


def test_every_page_continues_where_the_last_one_ended(catalog: Catalog, scope: Scope) -> None:
    for year in range(2000, 2010):
        catalog.create_partitions(scope, "air", "days", days(year))
    for where in ("", "month = '5'", "month in ('5', '6') and year > 2003", "day >= '2004-01-01'", "month like '%1'"):
        everything = found(catalog, scope, where)
        collected: list[str] = []
        after = None
        while True:
            page = catalog.partitions(scope, "air", "days", where, after=after, limit=3)
            collected += ["/".join(partition.values) for partition in page.items]
            after = page.next
            if after is None:
                break
        assert collected == everything


def test_segments_are_disjoint_and_together_everything(catalog: Catalog, scope: Scope) -> None:
    for year in range(2000, 2005):
        catalog.create_partitions(scope, "air", "days", days(year))
    parts = [set(found(catalog, scope, "", segment=Segment(number, 4))) for number in range(4)]
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == 60
    assert all(parts)
    with pytest.raises(Invalid, match="Segment 4"):
        found(catalog, scope, "", segment=Segment(4, 4))


def test_a_partition_is_found_by_its_new_values_and_no_more_by_its_old_ones(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", days(2024, [1, 2]))
    changed = days(2025, [7])[0]
    catalog.update_partition(scope, "air", "days", ["2024", "1", "2024-01-01"], changed)
    assert found(catalog, scope, "month = '7'") == ["2025/7/2025-07-01"]
    assert found(catalog, scope, "month = '1'") == []
    with pytest.raises(AlreadyExists):
        catalog.update_partition(scope, "air", "days", ["2024", "2", "2024-02-01"], changed)


def test_deleted_partitions_are_gone_and_the_others_are_reported(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", days(2024, [1, 2]))
    gone = [["2024", "1", "2024-01-01"], ["2024", "9", "2024-09-01"], ["2024"]]
    failures = catalog.delete_partitions(scope, "air", "days", gone)
    assert [type(failure.error) for failure in failures] == [NotFound, Invalid]
    assert found(catalog, scope, "month <> '0'") == ["2024/2/2024-02-01"]


def test_partitions_are_found_as_before_after_a_key_has_another_type(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", days(2024))
    table = catalog.table(scope, "air", "days")
    keys = (table.partition_keys[0], Column("month", "int"), table.partition_keys[2])
    catalog.update_table(scope, "air", replace(table, partition_keys=keys))
    assert len(found(catalog, scope, "month >= 5")) == 8
    assert catalog.partition(scope, "air", "days", ["2024", "7", "2024-07-01"]).storage == STORAGE
    with pytest.raises(Invalid, match="has partitions of 3 values"):
        catalog.update_table(scope, "air", replace(table, partition_keys=keys[:2]))


def test_a_partition_index_finds_those_there_before_and_after_it(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partitions(scope, "air", "days", days(2023))
    catalog.create_partition_index(scope, "air", "days", PartitionIndex("by_day", ("month", "day")))
    catalog.create_partitions(scope, "air", "days", days(2024))
    assert found(catalog, scope, "month = '5' and day > '2023-06-01'") == ["2024/5/2024-05-01"]
    assert [index.name for index in catalog.partition_indexes(scope, "air", "days")] == ["by_day"]
    with pytest.raises(AlreadyExists):
        catalog.create_partition_index(scope, "air", "days", PartitionIndex("by_day", ("day",)))
    with pytest.raises(Invalid, match="hour is not a partition key"):
        catalog.create_partition_index(scope, "air", "days", PartitionIndex("by_hour", ("hour",)))
    catalog.delete_partition_index(scope, "air", "days", "by_day")
    with pytest.raises(NotFound):
        catalog.delete_partition_index(scope, "air", "days", "by_day")
    assert len(found(catalog, scope, "month = '5'")) == 2


def test_a_table_has_three_partition_indexes_at_most(catalog: Catalog, scope: Scope) -> None:
    for keys in (("year",), ("month",), ("day",)):
        catalog.create_partition_index(scope, "air", "days", PartitionIndex(keys[0], keys))
    with pytest.raises(LimitExceeded):
        catalog.create_partition_index(scope, "air", "days", PartitionIndex("more", ("day", "year")))


def test_of_writers_of_the_same_partition_one_adds_it(catalog: Catalog, scope: Scope) -> None:
    failures: list[object] = []

    def write() -> None:
        failures.extend(catalog.create_partitions(scope, "air", "days", days(2024)))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 5 * 12
    assert len(found(catalog, scope, "month <> '0'")) == 12
