"""Whole scripts of `awsglue` in a session, on S3 and the Data Catalog, as the AWS Glue Developer Guide has them."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.spark_code import Spark
from tests.waiting import until

JSON = "org.openx.data.jsonserde.JsonSerDe"
CSV = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
PERSONS = [
    {"id": "p1", "name": "Mac Collins", "birth_date": "1944-10-15", "identifiers": [{"scheme": "a", "identifier": "1"}]},
    {"id": "p2", "name": "Bill Huizenga", "birth_date": "1969-01-31", "identifiers": [
        {"scheme": "a", "identifier": "2"}, {"scheme": "b", "identifier": "3"}]},
]  # fmt: skip
MEMBERSHIPS = [
    {"person_id": "p1", "organization_id": "house", "start_date": "1993-01-05"},
    {"person_id": "p2", "organization_id": "house", "start_date": "2011-01-05"},
    {"person_id": "p1", "organization_id": "senate", "start_date": "1999-01-05"},
]
ORGANIZATIONS = [
    {"id": "house", "name": "House of Representatives", "seats": 435, "identifiers": [], "other_names": []},
    {"id": "senate", "name": "Senate", "seats": 100},
]
MEDICARE = """\
drg definition,provider id,provider name,provider zip code,average covered charges
039 - EXTRACRANIAL,10001,SOUTHEAST MEDICAL,36301,$32963.07
039 - EXTRACRANIAL,10005,MARSHALL MEDICAL,35957,$15131.85
948 - SIGNS,ABC INC,ST JOSEPH,53210,$9000.50
"""


@pytest.fixture(scope="module")
def spark(glue: Any, role: str, bucket: str, air: str) -> Iterator[Spark]:
    session = Spark(glue, role, {"--conf": "spark.sql.shuffle.partitions=2"})
    session.run(f"bucket, database = 's3://{bucket}/{air}', {air!r}")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def air(glue: Any, client: Callable[..., Any], bucket: str) -> str:
    """A database with the guide's tables, whose files are in a folder of its name."""
    name = f"air_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    files = {
        "persons_json": "".join(json.dumps(record) + "\n" for record in PERSONS),
        "memberships_json": "".join(json.dumps(record) + "\n" for record in MEMBERSHIPS),
        "organizations_json": json.dumps(ORGANIZATIONS),
        "medicare": MEDICARE,
    }
    columns = {
        "persons_json": "id name birth_date",
        "memberships_json": "person_id organization_id start_date",
        "organizations_json": "id name",
        "medicare": "",
    }
    for table, text in files.items():
        key = f"{name}/{table}/file"
        client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
        known = [{"Name": column, "Type": "string"} for column in columns[table].split()]
        if table == "medicare":
            names = MEDICARE.split("\n", maxsplit=1)[0].split(",")
            known = [{"Name": column, "Type": "string"} for column in names]
            known[1]["Type"] = known[3]["Type"] = "bigint"
        serde = {"SerializationLibrary": CSV, "Parameters": {"field.delim": ","}} if table == "medicare" else {
            "SerializationLibrary": JSON}  # fmt: skip
        storage = {"Location": f"s3://{bucket}/{name}/{table}/", "Columns": known, "SerdeInfo": serde, **TEXT}
        parameters = {"classification": "csv", "skip.header.line.count": "1"} if table == "medicare" else {
            "classification": "json"}  # fmt: skip
        given = {"Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": parameters, "StorageDescriptor": storage}
        glue.create_table(DatabaseName=name, TableInput=given)
    return name


def test_legislators_are_joined_written_and_made_relational(spark: Spark, bucket: str, air: str) -> None:
    spark.run("""
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

glueContext = GlueContext(SparkContext.getOrCreate())
job = Job(glueContext)
job.init("legislators", {})
persons = glueContext.create_dynamic_frame.from_catalog(database=database, table_name="persons_json")
memberships = glueContext.create_dynamic_frame.from_catalog(database=database, table_name="memberships_json")
orgs = glueContext.create_dynamic_frame.from_catalog(database=database, table_name="organizations_json")
orgs = orgs.drop_fields(["other_names", "identifiers"]).rename_field("id", "org_id").rename_field("name", "org_name")
history = Join.apply(orgs, Join.apply(persons, memberships, "id", "person_id"), "org_id", "organization_id")
history = history.drop_fields(["person_id", "org_id"])
glueContext.write_dynamic_frame.from_options(
    frame=history, connection_type="s3", connection_options={"path": f"{bucket}/history"}, format="parquet")
""")
    written = spark.sql(f"select name, org_name, seats from parquet.`s3://{bucket}/{air}/history` order by name, seats")
    assert written == (
        "[('Bill Huizenga', 'House of Representatives', 435), ('Mac Collins', 'Senate', 100), "
        "('Mac Collins', 'House of Representatives', 435)]"
    )
    printed = spark.run("""
tables = history.relationalize("hist_root", f"{bucket}/temp/")
job.commit()
print(sorted(tables.keys()))
print(tables.select("hist_root_identifiers").toDF().columns)
print(tables.select("hist_root_identifiers").count())
""")
    assert printed.splitlines() == [
        "['hist_root', 'hist_root_identifiers']",
        "['id', 'index', 'identifiers.val.scheme', 'identifiers.val.identifier']",
        "4",
    ]


