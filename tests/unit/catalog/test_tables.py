import threading
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from studiolo.catalog import (
    Catalog,
    Column,
    ConcurrentModification,
    Database,
    Function,
    Order,
    Partition,
    SerDe,
    SkewedInfo,
    StorageDescriptor,
    Table,
)
from studiolo.domain import AlreadyExists, Conflict, Invalid, NotFound, Scope

FULL = Table(
    "Everything",
    description="all fields",
    owner="ann",
    last_access=datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    last_analyzed=datetime(2024, 1, 3, tzinfo=timezone.utc),
    retention=7,
    storage=StorageDescriptor(
        columns=(Column("a", "struct<b:int>", "a comment", {"x": "y"}), Column("Ärger", None)),
        location="s3://lake/everything",
        additional_locations=("s3://lake/more",),
        input_format="in",
        output_format="out",
        compressed=True,
        buckets=4,
        serde=SerDe("name", "library", {"field.delim": "\t"}),
        bucket_columns=("a",),
        sort_columns=(Order("a", 1),),
        parameters={"p": "q"},
        skewed=SkewedInfo(("a",), ("1",), {"1": "s3://lake/skewed"}),
        stored_as_subdirectories=True,
        schema_reference={"SchemaVersionNumber": 3},
    ),
    partition_keys=(Column("d", "date", "the day"),),
    view_original_text="select 1",
    view_expanded_text="select 1 from t",
    type="EXTERNAL_TABLE",
    parameters={"classification": "parquet", "empty": ""},
    created_by="arn:aws:iam::123456789012:root",
    target_table={"DatabaseName": "other"},
    federated_table={"Identifier": "f"},
    view_definition={"Dialect": ["SPARK"]},
)


def test_a_table_comes_back_with_every_field_it_was_given(catalog: Catalog, scope: Scope) -> None:
    made = catalog.create_table(scope, "air", FULL)
    found = catalog.table(scope, "AIR", "EVERYTHING")
    assert found == made
    assert replace(found, name=FULL.name, database="", created=None, updated=None) == FULL


def test_names_fold_to_lower_case(catalog: Catalog, scope: Scope) -> None:
    catalog.create_database(scope, Database("Water"))
    catalog.create_table(scope, "WATER", Table("Levels"))
    assert catalog.table(scope, "water", "lEVELS").name == "levels"
    with pytest.raises(AlreadyExists, match="Database already exists"):
        catalog.create_database(scope, Database("WATER"))
    with pytest.raises(AlreadyExists, match="Table already exists"):
        catalog.create_table(scope, "water", Table("LEVELS"))


def test_what_is_not_there_is_named(catalog: Catalog, scope: Scope) -> None:
    with pytest.raises(NotFound, match="Database water not found"):
        catalog.table(scope, "water", "levels")
    with pytest.raises(NotFound, match="Table levels not found"):
        catalog.table(scope, "air", "levels")
    with pytest.raises(NotFound, match="Database air not found"):
        catalog.create_table(Scope(scope.account, "us-east-1"), "air", Table("levels"))


@pytest.mark.parametrize("name", ["", "n" * 256, "two\nlines"])
def test_a_name_that_cannot_be_is_refused(catalog: Catalog, scope: Scope, name: str) -> None:
    with pytest.raises(Invalid, match="printable"):
        catalog.create_table(scope, "air", Table(name))


def test_versions_count_from_0_and_are_kept_unless_the_writer_skips_that(catalog: Catalog, scope: Scope) -> None:
    catalog.update_table(scope, "air", Table("days", description="one"))
    catalog.update_table(scope, "air", Table("days", description="two"), skip_archive=True)
    catalog.update_table(scope, "air", Table("days", description="three"))
    assert [each.version for each in catalog.table_versions(scope, "air", "days").items] == [3, 2, 0]
    assert catalog.table_version(scope, "air", "days", 0).partition_keys[0].name == "year"
    assert catalog.table_version(scope, "air", "days").description == "three"
    with pytest.raises(NotFound, match="no version 1"):
        catalog.table_version(scope, "air", "days", 1)


def test_versions_page_and_are_deleted_but_for_the_present_one(catalog: Catalog, scope: Scope) -> None:
    for number in range(4):
        catalog.update_table(scope, "air", Table("days", description=str(number)))
    first = catalog.table_versions(scope, "air", "days", limit=2)
    assert [each.version for each in first.items] == [4, 3]
    rest = catalog.table_versions(scope, "air", "days", before=int(first.next or ""), limit=5)
    assert ([each.version for each in rest.items], rest.next) == ([2, 1, 0], None)
    failures = catalog.delete_table_versions(scope, "air", "days", [0, 1, 4, 9])
    assert {version: type(error) for version, error in failures.items()} == {4: Invalid, 9: NotFound}
    assert [each.version for each in catalog.table_versions(scope, "air", "days").items] == [4, 3, 2]


