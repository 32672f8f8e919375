"""The world of a cluster's nodes: its folder as scripts for EMR expect it, its fence, its variables, Spark's settings.

All nodes of a cluster are one fence: they share files and processes, as the machine that they are on.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from studiolo.clusters import drivers, elsewhere, layout
from studiolo.clusters.admission import CONNECTIONS
from studiolo.clusters.applications import APPLICATIONS, hadoop
from studiolo.clusters.configurations import Configured
from studiolo.clusters.machines import InstanceType, instance_type
from studiolo.clusters.model import Cluster
from studiolo.engine.drivers import PATIENT
from studiolo.engine.elsewhere import Elsewhere
from studiolo.identity import client_environment, container_variables
from studiolo.identity.environment import PLUGIN
from studiolo.kernel.driver import class_path, sharing
from studiolo.processes import Fence, child_environment
from studiolo.runtimes import Release

HEAP = "400m"
"""Of the JVM with all daemons: idle they take 100 MB of it."""

QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""Options of Java for what starts quickly and computes little."""

HOME, MNT = "/home/hadoop", "/mnt"
"""Where scripts for EMR look, and find the cluster's own."""

LOG4J = """\
rootLogger.level = info
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.aws.name = com.amazonaws
logger.aws.level = error
"""


@dataclass(frozen=True)
class Surroundings:
    """What clusters need of the server: `data` is its folder, `packages` that of our own packages.

    strict: whether what a node does not do fails. elsewhere: where executors are, if not on the nodes.
    """

    data: Path
    packages: Path
    endpoint: str
    s3_endpoint: str
    machine_cores: int
    machine_memory: int
    strict: bool = False
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True)
class World:
    """One cluster's nodes. token, metastore_token: what proves the cluster to the S3 door and to the metastore."""

    cluster: Cluster
    folder: Path
    release: Release
    jars: tuple[Path, ...]
    archive: tuple[Path, ...]
    configured: Configured
    around: Surroundings
    token: str
    metastore_token: str
    metastore: str
    warehouse: str
    secret: str

    @property
    def own(self) -> Path:
        """The folder that what runs on the nodes may write."""
        return self.folder / "node"

    @property
    def python(self) -> Path:
        """The nodes' interpreter."""
        return self.own / "python" / "bin" / "python3"

    @property
    def site(self) -> Path:
        """The folder of what is installed for it."""
        return self.own / "python" / "lib" / f"python{self.release.runtime.python_version}" / "site-packages"

    @property
    def hdfs(self) -> Path:
        """The folder that paths of HDFS lead to."""
        return self.own / "hdfs"

    @property
    def packages(self) -> tuple[Path, ...]:
        """The folders of packages that the nodes' interpreter has beside its own."""
        runtime = self.release.runtime
        return (runtime.python.parent.parent / "lib" / f"python{runtime.python_version}" / "site-packages",)

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Where the executors are, if not on the nodes."""
        return self.around.elsewhere

    @property
    def master_url(self) -> str:
        """The master of the cluster's drivers."""
        if self.elsewhere is not None:
            return self.elsewhere.master
        return f"spark://{self.cluster.progress.host}:{self.cluster.progress.ports['master']}"

    @property
    def connections(self) -> str:
        """Where a daemon asks whom it may serve, as its doors of ours do."""
        return f"{self.around.endpoint}{CONNECTIONS}{self.cluster.id}"

    @property
    def admission(self) -> str:
        """Java's option that says so."""
        return f"-Dstudiolo.connections={self.connections}"

    @property
    def master(self) -> str:
        """The instance that is the master."""
        group = next(group for group in self.cluster.progress.groups if group.role == "MASTER")
        return next(i.ec2_id for i in self.cluster.progress.instances if i.group == group.id)

    def log(self, *parts: str) -> str | None:
        """The place of logs below LogUri; None where the cluster has none."""
        uri = (self.cluster.asked.log_uri or "").replace("s3n://", "s3://").replace("s3a://", "s3://").rstrip("/")
        return "/".join([uri, self.cluster.id, *parts]) if uri else None

    def fence(self, *seen: Path, with_parent: bool = False) -> Fence:
        """What runs on the nodes sees of the machine, and `seen`."""
        runtime, data = self.release.runtime, self.around.data
        (data / "jars").mkdir(exist_ok=True)
        places = {HOME: self.own / "home", MNT: self.own / "mnt"}
        for place, name in layout.USERS.items():
            if (self.own / name).exists() and Path(place).exists():
                places[place] = self.own / name
        if Path(layout.PYTHON).exists():
            places[layout.PYTHON] = self.own / "bin" / "python3"
        applications = [path for name in self.configured.applications for path in APPLICATIONS[name].seen()]
        spark = (*runtime.seen, runtime.spark_home, *self.archive, self.around.packages, data / "jars")
        site = () if self.elsewhere is None or self.elsewhere.folder is None else (self.elsewhere.folder,)
        everything = (*spark, *applications, *site, *seen)
        return Fence(self.own, seen=everything, at=places, with_parent=with_parent)

    def environment(self) -> dict[str, str]:
        """The variables of all that runs on the nodes."""
        progress, runtime = self.cluster.progress, self.release.runtime
        region = self.cluster.scope.region
        credentials = container_variables(self.around.s3_endpoint, self.token)
        aws = client_environment(self.around.endpoint, self.around.s3_endpoint, region, credentials)
        inherited = child_environment({})
        return {
            **inherited,
            **aws,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.own / "proof"),
            "PATH": os.pathsep.join([str(self.own / "bin"), inherited.get("PATH", os.defpath)]),
            "PYTHONPATH": str(PLUGIN.parent),
            "USER": "hadoop",
            "LOGNAME": "hadoop",
            "STUDIOLO_NODE": str(self.own),
            "STUDIOLO_HOME": HOME,
            "STUDIOLO_HDFS": str(self.hdfs),
            # By this name Hive's client says to the metastore who asks.
            "HADOOP_USER_NAME": self.metastore_token,
            "SPARK_USER": "hadoop",
            "JAVA_HOME": str(runtime.java_home),
            "SPARK_HOME": str(runtime.spark_home),
            "SPARK_SCALA_VERSION": runtime.scala,
            "SPARK_LOCAL_IP": progress.host,
            "SPARK_LOCAL_HOSTNAME": progress.host,
            "SPARK_PUBLIC_DNS": progress.host,
            "SPARK_LOCAL_DIRS": str(self.own / "tmp"),
            # At the end of the class path, where an archive of classes still fits.
            "SPARK_DIST_CLASSPATH": os.pathsep.join(map(str, self.jars)),
            "PYSPARK_PYTHON": str(self.python),
            **(elsewhere.variables(self, self.elsewhere) if self.elsewhere is not None else {}),
            **hadoop.variables(self),
            **self.configured.exports,
        }

    def lay_out(self) -> None:
        """Make the folder of the cluster's files: what was there of an earlier try is replaced."""
        self.lay_out_files()
        for name in self.configured.applications:
            APPLICATIONS[name].lay_out(self)
        self.write("node.json", json.dumps(self._plan()))

    def lay_out_files(self) -> None:
        """Make what programs on the nodes find there."""
        own = self.own
        for name in (
            "bin",
            "home",
            "hdfs",
            "events",
            "work",
            "tmp",
            "etc/hadoop",
            "mnt/tmp",
            "mnt/var/lib/info",
            "mnt/var/log",
        ):
            (own / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        (own / "proof").touch(0o600)
        (own / "proof").write_text(self.token)
        layout.make_python(self)
        layout.make_commands(self)
        layout.make_users(self)
        for name, content in layout.info(self).items():
            (own / "mnt" / "var" / "lib" / "info" / f"{name}.json").write_text(json.dumps(content, indent=2))
        (own / "etc" / "log4j2.properties").write_text(LOG4J)
        (own / "etc" / "log4j2-quiet.properties").write_text(LOG4J.replace("level = info", "level = error"))
        self._write_settings("etc/spark-defaults.conf", self.spark_conf())
        if self.elsewhere is not None:
            self._write_settings(elsewhere.PLACE, elsewhere.settings(self, self.elsewhere))
        for name, settings in hadoop.sites(self).items():
            self.write(f"etc/hadoop/{name}.xml", settings)
        self.write("facts.json", json.dumps(self.facts()))

    def want(self, workers: Sequence[tuple[int, InstanceType]]) -> None:
        """Say which workers there are to be, by number."""
        content = [{"number": number, "cores": of.cores, "memory": of.containers} for number, of in workers]
        self.leave("wanted", content)

    def leave(self, name: str, content: Any) -> None:
        """Replace a file that the daemons read while they run."""
        # Not where what runs on the nodes could have put a link.
        part = self.folder / f"{name}.part"
        part.write_text(json.dumps(content))
        part.replace(self.own / f"{name}.json")

    def _write_settings(self, name: str, settings: Mapping[str, str]) -> None:
        self.write(name, "".join(f"{name} {value}\n" for name, value in settings.items()))

    def write(self, name: str, text: str) -> None:
        """Write a file of the cluster's folder, for its user alone."""
        file = self.own / name
        file.touch(0o600)
        file.write_text(text)

    def script(self, name: str, line: str, shell: str = "/bin/sh") -> None:
        """Make a command of the nodes."""
        script = self.own / "bin" / name
        script.write_text(f"#!{shell}\n{line}\n")
        script.chmod(0o755)

    def largest(self) -> InstanceType:
        """The largest instance type of the nodes that compute."""
        groups = self.cluster.progress.groups
        computing = [group for group in groups if group.role != "MASTER"] or groups
        return max((instance_type(group.type) for group in computing), key=lambda of: (of.containers, of.cores))

    def facts(self) -> dict[str, Any]:
        """What `studiolo.node.facts` has."""
        runtime, largest = self.release.runtime, self.largest()
        return {
            "folder": str(self.own),
            "master": self.master_url,
            "defaults": str(self.own / "etc" / "spark-defaults.conf"),
            "java": str(runtime.java / "bin" / "java"),
            "spark_home": str(runtime.spark_home),
            "jars": [str(jar) for jar in self.jars],
            "java_options": [*runtime.java_options, "-XX:+UseSerialGC", *PATIENT],
            "archive": self.shared_classes,
            "python": str(self.python),
            "base_python": str(runtime.python),
            "site": str(self.site),
            "uv": find_uv_bin(),
            "worker_cores": largest.cores,
            "worker_memory": largest.containers,
            "strict": self.around.strict,
            "spark_environment": {"SPARK_ENV_LOADED": "1", "PYTHONHASHSEED": "0"},
            "yarn": hadoop.spark_settings(self) if hadoop.is_on(self) else {},
            **(elsewhere.facts(self, self.elsewhere) if self.elsewhere is not None else {}),
        }

    def _plan(self) -> dict[str, Any]:
        """What `studiolo.node.controller` has."""
        progress, runtime = self.cluster.progress, self.release.runtime
        return {
            "host": progress.host,
            "ports": progress.ports,
            "conf": {
                "spark.authenticate": "true",
                "spark.authenticate.secret": self.secret,
                "spark.ui.killEnabled": "false",
                "spark.decommission.enabled": "true",
                "spark.storage.decommission.enabled": "true",
                "spark.storage.decommission.shuffleBlocks.enabled": "true",
            },
            "launch": {
                "conf": {
                    "spark.driver.memory": HEAP,
                    "spark.driver.extraJavaOptions": self.java_properties,
                },
                "driver": {
                    "java": str(runtime.java / "bin" / "java"),
                    "spark": str(runtime.spark_home),
                    "jars": [],
                    "options": [*runtime.java_options, *QUICK],
                    "archive": self.shared_classes or None,
                },
            },
            "applications": [
                {
                    "name": name,
                    "command": list(daemon.command),
                    "environment": dict(daemon.environment),
                    "port": daemon.port,
                    "doors": list(daemon.doors),
                    "answer": daemon.answer,
                }
                for name, daemon in self.configured.daemons(self).items()
            ],
            "hadoop": hadoop.plan(self),
            "log": f"{log}/applications/" if (log := self.log("node", self.master)) else None,
            "decommission_seconds": self.configured.decommission_seconds,
        }

    @property
    def java_properties(self) -> str:
        """Java's options of all that is Spark's on the nodes."""
        return (
            f"-Djava.io.tmpdir={self.own / 'tmp'} -Duser.home={self.own / 'home'} "
            "-Daws.java.v1.disableDeprecationAnnouncement=true "
            f"-Dlog4j2.configurationFile=file:{self.own / 'etc' / 'log4j2.properties'}"
        )

    def executors(self) -> tuple[int, int, int]:
        """How many there are at most, and the cores and MiB of memory of each that says nothing else."""
        workers = sum(group.count for group in self.cluster.progress.groups if group.role != "MASTER") or 1
        cores = max(1, min(self.largest().cores, self.around.machine_cores // workers))
        memory = max(512, min(self.largest().containers, self.around.machine_memory // 4 // workers))
        return workers, cores, memory

    @property
    def shared_classes(self) -> str:
        """The files of the archive of classes, as Java takes them; empty for none."""
        return os.pathsep.join(map(str, self.archive))

    def spark_conf(self) -> dict[str, str]:
        """spark-defaults.conf: ours, the release's, then what the cluster's configurations say."""
        return drivers.settings(self)

    def java(self, main: str, *arguments: str, heap: str = "1g") -> tuple[str, ...]:
        """The command of a JVM with Spark's classes."""
        runtime = self.release.runtime
        path = class_path(runtime.spark_home, [str(jar) for jar in self.jars])
        options = [*runtime.java_options, *QUICK, f"-Xmx{heap}"]
        return (
            str(runtime.java / "bin" / "java"),
            "-cp",
            path,
            *sharing(self.shared_classes),
            *options,
            main,
            *arguments,
        )
