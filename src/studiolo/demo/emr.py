"""Chapter 5, the other way: on an EMR cluster, a look at the readings by Livy, then `prepare.py` as a step."""

import gzip
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

import sagemaker
from botocore.exceptions import WaiterError

from studiolo.demo import bucket
from studiolo.demo.errors import StoryError
from studiolo.demo.livy import LivySession
from studiolo.demo.narrator import Stage
from studiolo.demo.roles import ClusterRoles
from studiolo.demo.spark import cells

NAME = "air-quality-"  # what the names of the story's clusters begin with
RELEASE = "emr-7.10.0"
IDLE_SECONDS = 900  # should this program die, EMR ends the cluster itself
WAIT = {"Delay": 1, "MaxAttempts": 1800}
HIVE = {"spark.sql.catalogImplementation": "hive"}
CATALOG = {
    "Classification": "spark-hive-site",
    "Properties": {
        "hive.metastore.client.factory.class": "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
    },
}

LOOK = """
spark.table("{database}.raw").where("year <> 'year'").createOrReplaceTempView("hourly")
spark.sql("select count(*) readings, count(distinct station) stations, min(int(year)) since from hourly").show()
"""


def prepare(sdk: sagemaker.Session, roles: ClusterRoles, database: str, stage: Stage) -> None:
    """Run `prepare.py` on a cluster of its own: the catalog's table of hourly readings to tables of Parquet.

    Raises StoryError when the cluster, the session of Livy or the step fails.
    """
    emr, s3 = sdk.boto_session.client("emr"), sdk.boto_session.client("s3")
    for old in _alive(emr):  # of a run that was killed
        _terminate(emr, old)
    place, key = sdk.default_bucket(), f"{bucket.PREFIX}/code/prepare.py"
    code = "\n".join(cell.code for cell in cells(database))
    s3.put_object(Bucket=place, Key=key, Body=code.encode())
    bucket.clear(sdk, "logs")
    logs = f"{bucket.PREFIX}/logs/"
    stage.plan(4)
    stage.doing("waiting for the cluster")
    with Cluster(emr, roles, f"s3://{place}/{logs}") as cluster:
        stage.say(f"cluster {cluster.id}, {RELEASE}, is ready: a master and a core node m5.xlarge", style="dim")
        stage.step()
        stage.doing("a look at the readings, by Livy")
        with LivySession(cluster.host, HIVE) as livy:
            stage.say(livy.run(LOOK.format(database=database)))
        stage.step()
        stage.doing("spark-submit")
        step = cluster.submit(f"s3://{place}/{key}")
        stage.step()
        stage.doing("ending the cluster")
    for item in bucket.objects(s3, place, f"{logs}{cluster.id}/steps/{step}/stdout"):  # all there by the cluster's end
        stage.say(gzip.decompress(s3.get_object(Bucket=place, Key=item["Key"])["Body"].read()).decode())
    stage.say(f"cluster {cluster.id} is terminated", style="dim")


class Cluster:
    """A cluster of EMR with Spark on it; terminated when the `with` block ends, however it ends."""

    def __init__(self, emr: Any, roles: ClusterRoles, logs: str) -> None:
        self._emr = emr
        self._request = {
            "Name": f"{NAME}{time.strftime('%Y%m%d-%H%M%S')}",
            "ReleaseLabel": RELEASE,
            "Applications": [{"Name": "Spark"}, {"Name": "Livy"}],
            "Configurations": [CATALOG],
            "Instances": {
                "MasterInstanceType": "m5.xlarge",
                "SlaveInstanceType": "m5.xlarge",
                "InstanceCount": 2,
                "KeepJobFlowAliveWhenNoSteps": True,
            },
            "AutoTerminationPolicy": {"IdleTimeout": IDLE_SECONDS},
            "ServiceRole": roles.service,
            "JobFlowRole": roles.profile,
            "LogUri": logs,
        }
        self.id = ""

    def __enter__(self) -> "Cluster":
        self.id = self._emr.run_job_flow(**self._request)["JobFlowId"]
        try:
            self._emr.get_waiter("cluster_running").wait(ClusterId=self.id, WaiterConfig=WAIT)
        except WaiterError as error:
            status = self._emr.describe_cluster(ClusterId=self.id)["Cluster"]["Status"]
            _terminate(self._emr, self.id)
            raise StoryError(f"The cluster {self.id} is {status['State']}: {_reason(status)}") from error
        except BaseException:
            _terminate(self._emr, self.id)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _terminate(self._emr, self.id)

    @property
    def host(self) -> str:
        """The name or address of the master."""
        return str(self._emr.describe_cluster(ClusterId=self.id)["Cluster"]["MasterPublicDnsName"])

    def submit(self, script: str) -> str:
        """Run a program with spark-submit, to its end; the step's id. Raises StoryError when it fails."""
        settings = [word for name, value in HIVE.items() for word in ("--conf", f"{name}={value}")]
        words = ["spark-submit", *settings, script]
        step = {
            "Name": "prepare",
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
        }
        (identifier,) = self._emr.add_job_flow_steps(JobFlowId=self.id, Steps=[step])["StepIds"]
        try:
            self._emr.get_waiter("step_complete").wait(ClusterId=self.id, StepId=identifier, WaiterConfig=WAIT)
        except WaiterError as error:
            status = self._emr.describe_step(ClusterId=self.id, StepId=identifier)["Step"]["Status"]
            raise StoryError(f"The step {identifier} is {status['State']}: {_reason(status)}") from error
        return str(identifier)


def _reason(status: dict[str, Any]) -> str:
    """Why a cluster or a step is in its state."""
    details = status.get("FailureDetails") or status.get("StateChangeReason") or {}
    return details.get("Message") or details.get("Reason") or "no reason was given"


def _alive(emr: Any) -> list[str]:
    """The ids of the story's clusters that are not terminated."""
    states = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
    pages = emr.get_paginator("list_clusters").paginate(ClusterStates=states)
    return [one["Id"] for page in pages for one in page["Clusters"] if one["Name"].startswith(NAME)]


def _terminate(emr: Any, cluster: str) -> None:
    """End a cluster; answers when it has ended, with errors of its own or without."""
    emr.terminate_job_flows(JobFlowIds=[cluster])
    with suppress(WaiterError):
        emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig=WAIT)
