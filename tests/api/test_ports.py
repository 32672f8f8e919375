"""Every port and socket that a server and a session open, tried as another user of the machine would: docs/ports.md."""

import json
import os
import socket
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.api.clusters import create_default_roles, job_flow
from tests.conftest import Server
from tests.stranger import PY4J, as_another_user, ask, grpc, http, requests, told
from tests.waiting import lives, until

LIVY_PORT, HADOOP_PORTS = 8998, (8020, 9870, 8032, 8088)

OPEN: dict[str, set[str]] = {
    # Of the process that it forks before it asks for the secret.
    "Spark's Python workers": {"a number"},
}
"""What strangers are told all the same, by the kind of port. A row that is not true any more fails the test too."""

NAMES = """
import json
from ipykernel.kernelapp import IPKernelApp
from pyspark.java_gateway import ensure_callback_server_started
sc.parallelize([1], 1).map(lambda number: number).collect()
ensure_callback_server_started(sc._gateway)
sc._jsc.sc().env().rpcEnv().fileServer().addDirectory("/shown", sc._jvm.java.io.File("."))
app = IPKernelApp.instance()
ports = {}
ports[app.iopub_thread._pipe_port] = "the kernel's prints"
ports[sc._accumulatorServer.server_address[1]] = "Spark's accumulators"
ports[sc._gateway._callback_server.server_socket.getsockname()[1]] = "Java's calls to Python"
ports[sc._gateway.gateway_parameters.port] = "Python's calls to Java"
ports[int(sc.getConf().get("spark.driver.port"))] = "Spark's driver"
ports[sc._jsc.sc().env().blockManager().blockManagerId().port()] = "Spark's blocks"
ports[int(sc.uiWebUrl.rpartition(":")[2])] = "Spark's pages"
print(json.dumps([ports, sc._gateway.gateway_parameters.auth_token]))
"""
"""A statement that opens what is opened at need, and says what the ports are and the token between Python and Java."""


@dataclass(frozen=True)
class Session:
    """A READY session that serves Spark Connect: its ports by number, and the secrets of two of them."""

    ports: dict[int, str]
    gateway: str
    connect: str

    def port(self, kind: str) -> int:
        return next(port for port, known in self.ports.items() if known == kind)


@pytest.fixture(scope="module")
def session(glue: Any, role: str) -> Iterator[Session]:
    name = f"ports-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=name, Role=role, Command={"Name": "glueetl"}, SessionType="SPARK_CONNECT")
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] != "PROVISIONING", seconds=120)
    assert glue.get_session(Id=name)["Session"]["Status"] == "READY", glue.get_session(Id=name)["Session"]
    number = glue.run_statement(SessionId=name, Code=NAMES)["Id"]
    statement = until(
        lambda: (asked := glue.get_statement(SessionId=name, Id=number)["Statement"])["State"] == "AVAILABLE" and asked,
        seconds=120,
    )
    assert statement["Output"]["Status"] == "ok", statement
    ports, gateway = json.loads(statement["Output"]["Data"]["TextPlain"])
    connect = glue.get_session_endpoint(SessionId=name)["SparkConnect"]
    ports[connect["Url"].rpartition(":")[2]] = "Spark Connect"
    yield Session({int(port): kind for port, kind in ports.items()}, gateway, connect["AuthToken"])
    glue.stop_session(Id=name)


def processes(server: Server) -> list[psutil.Process]:
    """The server and all its descendants; not what this run of tests has started itself, with jars of the server's."""
    root = psutil.Process(server.pid)
    found = {process.pid: process for process in [root, *root.children(recursive=True), *server.children()]}
    ours = {process.pid for process in psutil.Process().children(recursive=True)}
    return [process for pid, process in found.items() if pid not in ours and lives(process)]


def listening(found: list[psutil.Process]) -> tuple[dict[int, str], set[str]]:
    """The TCP ports on which they listen, each with the command that does, and the Unix sockets."""
    ports, sockets = {}, set()
    for process in found:
        try:
            command, open_ones = " ".join(process.cmdline()), process.net_connections("all")
        except psutil.NoSuchProcess:
            continue
        for one in open_ones:
            if one.status == psutil.CONN_LISTEN:
                ports[one.laddr.port] = command
            elif one.family == socket.AF_UNIX and one.laddr:
                sockets.add(str(one.laddr))
    return ports, sockets