def test_of_writers_who_read_the_same_version_one_wins(catalog: Catalog, scope: Scope) -> None:
    outcomes: list[str] = []

    def write(name: str) -> None:
        try:
            catalog.update_table(scope, "air", Table("days", description=name), version_id=0)
            outcomes.append(name)
        except ConcurrentModification:
            pass

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [catalog.table(scope, "air", "days").description] == outcomes


def test_a_swap_by_an_expected_parameter_happens_only_where_it_holds(catalog: Catalog, scope: Scope) -> None:
    def swap(old: str | None, new: str) -> None:
        table = Table("days", parameters={"metadata_location": new})
        catalog.update_table(scope, "air", table, expected_parameter=("metadata_location", old))

    swap(None, "a")
    swap("a", "b")
    with pytest.raises(ConcurrentModification, match="The table has been modified.*metadata_location.*'b'"):
        swap("a", "c")
    assert catalog.table(scope, "air", "days").parameters == {"metadata_location": "b"}


def test_a_renamed_table_keeps_its_partitions_and_versions(catalog: Catalog, scope: Scope) -> None:
    catalog.create_partition(scope, "air", "days", Partition(("2024", "1", "2024-01-01")))
    catalog.create_database(scope, Database("archive"))
    table = catalog.table(scope, "air", "days")
    catalog.update_table(scope, "air", replace(table, name="Old_Days", database="archive"), name="days")
    assert len(catalog.partitions(scope, "archive", "old_days", "year = 2024").items) == 1
    assert [each.version for each in catalog.table_versions(scope, "archive", "old_days").items] == [1, 0]
    with pytest.raises(NotFound):
        catalog.table(scope, "air", "days")


def test_a_table_cannot_take_another_s_name(catalog: Catalog, scope: Scope) -> None:
    catalog.create_table(scope, "air", Table("hours"))
    with pytest.raises(AlreadyExists):
        catalog.update_table(scope, "air", Table("hours"), name="days")
    assert catalog.table(scope, "air", "days").version == 0


def test_tables_page_by_name_and_pattern(catalog: Catalog, scope: Scope) -> None:
    for name in ("day_a", "day_b", "hour_a", "hour_b", "minute"):
        catalog.create_table(scope, "air", Table(name))
    first = catalog.tables(scope, "air", "day*|minute", limit=2)
    second = catalog.tables(scope, "air", "day*|minute", after=first.next, limit=2)
    assert [table.name for table in (*first.items, *second.items)] == ["day_a", "day_b", "days", "minute"]
    assert second.next is None
    assert catalog.table_names(scope, "air", ".*_a") == ["day_a", "hour_a"]
    with pytest.raises(Invalid, match="regular expression"):
        catalog.table_names(scope, "air", "(")


def test_a_deleted_database_takes_all_it_has_with_it(catalog: Catalog, scope: Scope) -> None:
    catalog.create_function(scope, "air", Function("f"))
    catalog.create_partition(scope, "air", "days", Partition(("2024", "1", "2024-01-01")))
    with pytest.raises(Conflict, match="not empty"):
        catalog.delete_database(scope, "air", cascade=False)
    catalog.delete_database(scope, "air")
    catalog.create_database(scope, Database("air"))
    assert catalog.table_names(scope, "air") == []
    assert catalog.functions(scope, "air").items == []


def test_tables_are_deleted_in_a_batch_but_for_those_that_are_not_there(catalog: Catalog, scope: Scope) -> None:
    failures = catalog.delete_tables(scope, "air", ["days", "nights"])
    assert list(failures) == ["nights"]
    assert catalog.table_names(scope, "air") == []


def test_catalogs_within_an_account_have_databases_of_their_own(catalog: Catalog, scope: Scope) -> None:
    from studiolo.catalog import ChildCatalog

    child = catalog.create_catalog(scope, ChildCatalog("Sales"))
    inside = Scope(child.id, scope.region)
    catalog.create_database(inside, Database("air"))
    assert catalog.table_names(inside, "air") == []
    with pytest.raises(Invalid, match="has databases"):
        catalog.delete_catalog(scope, "sales")
    catalog.delete_database(inside, "air")
    catalog.delete_catalog(scope, "sales")
    assert catalog.catalogs(scope).items == []
