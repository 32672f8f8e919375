"""One Data Catalog behind Spark's Hive client, boto3, PyIceberg and plain Thrift clients."""

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hive_metastore import ttypes as hive
from pyiceberg.catalog.hive import HiveCatalog
from thrift.Thrift import TApplicationException

from tests.conftest import REGION, Server
from tests.hive import connected, metastore, person
from tests.waiting import until

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture(scope="module")
def spark(glue: Any, role: str) -> Iterator[Callable[[str], str]]:
    """Runs code in a Spark session; what it printed, or its error."""
    session = f"session-{uuid.uuid4().hex[:8]}"
    command = {"Name": "glueetl", "PythonVersion": "3"}
    glue.create_session(Id=session, Role=role, Command=command, DefaultArguments={"--enable-glue-datacatalog": "true"})
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "READY", seconds=120)

    def run(code: str) -> str:
        number = glue.run_statement(SessionId=session, Code=code)["Id"]

        def over() -> dict[str, Any] | None:
            statement: dict[str, Any] = glue.get_statement(SessionId=session, Id=number)["Statement"]
            return statement if statement["State"] == "AVAILABLE" else None

        output = until(over, seconds=120)["Output"]
        return str(output["Data"]["TextPlain"] if output["Status"] == "ok" else output["ErrorValue"])

    yield run
    glue.stop_session(Id=session)


@pytest.fixture(scope="module")
def air(spark: Callable[[str], str], glue: Any) -> str:
    """A database that Spark made, with a partitioned table that it saved."""
    spark(
        "spark.sql('create database air')\n"
        "spark.conf.set('hive.exec.dynamic.partition.mode', 'nonstrict')\n"
        "rows = spark.range(6).selectExpr('id', 'id % 3 as year', 'cast(id % 2 as string) month').coalesce(1)\n"
        "rows.write.partitionBy('year', 'month').saveAsTable('air.measured')"
    )
    return "air"


@pytest.fixture(scope="module")
def home(server: Server) -> str:
    """The metastore of the settings' region."""
    return metastore(server)


@pytest.fixture(scope="module")
def me(server: Server) -> str:
    """What the person says as the user name."""
    return person(server)


def keys(s3: Any, location: str) -> list[str]:
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])]


def test_what_spark_saves_is_a_proper_glue_table(air: str, glue: Any, s3: Any) -> None:
    assert glue.get_database(Name=air)["Database"]["LocationUri"].startswith(f"s3://studiolo-000000000000-{REGION}/")
    table = glue.get_table(DatabaseName=air, Name="measured")["Table"]
    assert table["TableType"] == "MANAGED_TABLE"
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("year", "bigint"), ("month", "string")]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["id"]
    assert "parquet" in table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
    assert table["Parameters"]["spark.sql.sources.provider"] == "parquet"
    found = glue.get_partitions(DatabaseName=air, TableName="measured", Expression="year >= 1 AND month = '1'")
    (first, second) = sorted(found["Partitions"], key=lambda partition: partition["Values"])
    assert (first["Values"], second["Values"]) == (["1", "1"], ["2", "1"])
    assert keys(s3, first["StorageDescriptor"]["Location"])


