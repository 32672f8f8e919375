"""Tables of the Data Catalog: Spark's, and those of Glue's API."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql.types import StructType

from awsglue.catalog import CatalogTable
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from tests.unit.awsglue.conftest import MEDICARE, tree_of, values

FromJson = Callable[..., DynamicFrame]


class EntityNotFound(Exception):
    """Glue's answer for a table that is not there."""


class GlueApi:
    """The part of boto3's client of Glue that frames use, on tables in memory."""

    class exceptions:  # noqa: N801
        EntityNotFoundException = EntityNotFound

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.partitions: dict[str, str] = {}

    def get_table(self, DatabaseName: str, Name: str) -> dict[str, Any]:
        if (DatabaseName, Name) not in self.tables:
            raise EntityNotFound(f"Table {Name} not found.")
        return {"Table": {**self.tables[DatabaseName, Name], "DatabaseName": DatabaseName, "VersionId": "1"}}

    def create_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        self.tables[DatabaseName, TableInput["Name"]] = TableInput

    def update_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:
        assert "VersionId" not in TableInput
        self.tables[DatabaseName, TableInput["Name"]] = TableInput

    def batch_create_partition(
        self, DatabaseName: str, TableName: str, PartitionInputList: list[Any]
    ) -> dict[str, Any]:
        errors = []
        for partition in PartitionInputList:
            key = "/".join(partition["Values"])
            if key in self.partitions:
                detail = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
                errors.append({"PartitionValues": partition["Values"], "ErrorDetail": detail})
            self.partitions[key] = partition["StorageDescriptor"]["Location"]
        return {"Errors": errors}

    def get_connection(self, Name: str) -> dict[str, Any]:
        known = {"JDBC_CONNECTION_URL": "jdbc:postgresql://db:5432/air", "USERNAME": "u", "PASSWORD": "p"}
        return {"Connection": {"Name": Name, "ConnectionProperties": known}}


@pytest.fixture
def api(glue_context: GlueContext, monkeypatch: pytest.MonkeyPatch) -> GlueApi:
    """Glue's API for the context."""
    api = GlueApi()
    monkeypatch.setattr(glue_context, "glue_client", lambda: api)
    return api


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


def test_a_table_that_spark_does_not_know_is_read_by_glues_api(
    glue_context: GlueContext, api: GlueApi, tmp_path: Path
) -> None:
    (tmp_path / "day=07").mkdir()
    (tmp_path / "day=07" / "a.json").write_text('{"id": 1}\n{"id": "x"}\n')
    serde = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
    storage = {"Location": str(tmp_path), "Columns": [{"Name": "id", "Type": "int"}], "SerdeInfo": serde}
    keys = [{"Name": "day", "Type": "string"}]
    api.tables["air", "readings"] = {"Name": "readings", "StorageDescriptor": storage, "PartitionKeys": keys}
    frame = glue_context.create_dynamic_frame.from_catalog("air", "readings")
    assert values(frame) == [((1, None), "07"), ((None, "x"), "07")]


def test_a_table_that_nobody_knows_is_refused_in_glues_words(glue_context: GlueContext, api: GlueApi) -> None:
    with pytest.raises(EntityNotFound, match="Table nothing not found"):
        glue_context.create_dynamic_frame.from_catalog("air", "nothing")
    with pytest.raises(ValueError, match="database and table_name"):
        glue_context.create_dynamic_frame.from_catalog("air", "")


def sink_frame(context: GlueContext, path: Path, frame: DynamicFrame, **options: Any) -> None:
    sink = context.getSink(
        "s3",
        path=str(path),
        enableUpdateCatalog=True,
        partitionKeys=["day"],
        updateBehavior="UPDATE_IN_DATABASE",
        **options,
    )
    sink.setFormat("glueparquet")
    sink.setCatalogInfo(catalogDatabase="air", catalogTableName="Readings")
    sink.writeFrame(frame)


def test_a_sink_makes_a_table_and_then_adds_columns_and_partitions(
    glue_context: GlueContext, api: GlueApi, from_json: FromJson, tmp_path: Path
) -> None:
    sink_frame(glue_context, tmp_path / "out", from_json([{"id": 1, "day": "a b"}]))
    table = api.tables["air", "readings"]
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "id", "Type": "int"}]
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert table["Parameters"]["classification"] == "parquet"
    sink_frame(
        glue_context, tmp_path / "out", from_json([{"id": 2, "day": "c", "tags": ["x"]}, {"id": 3, "day": "a b"}])
    )
    columns = api.tables["air", "readings"]["StorageDescriptor"]["Columns"]
    assert columns == [{"Name": "id", "Type": "int"}, {"Name": "tags", "Type": "array<string>"}]
    assert {key: Path(folder).is_dir() for key, folder in api.partitions.items()} == {"a b": True, "c": True}
    again = glue_context.create_dynamic_frame.from_catalog("air", "readings")
    assert again.count() == 3
    more = from_json([{"id": 4, "day": "d", "tags": []}])
    glue_context.write_dynamic_frame.from_catalog(frame=more, database="air", table_name="readings")
    assert set(api.partitions) == {"a b", "c", "d"}


def test_a_catalog_that_is_not_named_is_refused_before_anything_is_written(
    glue_context: GlueContext, from_json: FromJson, tmp_path: Path
) -> None:
    sink = glue_context.getSink("s3", path=str(tmp_path / "out"), enableUpdateCatalog=True)
    sink.setFormat("json")
    with pytest.raises(ValueError, match="setCatalogInfo"):
        sink.writeFrame(from_json([{"n": 1}]))
    assert not (tmp_path / "out").exists()


def test_a_connection_gives_the_settings_of_its_database(glue_context: GlueContext, api: GlueApi) -> None:
    conf = glue_context.extract_jdbc_conf("air")
    assert (conf["url"], conf["fullUrl"]) == ("jdbc:postgresql://db:5432", "jdbc:postgresql://db:5432/air")
    assert (conf["user"], conf["password"], conf["vendor"]) == ("u", "p", "postgresql")
    options = glue_context.connection_options({"connectionName": "air", "dbtable": "t"})
    assert (options["url"], options["dbtable"]) == ("jdbc:postgresql://db:5432/air", "t")


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
    table = CatalogTable("air", "t", "/x", "csv", StructType(), [], parameters, in_spark=False)
    assert (table.csv_options["separator"], table.csv_options["withHeader"]) == (separator, header)