def test_medicare_is_cleaned(spark: Spark) -> None:
    printed = spark.run("""
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql.functions import udf
from pyspark.sql.types import StringType

medicare = glueContext.create_dynamic_frame.from_catalog(database=database, table_name="medicare")
medicare.printSchema()
resolved = medicare.resolveChoice(specs=[("provider id", "cast:long")])
dataframe = resolved.toDF().where("`provider id` is NOT NULL")
chop = udf(lambda x: x[1:], StringType())
dataframe = dataframe.withColumn("ACC", chop(dataframe["average covered charges"]))
nested = DynamicFrame.fromDF(dataframe, glueContext, "nested").apply_mapping([
    ("drg definition", "string", "drg", "string"), ("provider id", "long", "provider.id", "long"),
    ("provider zip code", "long", "provider.zip", "long"), ("ACC", "string", "charges.covered", "double")])
glueContext.write_dynamic_frame.from_options(
    frame=nested, connection_type="s3", connection_options={"path": f"{bucket}/clean"}, format="parquet")
print([tuple(row) for row in spark.read.parquet(f"{bucket}/clean").orderBy("provider.id").collect()])
""")
    assert "|-- provider id: choice\n|    |-- long\n|    |-- string\n|-- provider name: string\n" in printed
    assert printed.splitlines()[-1] == (
        "[('039 - EXTRACRANIAL', Row(id=10001, zip=36301), Row(covered=32963.07)), "
        "('039 - EXTRACRANIAL', Row(id=10005, zip=35957), Row(covered=15131.85))]"
    )


@pytest.mark.parametrize("kind", ["glueparquet", "json", "csv"])
def test_a_sink_keeps_a_table_that_spark_reads_by_its_partitions(spark: Spark, glue: Any, air: str, kind: str) -> None:
    table = f"sales_{kind}"
    printed = spark.run(f"""
rows = spark.createDataFrame([(1, 0.5, "2019", "01"), (2, 1.5, "2020", "01"), (3, 2.5, "2020", "02")],
                             "id int, price double, year string, month string")
for part in ("year = 2019", "year = 2020"):
    sink = glueContext.getSink(connection_type="s3", path=f"{{bucket}}/{table}", enableUpdateCatalog=True,
                               updateBehavior="UPDATE_IN_DATABASE", partitionKeys=["year", "month"])
    sink.setFormat({kind!r}, **({{"writeHeader": False}} if {kind!r} == "csv" else {{}}))
    sink.setCatalogInfo(catalogDatabase=database, catalogTableName={table!r})
    sink.writeFrame(DynamicFrame.fromDF(rows.where(part), glueContext, "part"))
some = glueContext.create_dynamic_frame.from_catalog(
    database=database, table_name={table!r}, push_down_predicate="(year == '2020' and month > '01')")
other = glueContext.create_dynamic_frame.from_catalog(
    database, {table!r}, additional_options={{"catalogPartitionPredicate": "year='2019'"}})
columns = ["id", "price", "year", "month"]
print([tuple(row) for frame in (some, other) for row in frame.toDF().select(columns).collect()])
print([tuple(row) for row in spark.sql(f"select id, price, year, month from {{database}}.{table} order by id").collect()])
try:
    glueContext.create_dynamic_frame.from_catalog(database, {table!r}, push_down_predicate="id = 1")
except ValueError as error:
    print(str(error)[:79])
glueContext.purge_table(database, {table!r}, {{"partitionPredicate": "(month=='01')", "retentionPeriod": 0}})
print(glueContext.create_dynamic_frame.from_catalog(database, {table!r}).count())
""")
    assert printed.splitlines() == [
        "[(3, 2.5, '2020', '02'), (1, 0.5, '2019', '01')]",
        "[(1, 0.5, '2019', '01'), (2, 1.5, '2020', '01'), (3, 2.5, '2020', '02')]",
        "The predicate 'id = 1' cannot be resolved against the partition columns year, month"[:79],
        "1",
    ]
    partitions = glue.get_partitions(DatabaseName=air, TableName=table)["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2020", "02"]]
    classification = glue.get_table(DatabaseName=air, Name=table)["Table"]["Parameters"]["classification"]
    assert classification == kind.removeprefix("glue")


def test_what_a_script_logs_is_in_the_sessions_log(spark: Spark, client: Callable[..., Any]) -> None:
    spark.run("glueContext.get_logger().info('the script has begun')")
    logs = client("logs")

    def logged() -> bool:
        stream = {"logGroupName": "/aws-glue/sessions/error", "logStreamName": spark.id}
        events = logs.get_log_events(**stream, startFromHead=True)["events"]
        return any("GlueLogger: the script has begun" in event["message"] for event in events)

    until(logged)