def test_spark_prunes_overwrites_alters_renames_and_drops(
    air: str, spark: Callable[[str], str], glue: Any, s3: Any
) -> None:
    printed = spark(
        "sql = spark.sql\n"
        "print(sql(\"select count(*) from air.measured where year >= 1 and month like '1%'\").first()[0])\n"
        "sql('create table air.hive (a int, B string) partitioned by (d date) stored as orc')\n"
        "sql(\"insert into air.hive partition (d) values (1, 'x', date'2024-01-01'), (2, 'y', date'2024-01-02')\")\n"
        "sql(\"insert overwrite air.hive partition (d='2024-01-01') values (7, 'z')\")\n"
        "sql(\"alter table air.hive drop partition (d='2024-01-02')\")\n"
        "sql(\"alter table air.hive add columns (c int comment 'third')\")\n"
        "sql('alter table air.hive rename to air.orc')\n"
        "print(sql('select * from air.orc').collect())\n"
        "sql('create view air.seen as select a from air.orc')\n"
        "print(sql('select count(*) from air.seen').first()[0])\n"
        "sql('analyze table air.measured compute statistics for columns id')\n"
        "sql(\"create function air.log10 as 'org.apache.hadoop.hive.ql.udf.UDFLog10'\")\n"
        "sql('create table air.gone using json as select 1 as a')\n"
        "sql('drop table air.gone')\n"
        "_ = sql('create table air.gone using json as select 2 as a')\n"
    )
    assert printed.splitlines() == ["2", "[Row(a=7, B='z', c=None, d=datetime.date(2024, 1, 1))]", "1"]
    orc = glue.get_table(DatabaseName=air, Name="orc")["Table"]["StorageDescriptor"]
    assert [(c["Name"], c.get("Comment")) for c in orc["Columns"]] == [("a", None), ("b", None), ("c", "third")]
    assert orc["Location"].endswith("/air.db/orc")
    (left,) = glue.get_partitions(DatabaseName=air, TableName="orc")["Partitions"]
    assert left["StorageDescriptor"]["Location"].endswith("/air.db/orc/d=2024-01-01")
    assert keys(s3, orc["Location"].replace("/orc", "/hive")) == []
    assert glue.get_table(DatabaseName=air, Name="seen")["Table"]["TableType"] == "VIRTUAL_VIEW"
    parameters = glue.get_table(DatabaseName=air, Name="measured")["Table"]["Parameters"]
    assert parameters["spark.sql.statistics.colStats.id.max"] == "5"
    function = glue.get_user_defined_function(DatabaseName=air, FunctionName="log10")["UserDefinedFunction"]
    assert function["ClassName"].endswith("UDFLog10")


def test_spark_queries_and_repairs_what_boto3_creates(
    air: str, spark: Callable[[str], str], glue: Any, s3: Any, bucket: str
) -> None:
    for day in ("1", "2"):
        file = io.BytesIO()
        pq.write_table(pa.table({"city": ["Aotizhongxin"], "pm": [int(day)]}), file)
        s3.put_object(Bucket=bucket, Key=f"raw/day={day}/part.parquet", Body=file.getvalue())
    storage = {
        **PARQUET,
        "Location": f"s3://{bucket}/raw",
        "Columns": [{"Name": "city", "Type": "string"}, {"Name": "pm", "Type": "bigint"}],
    }
    table = {
        "Name": "raw",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "day", "Type": "int"}],
        "StorageDescriptor": storage,
    }
    glue.create_database(DatabaseInput={"Name": "bare"})
    glue.create_table(DatabaseName="bare", TableInput=table)
    partition = {"Values": ["1"], "StorageDescriptor": {**storage, "Location": f"s3://{bucket}/raw/day=1"}}
    glue.create_partition(DatabaseName="bare", TableName="raw", PartitionInput=partition)
    printed = spark(
        "print(spark.table('bare.raw').collect())\n"
        "spark.sql('msck repair table bare.raw')\n"
        "print(spark.sql('select sum(pm) from bare.raw where day > 0').first()[0])\n"
        "spark.range(1).write.saveAsTable('bare.made')\n"
        "_ = spark.sql('drop table bare.raw')"
    )
    assert printed.splitlines() == ["[Row(city='Aotizhongxin', pm=1, day=1)]", "3"]
    assert keys(s3, f"s3://{bucket}/raw/day=2"), "an external table's files are its owner's"
    assert glue.get_table(DatabaseName="bare", Name="made")["Table"]["StorageDescriptor"]["Location"].endswith("/made")


def test_a_table_over_unreadable_files_fails_in_the_reader_s_words(
    air: str, spark: Callable[[str], str], glue: Any, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="broken/part.parquet", Body=b"this is not a table")
    columns = [{"Name": "a", "Type": "int"}]
    storage = {**PARQUET, "Location": f"s3://{bucket}/broken", "Columns": columns}
    glue.create_table(DatabaseName=air, TableInput={"Name": "broken", "StorageDescriptor": storage})
    assert "is not a Parquet file" in spark("spark.table('air.broken').show()")
    marks = {"table_type": "ICEBERG", "metadata_location": f"s3://{bucket}/broken/metadata/1.json"}
    iceberg = {"Name": "ice", "Parameters": marks, "StorageDescriptor": {"Columns": columns, "Location": "s3://broken"}}
    glue.create_table(DatabaseName=air, TableInput=iceberg)
    assert "data source: iceberg" in spark("spark.table('air.ice').show()")


