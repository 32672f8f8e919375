"""Sessions and clusters whose executors are on a YARN that the settings name: that of a cluster with Hadoop."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyspark
import pytest

from tests.api.clusters import create_default_roles, ended, job_flow, livy, livy_printed, state, step, text
from tests.conftest import Server, create_role
from tests.far import own_address
from tests.waiting import until

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform != "linux", reason="needs further loopback addresses")]

MODES = ("client", "cluster")

FAR = b"""
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sc, mode = spark.sparkContext, sys.argv[1]
spark.range(100).repartition(2).write.parquet(f"s3://cluster/{mode}")
there = sc.parallelize([1], 1).map(lambda _: os.environ["CONTAINER_ID"]).collect()
print(sc.master, sc.getConf().get("spark.driver.host"), *there, spark.read.parquet(f"s3://cluster/{mode}").count(), mode)
"""

TOLD = rf"yarn {re.escape(own_address())} container_\S+ 100 "


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server at the machine's own address that was told of a YARN: that of a cluster which it made before."""
    folder = tmp_path_factory.mktemp("yarn")
    settings = {"STUDIOLO_HOST": own_address(), "STUDIOLO_ALLOW_REMOTE": "true", "STUDIOLO_WARM_SESSIONS": "0"}
    server = Server(folder / "data", settings=settings).up()
    emr, site = server.client("emr"), folder / "site"
    create_default_roles(server.client("iam"))
    cluster = emr.run_job_flow(**job_flow("Spark", "Hadoop", nodes=2))["JobFlowId"]
    until(lambda: state(emr, cluster) == "WAITING", 120)
    node = server.data / "clusters" / cluster / "node"
    until((node / "hadoop.json").exists, 240)
    shutil.copytree(node / "etc" / "hadoop", site)
    jars = f"spark.yarn.jars local:{Path(pyspark.__file__).parent}/jars/*\n"
    (site / "spark-defaults.conf").write_text(f"{jars}spark.yarn.am.memory 400m\nspark.executor.memory 600m\n")
    server.kill()
    server.settings |= {"STUDIOLO_SPARK_MASTER": "yarn", "STUDIOLO_SPARK_CONF": str(site)}
    yield server.up()
    server.down()


def test_a_session_has_its_executors_there(far: Server) -> None:
    glue, s3 = far.client("glue"), far.client("s3")
    session = {"Id": "far", "Command": {"Name": "glueetl", "PythonVersion": "3"}, "NumberOfWorkers": 2}
    glue.create_session(**session, Role=create_role(far), WorkerType="G.1X")
    until(lambda: glue.get_session(Id="far")["Session"]["Status"] != "PROVISIONING", 240)
    s3.create_bucket(Bucket="shared")
    code = (
        "spark.sql(\"create database far location 's3://shared/far'\")\n"
        "there = lambda _: __import__('os').environ.get('CONTAINER_ID', '')\n"
        "spark.range(100).write.saveAsTable('far.numbers')\n"
        "print(sc.master, sc.parallelize([1], 1).map(there).collect(), spark.table('far.numbers').count())"
    )
    number = glue.run_statement(SessionId="far", Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId="far", Id=number)["Statement"]["State"] == "AVAILABLE", 240)
    output = glue.get_statement(SessionId="far", Id=number)["Statement"]["Output"]
    glue.stop_session(Id="far")
    assert re.fullmatch(r"yarn \['container_\S+'\] 100", output["Data"]["TextPlain"]), output


def test_a_cluster_s_steps_and_livy_have_theirs_there(far: Server) -> None:
    emr, s3 = far.client("emr"), far.client("s3")
    s3.create_bucket(Bucket="cluster")
    s3.put_object(Bucket="cluster", Key="far.py", Body=FAR)
    flow = job_flow("Spark", "Livy", nodes=2, LogUri="s3://cluster/logs/")
    flow["Steps"] = [
        *(step("spark-submit", "--deploy-mode", mode, "s3://cluster/far.py", mode) for mode in MODES),
        step("spark-example", "SparkPi", "2"),
        step("bash", "-c", "yarn application -list -appStates FINISHED; hdfs dfs -ls /"),
    ]
    cluster = emr.run_job_flow(**flow)["JobFlowId"]
    printed = []
    for each in reversed(emr.list_steps(ClusterId=cluster)["Steps"]):
        done, logs = ended(emr, cluster, each["Id"]), f"logs/{cluster}/steps/{each['Id']}/"
        assert done["Status"]["State"] == "COMPLETED", text(s3, "cluster", f"{logs}stderr.gz")
        printed.append(text(s3, "cluster", f"{logs}stdout.gz"))
    for mode, said in zip(MODES, printed, strict=False):
        assert re.fullmatch(f"{TOLD}{mode}\n", said), said
    assert "Pi is roughly 3." in printed[2]
    assert "Total number of applications" in printed[3], printed[3]
    ask = livy(emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"])
    there = "sc.parallelize([1], 1).map(lambda _: __import__('os').environ['CONTAINER_ID']).collect()"
    code = f"print(sc.master, *{there}, spark.read.parquet('s3://cluster/client').count())"
    assert re.fullmatch(r"yarn container_\S+ 100", livy_printed(ask, code))
    batch = f"/batches/{ask('POST', '/batches', {'file': 's3://cluster/far.py', 'args': ['batch']})['id']}"

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = ask("GET", batch)
        return found if found["state"] in ("success", "dead") else None

    found = until(over, 240)
    log = "\n".join(ask("GET", f"{batch}/log?size=-1")["log"])
    assert found["state"] == "success", log
    assert re.search(f"{TOLD}batch", log), log
