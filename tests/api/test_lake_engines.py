"""One partial grant, by every engine: each sees the raw table filtered by hand, and none gets at the raw files."""

import gzip
import json
import subprocess
import sys
import urllib.request
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
from botocore.exceptions import ClientError
from pyarrow import fs
from uv import find_uv_bin

from tests.api.clusters import create_default_roles, job_flow, run, step, text
from tests.api.lake_house import PEOPLE, LakeHouse, Person, iceberg_of
from tests.api.programs import Programs, channel
from tests.api.spark_code import Spark, conf
from tests.conftest import REGION, Server
from tests.waiting import until

EXPECTED = sorted([str(each) for each in row] for row in PEOPLE[PEOPLE["city"] == "paris"][["id", "name"]].values)
"""The raw table filtered by hand."""

FORMATS = ("parquet", "orc", "avro", "lines", "csv", "json")
RAW = "wh/parquet/part-0.parquet"

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
    asked = job_flow("Spark", "Livy", LogUri=f"s3://{world.bucket}/logs/", JobFlowRole=role)
    identifier = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 240})
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
    except (ClientError, OSError) as error:
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
    cluster, emr = request.getfixturevalue("cluster"), world.server.client("emr")
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]

    def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://{host}:8998{path}", data, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)

    session = f"/sessions/{ask('POST', '/sessions', {'kind': 'pyspark'})['id']}"
    until(lambda: ask("GET", session)["state"] != "starting", 240)
    code = world.by_spark("", BY_ITS_KEY)
    path = f"{session}/statements/{ask('POST', f'{session}/statements', {'code': code})['id']}"
    until(lambda: ask("GET", path)["state"] == "available", 240)
    output = ask("GET", path)["output"]
    ask("DELETE", session)
    assert output["status"] == "ok", output
    return said(output["data"]["text/plain"])


AS_DELTA = (
    "create table delta.`{place}` (id bigint, name string, ssn string, city string) using delta "
    "partitioned by (city) tblproperties ('delta.checkpointInterval' = '2')",
    "insert into delta.`{place}` select id, 'name ' || id, 'secret-' || id, if(id % 3 = 0, 'paris', 'rome') "
    "from range(0, 13, 1, 2)",
    "delete from delta.`{place}` where id = 4",
    "delete from delta.`{place}` where id = 9",
)
"""Thirteen people, two of whom are no more; the log has checkpoints."""

LATER = (
    "delete from delta.`{place}` where id = 12",
    "insert into delta.`{place}` values (9, 'name 9', 'secret-9', 'paris')",
)


def delta_session(world: World, request: pytest.FixtureRequest) -> Answer:
    """A table that Spark writes as Delta, with checkpoints and deletes, by its name in a session with Delta."""
    house, glue = world.house, world.server.client("glue")
    place = f"s3://{house.bucket}/wh/delta"
    settings = {
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
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
    writer.stop()
    reader.stop()
    return rows, [*refusals, *more]


Engine = Callable[[World, pytest.FixtureRequest], Answer]
LIGHT: tuple[Engine, ...] = (pandas, awswrangler, pyiceberg, training)
HEAVY: tuple[Engine, ...] = (duckdb, connect, serverless, cluster_step, cluster_livy, delta_session)
ENGINES = [*LIGHT, *(pytest.param(each, marks=pytest.mark.heavy) for each in HEAVY)]

REFUSALS = ("AccessDenied", "ACCESS_DENIED", "Forbidden", "403", "cannot be resolved", "No S3 objects found", "denied")


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
