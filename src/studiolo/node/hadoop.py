"""HDFS and YARN of a cluster, in two JVMs driven over py4j: `python -m studiolo.node.hadoop FOLDER`.

The NameNode, the DataNode and the ResourceManager share one; the NodeManager has the other, as the web pages of the two
managers cannot be in one. The NodeManager stands for all of the cluster's nodes. It runs until SIGTERM, or until one
of the JVMs has ended; SIGINT says that other nodes are wanted.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError

from studiolo.kernel.driver import Driver
from studiolo.node.applications import ended

FETCH_SECONDS = 600.0
"""How long the jars may take to be there."""

LOOK_AGAIN = 0.2
TELL_SECONDS = 1.0
"""Between two looks at the applications on YARN."""

END_SECONDS = 3.0
HEAP = "400m"
USER = "hadoop"
MASTERS, NODES = "masters", "node"
"""The JVMs, by what is in them; so are their logs named."""

LIVING = ("NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING")
DIRECTORIES = {"/tmp": 0o1777, "/user": 0o755, f"/user/{USER}": 0o755, "/var/log/hadoop-yarn/apps": 0o1777}  # noqa: S108
"""What there is in HDFS from the beginning, with its mode."""


class Failed(Exception):
    """Why there is no HDFS and no YARN, in a sentence."""


class Jvm:
    """A JVM with Hadoop's classes, to whose ports those alone may connect whom the server admits."""

    def __init__(self, name: str, folder: Path, launch: Mapping[str, Any]) -> None:
        self.name = name
        (folder / "hadoop" / name).mkdir(parents=True, exist_ok=True)
        driver = Driver(launch, folder / "hadoop" / name)
        log = folder / "mnt" / "var" / "log" / "hadoop" / f"{name}.log"
        threading.Thread(target=_pump, args=(driver.output, log), name=name, daemon=True).start()
        port, secret = driver.address()
        self.process: subprocess.Popen[bytes] = driver.process
        parameters = GatewayParameters("127.0.0.1", port, auto_field=True, auto_convert=True, auth_token=secret)
        self.gateway: Any = JavaGateway(gateway_parameters=parameters)
        self.hadoop: Any = self.gateway.jvm.org.apache.hadoop
        # Else a second daemon may not have metrics of its own.
        self.hadoop.metrics2.lib.DefaultMetricsSystem.setMiniClusterMode(True)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)


