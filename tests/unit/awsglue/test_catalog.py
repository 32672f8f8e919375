"""Tables of the Data Catalog: Spark's, and those of Glue's API."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql.types import StructType

from awsglue import serdes
from awsglue.catalog import CatalogTable
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.files import Files
from tests.unit.awsglue.conftest import MEDICARE, tree_of, values

FromJson = Callable[..., DynamicFrame]


@pytest.fixture
def database(glue_context: GlueContext) -> Iterator[str]:
    """A database of Spark's catalog."""
    glue_context.spark_session.sql("create database if not exists payments")
    yield "payments"
    glue_context.spark_session.sql("drop database payments cascade")


def test_csv_values_that_are_not_of_their_columns_type_make_a_choice(
    glue_context: GlueContext, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "medicare.csv").write_text(MEDICARE)
    glue_context.spark_session.sql(
        f"create table {database}.medicare (`drg definition` string, `provider id` bigint, `provider name` string,"
        f" street string, city string, state string, `provider zip code` bigint)"
        f" using csv options (header true) location '{tmp_path}'"
    )
    medicare = glue_context.create_dynamic_frame.from_catalog(database=database, table_name="medicare")
    expected = "root\n|-- provider id: choice\n|    |-- long\n|    |-- string\n|-- provider zip code: long\n"
    assert tree_of(medicare.select_fields(["provider id", "provider zip code"]), capsys) == expected
    assert values(medicare, "provider id") == [((10001, None),), ((10005, None),), ((None, "ABC, INC"),)]
    resolved = medicare.resolveChoice(specs=[("provider id", "cast:long")])
    assert values(resolved, "provider id") == [(10001,), (10005,), (None,)]
    columns = medicare.resolveChoice(choice="make_cols")
    assert values(columns, "provider id_long", "provider id_string")[2] == (None, "ABC, INC")


def test_a_predicate_chooses_partitions_of_a_table(glue_context: GlueContext, database: str, tmp_path: Path) -> None:
    session = glue_context.spark_session
    session.sql(
        f"create table {database}.sales (n int, year string) using parquet partitioned by (year) location '{tmp_path}'"
    )
    session.sql(f"insert into {database}.sales values (1, '2019'), (2, '2020')")
    frame = glue_context.create_dynamic_frame.from_catalog(
        database=database, table_name="sales", push_down_predicate="year = '2020'", transformation_ctx="sales"
    )
    assert values(frame) == [(2, "2020")]
    options = {"catalogPartitionPredicate": "year='2019'"}
    other = glue_context.create_dynamic_frame_from_catalog(database, "sales", additional_options=options)
    assert values(other) == [(1, "2019")]
    assert glue_context.create_data_frame.from_catalog(database, "sales").count() == 2
    assert glue_context.create_data_frame.from_catalog(database, "sales", additional_options=options).count() == 1


@pytest.mark.parametrize("predicate", ["n = 1", "year = ", "month == '07' and year = '2020'"])
def test_a_predicate_that_is_none_of_partitions_is_refused_with_their_names(
    glue_context: GlueContext, database: str, tmp_path: Path, predicate: str
) -> None:
    glue_context.spark_session.sql(
        f"create table {database}.sold (n int, year string) using parquet partitioned by (year) location '{tmp_path}'"
    )
    with pytest.raises(ValueError, match="cannot be resolved against the partition columns year of sold"):
        glue_context.create_dynamic_frame.from_catalog(database, "sold", push_down_predicate=predicate)


def json_table(api: Any, database: str, path: Path, *days: tuple[str, Path]) -> None:
    """The table `readings` of JSON, with a partition for each day."""
    serde = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
    storage = {"Location": str(path), "Columns": [{"Name": "id", "Type": "int"}], "SerdeInfo": serde}
    keys = [{"Name": "day", "Type": "int"}]
    table = {"Name": "readings", "StorageDescriptor": storage, "PartitionKeys": keys}
    api.create_table(DatabaseName=database, TableInput=table)
    for day, folder in days:
        partition = {"Values": [day], "StorageDescriptor": {**storage, "Location": str(folder)}}
        api.create_partition(DatabaseName=database, TableName="readings", PartitionInput=partition)


@pytest.fixture
def readings(api: Any, air: str, tmp_path: Path) -> str:
    """The database of a table whose partitions are in a folder of their name, in another, and in none; a fourth
    folder is no partition."""
    folders = [tmp_path / "readings" / "day=7", tmp_path / "eighth", tmp_path / "readings" / "day=10"]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        (folder / "a.json").write_text(f'{{"id": {number}}}\n{{"id": "x{number}"}}\n')
    days = [("7", folders[0]), ("8", folders[1]), ("9", tmp_path / "nowhere")]
    json_table(api, air, tmp_path / "readings", *days)
    return air


