"""Iceberg, Delta and Hudi in sessions that ask for them; Iceberg's tables as boto3 and PyIceberg see them too."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import botocore.exceptions
import pyarrow as pa
import pyiceberg.catalog
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.utils.config import Config

from tests.api.spark_code import Spark, conf
from tests.conftest import REGION, Server

DAYS = "lake.days"
SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("day", pa.date32())])


@pytest.fixture(scope="module")
def spark(glue: Any, role: str, bucket: str) -> Iterator[Spark]:
    """A session with Iceberg, as the documentation of Glue configures it, and Delta."""
    catalog = "spark.sql.catalog.glue_catalog"
    settings = {
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions,"
        "io.delta.sql.DeltaSparkSessionExtension",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalog}.warehouse": f"s3://{bucket}/iceberg",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    session = Spark(glue, role, {"--datalake-formats": "iceberg,delta", "--conf": conf(settings)})
    yield session
    session.stop()


@pytest.fixture(scope="module")
def days(spark: Spark) -> str:
    """An Iceberg table that Spark has created, filled and merged into; its name in Spark."""
    name = f"glue_catalog.{DAYS}"
    spark.sql(
        "create database glue_catalog.lake",
        f"create table {name} (id bigint, name string, day date) using iceberg partitioned by (day)",
        f"insert into {name} values (1, 'a', date'2020-01-01'), (2, 'b', date'2020-01-02')",
        "create or replace temp view changes as select * from values "
        "(2L, 'B', date'2020-01-02'), (3L, 'c', date'2020-01-03') as changes (id, name, day)",
        f"merge into {name} t using changes s on t.id = s.id "
        "when matched then update set * when not matched then insert *",
    )
    return name


@pytest.fixture(scope="module")
def iceberg(server: Server) -> Iterator[Catalog]:
    """PyIceberg's catalog in the environment of `studiolo env`, with nothing said but its name."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**server.environment(), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
            if name.startswith(("AWS_", "PYICEBERG_")):
                patch.setenv(name, value)
        # It reads the environment when it is imported, which was before.
        patch.setattr(pyiceberg.catalog, "_ENV_CONFIG", Config())
        yield load_catalog("glue")


def some(number: int) -> pa.Table:
    return pa.table({"id": [number], "name": [f"py {number}"], "day": [date(2020, 2, 1)]}, SCHEMA)


def test_iceberg_merges_and_travels_in_time(spark: Spark, days: str) -> None:
    assert spark.sql(f"select id, name from {days} order by id") == "[(1, 'a'), (2, 'B'), (3, 'c')]"
    code = f"""
first = spark.sql('select snapshot_id from {days}.snapshots order by committed_at').first()[0]
then = spark.sql(f'select id, name from {days} version as of {{first}} order by id')
print([tuple(row) for row in then.collect()])
"""
    assert spark.run(code) == "[(1, 'a'), (2, 'b')]"


def test_an_iceberg_table_is_a_table_of_the_data_catalog(glue: Any, spark: Spark, days: str, bucket: str) -> None:
    table = glue.get_table(DatabaseName="lake", Name="days")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{bucket}/iceberg/lake.db/days/metadata/")
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["id", "name", "day"]


def test_a_swap_of_metadata_on_an_older_version_is_refused(glue: Any, spark: Spark, days: str) -> None:
    older = glue.get_table(DatabaseName="lake", Name="days")["Table"]
    spark.sql(f"update {days} set name = 'A' where id = 1")
    newer = glue.get_table(DatabaseName="lake", Name="days")["Table"]
    assert int(newer["VersionId"]) > int(older["VersionId"])
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        glue.update_table(
            DatabaseName="lake",
            TableInput={"Name": "days", "Parameters": older["Parameters"]},
            SkipArchive=True,
            VersionId=older["VersionId"],
        )
    assert caught.value.response["Error"]["Code"] == "ConcurrentModificationException"
    assert glue.get_table(DatabaseName="lake", Name="days")["Table"]["Parameters"] == newer["Parameters"]


def test_pyiceberg_and_spark_append_to_the_same_table(iceberg: Catalog, spark: Spark, days: str) -> None:
    table = iceberg.load_table(DAYS)
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == [1, 2, 3]
    table.append(some(4))
    # Iceberg's catalog in Spark keeps a table for half a minute.
    assert spark.sql(f"refresh table {days}", f"select name from {days} where id = 4") == "[('py 4',)]"
    spark.sql(f"insert into {days} values (5, 'spark', date'2020-02-02')")
    assert table.refresh().scan(row_filter="id == 5").to_arrow()["name"].to_pylist() == ["spark"]


def test_a_table_that_pyiceberg_made_is_there_for_spark(iceberg: Catalog, spark: Spark, bucket: str) -> None:
    iceberg.create_namespace("made_elsewhere", {"location": f"s3://{bucket}/elsewhere"})
    table = iceberg.create_table("made_elsewhere.rows", SCHEMA)
    table.append(some(1))
    assert spark.sql("select id, name from glue_catalog.made_elsewhere.rows") == "[(1, 'py 1')]"
    spark.sql("alter table glue_catalog.made_elsewhere.rows add columns (score double)")
    assert table.refresh().schema().column_names == ["id", "name", "day", "score"]
    spark.sql("drop table glue_catalog.made_elsewhere.rows purge")
    assert iceberg.list_tables("made_elsewhere") == []


