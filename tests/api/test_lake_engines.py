"""One partial grant, by every engine: each sees the raw table filtered by hand, and none gets at the raw files."""

import gzip
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pytest
import trino
from botocore.exceptions import ClientError
from pyarrow import fs
from uv import find_uv_bin

from tests.api.clusters import (
    create_default_roles,
    job_flow,
    livy,
    livy_printed,
    machine_role,
    run,
    step,
    text,
    with_runtime_roles,
)
from tests.api.lake_house import PEOPLE, DeltaLog, LakeHouse, Person, iceberg_of
from tests.api.programs import Programs, channel
from tests.api.spark_code import Spark, conf
from tests.conftest import REGION, Server
from tests.waiting import until

EXPECTED = sorted([str(each) for each in row] for row in PEOPLE[PEOPLE["city"] == "paris"][["id", "name"]].values)
"""The raw table filtered by hand."""

FORMATS = ("parquet", "orc", "avro", "lines", "csv", "json")
RAW = "wh/parquet/part-0.parquet"
LOGS = ("stdout", "stderr")

BY_SPARK = """
import json
def seen(table):
    return sorted([str(value) for value in row] for row in spark.table(database + "." + table).collect())
def tried(read):
    try:
        return f"WENT THROUGH {read()}"
    except Exception as error:
        return str(error)
rows = {table: seen(table) for table in tables}
refusals = [
    tried(lambda: spark.read.parquet(raw).count()),
    tried(lambda: spark.sql(f"select ssn from {database}.parquet").count()),
    tried(lambda: spark.read.format("binaryFile").load(raw.rpartition("/")[0] + "/").count()),
]
print("SEEN", json.dumps([rows, refusals]))
"""

BY_ITS_KEY = """
import boto3
bucket, _, key = raw.removeprefix("s3://").partition("/")
refusals += [
    tried(lambda: boto3.client("s3").get_object(Bucket=bucket, Key=key)["ETag"]),
    tried(lambda: boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=key.rpartition("/")[0])["KeyCount"]),
]
print("SEEN", json.dumps([rows, refusals]))
"""

SUBMITTED = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
CONNECTED = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
"""

BY_CHANNEL = """
import json, pathlib
import pyarrow.parquet as pq
files = pathlib.Path("/opt/ml/input/data/view").rglob("*.parquet")
rows = [row for file in files for row in pq.read_table(file).to_pylist()]
found = sorted([str(row["id"]), row["name"]] for row in rows)
print("SEEN", json.dumps([{"parquet": found, "columns": sorted({name for row in rows for name in row})}, []]))
"""

BY_DUCKDB = """
import json, sys
import duckdb, s3fs
place, raw, endpoint, key, secret, token = sys.argv[1:]
duckdb.register_filesystem(s3fs.S3FileSystem(key=key, secret=secret, token=token, endpoint_url=endpoint))
def rows(path):
    return sorted([str(value) for value in row] for row in duckdb.sql(f"select * from read_parquet('{path}')").fetchall())
def tried(read):
    try:
        return f"WENT THROUGH {read()}"
    except Exception as error:
        return str(error)