def test_names_of_json_that_differ_in_case_are_one_column_of_a_table(
    glue_context: GlueContext, api: Any, air: str, tmp_path: Path
) -> None:
    (tmp_path / "day=1").mkdir()
    lines = ['{"ID": 1, "of": {"X": 2}}', '{"id": 3, "Of": {"x": 4}}', '{"iD": 5, "Id": 6}']
    (tmp_path / "day=1" / "a.json").write_text("\n".join(lines))
    json_table(api, air, tmp_path, ("1", tmp_path / "day=1"))
    frame = glue_context.create_dynamic_frame.from_catalog(air, "readings")
    assert values(frame, "id", "of", "day") == [(1, (2,), 1), (3, (4,), 1), (6, None, 1)]


def test_the_partitions_of_the_catalog_are_read_wherever_they_are(glue_context: GlueContext, readings: str) -> None:
    frame = glue_context.create_dynamic_frame.from_catalog(readings, "readings")
    assert values(frame, "id", "day") == [
        ((0, None), 7), ((None, "x0"), 7), ((1, None), 8), ((None, "x1"), 8)
    ]  # fmt: skip
    for options in (
        {"push_down_predicate": "day > 7 and day < 9"},
        {"push_down_predicate": "day >= 7", "additional_options": {"catalogPartitionPredicate": "day = 8"}},
    ):
        some = glue_context.create_dynamic_frame.from_catalog(readings, "readings", **options)
        assert values(some, "day") == [(8,), (8,)]
    none = glue_context.create_dynamic_frame.from_catalog(readings, "readings", push_down_predicate="day = 9")
    assert none.count() == 0


def test_a_partition_that_names_no_place_is_in_the_folder_of_its_values(
    glue_context: GlueContext, api: Any, readings: str
) -> None:
    api.create_partition(DatabaseName=readings, TableName="readings", PartitionInput={"Values": ["10"]})
    frame = glue_context.create_dynamic_frame.from_catalog(readings, "readings", push_down_predicate="day = 10")
    assert values(frame, "id") == [((2, None),), ((None, "x2"),)]


def test_wrong_predicates_are_refused_in_clear_words(glue_context: GlueContext, api: Any, readings: str) -> None:
    with pytest.raises(ValueError, match="against the partition columns day of readings"):
        glue_context.create_dynamic_frame.from_catalog(readings, "readings", push_down_predicate="id = 1")
    with pytest.raises(api.exceptions.InvalidInputException):
        options = {"catalogPartitionPredicate": "id = 1"}
        glue_context.create_dynamic_frame.from_catalog(readings, "readings", additional_options=options)


def days_of(api: Any, database: str) -> list[str]:
    answer = api.get_partitions(DatabaseName=database, TableName="readings")
    return sorted(partition["Values"][0] for partition in answer["Partitions"])


def test_purging_a_table_takes_empty_partitions_out_of_the_catalog(
    glue_context: GlueContext, api: Any, readings: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="partition columns day"):
        glue_context.purge_table(readings, "readings", {"partitionPredicate": "month == 'march'"})
    glue_context.purge_table(readings, "readings", {"partitionPredicate": "day < 9"})
    assert days_of(api, readings) == ["7", "8", "9"]
    old = time.time() - 3600 * 200
    os.utime(tmp_path / "eighth" / "a.json", (old, old))
    manifest = {"manifestFilePath": str(tmp_path / "manifest")}
    glue_context.purge_table(readings, "readings", {"partitionPredicate": "day < 9", **manifest})
    assert days_of(api, readings) == ["7", "9"]
    assert (tmp_path / "manifest" / "Success.csv").read_text().strip().endswith("eighth/a.json")
    glue_context.purge_table(readings, "readings", {"retentionPeriod": 0, "excludeStorageClasses": ["STANDARD"]})
    assert days_of(api, readings) == ["7"]
    glue_context.purge_table(readings, "readings", {"retentionPeriod": 0})
    assert days_of(api, readings) == []
    assert not (tmp_path / "readings" / "day=7" / "a.json").exists()


def test_a_table_that_nobody_knows_is_refused_in_glues_words(glue_context: GlueContext, api: Any, air: str) -> None:
    with pytest.raises(api.exceptions.EntityNotFoundException, match="nothing"):
        glue_context.create_dynamic_frame.from_catalog(air, "nothing")
    with pytest.raises(ValueError, match="database and table_name"):
        glue_context.create_dynamic_frame.from_catalog(air)


