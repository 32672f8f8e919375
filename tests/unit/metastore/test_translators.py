"""What Hive's clients send back as they were shown it changes nothing in the catalog."""

from dataclasses import replace
from datetime import datetime, timezone

from hive_metastore import ttypes as hive
from hypothesis import given, settings
from hypothesis import strategies as some
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.transport.TTransport import TMemoryBuffer

from studiolo.catalog import (
    Column,
    ColumnStatistics,
    Database,
    Function,
    Order,
    Partition,
    Resource,
    SerDe,
    SkewedInfo,
    StorageDescriptor,
    Table,
)
from studiolo.metastore.statistics import as_statistics, from_statistics
from studiolo.metastore.translators import (
    as_database,
    as_function,
    as_partition,
    as_partitions,
    as_table,
    from_database,
    from_function,
    from_partition,
    from_table,
)

few = settings(max_examples=40)
texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=8)
maybe = some.none() | texts
names = some.text("abcXYZ_1", min_size=1, max_size=6)
maps = some.dictionaries(names, texts, max_size=3)
moments = some.none() | some.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2037, 1, 1),  # noqa: DTZ001
    timezones=some.just(timezone.utc),
)
columns = some.lists(
    some.builds(Column, names, some.none() | some.sampled_from(["int", "string"]), maybe, maps), max_size=3
).map(tuple)
storages = some.builds(
    StorageDescriptor,
    columns=columns,
    location=some.none() | some.just("s3://bucket/folder"),
    additional_locations=some.lists(texts, max_size=2).map(tuple),
    input_format=maybe,
    output_format=maybe,
    compressed=some.booleans(),
    buckets=some.integers(-1, 10),
    serde=some.none() | some.builds(SerDe, maybe, maybe, maps),
    bucket_columns=some.lists(names, max_size=2).map(tuple),
    sort_columns=some.lists(some.builds(Order, names, some.integers(0, 1)), max_size=2).map(tuple),
    parameters=maps,
    skewed=some.none() | some.builds(SkewedInfo, some.just(("a",)), some.just(("1$x", "2$yy"))),
    stored_as_subdirectories=some.booleans(),
    schema_reference=some.none() | some.just({"SchemaVersionNumber": 1}),
)
tables = some.builds(
    Table,
    name=names.map(str.lower),
    database=some.just("air"),
    description=maybe,
    owner=maybe,
    created=moments,
    last_access=moments,
    last_analyzed=moments,
    retention=some.integers(0, 100),
    storage=some.none() | storages,
    partition_keys=columns,
    view_original_text=maybe,
    view_expanded_text=maybe,
    type=some.none() | some.sampled_from(["MANAGED_TABLE", "EXTERNAL_TABLE", "VIRTUAL_VIEW", "GOVERNED"]),
    parameters=maps | some.fixed_dictionaries({"comment": texts}),
    target_table=some.none() | some.just({"Name": "other"}),
)
partitions = some.builds(
    Partition,
    values=some.lists(texts, min_size=1, max_size=3).map(tuple),
    database=some.just("air"),
    table=some.just("t"),
    last_access=moments,
    last_analyzed=moments,
    storage=some.none() | storages,
    parameters=maps,
)
kinds = {
    "LONG": some.builds(dict, minimum=some.none() | some.integers(-(2**63), 2**63 - 1).map(str)),
    "DOUBLE": some.builds(dict, maximum=some.none() | some.floats(allow_nan=False).map(str)),
    "DECIMAL": some.builds(dict, minimum=some.none() | some.decimals(-(10**9), 10**9, places=2).map(str)),
    "DATE": some.builds(dict, maximum=some.dates().map(lambda day: f"{day.isoformat()}T00:00:00+00:00")),
}


def sent(struct, kind):
    """The struct as it comes out at the other end of the wire."""
    there = TMemoryBuffer()
    struct.write(TBinaryProtocolAccelerated(there))
    read = kind()
    read.read(TBinaryProtocolAccelerated(TMemoryBuffer(there.getvalue())))
    return read


@few
@given(tables)
def test_a_table_that_comes_back_unchanged_is_unchanged(table: Table) -> None:
    if not (table.storage and table.storage.skewed):
        assert from_table(sent(as_table(table), hive.Table), table) == table
    assert from_table(as_table(table), table) == table


@few
@given(tables, names, texts)
def test_a_changed_parameter_leaves_all_else_as_it_was(table: Table, key: str, value: str) -> None:
    given_back = as_table(table)
    given_back.parameters[f"new.{key}"] = value
    assert from_table(given_back, table) == replace(table, parameters={**table.parameters, f"new.{key}": value})


