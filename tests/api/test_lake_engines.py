"""One partial grant, by every engine: each sees the raw table filtered by hand, and none gets at the raw files."""

import gzip
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from uv import find_uv_bin

from tests.api.clusters import (
    create_default_roles,
    job_flow,
    machine_role,
    with_runtime_roles,
)
from tests.api.lake_clusters import (
    cluster_livy,
    cluster_step,
    cluster_thrift,
    cluster_trino,
    role_hive,
    role_livy,
    role_step,
)
from tests.api.lake_delta import delta_session, role_delta
from tests.api.lake_house import PEOPLE, LakeHouse, iceberg_of
from tests.api.lake_world import (
    BY_CHANNEL,
    BY_DUCKDB,
    BY_ITS_KEY,
    CONNECTED,
    EXPECTED,
    FORMATS,
    SUBMITTED,
    Answer,
    World,
    said,
    texts_of,
    tried,
)
from tests.api.programs import Programs, channel
from tests.api.spark_code import Spark, conf
from tests.conftest import REGION, Server
from tests.waiting import until


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