print("SEEN", json.dumps([{"parquet": rows(place + "/*.parquet")}, [tried(lambda: rows(raw))]]))
"""

Answer = tuple[dict[str, list[list[str]]], list[str]]
"""The rows that an engine sees of each table, and what it is told when it asks for more."""


@dataclass
class World:
    """A lake house, and somebody who has two columns of one city's rows of each of its tables."""

    server: Server
    house: LakeHouse
    who: Person
    bucket: str

    @property
    def raw(self) -> str:
        return f"s3://{self.house.bucket}/{RAW}"

    @cached_property
    def place(self) -> str:
        """Where the table of Parquet is for that person."""
        table = self.who.client("glue").get_table(DatabaseName=self.house.name, Name="parquet")["Table"]
        return str(table["StorageDescriptor"]["Location"])

    def by_spark(self, begin: str, *ends: str) -> str:
        """A program for Spark."""
        known = {"database": self.house.name, "tables": FORMATS, "raw": self.raw}
        return begin + "".join(f"{name} = {value!r}\n" for name, value in known.items()) + "".join((BY_SPARK, *ends))

    def script(self, code: str) -> str:
        """The place of a program."""
        key = f"code/{uuid.uuid4().hex}.py"
        self.server.client("s3").put_object(Bucket=self.bucket, Key=key, Body=code.encode())
        return f"s3://{self.bucket}/{key}"

    @cached_property
    def files(self) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            endpoint_override=self.server.s3_endpoint,
            access_key=self.who.key["aws_access_key_id"],
            secret_key=self.who.key["aws_secret_access_key"],
            session_token=self.who.key["aws_session_token"],
            region=REGION,
        )


@pytest.fixture(scope="module")
def world(server: Server, bucket: str) -> Iterator[World]:
    house = LakeHouse(server)
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    who = house.person(own, services=["ec2.amazonaws.com", "emr-serverless.amazonaws.com"])
    for form in FORMATS:
        house.add(form, form)
        house.grant(who, house.filter(form, "paris", "city = 'paris'", "id", "name"))
    yield World(server, house, who, bucket)
    house.close()


@pytest.fixture(scope="module")
def cluster(world: World) -> Iterator[str]:
    """A cluster whose instance profile has the person's role."""
    emr, iam = world.server.client("emr"), world.server.client("iam")
    create_default_roles(iam)
    role = world.who.arn.rpartition("/")[2]
    iam.create_instance_profile(InstanceProfileName=role)
    iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    asked = job_flow("Spark", "Livy", "Hive", "Trino", LogUri=f"s3://{world.bucket}/logs/", JobFlowRole=role)
    identifier = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    yield identifier
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


@pytest.fixture(scope="module")
def shared(world: World) -> Iterator[str]:
    """A cluster whose instance profile sees no table, and may take the person's role."""
    emr, iam = world.server.client("emr"), world.server.client("iam")
    create_default_roles(iam)
    logs = [f"arn:aws:s3:::{world.bucket}", f"arn:aws:s3:::{world.bucket}/logs/*"]
    taking = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": world.who.arn}
    catalog = {"Effect": "Allow", "Action": ["glue:*", "lakeformation:GetDataAccess"], "Resource": "*"}
    machines = machine_role(iam, {"Effect": "Allow", "Action": "s3:*", "Resource": logs}, catalog, taking)
    asked = job_flow(
        *("Spark", "Livy", "Hive", "Delta"),
        LogUri=f"s3://{world.bucket}/logs/",
        JobFlowRole=machines,
        SecurityConfiguration=with_runtime_roles(emr),
    )
    identifier = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    yield identifier
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def said(printed: str) -> Answer:
    """The last that a program has said of what it has seen."""
    lines = [line for line in printed.splitlines() if line.startswith("SEEN ")]
    assert lines, printed
    rows, refusals = json.loads(lines[-1].removeprefix("SEEN "))
    return rows, refusals


def texts_of(frame: pd.DataFrame) -> list[list[str]]:
    return sorted([str(value) for value in row] for row in frame.itertuples(index=False))


def tried(read: Callable[[], Any]) -> str:
    try:
        return f"WENT THROUGH {read()}"
    except (ClientError, OSError, trino.exceptions.TrinoQueryError) as error:
        return str(error)


def pandas(world: World, _: pytest.FixtureRequest) -> Answer:
    """By the location, with the role's key."""
    files = world.files
    seen = pd.read_parquet(world.place.removeprefix("s3://"), filesystem=files)
    arn = f"arn:aws:glue:{REGION}:{world.house.account}:table/{world.house.name}/parquet"
    lake, types = world.who.client("lakeformation"), ["COLUMN_PERMISSION", "CELL_FILTER_PERMISSION"]
    return {"parquet": texts_of(seen)}, [
        tried(lambda: pd.read_parquet(world.raw[5:], filesystem=files)),
        # Keys of the raw location are for engines that are trusted to filter.
        tried(lambda: lake.get_temporary_glue_table_credentials(TableArn=arn, SupportedPermissionTypes=types)),
    ]


