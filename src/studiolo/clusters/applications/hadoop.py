"""Hadoop: HDFS and YARN, started when somebody first connects to them, and the commands `hdfs`, `hadoop` and `yarn`.

People name Hadoop by habit: a cluster on which nothing uses it is as quick and small as one without.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

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

    def daemon(self, world: "World") -> Daemon | None:
        if not is_on(world):
            return None
        ports = world.cluster.progress.ports
        command = (str(world.python), "-m", "studiolo.node.hadoop", str(world.own))
        # That page is the last to be there.
        return Daemon(command, ports["node_manager_ui"], doors=tuple(ports[name] for name in DOORS))


HADOOP_OF = {"spark-3.5": "3.3.4"}
"""The version of Hadoop that is here with each runtime: that of the client in its Spark."""

HADOOP = Hadoop()


def is_on(world: "World") -> bool:
    """Whether the cluster has HDFS and YARN: these act as the instance profile, whoever has them compute.

    So with runtime roles there are none, and a step has what there is without Hadoop. Neither are there where executors
    are elsewhere, which could not reach them.
    """
    asked = world.cluster.asked
    return HADOOP.name in asked.applications and asked.runtime_roles is None and world.elsewhere is None


def is_brought(world: "World") -> bool:
    """Whether it was said where the jars of the daemons are."""
    return (world.own / "hadoop.json").exists()


def bring(world: "World", jars: Sequence[str], error: str | None = None) -> None:
    """Say where the jars of the daemons are, or why they are not here."""
    world.own.mkdir(parents=True, exist_ok=True, mode=0o700)
    world.leave("hadoop", {"jars": jars, "error": error})


def variables(world: "World") -> dict[str, str]:
    """The variables of programs that use HDFS and YARN, where the cluster has them."""
    if not is_on(world):
        return {}
    return {
        # To these all are one user: by the name of the token they would show who owns files and applications.
        "PYSPARK_SUBMIT_ARGS": f"--proxy-user {USER} pyspark-shell",
        "HADOOP_CONF_DIR": str(world.own / "etc" / "hadoop"),
        "STUDIOLO_CONNECTIONS": world.connections,
        "STUDIOLO_NAMENODE": f"{world.cluster.progress.host}:{world.cluster.progress.ports['namenode_ui']}",
    }


def file_system(world: "World") -> dict[str, str]:
    """Hadoop's settings that say what hdfs:// is: HDFS, the cluster's or that of a master elsewhere, or a shared folder."""
    if is_on(world):
        return client_settings(world)
    there = {} if world.elsewhere is None else world.elsewhere.hadoop(world.release.runtime.conf)
    if "fs.defaultFS" in there:
        return there
    host = world.cluster.progress.host
    return {
        **there,
        "fs.defaultFS": f"hdfs://{host}:8020",
        "fs.hdfs.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        f"fs.viewfs.mounttable.{host}.linkFallback": f"file:{world.hdfs}",
        # Who lists the root must have a group.
        "hadoop.user.group.static.mapping.overrides": f"{world.metastore_token}=hadoop;hadoop=hadoop",
    }


def sites(world: "World") -> dict[str, str]:
    """Hadoop's settings for its own commands, by file: those that Spark's drivers have, and its daemons."""
    prefix = "spark.hadoop."
    found = {name[len(prefix) :]: value for name, value in world.spark_conf().items() if name.startswith(prefix)}
    # A root that is a fallback cannot be listed by the shell; one that is merged loses files that Spark renames.
    found = {name.replace(".linkFallback", ".linkMergeSlash"): value for name, value in found.items()}
    if is_on(world):
        found |= daemon_settings(world)
    # Hadoop reads its own defaults of HDFS and YARN after core-site.
    files: dict[str, dict[str, str]] = {"core-site": {}, "hdfs-site": {}, "yarn-site": {}}
    for name, value in found.items():
        files[{"dfs": "hdfs-site", "yarn": "yarn-site"}.get(name.partition(".")[0], "core-site")][name] = value
    return {name: _xml(values) for name, values in files.items()}


def plan(world: "World") -> dict[str, Any] | None:
    """What `studiolo.node.hadoop` has; None where there is nothing to run."""
    return {"settings": daemon_settings(world), "java_options": world.admission} if is_on(world) else None


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
        "yarn.resourcemanager.max-completed-applications": "100",
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
        # It would put the containers' variables among their logs.
        "yarn.nodemanager.log-container-debug-info.enabled": "false",
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
        # Drivers' pages are for YARN's proxy, and for who comes as to other drivers.
        "spark.hadoop.yarn.web-proxy.address": f"127.0.0.1,{progress.host}:{progress.ports['yarn_ui']}",
        "spark.yarn.am.extraJavaOptions": " ".join([*quick, "-XX:TieredStopAtLevel=1"]),
        **{name: value for name, value in asked.items() if name.startswith(("spark.yarn.", "spark.executor."))},
        "spark.executor.extraJavaOptions": " ".join([*quick, asked.get("spark.executor.extraJavaOptions", "")]).strip(),
    }


def _xml(settings: Mapping[str, str]) -> str:
    """Hadoop's file of these settings."""
    entries = [
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>"
        for name, value in settings.items()
    ]
    return "\n".join(["<configuration>", *entries, "</configuration>\n"])