def test_a_table_of_a_database_is_known_to_the_session_and_drivers_are_there(spark: Spark, glue: Any, air: str) -> None:
    known = {"JDBC_CONNECTION_URL": "jdbc:postgresql://127.0.0.1:1/air", "USERNAME": "u", "PASSWORD": "p"}
    glue.create_connection(ConnectionInput={"Name": air, "ConnectionType": "JDBC", "ConnectionProperties": known})
    parameters = {"classification": "postgresql", "connectionName": air, "typeOfData": "table"}
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": "air.public.people"}
    table = {"Name": "people", "TableType": "EXTERNAL_TABLE", "Parameters": parameters, "StorageDescriptor": storage}
    glue.create_table(DatabaseName=air, TableInput=table)
    printed = spark.run("""
try:
    glueContext.create_dynamic_frame.from_catalog(database, "people")
except Exception as error:
    print("Connection to 127.0.0.1:1 refused" in str(error))
for driver in ("org.postgresql.Driver", "com.mysql.cj.jdbc.Driver", "com.microsoft.sqlserver.jdbc.SQLServerDriver"):
    print(spark._jvm.java.lang.Class.forName(driver).getName() == driver)
""")
    assert printed.split() == ["True"] * 4


HIVES = "org.apache.hive.hcatalog.data.JsonSerDe"
OPEN = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def test_tables_of_text_read_as_spark_sql_reads_them(
    spark: Spark, glue: Any, client: Callable[..., Any], bucket: str, air: str
) -> None:
    told = {
        "escaped": (CSV, {"field.delim": ",", "escape.delim": "\\"}, "1,Doe\\, Jane,x\n2,\\N,\n"),
        "quoted": (OPEN, {"escapeChar": "\\"}, '1,"he said ""hi"", twice",x\n2,"a\\"b",\n'),
        "latin": (CSV, {"field.delim": "|", "serialization.encoding": "ISO-8859-1"}, "1|é|ü\n"),
        "headed": (CSV, {"field.delim": ",", "skip.header.line.count": "2"}, "a,b,c\n-,-,-\n1,x,\n"),
    }
    for name, (serde, parameters, text) in told.items():
        body = text.encode(parameters.get("serialization.encoding", "utf-8"))
        client("s3").put_object(Bucket=bucket, Key=f"{air}/{name}/file", Body=body)
        columns = [{"Name": "id", "Type": "int"}, {"Name": "b", "Type": "string"}, {"Name": "c", "Type": "string"}]
        known = {"SerializationLibrary": serde, "Parameters": parameters}
        storage = {"Location": f"s3://{bucket}/{air}/{name}/", "Columns": columns, "SerdeInfo": known, **TEXT}
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "Parameters": {}}
        glue.create_table(DatabaseName=air, TableInput=table)
    printed = spark.run(f"""
for name in {list(told)!r}:
    ours = glueContext.create_dynamic_frame.from_catalog(database, name).toDF()
    print([tuple(row) for row in ours.collect()])
    theirs = spark.table(f"{{database}}.{{name}}").selectExpr("cast(id as int) id", "b", "c").where("id is not null")
    print(ours.collect() == theirs.collect())
""")
    assert printed.splitlines() == [
        "[(1, 'Doe, Jane', 'x'), (2, None, '')]", "True",
        "[(1, 'he said \"hi\", twice', 'x'), (2, 'a\"b', '')]", "True",
        "[(1, 'é', 'ü')]", "True",
        "[(1, 'x', '')]", "True",
    ]  # fmt: skip


def test_a_table_has_its_own_types_whatever_its_serde_says(
    spark: Spark, glue: Any, client: Callable[..., Any], bucket: str, air: str
) -> None:
    columns = {"ID": "bigint", "price": "decimal(6,2)", "tag": "varchar(8)", "who": "struct<name:string,age:int>"}
    for number, serde in enumerate((JSON, HIVES, OPEN, CSV)):
        storage = {
            "Location": f"s3://{bucket}/{air}/typed/",
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
            "SerdeInfo": {"SerializationLibrary": serde},
            **TEXT,
        }
        keys = [{"Name": "day", "Type": "date"}] if number else []
        table = {"Name": f"typed_{number}", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        glue.create_table(DatabaseName=air, TableInput={**table, "PartitionKeys": keys, "Parameters": {}})
    lines = '{"id": 1, "price": "2.50", "who": {"Name": "a", "age": 1}}\n{"id": "2", "price": 3, "who": "b"}\n'
    client("s3").put_object(Bucket=bucket, Key=f"{air}/typed/file", Body=lines.encode())
    printed = spark.run("""
for number in range(4):
    schema = glueContext.get_catalog_schema_as_spark_schema(database, f"typed_{number}")
    print(schema.simpleString().lower())
typed = glueContext.create_dynamic_frame.from_catalog(database, "typed_0")
matched = typed.resolveChoice(choice="match_catalog", database=database, table_name="typed_0")
print([tuple(row) for row in matched.toDF().select("id", "price", "who.name", "who.age").collect()])
""")
    columns_text = "id:bigint,price:decimal(6,2),tag:string,who:struct<name:string,age:int>"
    assert printed.splitlines() == [
        f"struct<{columns_text}>",
        *[f"struct<{columns_text},day:date>"] * 3,
        "[(1, Decimal('2.50'), 'a', 1), (2, Decimal('3.00'), None, None)]",
    ]