class Hadoop:
    """The daemons of the cluster whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = json.loads((folder / "node.json").read_text())
        self._wake = threading.Event()
        self._ending = False
        self._manager: Any = None
        self._mastered = threading.Event()
        self._jvms: dict[str, Jvm] = {}
        self._kept: list[Any] = []
        self._running: list[Any] | None = None
        # What they start has the token for a name, as all on the nodes; they themselves are Hadoop's one user.
        os.environ["HADOOP_PROXY_USER"] = USER
        signal.signal(signal.SIGINT, lambda *_: self._wake.set())
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_: object) -> None:
        self._ending = True
        self._wake.set()

    def run(self) -> int:
        """Start them, and stay; the exit status. The last line that is printed says why it is not 0."""
        # When a JVM ends that is told once, and not for each call that was under way.
        logging.disable()
        try:
            jars = self._jars()
            with ThreadPoolExecutor() as pool:
                started = [pool.submit(_told, start, jars) for start in (self._masters, self._node)]
                while not all(future.done() for future in started):
                    # A manager of nodes waits for the one that may have failed.
                    if self._ending or any(future.done() and future.exception() for future in started):
                        self._kill()
                    self._wake.wait(LOOK_AGAIN)
                    self._wake.clear()
                errors = [error for future in started if (error := future.exception()) is not None]
            if errors:
                # Of two one is the reason of the other.
                raise next((error for error in errors if isinstance(error, Failed)), errors[0])
            self._stay()
        except Failed as error:
            sys.stdout.write(_without_secret(f"{error}\n"))
            return 1
        finally:
            for jvm in self._jvms.values():
                jvm.end()
        return 0

    def _stay(self) -> None:
        nodes, told = self._nodes(), 0.0
        while not self._ending:
            for jvm in self._jvms.values():
                if (status := jvm.process.poll()) is not None:
                    raise Failed(f"The JVM of Hadoop's {jvm.name} {ended(status)}.")
            try:
                if (wanted := self._nodes()) != nodes:
                    self._resize(*wanted)
                    nodes = wanted
                if time.monotonic() > told + TELL_SECONDS:
                    self._tell_running()
                    told = time.monotonic()
            except Py4JJavaError as error:
                raise Failed(f"YARN said: {_said(error)}") from None
            except Py4JError:
                # A JVM has ended, which the next look tells.
                pass
            self._wake.wait(LOOK_AGAIN)
            self._wake.clear()

    def _tell_running(self) -> None:
        """Leave word of the applications that YARN has not ended."""
        running = []
        for app in self._manager.getRMContext().getRMApps().values():
            if (state := app.getState().toString()) in LIVING:
                report = app.createAndGetApplicationReport(USER, True)
                used = report.getApplicationResourceUsageReport().getUsedResources().getVirtualCores()
                cores = max(0, used) if state == "RUNNING" else 0
                running.append({"id": app.getApplicationId().toString(), "name": app.getName(), "cores": cores})
        if running != self._running:
            self._running = running
            part = self._folder / "yarn.part"
            part.write_text(json.dumps(running))
            part.replace(self._folder / "yarn.json")

    def _kill(self) -> None:
        """End what is being started: who waits for an answer of it is told that."""
        for jvm in list(self._jvms.values()):
            jvm.process.kill()

    def _jars(self) -> list[str]:
        """The jars of the daemons, which the server fetches meanwhile. Raises Failed."""
        file, until = self._folder / "hadoop.json", time.monotonic() + FETCH_SECONDS
        while not file.exists():
            if self._ending or time.monotonic() > until:
                raise Failed("The jars of Hadoop's daemons are not here.")
            self._wake.wait(LOOK_AGAIN)
        found = json.loads(file.read_text())
        if found["error"]:
            raise Failed(found["error"])
        jars: list[str] = found["jars"]
        return jars

    def _nodes(self) -> tuple[int, int]:
        """The memory in MiB and the cores of all nodes together."""
        wanted = json.loads((self._folder / "wanted.json").read_text())
        return sum(worker["memory"] for worker in wanted), sum(worker["cores"] for worker in wanted)

    def _start(self, name: str, jars: list[str], front: Sequence[str] = ()) -> Jvm:
        """A JVM of Spark's classes and Hadoop's; `front` are jars whose classes win over Spark's of the same name."""
        launch = self._plan["launch"]
        options = (
            f"{launch['conf']['spark.driver.extraJavaOptions']} -Djava.security.manager=studiolo.PortDoor"
            f" {self._plan['hadoop']['java_options']}"
            f" -Djdk.net.hosts.file={self._hosts()}"
        )
        conf = {"spark.driver.memory": HEAP, "spark.driver.extraJavaOptions": options}
        # Some of Hadoop looks for its settings on the class path alone.
        driver = {**launch["driver"], "jars": [*jars, f"{self._folder}/etc/hadoop"]}
        if front:
            conf["spark.driver.extraClassPath"] = os.pathsep.join(front)
            # The archive of Spark's classes does not fit; that of Java's own does.
            if archive := driver["archive"]:
                driver["options"] = [*driver["options"], f"-XX:SharedArchiveFile={archive.partition(os.pathsep)[0]}"]
        self._jvms[name] = Jvm(name, self._folder, {"conf": conf, "driver": driver})
        return self._jvms[name]

    def _hosts(self) -> Path:
        """Names for Java: an address of 127.x.x.x is this machine by its own name, which is where YARN's links lead."""
        hosts, host = self._folder / "hadoop" / "hosts", self._plan["host"]
        hosts.parent.mkdir(exist_ok=True)
        hosts.write_text(f"{host} {host}\n{host} {socket.gethostname()}\n127.0.0.1 localhost\n")
        return hosts

    def _masters(self, jars: list[str]) -> None:
        # YARN's proxy is in Spark's jars, too, for other servlets than those of the daemons.
        jvm = self._start(MASTERS, jars, [jar for jar in jars if "minicluster" in jar])
        namenode = jvm.hadoop.hdfs.server.namenode.NameNode
        conf = self._conf(jvm, jvm.hadoop.hdfs.HdfsConfiguration())
        if not (self._folder / "hadoop" / "name" / "current").is_dir():
            namenode.format(conf)
        none = jvm.gateway.new_array(jvm.gateway.jvm.java.lang.String, 0)
        name = namenode.createNameNode(none, conf)
        # Else who writes before the DataNode has told its disk is refused; this way clients try again.
        safe = jvm.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction
        name.getRpcServer().setSafeMode(safe.SAFEMODE_ENTER, False)
        data = jvm.hadoop.hdfs.server.datanode.DataNode.createDataNode(none, conf)
        self._let_act(jvm, conf)
        while name.getNamesystem().getCapacityRemaining() <= 0 and not self._ending:
            self._wake.wait(LOOK_AGAIN)
        name.getRpcServer().setSafeMode(safe.SAFEMODE_LEAVE, False)
        files = jvm.hadoop.fs.FileSystem.get(conf)
        for path, mode in DIRECTORIES.items():
            if not files.exists(jvm.hadoop.fs.Path(path)):
                files.mkdirs(jvm.hadoop.fs.Path(path))
                files.setPermission(jvm.hadoop.fs.Path(path), jvm.hadoop.fs.permission.FsPermission(mode))
        conf = self._conf(jvm, jvm.hadoop.yarn.conf.YarnConfiguration())
        self._manager = jvm.hadoop.yarn.server.resourcemanager.ResourceManager()
        self._manager.init(conf)
        self._manager.start()
        self._let_act(jvm, conf)
        self._mastered.set()
        self._kept += [name, data]

    def _node(self, jars: list[str]) -> None:
        jvm = self._start(NODES, jars)
        conf = self._conf(jvm, jvm.hadoop.yarn.conf.YarnConfiguration())
        memory, cores = self._nodes()
        conf.set("yarn.nodemanager.resource.memory-mb", str(memory))
        conf.set("yarn.nodemanager.resource.cpu-vcores", str(cores))
        node = jvm.hadoop.yarn.server.nodemanager.NodeManager()
        node.init(conf)
        # Not before the manager knows who may act for whom.
        while not self._mastered.wait(LOOK_AGAIN):
            if jvm.process.poll() is not None:
                raise Failed(f"The JVM of Hadoop's {NODES} {ended(jvm.process.returncode)}.")
        node.start()
        self._let_act(jvm, conf)
        self._kept.append(node)

    def _resize(self, memory: int, cores: int) -> None:
        """Let the one NodeManager have what the nodes that are wanted now have; what runs goes on."""
        api = self._jvms[MASTERS].hadoop.yarn
        resource = api.api.records.ResourceOption.newInstance(api.api.records.Resource.newInstance(memory, cores), -1)
        nodes = {node.getNodeID(): resource for node in self._manager.getRMContext().getRMNodes().values()}
        request = api.server.api.protocolrecords.UpdateNodeResourceRequest.newInstance(nodes)
        self._manager.getRMContext().getRMAdminService().updateNodeResource(request)

    def _conf(self, jvm: Jvm, conf: Any) -> Any:
        for name, value in self._plan["hadoop"]["settings"].items():
            conf.set(name, value)
        self._let_act(jvm, conf)
        return conf

    def _let_act(self, jvm: Jvm, conf: Any) -> None:
        """Have who may act for whom, which a JVM knows once, be what `conf` says.

        Each page that is started sets it anew, by settings of its own (DelegationTokenAuthenticationFilter).
        """
        jvm.hadoop.security.UserGroupInformation.setConfiguration(conf)
        jvm.hadoop.security.authorize.ProxyUsers.refreshSuperUserGroupsConfiguration(conf)


def _told(start: Callable[[list[str]], None], jars: list[str]) -> None:
    """Start something. Raises Failed with what Java says, which only a JVM that lives can be asked."""
    try:
        start(jars)
    except Py4JJavaError as error:
        raise Failed(f"HDFS and YARN did not start: {_said(error)}") from None


def _said(error: Py4JJavaError) -> str:
    """What Java says, in a line."""
    words: str = error.java_exception.toString()
    return words.splitlines()[0]


def _pump(reading: int, log: Path) -> None:
    with open(reading, encoding="utf-8", errors="replace") as lines, log.open("a", buffering=1) as file:
        for line in lines:
            file.write(_without_secret(line))


def _without_secret(text: str) -> str:
    """The text without the name by which the JVMs log in."""
    return text.replace(os.environ.get("HADOOP_USER_NAME") or USER, USER)


if __name__ == "__main__":
    sys.exit(Hadoop(Path(sys.argv[1])).run())
