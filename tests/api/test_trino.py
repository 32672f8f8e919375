"""Trino on a cluster of EMR: its own client and command line, the Data Catalog, and what its role may see."""

import os
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trino

from tests.api.clusters import create_default_roles, job_flow, run, step, text
from tests.api.lake_house import PEOPLE, LakeHouse, Person
from tests.conftest import Server
from tests.stranger import as_another_user
from tests.waiting import until

pytestmark = pytest.mark.heavy

TABLES = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
database = sys.argv[1]
spark.sql(f"create table {database}.days using parquet as select id, id % 7 day from range(100)")
"""


@pytest.fixture(scope="module")
def reader(house: LakeHouse, bucket: str) -> Person:
    """The cluster's role: it may use the catalog and one bucket, and sees of a governed table two columns."""
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    who = house.person(own, services=("ec2.amazonaws.com",))
    name = who.arn.rpartition("/")[2]
    house.iam.create_instance_profile(InstanceProfileName=name)
    house.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    house.add("people")
    house.grant(who, house.columns("people", "id", "city"))
    house.add("closed")
    return who


@pytest.fixture(scope="module")
def emr(client: Callable[..., Any]) -> Any:
    create_default_roles(client("iam"))
    return client("emr")


@pytest.fixture(scope="module")
def cluster(emr: Any, bucket: str, reader: Person, server: Server) -> Iterator[str]:
    configurations = [
        {"Classification": "trino-connector-memory", "Properties": {}},
        {"Classification": "trino-config", "Properties": {"query.max-run-time": "7m", "node.environment": "mine"}},
    ]
    asked = job_flow(
        *("Spark", "Trino"),
        LogUri=f"s3://{bucket}/logs/",
        JobFlowRole=reader.arn.rpartition("/")[2],
        Configurations=configurations,
    )
    identifier: str = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    yield identifier
    end(emr, server, identifier)


def end(emr: Any, server: Server, identifier: str) -> None:
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert not [process for process in server.children() if identifier in " ".join(process.cmdline())]


Ask = Callable[..., list[list[Any]]]


@pytest.fixture(scope="module")
def ask(emr: Any, cluster: str) -> Ask:
    """What a statement answers to Trino's own client."""
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]

    def ask(statement: str, catalog: str = "hive") -> list[list[Any]]:
        with trino.dbapi.connect(host=host, port=8889, user="ana", catalog=catalog) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())

    return ask


@pytest.fixture(scope="module")
def schema(ask: Ask, bucket: str) -> str:
    ask(f"create schema measured with (location = 's3://{bucket}/measured/')")
    return "measured"


def test_tables_of_each_format_are_written_and_read(ask: Ask, schema: str) -> None:
    rows = "select * from (values (1, 'mon'), (2, 'tue')) t(id, day)"
    for catalog in ("hive", "iceberg", "delta"):
        ask(f"create table {schema}.{catalog}_days as {rows}", catalog)
        ask(f"insert into {schema}.{catalog}_days values (3, 'wed')", catalog)
        if catalog != "hive":
            ask(f"delete from {schema}.{catalog}_days where id = 2", catalog)
        found = sorted(row[0] for row in ask(f"select id from {schema}.{catalog}_days", catalog))
        assert found == ([1, 2, 3] if catalog == "hive" else [1, 3])


def test_configurations_make_catalogs_and_settings(ask: Ask) -> None:
    assert {"delta", "hive", "iceberg", "memory"} <= {row[0] for row in ask("show catalogs")}
    assert [row[1] for row in ask("show session like 'query_max_run_time'")] == ["7.00m"]


def test_a_step_asks_by_the_command_line_what_spark_has_written(
    emr: Any, client: Callable[..., Any], cluster: str, bucket: str, schema: str
) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="code/tables.py", Body=TABLES)
    query = f"select day, count(*) from {schema}.days group by day order by day limit 2"
    submit = step("spark-submit", f"s3://{bucket}/code/tables.py", schema)
    _, asked = run(emr, cluster, submit, step("trino-cli", "--catalog", "hive", "--execute", query))
    assert text(s3, bucket, f"logs/{cluster}/steps/{asked['Id']}/stdout.gz").split() == ['"0","15"', '"1","15"']


def test_of_a_governed_table_the_cluster_s_role_sees_its_columns_alone(ask: Ask, house: LakeHouse) -> None:
    people = f"{house.name}.people"
    assert [row[0] for row in ask(f"describe {people}")] == ["id", "city"]
    expected = sorted((row.id, row.city) for row in PEOPLE.itertuples() if row.city is not None)
    assert sorted(tuple(row) for row in ask(f"select * from {people} where city is not null")) == expected
    for statement, catalog in {
        f"select ssn from {people}": "hive",
        f'select "$path", ssn from {people}': "hive",
        f"select * from {house.name}.closed": "hive",
        f"select ssn from {house.name}.people": "delta",
    }.items():
        with pytest.raises(trino.exceptions.TrinoQueryError):
            ask(statement, catalog)


def test_what_lies_under_a_governed_table_is_not_read_by_a_table_beside_it(
    ask: Ask, house: LakeHouse, schema: str
) -> None:
    with pytest.raises(trino.exceptions.TrinoQueryError):
        columns = "id bigint, name varchar, ssn varchar"
        place = f"s3://{house.bucket}/wh/people"
        ask(f"create table {schema}.beside ({columns}) with (external_location = '{place}', format = 'PARQUET')")
        ask(f"select ssn from {schema}.beside")


def test_other_users_of_this_machine_are_not_let_in(emr: Any, cluster: str) -> None:
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("needs another user to be")
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    url = f"http://{host}:8889/v1/info"

    def knock() -> dict[str, str]:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return {"said": answer.read().decode()}
        except OSError as error:
            return {"refused": str(error)}

    assert "said" in knock()
    assert "refused" in as_another_user(knock)


def test_a_coordinator_that_is_killed_comes_again_and_the_cluster_says_so(
    emr: Any, ask: Ask, cluster: str, server: Server
) -> None:
    def reason() -> str:
        found: str = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["StateChangeReason"]["Message"]
        return found

    coordinator = next(process for process in server.children() if "io.trino.server.TrinoServer" in process.cmdline())
    coordinator.send_signal(signal.SIGKILL)
    until(lambda: "Trino: starting." in reason(), seconds=30)
    until(lambda: "Trino" not in reason(), seconds=900)
    assert ask("select 1") == [[1]]


def test_a_property_that_trino_does_not_know_ends_the_cluster_with_trino_s_words(
    emr: Any, client: Callable[..., Any], bucket: str, server: Server
) -> None:
    wrong = [{"Classification": "trino-config", "Properties": {"query.max-speed": "1"}}]
    asked = job_flow("Trino", LogUri=f"s3://{bucket}/logs/", Configurations=wrong)
    cluster: str = emr.run_job_flow(**asked)["JobFlowId"]
    ended_so = until(lambda: _ended(emr, cluster), seconds=900)
    assert "Configuration property 'query.max-speed' was not used" in ended_so["StateChangeReason"]["Message"]
    master = emr.list_instances(ClusterId=cluster)["Instances"][0]["Ec2InstanceId"]
    log = f"logs/{cluster}/node/{master}/applications/trino/daemon.log.gz"
    assert "query.max-speed" in text(client("s3"), bucket, log)


def _ended(emr: Any, cluster: str) -> dict[str, Any] | None:
    status: dict[str, Any] = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]
    return status if status["State"] == "TERMINATED_WITH_ERRORS" else None
