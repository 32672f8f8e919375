"""Hadoop: HDFS and YARN, started when somebody first connects to them, and the commands `hdfs`, `hadoop` and `yarn`.

People name Hadoop by habit: a cluster on which nothing uses it is as quick and small as one without.
"""

import os
from typing import TYPE_CHECKING

from studiolo.clusters.applications.application import Application, Daemon
from studiolo.runtimes import Release

if TYPE_CHECKING:
    from studiolo.clusters.world import World

DOORS = ("namenode", "namenode_ui", "yarn", "yarn_ui")
"""The ports at which somebody who wants HDFS or YARN knocks first."""

KEPT_SECONDS = 300
"""How long the folders of containers stay when these have ended, so that their logs can be put where LogUri says."""

USER = "hadoop"


class Hadoop(Application):
    name = "Hadoop"

    def version(self, release: Release) -> str | None:
        return HADOOP_OF.get(release.runtime.name)

    def daemon(self, world: "World") -> Daemon:
        ports = world.cluster.progress.ports
        command = (str(world.python), "-m", "studiolo.node.hadoop", str(world.own))
        # That page is the last to be there.
        return Daemon(command, ports["node_manager_ui"], doors=tuple(ports[name] for name in DOORS))


HADOOP_OF = {"spark-3.5": "3.3.4"}
"""The version of Hadoop that is here with each runtime: that of the client in its Spark."""

HADOOP = Hadoop()


def is_on(world: "World") -> bool:
    """Whether the cluster has HDFS and YARN."""
    return HADOOP.name in world.cluster.asked.applications


def client_settings(world: "World") -> dict[str, str]:
    """Hadoop's settings of who uses the cluster's HDFS and YARN."""
    host, ports = world.cluster.progress.host, world.cluster.progress.ports
    return {
        "fs.defaultFS": f"hdfs://{host}:{ports['namenode']}",
        # While they start, after somebody's first connection, others are to wait.
        "ipc.client.connect.max.retries": "240",
        "ipc.client.connect.retry.interval": "250",
        "dfs.client.retry.policy.enabled": "true",
        "dfs.client.retry.policy.spec": "500,240",
        "dfs.replication": "1",
        # By its address the NameNode knows the DataNode as where its connection comes from: 127.0.0.1.
        "dfs.client.use.datanode.hostname": "true",
        "yarn.resourcemanager.hostname": host,
        "yarn.resourcemanager.address": f"{host}:{ports['yarn']}",
        "yarn.resourcemanager.scheduler.address": f"{host}:{ports['yarn_scheduler']}",
        "yarn.resourcemanager.admin.address": f"{host}:{ports['yarn_admin']}",
        "yarn.resourcemanager.webapp.address": f"{host}:{ports['yarn_ui']}",
    }


def daemon_settings(world: "World") -> dict[str, str]:
    """Hadoop's settings of the daemons: what the cluster's configurations say, then what is decided here."""
    host, ports = world.cluster.progress.host, world.cluster.progress.ports
    data, logs = world.own / "hadoop", world.own / "mnt" / "var" / "log" / "hadoop-yarn" / "containers"
    at = {name: f"{host}:{port}" for name, port in ports.items()}
    largest = world.largest()
    ours = {
        "hadoop.tmp.dir": str(world.own / "tmp"),
        "hadoop.http.staticuser.user": USER,
        "hadoop.security.group.mapping": "org.apache.hadoop.security.NullGroupsMapping",
        "hadoop.user.group.static.mapping.overrides": f"{USER}={USER}",
        "hadoop.security.impersonation.provider.class": "studiolo.AnyUser",
        "dfs.namenode.name.dir": f"file:{data / 'name'}",
        "dfs.namenode.rpc-address": at["namenode"],
        "dfs.namenode.http-address": at["namenode_ui"],
        "dfs.namenode.safemode.extension": "0",
        "dfs.webhdfs.rest-csrf.enabled": "true",
        "dfs.permissions.enabled": "false",
        "dfs.permissions.superusergroup": USER,
        "dfs.datanode.data.dir": f"file:{data / 'data'}",
        "dfs.datanode.hostname": host,
        "dfs.datanode.address": at["datanode"],
        "dfs.datanode.http.address": at["datanode_ui"],
        "dfs.datanode.ipc.address": at["datanode_ipc"],
        "yarn.resourcemanager.bind-host": host,
        "yarn.resourcemanager.resource-tracker.address": at["yarn_tracker"],
        "yarn.resourcemanager.webapp.rest-csrf.enabled": "true",
        "yarn.resourcemanager.webapp.ui-actions.enabled": "false",
        "yarn.scheduler.maximum-allocation-mb": str(largest.containers),
        "yarn.scheduler.maximum-allocation-vcores": str(largest.cores),
        "yarn.scheduler.minimum-allocation-mb": "32",
        "yarn.scheduler.capacity.maximum-am-resource-percent": "1",
        "yarn.scheduler.capacity.root.queues": "default",
        "yarn.scheduler.capacity.root.default.capacity": "100",
        "yarn.nodemanager.hostname": host,
        "yarn.nodemanager.bind-host": host,
        "yarn.nodemanager.address": at["node_manager"],
        "yarn.nodemanager.localizer.address": at["localizer"],
        "yarn.nodemanager.webapp.address": at["node_manager_ui"],
        "yarn.nodemanager.local-dirs": str(data / "containers"),
        "yarn.nodemanager.log-dirs": str(logs),
        "yarn.nodemanager.delete.debug-delay-sec": str(KEPT_SECONDS),
        "yarn.nodemanager.disk-health-checker.enable": "false",
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "100",
        "yarn.nodemanager.pmem-check-enabled": "false",
        "yarn.nodemanager.vmem-check-enabled": "false",
        # Containers act as the cluster's role, and find what all on the nodes does.
        "yarn.nodemanager.env-whitelist": ",".join(world.environment()),
        "yarn.log-aggregation-enable": "true",
        "yarn.nodemanager.remote-app-log-dir": "/var/log/hadoop-yarn/apps",
        "yarn.log.server.url": f"http://{host}:{ports['history']}",
    }
    prefix = "spark.hadoop."
    asked = {name[len(prefix) :]: value for name, value in world.configured.spark.items() if name.startswith(prefix)}
    return {**asked, **client_settings(world), **ours}


def spark_settings(world: "World") -> dict[str, str]:
    """Spark's settings of applications on YARN, beside those of all applications."""
    runtime, progress = world.release.runtime, world.cluster.progress
    # What executors run with has another class path than the archive of drivers; Java's own classes are the same.
    quick = ["-XX:+UseSerialGC", *([f"-XX:SharedArchiveFile={world.archive[0]}"] if world.archive else [])]
    workers = sum(group.count for group in progress.groups if group.role != "MASTER") or 1
    asked = world.configured.spark
    return {
        "spark.executor.instances": str(workers),
        "spark.yarn.jars": f"local:{runtime.spark_home}{os.sep}jars{os.sep}*",
        "spark.yarn.populateHadoopClasspath": "false",
        "spark.yarn.historyServer.address": f"{progress.host}:{progress.ports['history']}",
        "spark.yarn.report.interval": "500ms",
        "spark.yarn.am.extraJavaOptions": " ".join([*quick, "-XX:TieredStopAtLevel=1"]),
        **{name: value for name, value in asked.items() if name.startswith(("spark.yarn.", "spark.executor."))},
        "spark.executor.extraJavaOptions": " ".join([*quick, asked.get("spark.executor.extraJavaOptions", "")]).strip(),
    }