def test_a_table_that_glue_made_is_there_for_spark(glue: Any, spark: Spark, days: str, bucket: str) -> None:
    fields = [{"Id": 1, "Name": "id", "Type": "long", "Required": True}]
    fields += [{"Id": 2, "Name": "day", "Type": "date", "Required": False}]
    by_month = {"Fields": [{"SourceId": 2, "Transform": "month", "Name": "in_month"}]}
    asked = {"Location": f"s3://{bucket}/by-glue", "Schema": {"Fields": fields}, "PartitionSpec": by_month}
    iceberg = {"MetadataOperation": "CREATE", "CreateIcebergTableInput": asked}
    glue.create_table(DatabaseName="lake", Name="by_glue", OpenTableFormatInput={"IcebergInput": iceberg})
    rows = "glue_catalog.lake.by_glue"
    spark.sql(f"insert into {rows} values (1, date'2020-01-01'), (2, date'2020-02-02')")
    wider = {**asked["Schema"], "Fields": [*fields, {"Id": 3, "Name": "pm", "Type": "double", "Required": False}]}
    change = {"UpdateIcebergTableInput": {"Updates": [{"Location": asked["Location"], "Schema": wider}]}}
    glue.update_table(DatabaseName="lake", Name="by_glue", UpdateOpenTableFormatInput={"UpdateIcebergInput": change})
    found = spark.sql(f"refresh table {rows}", f"select id, pm from {rows} where day > date'2020-01-15'")
    assert found == "[(2, None)]"


def test_writers_at_the_same_time_lose_no_commit(iceberg: Catalog, bucket: str) -> None:
    iceberg.create_namespace("busy", {"location": f"s3://{bucket}/busy"})
    iceberg.create_table("busy.rows", SCHEMA)

    def write(writer: int) -> None:
        table = load_catalog("glue").load_table("busy.rows")
        for number in range(5):
            while True:
                try:
                    table.append(some(10 * writer + number))
                    break
                except CommitFailedException:
                    table.refresh()

    with ThreadPoolExecutor(2) as writers:
        list(writers.map(write, range(2)))
    written = iceberg.load_table("busy.rows").scan().to_arrow()["id"].to_pylist()
    assert sorted(written) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("locks", ["true", "false"])
def test_iceberg_s_hive_catalog_loses_no_append(spark: Spark, glue: Any, locks: str) -> None:
    table = f"by_{locks}"
    properties = (
        f"'engine.hive.lock-enabled'='{locks}', 'commit.retry.num-retries'='30', 'commit.retry.min-wait-ms'='20'"
    )
    spark.run(
        f"""
from concurrent.futures import ThreadPoolExecutor
spark.conf.set('spark.sql.catalog.hms', 'org.apache.iceberg.spark.SparkCatalog')
spark.conf.set('spark.sql.catalog.hms.type', 'hive')
spark.sql('create database if not exists hms.locks')
spark.sql("create table hms.locks.{table} (id int) using iceberg tblproperties ({properties})")
with ThreadPoolExecutor(3) as threads:
    _ = list(threads.map(lambda number: spark.sql(f'insert into hms.locks.{table} values ({{number}})'), range(3)))
"""
    )
    assert spark.sql(f"select id from hms.locks.{table} order by id") == "[(0,), (1,), (2,)]"
    assert glue.get_table(DatabaseName="locks", Name=table)["Table"]["Parameters"]["table_type"] == "ICEBERG"


def test_an_iceberg_schema_evolves(spark: Spark, days: str) -> None:
    spark.sql(f"alter table {days} add columns (score double)", f"alter table {days} rename column name to title")
    assert spark.sql(f"select title, score from {days} where id = 3") == "[('c', None)]"


def test_delta_merges_travels_in_time_and_evolves(spark: Spark, bucket: str) -> None:
    spark.sql(
        f"create table visits (id bigint, name string) using delta location 's3://{bucket}/delta/visits'",
        "insert into visits values (1, 'a'), (2, 'b')",
        "merge into visits t using (select 2L id, 'B' name union all select 3L, 'c') s on t.id = s.id "
        "when matched then update set * when not matched then insert *",
        "alter table visits add columns (score double)",
    )
    assert spark.sql("select * from visits order by id") == "[(1, 'a', None), (2, 'B', None), (3, 'c', None)]"
    assert spark.sql("select id, name from visits version as of 1 order by id") == "[(1, 'a'), (2, 'b')]"