def awswrangler(world: World, request: pytest.FixtureRequest) -> Answer:
    request.getfixturevalue("monkeypatch").setenv("AWS_ENDPOINT_URL", world.server.endpoint)
    session = boto3.Session(**world.who.key, region_name=REGION)
    seen = wr.s3.read_parquet_table("parquet", world.house.name, boto3_session=session)
    return {"parquet": texts_of(seen)}, [tried(lambda: wr.s3.read_parquet(world.raw, boto3_session=session))]


def pyiceberg(world: World, _: pytest.FixtureRequest) -> Answer:
    """A table of its format, of the same rows."""
    house, frame = world.house, pa.Table.from_pandas(PEOPLE)
    name, place = f"{house.name}.ice", f"s3://{house.bucket}/wh/ice"
    iceberg_of(world.server).create_table(name, schema=frame.schema, location=place).append(frame)
    house.leave_to_lake_formation("ice")
    house.grant(world.who, house.filter("ice", "paris", "city = 'paris'", "id", "name"))
    whole = iceberg_of(world.server).load_table(name).metadata_location
    seen = iceberg_of(world.server, world.who.key).load_table(name).scan().to_pandas()
    return {"ice": texts_of(seen)}, [tried(lambda: world.files.open_input_file(whole.removeprefix("s3://")))]


def training(world: World, _: pytest.FixtureRequest) -> Answer:
    """The location as a channel; one at the raw location is refused before anything runs."""
    programs = Programs(world.server.client, world.who.arn, world.bucket)
    name = programs.train(BY_CHANNEL, [channel("view", f"{world.place}/")])
    with pytest.raises(ClientError) as refused:
        programs.train(BY_CHANNEL, [channel("view", world.raw.rpartition("/")[0] + "/")])
    job = programs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    rows, _refusals = said("\n".join(programs.said(name)))
    assert rows.pop("columns") == ["id", "name"]
    return rows, [str(refused.value)]


def duckdb(world: World, request: pytest.FixtureRequest) -> Answer:
    """In an interpreter of its own, by s3fs."""
    key = [world.who.key[f"aws_{name}"] for name in ("access_key_id", "secret_access_key", "session_token")]
    command = [find_uv_bin(), "run", "--no-project", "--with", "duckdb,s3fs", "python", "-c", BY_DUCKDB]
    asked = [*command, world.place, world.raw, world.server.s3_endpoint, *key]
    return said(subprocess.run(asked, capture_output=True, text=True, check=True, timeout=300).stdout)


def connect(world: World, _: pytest.FixtureRequest) -> Answer:
    """A stock client of a Spark Connect session of Glue."""
    glue = world.server.client("glue")
    session, command = f"connect-{uuid.uuid4().hex[:8]}", {"Name": "glueetl", "PythonVersion": "3"}
    glue.create_session(Id=session, Role=world.who.arn, Command=command, SessionType="SPARK_CONNECT")
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING", 240)
    found = glue.get_session_endpoint(SessionId=session)["SparkConnect"]
    address = f"{found['Url']}/;authorization=Bearer%20{found['AuthToken']}"
    asked = [sys.executable, "-c", world.by_spark(CONNECTED), address]
    client = subprocess.run(asked, capture_output=True, text=True, timeout=240, check=False)
    glue.stop_session(Id=session)
    assert client.returncode == 0, client.stderr
    return said(client.stdout)