def sink_frame(context: GlueContext, database: str, path: Path, frame: DynamicFrame) -> None:
    sink = context.getSink(
        connection_type="s3",
        path=str(path),
        enableUpdateCatalog=True,
        partitionKeys=["day"],
        updateBehavior="UPDATE_IN_DATABASE",
        compression="snappy",
        transformation_ctx="sink",
    )
    sink.setFormat("glueparquet", useGlueParquetWriter=True, blockSize=1048576)
    sink.setCatalogInfo(catalogDatabase=database, catalogTableName="Readings")
    sink.writeFrame(frame)


def test_a_sink_makes_a_table_and_then_adds_columns_and_partitions(
    glue_context: GlueContext, api: Any, air: str, from_json: FromJson, tmp_path: Path
) -> None:
    sink_frame(glue_context, air, tmp_path / "out", from_json([{"id": 1, "day": "a b"}]))
    table = api.get_table(DatabaseName=air, Name="readings")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "id", "Type": "int"}]
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert table["Parameters"]["classification"] == "parquet"
    more = from_json([{"id": 2, "day": "c", "tags": ["x"]}, {"id": 3, "day": "a b"}])
    sink_frame(glue_context, air, tmp_path / "out", more)
    columns = api.get_table(DatabaseName=air, Name="readings")["Table"]["StorageDescriptor"]["Columns"]
    assert columns == [{"Name": "id", "Type": "int"}, {"Name": "tags", "Type": "array<string>"}]
    partitions = api.get_partitions(DatabaseName=air, TableName="readings")["Partitions"]
    folders = {found["Values"][0]: Path(found["StorageDescriptor"]["Location"]).is_dir() for found in partitions}
    assert folders == {"a b": True, "c": True}
    assert sorted(values(glue_context.create_dynamic_frame.from_catalog(air, "readings"), "id", "day")) == [
        (1, "a b"), (2, "c"), (3, "a b")
    ]  # fmt: skip
    another = from_json([{"id": 4, "day": "d", "tags": []}])
    glue_context.write_dynamic_frame.from_catalog(frame=another, database=air, table_name="readings")
    assert days_of(api, air) == ["a b", "c", "d"]


def test_a_catalog_that_is_not_named_is_refused_before_anything_is_written(
    glue_context: GlueContext, from_json: FromJson, tmp_path: Path
) -> None:
    sink = glue_context.getSink("s3", path=str(tmp_path / "out"), enableUpdateCatalog=True)
    sink.setFormat("json")
    with pytest.raises(ValueError, match="setCatalogInfo"):
        sink.writeFrame(from_json([{"n": 1}]))
    assert not (tmp_path / "out").exists()


def test_a_table_is_sampled_and_read_by_sparks_own_source(
    glue_context: GlueContext, database: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("1\t2\n3\t4\n5\t6\n")
    glue_context.spark_session.sql(
        f"create table {database}.pairs (a int, b int) using csv options (sep '\t') location '{tmp_path}'"
    )
    assert glue_context.create_sample_dynamic_frame_from_catalog(database, "pairs", num=2).count() == 2
    schema = glue_context.get_catalog_schema_as_spark_schema(database, "pairs")
    assert schema.simpleString() == "struct<a:int,b:int>"
    options = {"useSparkDataSource": True, "sep": "\t"}
    dataframe = glue_context.create_data_frame.from_catalog(database, "pairs", additional_options=options)
    assert [tuple(row) for row in dataframe.collect()] == [("1", "2"), ("3", "4"), ("5", "6")]
    typed = glue_context.create_data_frame.from_catalog(
        database=database, table_name="pairs", additional_options={**options, "useCatalogSchema": True}
    )
    assert typed.schema == schema


@pytest.mark.parametrize(
    ("parameters", "separator", "header"),
    [
        ({"serde": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}, "\x01", False),
        ({"serde": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "field.delim": "|"}, "|", False),
        ({"serde": "org.apache.hadoop.hive.serde2.OpenCSVSerde", "skip.header.line.count": "1"}, ",", True),
        ({"serde": "org.apache.hadoop.hive.serde2.OpenCSVSerde", "separatorChar": ";"}, ";", False),
        ({"serde": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "classification": "csv"}, ",", False),
        ({"header": "true", "sep": "\t"}, "\t", True),
    ],
)
def test_a_tables_parameters_say_how_its_csv_is_to_be_read(
    parameters: dict[str, str], separator: str, header: bool
) -> None:
    serde = parameters.get("serde", "")
    table = CatalogTable("air", "t", "/x", "csv", StructType(), [], parameters, in_spark=False, serde=serde)
    files = serdes.files_of(table, Files([], "csv"), {})
    assert (serdes.dialect_of(table).separator, bool(files.header)) == (separator, header)
