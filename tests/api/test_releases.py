"""Sessions of older and newer releases of Glue than the one that sessions have untold."""

import json
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.runtimes import Runtimes
from tests import conftest
from tests.api.spark_code import Spark, conf
from tests.conftest import Server, create_role
from tests.waiting import until

NEWEST = "6.0"


def log_of(client: Callable[..., Any], session: Spark) -> list[str]:
    """The lines of the session's log."""
    group = "/aws-glue/sessions/error"
    events = client("logs").get_log_events(logGroupName=group, logStreamName=session.id, startFromHead=True)["events"]
    return [event["message"] for event in events]


def test_a_session_of_an_old_release_has_that_release_s_behavior_and_says_what_it_runs_on(
    glue: Any, role: str, client: Callable[..., Any], bucket: str
) -> None:
    session = Spark(glue, role, {}, GlueVersion="2.0")
    # In Spark 3 this raises, as the pattern is none of its own; maps as text are {a -> 1}.
    query = "select to_date('2020-12-27', 'YYYY-MM-dd') is null, cast(map('a', 1) as string)"
    assert session.sql(query) == "[(False, '[a -> 1]')]"
    table = json.loads(files("studiolo.runtimes").joinpath("runtimes.json").read_text())
    names = [name for settings in table["restored"].values() for name in settings]
    conf = 'getattr(getattr(sc._jvm, "org.apache.spark.sql.internal.SQLConf$"), "MODULE$")'
    known = f"conf = {conf}\nprint([name for name in {names} if not conf.containsConfigKey(name)])"
    assert session.run(known) == "[]"
    # Some switches of older behavior do not go with other parts of this Spark.
    session.sql(f"create table old (a int) partitioned by (p int) stored as parquet location 's3://{bucket}/old/'")
    session.sql("insert into old values (1, 2)")
    assert session.sql("select * from old where p = 2") == "[(1, 2)]"
    session.sql("drop table old")
    assert log_of(client, session)[0].startswith(
        "Glue 2.0 is Spark 2.4.3, Scala 2.11, Python 3.7 on AWS; here it is Spark 3.5"
    )
    session.stop()


@pytest.fixture(scope="module")
def newest(server: Server, glue: Any, role: str, bucket: str) -> Iterator[Spark]:
    """A session of the newest release, with Iceberg and Delta, where its runtime is prepared or the option says so."""
    runtime = Runtimes(Settings(data=server.data)).for_glue(NEWEST).runtime
    if not runtime.ready and conftest.glue_version != NEWEST:
        pytest.skip(f"{runtime.name} is not prepared here (studiolo runtimes prepare {NEWEST}): 1 GB to download")
    catalog = "spark.sql.catalog.glue_catalog"
    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions,"
        "io.delta.sql.DeltaSparkSessionExtension",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalog}.warehouse": f"s3://{bucket}/newest",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    arguments = {"--datalake-formats": "iceberg,delta", "--conf": conf(settings)}
    session = Spark(glue, role, arguments, seconds=1200, GlueVersion=NEWEST)
    yield session
    session.stop()


def test_the_newest_release_runs_on_spark_4_and_says_so(newest: Spark, client: Callable[..., Any]) -> None:
    assert newest.run("print(spark.version[:3], spark.range(5).count())") == "4.1 5"
    assert any(line.startswith("Glue 6.0 is Spark 4.1.1") for line in log_of(client, newest))


UDFS = """
import pandas as pd
from pyspark.sql.functions import pandas_udf, udf
@pandas_udf("long")
def plus(numbers: pd.Series) -> pd.Series:
    return numbers + 1
rows = spark.range(2).select(plus("id"), udf(lambda number: number * 2, "long")("id"))
print([tuple(row) for row in rows.collect()], rows.toPandas().shape)
"""


def test_functions_in_python_and_pandas_run_on_it(newest: Spark) -> None:
    assert newest.run(UDFS) == "[(1, 0), (2, 2)] (2, 2)"


FAILING = """
try:
    spark.sql("select cast('NA' as int)").collect()
except Exception as error:
    print(error.getCondition())
"""


def test_its_sql_is_ansi_s_and_an_error_is_told_once(newest: Spark, client: Callable[..., Any]) -> None:
    assert newest.run(FAILING) == "CAST_INVALID_INPUT"
    assert newest.sql("select try_cast('NA' as int)") == "[(None,)]"
    assert not any(line.startswith('{"ts"') for line in log_of(client, newest))


def test_its_iceberg_has_tables_of_version_3_with_variants(newest: Spark) -> None:
    table = "glue_catalog.newest.documents"
    newest.sql(
        "create database glue_catalog.newest",
        f"create table {table} (id bigint, document variant) using iceberg tblproperties ('format-version' = '3')",
        f"insert into {table} select 1, parse_json('{{\"a\": [1, 2]}}')",
    )
    assert newest.sql(f"select id, variant_get(document, '$.a[1]', 'int') from {table}") == "[(1, 2)]"
    read = "GlueContext(sc).create_data_frame.from_catalog(database='newest', table_name='documents')"
    assert newest.run(f"from awsglue.context import GlueContext\nprint({read}.count())") == "1"


def test_its_delta_tables_are_written_and_merged(newest: Spark, bucket: str) -> None:
    path = f"delta.`s3://{bucket}/newest-delta`"
    rows = newest.sql(
        f"create table {path} (id int) using delta",
        f"insert into {path} values (1)",
        f"merge into {path} t using (select 2 id) s on t.id = s.id when not matched then insert *",
        f"select * from {path} order by id",
    )
    assert rows == "[(1,), (2,)]"


def test_hudi_is_refused_by_name_where_there_is_none(glue: Any, role: str) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match=r"hudi is not available with Glue version 6\.0"):
        Spark(glue, role, {"--datalake-formats": "hudi"}, GlueVersion=NEWEST)


def test_a_session_whose_environment_cannot_be_made_fails_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    server = Server(tmp_path / "data", settings=settings).up()
    try:
        with pytest.raises(AssertionError, match=r"environment of spark-4\.1 could not be made.*Not a directory"):
            Spark(server.client("glue"), create_role(server), {}, GlueVersion=NEWEST)
    finally:
        server.down()


CONNECT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(spark.version, spark.range(5).count())
"""


@pytest.mark.timeout(1200)
def test_emr_s_release_of_spark_4_serves_its_clients(server: Server, client: Callable[..., Any], role: str) -> None:
    if conftest.glue_version != NEWEST:
        pytest.skip("its runtime is made where the option --glue-version asks for the newest releases")
    runtimes = Runtimes(Settings(data=server.data))
    runtime = runtimes.for_emr("emr-spark-8.0.0").runtime
    runtimes.make(runtime, print)
    emr = client("emr-serverless")
    application = emr.create_application(
        releaseLabel="emr-spark-8.0.0", type="SPARK", interactiveConfiguration={"sessionEnabled": True}
    )["applicationId"]
    ids = {"applicationId": application}
    ids["sessionId"] = emr.start_session(executionRoleArn=role, **ids)["sessionId"]
    until(lambda: emr.get_session(**ids)["session"]["state"] not in ("SUBMITTED", "STARTING"), seconds=300)
    assert emr.get_session(**ids)["session"]["state"] == "IDLE", emr.get_session(**ids)["session"]["stateDetails"]
    found = emr.get_session_endpoint(**ids)
    address = f"{found['endpoint']}/;authorization=Bearer%20{found['authToken']}"
    done = subprocess.run([runtime.python, "-c", CONNECT, address], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["4.0.2", "5"], done.stderr
    emr.terminate_session(**ids)