def serverless(world: World, _: pytest.FixtureRequest) -> Answer:
    """A job run of EMR Serverless."""
    emr, s3 = world.server.client("emr-serverless"), world.server.client("s3")
    application = emr.create_application(releaseLabel="emr-7.13.0", type="SPARK")["applicationId"]
    monitoring = {"s3MonitoringConfiguration": {"logUri": f"s3://{world.bucket}/logs/"}}
    driver = {"sparkSubmit": {"entryPoint": world.script(world.by_spark(SUBMITTED, BY_ITS_KEY))}}
    ids = {"applicationId": application}
    ids["jobRunId"] = emr.start_job_run(
        **ids, executionRoleArn=world.who.arn, jobDriver=driver,
        configurationOverrides={"monitoringConfiguration": monitoring},
    )["jobRunId"]  # fmt: skip
    over = ("SUCCESS", "FAILED", "CANCELLED")
    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] in over, 240)
    job = emr.get_job_run(**ids)["jobRun"]
    assert job["state"] == "SUCCESS", job["stateDetails"]
    path = f"logs/applications/{application}/jobs/{ids['jobRunId']}/SPARK_DRIVER/stdout.gz"
    return said(gzip.decompress(s3.get_object(Bucket=world.bucket, Key=path)["Body"].read()).decode())


def cluster_step(world: World, request: pytest.FixtureRequest) -> Answer:
    """spark-submit as a step, with the role of the instance profile."""
    cluster, emr = request.getfixturevalue("cluster"), world.server.client("emr")
    (done,) = run(emr, cluster, step("spark-submit", world.script(world.by_spark(SUBMITTED, BY_ITS_KEY))))
    printed = text(world.server.client("s3"), world.bucket, f"logs/{cluster}/steps/{done['Id']}/stdout.gz")
    assert done["Status"]["State"] == "COMPLETED", done["Status"]
    return said(printed)


def cluster_livy(world: World, request: pytest.FixtureRequest) -> Answer:
    host = host_of(world, request.getfixturevalue("cluster"))
    return said(livy_printed(livy(host), world.by_spark("", BY_ITS_KEY)))


def logs_of(world: World, cluster: str, done: dict[str, Any]) -> str:
    """What a step has printed that has succeeded."""
    place = f"logs/{cluster}/steps/{done['Id']}"
    printed, errors = (text(world.server.client("s3"), world.bucket, f"{place}/{name}.gz") for name in LOGS)
    assert done["Status"]["State"] == "COMPLETED", errors[-3000:]
    return printed


def role_step(world: World, request: pytest.FixtureRequest) -> Answer:
    """spark-submit as a step with a runtime role."""
    cluster, emr = request.getfixturevalue("shared"), world.server.client("emr")
    program = step("spark-submit", world.script(world.by_spark(SUBMITTED, BY_ITS_KEY)))
    (done,) = run(emr, cluster, program, role=world.who.arn)
    return said(logs_of(world, cluster, done))


def role_hive(world: World, request: pytest.FixtureRequest) -> Answer:
    """Hive's command line as a step with a runtime role; Hive's server, which has the instance profile's, is closed."""
    cluster, emr, name = request.getfixturevalue("shared"), world.server.client("emr"), world.house.name
    every = " union all ".join(f"select '{table}', * from {name}.{table}" for table in FORMATS)
    address = f"jdbc:hive2://{host_of(world, cluster)}:10000"
    done, *failed = run(
        emr,
        cluster,
        step("hive", "-S", "-e", every),
        step("hive", "-e", f"select ssn from {name}.parquet"),
        step("beeline", "-u", address, "-e", "select 1"),
        role=world.who.arn,
    )
    rows: dict[str, list[list[str]]] = {table: [] for table in FORMATS}
    for line in logs_of(world, cluster, done).splitlines():
        table, *values = line.split("\t")
        rows[table].append(values)
    place, s3 = f"logs/{cluster}/steps", world.server.client("s3")
    told = [text(s3, world.bucket, f"{place}/{each['Id']}/stderr.gz") for each in failed]
    assert "This cluster has runtime roles" in told[1]
    return {table: sorted(found) for table, found in rows.items()}, [told[0], "denied" if told[1] else ""]


