"""Tables of a real PostgreSQL, by JDBC and by connections of the Data Catalog."""

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from tests.unit.awsglue.conftest import values

FromJson = Callable[..., DynamicFrame]


@pytest.fixture(scope="module")
def name(postgresql: str) -> str:
    """A new database with a table of ten people, the last without a name."""
    name = f"people_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[call-overload]
    with psycopg.connect(postgresql.replace("/postgres?", f"/{name}?"), autocommit=True) as connection:
        connection.execute("create table people (id int, name text)")
        connection.execute("insert into people select n, nullif('p' || n, 'p10') from generate_series(1, 10) n")
    return name


@pytest.fixture
def options(postgresql_port: int, name: str) -> dict[str, Any]:
    url = f"jdbc:postgresql://127.0.0.1:{postgresql_port}/{name}"
    return {"url": url, "user": "postgres", "password": "", "dbtable": "public.people"}


@pytest.fixture
def connection(api: Any, options: dict[str, Any]) -> str:
    """A connection of the Data Catalog to the database."""
    name = f"connection-{uuid.uuid4().hex[:8]}"
    known = {"JDBC_CONNECTION_URL": options["url"], "USERNAME": "postgres", "PASSWORD": "secret"}
    api.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": known})
    return name


def test_a_table_is_written_and_read(glue_context: GlueContext, from_json: FromJson, options: dict[str, Any]) -> None:
    made = {**options, "dbtable": "made"}
    frame = from_json([{"n": 1, "t": "a"}, {"n": 2, "t": None}])
    for _ in range(2):
        glue_context.write_dynamic_frame.from_options(
            frame=frame, connection_type="postgresql", connection_options=made, transformation_ctx="sink"
        )
    again = glue_context.create_dynamic_frame.from_options("postgresql", made)
    assert sorted(values(again, "n")) == [(1,), (1,), (2,), (2,)]
    assert [field.dataType.typeName() for field in again.schema()] == ["int", "string"]


@pytest.mark.parametrize(
    "parting",
    [
        {"hashfield": "name", "hashpartitions": "3"},
        {"hashexpression": "id - 5", "hashpartitions": 3},
        {"query": "select * from people", "hashfield": "name"},
        {"sampleQuery": "select * from people where id > 0 and", "enablePartitioningForSampleQuery": True,
         "hashfield": "name", "hashpartitions": 3},
        {"sampleQuery": "select * from people", "enablePartitioningForSampleQuery": "true", "hashexpression": "id",
         "hashpartitions": "3"},
    ],
)  # fmt: skip
def test_parallel_reads_find_every_record_once(
    glue_context: GlueContext, options: dict[str, Any], parting: dict[str, Any]
) -> None:
    frame = glue_context.create_dynamic_frame.from_options("jdbc", {**options, **parting})
    assert sorted(values(frame, "id")) == [(number,) for number in range(1, 11)]
    assert frame.getNumPartitions() == (1 if "query" in parting else 3)


def test_a_connection_of_the_catalog_leads_to_its_database(
    glue_context: GlueContext, from_json: FromJson, connection: str, options: dict[str, Any], name: str
) -> None:
    conf = glue_context.extract_jdbc_conf(connection)
    assert (conf["fullUrl"], conf["url"]) == (options["url"], options["url"].removesuffix(f"/{name}"))
    assert (conf["user"], conf["password"], conf["vendor"]) == ("postgres", "secret", "postgresql")
    frame = from_json([{"n": 1}])
    place = {"dbtable": "by_conf", "database": name}
    glue_context.write_dynamic_frame.from_jdbc_conf(
        frame=frame, catalog_connection=connection, connection_options=place, redshift_tmp_dir="s3://none/"
    )
    through = {"useConnectionProperties": "true", "connectionName": connection, "dbtable": "by_conf"}
    assert values(glue_context.create_dynamic_frame.from_options("postgresql", through)) == [(1,)]


def test_a_catalogs_table_in_a_database_is_read_and_written(
    glue_context: GlueContext, api: Any, air: str, from_json: FromJson, connection: str, name: str
) -> None:
    columns = [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}]
    table = {
        "Name": "people",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "postgresql", "connectionName": connection, "typeOfData": "table"},
        "StorageDescriptor": {"Columns": columns, "Location": f"{name}.public.people"},
    }
    api.create_table(DatabaseName=air, TableInput=table)
    parallel = {"hashfield": "id", "hashpartitions": "2"}
    people = glue_context.create_dynamic_frame.from_catalog(air, "people", additional_options=parallel)
    assert (people.count(), people.getNumPartitions()) == (10, 2)
    api.create_table(
        DatabaseName=air,
        TableInput={
            **table,
            "Name": "more",
            "StorageDescriptor": {"Columns": columns, "Location": f"{name}.public.more"},
        },
    )
    glue_context.write_dynamic_frame.from_catalog(
        frame=from_json([{"id": 1, "name": "x"}]), database=air, table_name="more"
    )
    assert values(glue_context.create_dynamic_frame.from_catalog(air, "more")) == [(1, "x")]


def test_what_the_database_says_is_said(
    glue_context: GlueContext, options: dict[str, Any], postgresql_port: int
) -> None:
    with pytest.raises(Exception, match='relation "nothing" does not exist') as said:
        glue_context.create_dynamic_frame.from_options("postgresql", {**options, "dbtable": "nothing"})
    assert said.value.__cause__ is not said.value
    with pytest.raises(Exception, match='database "nowhere" does not exist'):
        place = {**options, "url": f"jdbc:postgresql://127.0.0.1:{postgresql_port}", "database": "nowhere"}
        glue_context.create_dynamic_frame.from_options("postgresql", place)


def test_a_driver_that_the_session_lacks_is_named(glue_context: GlueContext, options: dict[str, Any]) -> None:
    oracle = {**options, "url": "jdbc:oracle:thin://@127.0.0.1:1521/XE"}
    with pytest.raises(NotSupported, match=r"no driver oracle.jdbc.OracleDriver: give its jar by --extra-jars"):
        glue_context.create_dynamic_frame.from_options("oracle", oracle)


def test_a_connection_to_something_else_is_refused(glue_context: GlueContext, api: Any) -> None:
    name = f"connection-{uuid.uuid4().hex[:8]}"
    known = {"JDBC_CONNECTION_URL": "jdbc:mysql://h/d", "SECRET_ID": "mine"}
    api.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": known})
    with pytest.raises(NotSupported, match="Secrets Manager"):
        glue_context.extract_jdbc_conf(name)