def test_what_a_session_says_of_itself_to_the_metastore_is_shown_nowhere(
    air: str, spark: Callable[[str], str], glue: Any, server: Server, role: str
) -> None:
    backwards = spark("import os; print(os.environ['HADOOP_USER_NAME'][::-1])")
    secret = backwards[::-1].strip().partition(".")[2]
    assert len(secret) == 64
    logs = [*(server.data / "logs").iterdir(), *(server.data / "log-events").rglob("*.jsonl")]
    assert [file for file in logs if secret in file.read_text()] == []
    name = role.rpartition("/")[2]
    assert glue.get_table(DatabaseName=air, Name="measured")["Table"]["Owner"] == name
    shown = spark(f"print(spark.sql('describe extended {air}.measured').collect(), sc.sparkUser())")
    assert (name in shown, secret in shown, "hadoop" in shown) == (True, False, True)


def test_dropping_a_database_takes_its_tables_and_their_files(
    air: str, spark: Callable[[str], str], glue: Any, s3: Any
) -> None:
    spark("spark.sql('create database sea'); spark.range(1).write.saveAsTable('sea.t')")
    location = glue.get_database(Name="sea")["Database"]["LocationUri"]
    assert keys(s3, location)
    spark("spark.sql('drop database sea cascade')")
    assert keys(s3, location) == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_database(Name="sea")


def test_regions_do_not_see_one_another(air: str, home: str, me: str) -> None:
    with connected(home, me) as hms:
        assert air not in hms.get_all_databases()
        assert "default" in hms.get_all_databases()


def test_pyiceberg_creates_and_appends_through_the_metastore(server: Server, home: str, me: str) -> None:
    catalog = HiveCatalog(
        "hive",
        uri=home,
        **{
            "ugi": f"{me}:users",
            "hive.hive2-compatible": "true",
            "s3.endpoint": server.s3_endpoint,
            "s3.access-key-id": server.key()[0],
            "s3.secret-access-key": server.key()[1],
        },
    )
    catalog.create_namespace("ice")
    rows = pa.table({"a": [1, 2]})
    table = catalog.create_table("ice.berg", rows.schema)
    table.append(rows)
    catalog.load_table("ice.berg").append(rows)
    assert catalog.load_table("ice.berg").scan().to_arrow().num_rows == 4
    glue = server.client("glue", region_name="us-east-1")
    parameters = glue.get_table(DatabaseName="ice", Name="berg")["Table"]["Parameters"]
    assert (parameters["table_type"], "metadata_location" in parameters) == ("ICEBERG", True)


@pytest.fixture
def shared(home: str, me: str) -> str:
    """A table that several clients change."""
    name = f"t{uuid.uuid4().hex[:8]}"
    columns = [hive.FieldSchema("a", "int", None)]
    storage = hive.StorageDescriptor(cols=columns, serdeInfo=hive.SerDeInfo(parameters={}), parameters={})
    with connected(home, me) as hms:
        hms.create_table(hive.Table(tableName=name, dbName="default", sd=storage, parameters={"rows": "0"}))
    return name


def test_what_two_clients_change_at_once_is_not_lost(home: str, me: str, shared: str) -> None:
    with connected(home, me) as one, connected(home, me) as other:
        mine, theirs = one.get_table("default", shared), other.get_table("default", shared)
        theirs.sd.cols.append(hive.FieldSchema("b", "int", None))
        other.alter_table("default", shared, theirs)
        mine.parameters["rows"] = "1"
        one.alter_table("default", shared, mine)
        after = one.get_table("default", shared)
        assert ([each.name for each in after.sd.cols], after.parameters["rows"]) == (["a", "b"], "1")