def role_livy(world: World, request: pytest.FixtureRequest) -> Answer:
    """A Livy session by credentials of a runtime role."""
    cluster, emr = request.getfixturevalue("shared"), world.server.client("emr")
    asked = {"ClusterId": cluster, "ExecutionRoleArn": world.who.arn}
    credentials = emr.get_cluster_session_credentials(**asked)["Credentials"]["UsernamePassword"]
    return said(livy_printed(livy(host_of(world, cluster), credentials), world.by_spark("", BY_ITS_KEY)))


def role_delta(world: World, request: pytest.FixtureRequest) -> Answer:
    """A table of Delta, by a step with a runtime role on a cluster that has Delta."""
    cluster, emr, house = request.getfixturevalue("shared"), world.server.client("emr"), world.house
    DeltaLog(house, "people").commit({"city": "paris"}, {"city": "rome"})
    house.grant(world.who, house.filter("people", "paris", "city = 'paris'", "id", "name"))
    known = {"database": house.name, "tables": ["people"], "raw": f"s3://{house.bucket}/wh/people"}
    code = SUBMITTED + "".join(f"{name} = {value!r}\n" for name, value in known.items()) + BY_SPARK
    program = world.script(code.replace("spark.read.parquet(raw)", "spark.read.format('delta').load(raw)"))
    settings = [word for name, value in DELTA.items() for word in ("--conf", f"{name}={value}")]
    (done,) = run(emr, cluster, step("spark-submit", *settings, program), role=world.who.arn)
    return said(logs_of(world, cluster, done))