def test_awsglue_reads_and_appends_to_them(spark: Spark, bucket: str) -> None:
    places = {"iceberg": "glue_catalog.lake.walks", "delta": "lake.rides"}
    spark.sql(
        "create database if not exists glue_catalog.lake",
        f"create table {places['iceberg']} (id bigint, day string) using iceberg",
        f"create table {places['delta']} (id bigint, day string) using delta location 's3://{bucket}/delta/rides'",
    )
    spark.run("""
from awsglue.dynamicframe import DynamicFrame
rows = spark.createDataFrame([(1, "a"), (2, "b")], "id bigint, day string").coalesce(1)
glueContext.write_data_frame.from_catalog(
    frame=rows, database="lake", table_name="walks", additional_options={"useSparkDataSink": True})
frame = DynamicFrame.fromDF(rows, glueContext, "rows")
glueContext.write_dynamic_frame.from_catalog(frame=frame, database="lake", table_name="rides")
""")
    printed = spark.run(f"""
walks = glueContext.create_dynamic_frame.from_catalog("lake", "walks", push_down_predicate="day = 'b'")
rides = glueContext.create_data_frame.from_catalog(database="lake", table_name="rides")
again = glueContext.create_data_frame.from_options(
    connection_type="s3", connection_options={{"paths": ["s3://{bucket}/delta/rides"]}}, format="delta")
print(walks.count(), rides.count(), again.count())
""")
    assert printed == "1 2 2"


def test_a_delta_table_is_replaced_by_sql_and_by_a_dataframe(spark: Spark, bucket: str) -> None:
    spark.sql(
        f"create or replace table visitors using delta location 's3://{bucket}/delta/visitors' as select 1 id",
        "create or replace table visitors using delta as select 'b' name",
    )
    assert spark.sql("select * from visitors") == "[('b',)]"
    again = "write.format('delta').mode('overwrite').option('overwriteSchema', True).saveAsTable('visitors')"
    spark.run(f"spark.createDataFrame([(3,)], 'id int').{again}")
    assert spark.sql("select * from visitors") == "[(3,)]"


def test_hudi_upserts_travels_in_time_evolves_and_syncs(glue: Any, role: str, bucket: str) -> None:
    settings = {
        "spark.sql.shuffle.partitions": "2",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryo.registrator": "org.apache.spark.HoodieSparkKryoRegistrar",
        "spark.sql.extensions": "org.apache.spark.sql.hudi.HoodieSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
    }
    spark = Spark(glue, role, {"--datalake-formats": "hudi", "--conf": conf(settings)}, GlueVersion="5.1")
    try:
        spark.run(f"""
path = 's3://{bucket}/hudi/arrivals'
options = {{
    'hoodie.table.name': 'arrivals',
    'hoodie.datasource.write.recordkey.field': 'id',
    'hoodie.datasource.write.precombine.field': 'ts',
    'hoodie.metadata.enable': 'false',
}}
def upsert(rows, columns):
    frame = spark.createDataFrame(rows, columns)
    frame.write.format('hudi').options(**options).mode('append').save(path)
upsert([(1, 'a', 1), (2, 'b', 1)], 'id long, name string, ts long')
first = spark.read.format('hudi').load(path).selectExpr('max(_hoodie_commit_time)').first()[0]
upsert([(2, 'B', 2.5, 2), (3, 'c', 3.5, 2)], 'id long, name string, score double, ts long')
then = spark.read.format('hudi').option('as.of.instant', first).load(path)
""")
        assert spark.run("print([tuple(r) for r in then.select('id', 'name').orderBy('id').collect()])") == (
            "[(1, 'a'), (2, 'b')]"
        )
        merged = spark.sql(
            f"create table arrivals using hudi location 's3://{bucket}/hudi/arrivals'",
            "merge into arrivals t using (select 3L id, 'C' name, 4.0D score, 3L ts) s on t.id = s.id "
            "when matched then update set *",
            "select id, name, score from arrivals order by id",
        )
        assert merged == "[(1, 'a', None), (2, 'B', 2.5), (3, 'C', 4.0)]"
        spark.run("""
sync = {
    'hoodie.datasource.hive_sync.enable': 'true',
    'hoodie.datasource.hive_sync.use_jdbc': 'false',
    'hoodie.datasource.hive_sync.table': 'arrivals_synced',
}
more = spark.createDataFrame([(4, 'd', 4.5, 4)], 'id long, name string, score double, ts long')
more.write.format('hudi').options(**options, **sync).mode('append').save(path)
""")
        assert spark.sql("select max(id) from arrivals_synced") == "[(4,)]"
        spark.run("""
more = spark.createDataFrame([(5, 'e', 5.5, 5)], 'id long, name string, score double, ts long')
glueContext.write_data_frame.from_catalog(
    frame=more, database='default', table_name='arrivals_synced', additional_options=options)
""")
        assert spark.sql("refresh table arrivals_synced", "select max(id) from arrivals_synced") == "[(5,)]"
    finally:
        spark.stop()


def test_a_format_that_is_not_there_is_refused(glue: Any, role: str) -> None:
    with pytest.raises(
        botocore.exceptions.ClientError,
        match="paimon is not available with Glue version 5.1 here; available are delta, hudi",
    ):
        Spark(glue, role, {"--datalake-formats": "iceberg,paimon"}, GlueVersion="5.1")