@few
@given(tables)
def test_a_column_that_is_added_leaves_what_only_glue_knows_of_the_others(table: Table) -> None:
    given_back = as_table(table)
    given_back.sd.cols.append(hive.FieldSchema(name="Added", type="int", comment="new"))
    before = table.storage or StorageDescriptor()
    after = from_table(given_back, table).storage
    assert after is not None
    assert after.columns[-1] == Column("added", "int", "new")
    assert (after.schema_reference, after.additional_locations) == (
        before.schema_reference,
        before.additional_locations,
    )
    if len({column.name for column in before.columns}) == len(before.columns):
        assert after.columns[:-1] == before.columns


@few
@given(partitions)
def test_a_partition_that_comes_back_unchanged_is_unchanged(partition: Partition) -> None:
    assert from_partition(as_partition(partition), partition) == partition
    assert as_partitions([partition, partition]) == [as_partition(partition)] * 2


@few
@given(
    some.builds(
        Database,
        name=names.map(str.lower),
        description=maybe,
        location=maybe,
        parameters=maps,
        owner=maybe,
        owner_type=some.none() | some.sampled_from(["USER", "ROLE", "GROUP"]),
    )
)
def test_a_database_that_comes_back_unchanged_is_unchanged(database: Database) -> None:
    shown = sent(as_database(database, "s3://default/place"), hive.Database)
    assert from_database(shown, "s3://default/place", database) == database
    assert shown.locationUri


@few
@given(some.builds(Function, names, some.just("air"), texts, maybe, some.sampled_from(["USER", "ROLE", "GROUP"])))
def test_a_function_that_comes_back_unchanged_is_unchanged(function: Function) -> None:
    function = replace(function, resources=(Resource("ARCHIVE", "s3://bucket/a.zip"),))
    assert from_function(sent(as_function(function), hive.Function), function) == function


@few
@given(some.data(), some.sampled_from(sorted(kinds)))
def test_column_statistics_keep_their_limits(data: some.DataObject, kind: str) -> None:
    known = ColumnStatistics("a", "t", kind, nulls=1, distinct=2, **data.draw(kinds[kind]))
    assert from_statistics(sent(as_statistics(known), hive.ColumnStatisticsObj)) == known


def test_a_timestamp_s_statistics_are_seconds_to_older_clients_and_of_a_kind_of_their_own_since_hive_4() -> None:
    limits = hive.TimestampColumnStatsData(
        lowValue=hive.Timestamp(-1), highValue=hive.Timestamp(60), numNulls=0, numDVs=2
    )
    data = hive.ColumnStatisticsData(timestampStats=limits)
    known = from_statistics(hive.ColumnStatisticsObj(colName="at", colType="timestamp", statsData=data))
    assert (known.kind, known.minimum, known.maximum) == ("LONG", "-1", "60")
    assert as_statistics(known).statsData.longStats.lowValue == -1
    assert as_statistics(known, "hive").statsData.timestampStats == limits


def test_a_database_and_its_owner_are_of_a_type_so_that_hive_and_trino_can_show_them() -> None:
    owned = as_database(Database("air", owner="ada"), "s3://place")
    assert (owned.type, owned.ownerType) == (hive.DatabaseType.NATIVE, hive.PrincipalType.USER)
    assert as_database(Database("air"), "s3://place").ownerType is None


def test_a_table_without_storage_or_type_is_shown_so_that_hive_s_classes_can_read_it() -> None:
    shown = as_table(Table("t", "air"))
    assert (shown.tableType, shown.sd.cols, shown.sd.serdeInfo.parameters) == ("EXTERNAL_TABLE", [], {})


def test_glue_s_description_is_hive_s_comment() -> None:
    assert as_table(Table("t", "air", description="clean air")).parameters["comment"] == "clean air"
    made = from_table(hive.Table(tableName="t", dbName="air", parameters={"comment": "clean air"}))
    assert (made.description, made.parameters["comment"], made.type) == ("clean air", "clean air", "MANAGED_TABLE")


def test_the_limits_of_a_decimal_keep_all_their_38_digits() -> None:
    longest = "12345678901234567890123456789012345.678"
    known = ColumnStatistics("a", "decimal(38,3)", "DECIMAL", minimum=f"-{longest}", maximum=longest)
    back = from_statistics(as_statistics(known))
    assert (back.minimum, back.maximum) == (known.minimum, known.maximum)