def test_a_commit_on_another_state_than_expected_is_refused(home: str, me: str, shared: str) -> None:
    with connected(home, me) as hms:
        table = hms.get_table("default", shared)
        table.parameters["metadata_location"] = "s3://b/2"
        expected = {"expected_parameter_key": "metadata_location", "expected_parameter_value": "s3://b/1"}
        context = hive.EnvironmentContext(properties=expected)
        words = "The table has been modified. The parameter value for key 'metadata_location' is"
        with pytest.raises(hive.MetaException) as refused:
            hms.alter_table_with_environment_context("default", shared, table, context)
        assert words in refused.value.message


def test_refusals_are_the_exceptions_that_hive_declares(home: str, me: str, shared: str) -> None:
    with connected(home, me) as hms:
        with pytest.raises(hive.NoSuchObjectException):
            hms.get_table("default", "nothing")
        with pytest.raises(hive.AlreadyExistsException):
            hms.create_table(hms.get_table("default", shared))
        with pytest.raises(hive.MetaException, match="does not have add_master_key: its clients say who they are"):
            hms.add_master_key("key")
        with pytest.raises(TApplicationException, match="does not have open_txns: it has no transactions"):
            hms.open_txns(hive.OpenTxnRequest(num_txns=1, user="me", hostname="here"))


def test_column_statistics_are_glue_s_too(server: Server, home: str, me: str, shared: str) -> None:
    data = hive.ColumnStatisticsData(longStats=hive.LongColumnStatsData(lowValue=1, highValue=9, numNulls=0, numDVs=4))
    about = hive.ColumnStatisticsDesc(isTblLevel=True, dbName="default", tableName=shared)
    given = hive.ColumnStatisticsObj(colName="a", colType="int", statsData=data)
    with connected(home, me) as hms:
        hms.update_table_column_statistics(hive.ColumnStatistics(statsDesc=about, statsObj=[given]))
    glue = server.client("glue", region_name="us-east-1")
    found = glue.get_column_statistics_for_table(DatabaseName="default", TableName=shared, ColumnNames=["a"])
    (known,) = found["ColumnStatisticsList"]
    assert known["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"] == 9


def test_a_client_that_speaks_something_else_disturbs_nobody(server: Server, home: str, me: str) -> None:
    import socket

    host, port = home.removeprefix("thrift://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stranger.recv(100) == b""
    with connected(home, me) as hms:
        assert hms.getStatus() == 2


def test_the_metastore_is_where_status_and_env_say(server: Server, home: str) -> None:
    assert home in server.run("status").stdout
    assert f"export STUDIOLO_METASTORE_URI={home}\n" in server.run("env").stdout
    assert server.health()["metastore"] == home


def test_spark_reads_the_offline_store_of_a_feature_group(
    spark: Callable[[str], str], glue: Any, client: Callable[..., Any], role: str, bucket: str
) -> None:
    sagemaker = client("sagemaker")
    group = f"air-{uuid.uuid4().hex[:8]}"
    sagemaker.create_feature_group(
        FeatureGroupName=group,
        RecordIdentifierFeatureName="station",
        EventTimeFeatureName="Measured",
        FeatureDefinitions=[
            {"FeatureName": "station", "FeatureType": "Integral"},
            {"FeatureName": "Measured", "FeatureType": "Fractional"},
            {"FeatureName": "no2", "FeatureType": "Fractional", "CollectionType": "List"},
        ],
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{bucket}/features/"}},
        RoleArn=role,
    )
    until(lambda: sagemaker.describe_feature_group(FeatureGroupName=group)["FeatureGroupStatus"] == "Created")
    config = sagemaker.describe_feature_group(FeatureGroupName=group)["OfflineStoreConfig"]["DataCatalogConfig"]
    client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=group,
        Record=[
            {"FeatureName": "station", "ValueAsString": "7"},
            {"FeatureName": "Measured", "ValueAsString": "1714558500"},
            {"FeatureName": "no2", "ValueAsStringList": ["1.5", "2"]},
        ],
    )
    named = {"DatabaseName": config["Database"], "TableName": config["TableName"]}
    until(lambda: glue.get_partitions(**named)["Partitions"])
    columns = "station, measured, no2, is_deleted, write_time >= api_invocation_time, day, hour"
    said = spark(
        f"print(spark.sql('select {columns} from {config['Database']}.{config['TableName']}').collect()[0][:])"
    )
    assert said.strip() == "(7, 1714558500.0, [1.5, 2.0], False, True, '01', '10')"