def host_of(world: World, cluster: str) -> str:
    return str(world.server.client("emr").describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"])


def cluster_trino(world: World, request: pytest.FixtureRequest) -> Answer:
    """Trino reads each format in its own way."""
    host, name = host_of(world, request.getfixturevalue("cluster")), world.house.name

    def asked(statement: str) -> list[list[str]]:
        with trino.dbapi.connect(host=host, port=8889, user="ana", catalog="hive") as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return sorted([str(value) for value in row] for row in cursor.fetchall())

    rows = {table: asked(f"select * from {name}.{table}") for table in FORMATS}
    folder, columns = world.raw.rpartition("/")[0], "id bigint, ssn varchar"
    over = f"create table {name}.over ({columns}) with (external_location = '{folder}', format = 'PARQUET')"
    hidden = (
        "select ssn from {}",
        'select "$path" from {} where ssn is not null',
        "show stats for (select ssn from {})",
    )
    statements = [over, *(each.format(f"{name}.parquet") for each in hidden)]
    return rows, [tried(lambda each=each: asked(each)) for each in statements]


def cluster_thrift(world: World, request: pytest.FixtureRequest) -> Answer:
    """HiveServer2's protocol, by beeline on a node."""
    cluster, emr = request.getfixturevalue("cluster"), world.server.client("emr")
    address, name = f"jdbc:hive2://{host_of(world, cluster)}:10000", world.house.name
    asked = ["beeline", "--silent=true", "--outputformat=csv2", "--showHeader=false", "-u", address]

    def said_to(statement: str) -> tuple[str, str]:
        (done,) = run(emr, cluster, step(*asked, "-e", statement))
        logs = [
            text(world.server.client("s3"), world.bucket, f"logs/{cluster}/steps/{done['Id']}/{each}.gz")
            for each in ("stdout", "stderr")
        ]
        return logs[0], logs[1]

    every = " union all ".join(f"select '{table}', * from {name}.{table}" for table in FORMATS)
    rows: dict[str, list[list[str]]] = {table: [] for table in FORMATS}
    for line in said_to(every)[0].splitlines():
        # The first begins with beeline's prompt.
        table, *values = line.rpartition("> ")[2].split(",")
        if values:
            rows[table].append(values)
    raw = world.raw.rpartition("/")[0]
    refused = [said_to(each) for each in (f"select ssn from {name}.parquet", f"select * from parquet.`{raw}`")]
    return {table: sorted(found) for table, found in rows.items()}, ["".join(each) for each in refused]


def processing(world: World, _: pytest.FixtureRequest) -> Answer:
    """The location as an input; one at the raw location is refused before anything runs."""
    programs = Programs(world.server.client, world.who.arn, world.bucket)
    code = BY_CHANNEL.replace("/opt/ml/input/data/", "/opt/ml/processing/")
    name = programs.process(code, [programs.given("view", f"{world.place}/")])
    with pytest.raises(ClientError) as refused:
        programs.process(code, [programs.given("view", world.raw.rpartition("/")[0] + "/")])
    job = programs.processed(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    rows, _refusals = said("\n".join(programs.said(name, "Processing")))
    assert rows.pop("columns") == ["id", "name"]
    return rows, [str(refused.value)]


AS_DELTA = (
    "create table delta.`{place}` (id bigint, name string, ssn string, city string) using delta "
    "partitioned by (city) tblproperties ('delta.checkpointInterval' = '2')",
    "insert into delta.`{place}` select id, 'name ' || id, 'secret-' || id, if(id % 3 = 0, 'paris', 'rome') "
    "from range(0, 13, 1, 2)",
    "delete from delta.`{place}` where id = 4",
    "delete from delta.`{place}` where id = 9",
)
"""Thirteen people, two of whom are no more; the log has checkpoints."""

DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

LATER = (
    "delete from delta.`{place}` where id = 12",
    "insert into delta.`{place}` values (9, 'name 9', 'secret-9', 'paris')",
)


def delta_session(world: World, request: pytest.FixtureRequest) -> Answer:
    """A table that Spark writes as Delta, with checkpoints and deletes, by its name in a session with Delta."""
    house, glue = world.house, world.server.client("glue")
    place = f"s3://{house.bucket}/wh/delta"
    settings = {"spark.databricks.delta.snapshotPartitions": "1", "spark.sql.shuffle.partitions": "2", **DELTA}
    asked = {"--datalake-formats": "delta", "--conf": conf(settings)}
    writer = Spark(glue, request.getfixturevalue("role"), asked, 240)
    for statement in AS_DELTA:
        writer.sql(statement.format(place=place))
    house.describe_as_delta("delta")
    house.grant(world.who, house.filter("delta", "paris", "city = 'paris'", "id", "name"))
    reader = Spark(glue, world.who.arn, asked, 240)
    known = f"database, raw = {house.name!r}, {place!r}\n"
    again = known + BY_SPARK.replace("for table in tables", "for table in ['delta']")
    again = again.replace("spark.read.parquet(raw)", "spark.read.format('delta').load(raw)")
    rows, refusals = said(reader.run(again))
    assert [number for number, _ in rows["delta"]] == ["0", "12", "3", "6"]
    # What is written, and taken away, is seen by the session that has read the table before.
    for statement in LATER:
        writer.sql(statement.format(place=place))
    rows, more = said(reader.run(again))
    named = [_of_features(world, writer, reader, table, told) for table, told in FEATURES.items()]
    writer.stop()
    reader.stop()
    return rows, [*refusals, *more, *named]


FEATURES = {
    "vectors": ("'delta.enableDeletionVectors' = 'true'", "deletion vectors"),
    "mapped": ("'delta.columnMapping.mode' = 'name'", "mapped columns"),
}
"""What Delta tables can have that is not read here: the property, and how it is called."""


def _of_features(world: World, writer: Spark, reader: Spark, table: str, told: tuple[str, str]) -> str:
    """What who sees a part of such a table is told."""
    house, (properties, called) = world.house, told
    place = f"delta.`s3://{house.bucket}/wh/{table}`"
    writer.sql(
        f"create table {place} (id bigint, name string, ssn string, city string) using delta "
        f"tblproperties ({properties})",
        f"insert into {place} select id, 'name', 'secret-' || id, 'paris' from range(0, 8, 1, 1)",
        f"delete from {place} where id = 3",
    )
    house.describe_as_delta(table)
    house.grant(world.who, house.filter(table, "paris", "city = 'paris'", "id", "name"))
    said = reader.run(f"""
try: print("WENT THROUGH", spark.table("{house.name}.{table}").collect())
except Exception as error: print("denied", str(error)[:3000])
""")
    assert called in said
    return said


@pytest.mark.heavy
def test_iceberg_s_own_client_factory_reads_with_keys_that_it_is_given(world: World, role: str) -> None:
    """Of the whole table, by who may read that, and as a trusted engine; S3 is closed to both."""
    house = world.house
    name, frame = f"{house.name}.factory", pa.Table.from_pandas(PEOPLE)
    made = iceberg_of(world.server).create_table(name, schema=frame.schema, location=f"s3://{house.bucket}/wh/factory")
    made.append(frame)
    house.leave_to_lake_formation("factory")
    whole, part = house.person(), house.person()
    house.grant(whole, house.resource("factory"))
    house.grant(part, house.columns("factory", "id"))
    settings: dict[str, str] = {}
    for catalog, who in {"whole": whole, "part": part}.items():
        of_catalog = {
            "": "org.apache.iceberg.spark.SparkCatalog",
            "catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
            "warehouse": f"s3://{house.bucket}/wh",
            "client.factory": "org.apache.iceberg.aws.lakeformation.LakeFormationAwsClientFactory",
            "client.assume-role.arn": who.arn,
            "client.assume-role.region": REGION,
            "client.assume-role.tags.LakeFormationAuthorizedCaller": "iceberg",
            "glue.lakeformation-enabled": "true",
            "glue.id": house.account,
            "glue.account-id": house.account,
            "glue.endpoint": world.server.endpoint,
            "s3.endpoint": world.server.s3_endpoint,
        }
        settings |= {f"spark.sql.catalog.{catalog}{key and '.'}{key}": value for key, value in of_catalog.items()}
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    session = Spark(house.glue, role, {"--datalake-formats": "iceberg", "--conf": conf(settings)}, 240)
    read = "try: print('ROWS', spark.table('{}').count())\nexcept Exception as error: print(str(error)[:3000])"
    try:
        assert "AccessDenied" in session.run(read.format(f"whole.{name}"))
        house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
        assert "ROWS 12" in session.run(read.format(f"whole.{name}"))
        assert "AccessDenied" in session.run(read.format(f"part.{name}"))
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
        session.stop()


Engine = Callable[[World, pytest.FixtureRequest], Answer]
LIGHT: tuple[Engine, ...] = (pandas, awswrangler, pyiceberg, training)
HEAVY: tuple[Engine, ...] = (
    duckdb, connect, serverless, processing, cluster_step, cluster_livy, cluster_thrift, cluster_trino, delta_session,
    role_step, role_hive, role_livy, role_delta,
)  # fmt: skip
ENGINES = [*LIGHT, *(pytest.param(each, marks=[pytest.mark.heavy, pytest.mark.timeout(900)]) for each in HEAVY)]

REFUSALS = (
    "AccessDenied", "ACCESS_DENIED", "Forbidden", "403", "cannot be resolved", "No S3 objects found", "denied",
    "not a valid file system URI",
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
def test_every_engine_sees_what_is_granted_and_nothing_by_the_raw_path(
    engine: Engine, world: World, request: pytest.FixtureRequest
) -> None:
    seen, refusals = engine(world, request)
    assert seen
    assert seen == dict.fromkeys(seen, EXPECTED)
    assert refusals
    for each in refusals:
        assert "WENT THROUGH" not in each
        assert any(word in each for word in REFUSALS), each
        assert "secret-" not in each
