"""A cluster with Hadoop: HDFS and YARN that are asleep until somebody uses them, and Spark on them."""

import json
import os
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.api.clusters import create_default_roles, job_flow, run, state, step, text
from tests.conftest import Server
from tests.stranger import as_another_user, ask, http
from tests.waiting import until

pytestmark = pytest.mark.heavy

SCRIPT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("days").getOrCreate()
days = spark.range(0, 100, 1, 2).selectExpr("id % 7 day").groupBy("day").count().coalesce(1)
days.write.parquet(sys.argv[1])
print("days:", spark.read.parquet(sys.argv[1]).count(), "of", spark.sparkContext.sparkUser())
"""

ENDLESS = """
import time
from pyspark.sql import SparkSession
SparkSession.builder.appName("endless").getOrCreate()
time.sleep(600)
"""

SMALL = ("--num-executors", "1", "--executor-memory", "600m", "--driver-memory", "600m")


@pytest.fixture(scope="module")
def emr(client: Callable[..., Any]) -> Any:
    return client("emr")


@pytest.fixture(scope="module")
def cluster(emr: Any, client: Callable[..., Any], bucket: str) -> Iterator[str]:
    create_default_roles(client("iam"))
    for name, content in {"days.py": SCRIPT, "endless.py": ENDLESS}.items():
        client("s3").put_object(Bucket=bucket, Key=f"code/{name}", Body=content)
    asked = job_flow("Spark", "Hadoop", nodes=2, LogUri=f"s3://{bucket}/logs/", StepConcurrencyLevel=2)
    identifier: str = emr.run_job_flow(**asked)["JobFlowId"]
    until(lambda: state(emr, identifier) == "WAITING", 120)
    yield identifier
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def said(server: Server, cluster: str, done: dict[str, Any], name: str = "stdout") -> str:
    """What a step printed; what it complained of where it failed."""
    folder = server.data / "clusters" / cluster / "steps" / done["Id"]
    assert done["Status"]["State"] == "COMPLETED", (folder / "stderr").read_text()[-3000:]
    return (folder / name).read_text()


def jvms(server: Server, cluster: str) -> list[psutil.Process]:
    """The JVMs of HDFS and YARN."""
    mark, found = "-Djava.security.manager=studiolo.PortDoor", []
    for process in server.children():
        with suppress(psutil.Error):
            words = process.cmdline()
            if mark in words and any(f"/{cluster}/" in word for word in words):
                found.append(process)
    return found


def test_hdfs_and_yarn_sleep_until_a_command_uses_them(
    server: Server, emr: Any, client: Callable[..., Any], bucket: str, cluster: str
) -> None:
    [done] = run(emr, cluster, step("spark-submit", f"s3://{bucket}/code/days.py", f"s3://{bucket}/days"))
    assert "days: 7" in said(server, cluster, done)
    assert not jvms(server, cluster)
    copied = f"s3://{bucket}/copied"
    script = (
        "set -e; echo measured > x; hdfs dfs -mkdir -p /in; hdfs dfs -put x /in/x; hdfs dfs -ls /in; yarn node -list;"
        f"s3-dist-cp --src hdfs:///in --dest {copied}; s3-dist-cp --src {copied} --dest hdfs:///out; hdfs dfs -cat /out/x"
    )
    [done] = run(emr, cluster, step("bash", "-c", script))
    printed = said(server, cluster, done)
    assert "hadoop hadoop" in " ".join(printed.split())
    assert "Total Nodes:1" in printed
    assert printed.endswith("measured\n")
    assert len(jvms(server, cluster)) == 2
    assert client("s3").get_object(Bucket=bucket, Key="copied/x")["Body"].read() == b"measured\n"


@pytest.mark.parametrize("mode", ["client", "cluster"])
def test_spark_runs_on_yarn_with_its_driver_here_and_there(
    server: Server, emr: Any, client: Callable[..., Any], bucket: str, cluster: str, mode: str
) -> None:
    words = ("--master", "yarn", "--deploy-mode", mode, *SMALL, f"s3://{bucket}/code/days.py", f"hdfs:///{mode}")
    [done] = run(emr, cluster, step("spark-submit", *words))
    said(server, cluster, done)
    [application] = done["AdditionalInfo"]["ResourceManagerApplicationIds"]
    pages = client("s3").list_objects_v2(Bucket=bucket, Prefix=f"logs/{cluster}/containers/{application}/")["Contents"]
    logs = [text(client("s3"), bucket, one["Key"]) for one in pages]
    printed = said(server, cluster, done) if mode == "client" else "\n".join(logs)
    assert "days: 7 of hadoop" in printed
    # They are put together when the application has ended.
    logs_of = f"until yarn logs -applicationId {application} > logs; do :; done; cat logs"
    script = f"hdfs dfs -ls /{mode}; yarn application -status {application}; {logs_of}"
    [done] = run(emr, cluster, step("bash", "-c", script))
    printed = said(server, cluster, done)
    assert "_SUCCESS" in printed
    assert f"Container: container_{application.partition('_')[2]}" in printed
    assert "HADOOP_USER_NAME" not in printed
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    assert f"Tracking-URL : {host}:" in printed


def test_an_application_is_listed_and_killed(server: Server, emr: Any, bucket: str, cluster: str) -> None:
    words = ("--deploy-mode", "cluster", *SMALL, f"s3://{bucket}/code/endless.py")
    kill = "until id=$(yarn application -list 2>/dev/null | grep -o 'application_[0-9_]*' | head -1) && [ $id ]; do :; done"
    steps = (step("spark-submit", *words), step("bash", "-c", f"{kill}; yarn application -kill $id"))
    endless, killing = run(emr, cluster, *steps)
    said(server, cluster, killing)
    assert endless["Status"]["State"] == "FAILED"
    assert "killed" in endless["Status"]["FailureDetails"]["Message"].lower()


def test_spark_sql_and_hive_have_the_data_catalog_and_hdfs(server: Server, emr: Any, bucket: str, cluster: str) -> None:
    made = f"create database hdp location 's3://{bucket}/hdp'; create table hdp.t as select 40 + 2 as id"
    kept = "create external table hdp.h (id int) location 'hdfs:///h'; insert into hdp.h select id from hdp.t"
    script = f'set -e; spark-sql -e "{made}"; spark-sql -e "{kept}"; hive -e "select id from hdp.h"; hdfs dfs -ls /'
    [done] = run(emr, cluster, step("bash", "-c", script))
    printed = said(server, cluster, done)
    assert "42" in printed.split()
    assert re.search(r"hadoop hadoop +0 \S+ \S+ /h\n", printed)


def test_more_nodes_are_more_of_yarn(server: Server, emr: Any, cluster: str) -> None:
    plan = json.loads((server.data / "clusters" / cluster / "node" / "node.json").read_text())
    url = f"http://{plan['host']}:{plan['ports']['yarn_ui']}/ws/v1/cluster/metrics"

    def cores() -> int:
        with urllib.request.urlopen(url, timeout=60) as answer:
            found = re.search(rb'"totalVirtualCores":(\d+)', answer.read())
            return int(found[1]) if found else 0

    def has(wanted: int) -> bool:
        return cores() == wanted

    groups = emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    [core] = [group["Id"] for group in groups if group["InstanceGroupType"] == "CORE"]
    before = cores()
    for count in (2, 1):
        change = {"InstanceGroupId": core, "InstanceCount": count}
        emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[change])
        until(partial(has, count * before))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_their_ports_are_closed_to_other_users_of_the_machine(server: Server, cluster: str) -> None:
    plan = json.loads((server.data / "clusters" / cluster / "node" / "node.json").read_text())
    pages = {
        name: port for name, port in plan["ports"].items() if name.startswith(("namenode", "datanode", "yarn", "node_"))
    }
    host = plan["host"]
    with urllib.request.urlopen(f"http://{host}:{pages['yarn_ui']}/cluster", timeout=60) as answer:
        assert b"All Applications" in answer.read()
    with urllib.request.urlopen(f"http://{host}:{pages['namenode_ui']}/dfshealth.html", timeout=60) as answer:
        assert answer.status == 200

    def knock() -> dict[str, str]:
        return {name: ask((host, port), http(port, "/")).decode(errors="replace") for name, port in pages.items()}

    assert set(as_another_user(knock).values()) == {""}


def test_a_killed_jvm_is_told_and_what_is_in_hdfs_stays(server: Server, emr: Any, cluster: str) -> None:
    os.kill(jvms(server, cluster)[0].pid, signal.SIGKILL)

    def message() -> str:
        found: str = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["StateChangeReason"]["Message"]
        return found if "was killed by SIGKILL" in found else ""

    assert "Hadoop was started again: The JVM of" in until(message)
    [done] = run(emr, cluster, step("hdfs", "dfs", "-cat", "/out/x"))
    assert said(server, cluster, done) == "measured\n"


def test_nothing_is_left_when_the_cluster_ends(server: Server, emr: Any, cluster: str) -> None:
    assert jvms(server, cluster)
    emr.terminate_job_flows(JobFlowIds=[cluster])
    until(lambda: state(emr, cluster) == "TERMINATED")
    assert not jvms(server, cluster)
    assert not Path(server.data, "clusters", cluster, "node", "hadoop").exists()