def kinds(server: Server, session: Session, ports: dict[int, str]) -> dict[int, str]:
    """What each port is, of those that are not another session's. Fails at one that nothing explains."""
    note = json.loads((server.data / "server.json").read_text())
    known = {
        **session.ports,
        urlsplit(note["endpoint"]).port: "the endpoint",
        urlsplit(note["s3_endpoint"]).port: "S3",
    }
    found, others = {}, kernels_of_others(server, session)
    for port, command in ports.items():
        if port in known:
            found[port] = known[port]
        elif "studiolo.server" in command:
            # One for each account and region whose tables a session has.
            found[port] = "the metastore"
        elif "weed" in command.split(" ")[0]:
            found[port] = "the object store, inside"
        elif "pyspark.daemon" in command:
            found[port] = "Spark's Python workers"
        elif "studiolo.ml.serving.runner" in command:
            found[port] = "an endpoint's process"
        elif "/spark-history/" in command:
            found[port] = "Spark's history"
        elif port not in others:
            pytest.fail(f"docs/ports.md does not know port {port} of: {command}")
    return found


def kernels_of_others(server: Server, session: Session) -> set[int]:
    """The ports of kernels beside the session's: a warm one, and those of other tests."""
    found = set()
    for kernel in processes(server):
        if "-m studiolo.kernel /" in " ".join(kernel.cmdline()):
            ports, _ = listening([kernel, *kernel.children(recursive=True)])
            if not ports.keys() & session.ports.keys():
                found |= ports.keys()
    return found


def test_the_same_requests_are_answered_to_who_has_the_secret(session: Session) -> None:
    call = grpc("/spark.connect.SparkConnectService/ArtifactStatus", authorization=f"Bearer {session.connect}")
    # The first time the answer can take longer than a stranger waits.
    until(lambda: told(ask(("127.0.0.1", session.port("Spark Connect")), call)) == "gRPC data")
    call = f"A\n{session.gateway}\n".encode() + PY4J
    assert b"java.lang.System" in ask(("127.0.0.1", session.port("Python's calls to Java")), call)


def test_nobody_is_told_anything_at_any_port_without_a_secret(server: Server, session: Session) -> None:
    ports = kinds(server, session, listening(processes(server))[0])
    # Each kind is there, so that none goes untried because it was not found.
    assert set(session.ports.values()) <= set(ports.values())

    def tried() -> dict[str, dict[str, str | None]]:
        asked = [(port, name, request) for port in ports for name, request in requests(port).items()]
        with ThreadPoolExecutor(32) as several:
            replies = list(several.map(lambda one: ask(("127.0.0.1", one[0]), one[2]), asked))
        answers: dict[str, dict[str, str | None]] = defaultdict(dict)
        for (port, name, _), reply in zip(asked, replies, strict=True):
            answers[str(port)][name] = told(reply)
        return answers

    answers = as_another_user(tried)
    said = [(ports[int(port)], name, word) for port, all_ in answers.items() for name, word in all_.items() if word]
    found: dict[str, set[str]] = defaultdict(set)
    for kind, _, word in said:
        found[kind].add(word)
    assert found == OPEN, "\n".join(map(str, sorted(set(said))))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become the other user whom Livy tells from this one")
def test_a_cluster_s_livy_tells_another_user_nothing_and_he_wakes_no_hadoop(
    server: Server, client: Callable[..., Any]
) -> None:
    create_default_roles(client("iam"))
    emr = client("emr")
    identifier = emr.run_job_flow(**job_flow("Spark", "Livy", "Hadoop"))["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    host = emr.describe_cluster(ClusterId=identifier)["Cluster"]["MasterPublicDnsName"]
    place, asked = (host, LIVY_PORT), {"GET /sessions": http(LIVY_PORT, "/sessions"), **requests(LIVY_PORT)}
    assert told(ask(place, asked["GET /sessions"])) == "HTTP 200"
    answers = as_another_user(lambda: {name: told(ask(place, request)) for name, request in asked.items()})
    asleep = {f"Hadoop's {port}": (host, port) for port in HADOOP_PORTS}
    answers |= as_another_user(lambda: {name: told(ask(at, http(at[1], "/"))) for name, at in asleep.items()})
    report = json.loads((server.data / "clusters" / identifier / "node" / "report.json").read_text())
    assert report["applications"] == {"Hadoop": "dormant"}
    emr.terminate_job_flows(JobFlowIds=[identifier])
    assert {name: word for name, word in answers.items() if word} == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become the other user whom a socket's folder keeps out")
def test_nobody_else_can_connect_to_a_unix_socket(server: Server, session: Session) -> None:
    _, sockets = listening(processes(server))
    answers = as_another_user(lambda: {path: ask(path, b"\n").decode(errors="replace") for path in sockets})
    assert {path: reply for path, reply in answers.items() if not reply.startswith("refused: ")} == {}
