"""Spark's standalone master, workers and history server in one JVM, driven over py4j: no Java of ours.

Apart they take three times the time and twice the memory. They are what Spark's `sbin/start-*.sh` start, at the same
ports.
"""

import logging
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway

from studiolo.kernel.driver import Driver


@dataclass(frozen=True)
class Worker:
    """A node that computes: its number, which names its folder and its page's port, cores, and memory in MiB."""

    number: int
    cores: int
    memory: int


class Daemons:
    """The daemons of one cluster. `plan` is what the server leaves as `node.json` (`studiolo.clusters.world`)."""

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self._folder = folder
        self._plan = plan
        driver = Driver(plan["launch"], folder)
        threading.Thread(target=_pump, args=(driver.output,), name="jvm log", daemon=True).start()
        port, secret = driver.address()
        self.process = driver.process
        # When the JVM ends that is told once, and not for each call that was under way.
        logging.disable()
        parameters = GatewayParameters("127.0.0.1", port, auto_field=True, auto_convert=True, auth_token=secret)
        self._gateway: Any = JavaGateway(gateway_parameters=parameters)
        self._deploy: Any = self._gateway.jvm.org.apache.spark.deploy
        self._workers: dict[int, Any] = {}
        self._ports: dict[int, int] = {}
        self._master: Any = None

    @property
    def master_url(self) -> str:
        return f"spark://{self._plan['host']}:{self._plan['ports']['master']}"

    def start(self) -> None:
        """Start the master and the history server."""
        host, ports = self._plan["host"], self._plan["ports"]
        master = self._deploy.master.Master
        self._master = master.startRpcEnvAndEndpoint(host, ports["master"], ports["master_ui"], self._conf())
        conf = self._conf()
        conf.set("spark.history.fs.logDirectory", f"file:{self._folder / 'events'}")
        conf.set("spark.history.fs.update.interval", "2s")
        history = self._deploy.history
        security = _object(history, "HistoryServer").createSecurityManager(conf)
        provider = history.FsHistoryProvider(conf)
        history.HistoryServer(conf, provider, security, ports["history"]).bind()
        provider.start()

    def start_worker(self, worker: Worker) -> None:
        """Start a worker, which registers with the master by itself."""
        jvm = self._gateway.jvm
        masters = self._gateway.new_array(jvm.java.lang.String, 1)
        masters[0] = self.master_url
        self._workers[worker.number] = self._deploy.worker.Worker.startRpcEnvAndEndpoint(
            self._plan["host"],
            0,
            self._plan["ports"]["worker_ui"] + worker.number,
            worker.cores,
            worker.memory,
            masters,
            str(self._folder / "work" / str(worker.number)),
            jvm.scala.Some(worker.number),
            self._conf(),
            _object(jvm.scala, "None"),
        )
        self._ports[worker.number] = int(self._workers[worker.number].address().port())

    @property
    def workers(self) -> Sequence[int]:
        """The numbers of the workers that were started and not stopped."""
        return sorted(self._workers)

    def port(self, number: int) -> int:
        """The port at which a worker talks to the master, by which the master names it."""
        return self._ports[number]

    def decommission(self, identifiers: Sequence[str]) -> None:
        """Let the workers that the master knows by these finish what they do, and take nothing new."""
        buffer = self._gateway.jvm.scala.collection.mutable.ListBuffer()
        for identifier in identifiers:
            getattr(buffer, "$plus$eq")(identifier)
        environment = self._master._1()
        endpoint = environment.setupEndpointRef(environment.address(), "Master")
        endpoint.send(getattr(self._deploy, "DeployMessages$DecommissionWorkers")(buffer.toSeq()))

    def stop_worker(self, number: int) -> None:
        """End a worker, and the executors that it still has."""
        self._workers.pop(number).shutdown()

    def _conf(self) -> Any:
        conf = self._gateway.jvm.org.apache.spark.SparkConf(False)
        for name, value in self._plan["conf"].items():
            conf.set(name, value)
        return conf


def _object(package: Any, name: str) -> Any:
    """Scala's object of that name."""
    return getattr(getattr(package, f"{name}$"), "MODULE$")


def _pump(reading: int) -> None:
    with open(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stdout.write(line)
