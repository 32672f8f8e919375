"""A Studiolo of the benchmark's own, started and ended by its command line as a person does."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.children import free_port, processor_seconds, wait_until
from bench.signing import REGION, client

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {
                "Service": [
                    "glue.amazonaws.com",
                    "sagemaker.amazonaws.com",
                    "emr-serverless.amazonaws.com",
                    "lambda.amazonaws.com",
                ],
            },
            "Action": "sts:AssumeRole",
        }
    ],
}
UP_SECONDS = 600
"""Longest that a command may take: `up --prepare` fetches jars, and makes an archive of classes."""

IDLE_SHARE = 0.08
"""Of a core: what a settled server and its children use at most."""


class Server:
    """`studiolo up --detach` on a data folder, with so many warm sessions. settings: further variables."""

    def __init__(self, data: Path, warm: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.endpoint = self.s3_endpoint = ""
        self.pid = 0
        self._settings = {**(settings or {}), **({} if warm is None else {"STUDIOLO_WARM_SESSIONS": str(warm)})}
        self._role = ""

    def run(self, *arguments: str) -> None:
        """A `studiolo` command on the data folder."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STUDIOLO_"))}
        done = subprocess.run(
            [sys.executable, "-m", "studiolo.cli", *arguments, "--data", str(self.data)],
            env={**inherited, **self._settings},
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"studiolo {arguments[0]} failed: {(done.stderr + done.stdout)[-1500:].strip()}")

    def up(self, *options: str) -> "Server":
        self.run("up", "--detach", "--port", str(free_port()), *options)
        note = json.loads((self.data / "server.json").read_text())
        self.endpoint, self.s3_endpoint, self.pid = note["endpoint"], note["s3_endpoint"], note["pid"]
        return self

    def down(self) -> None:
        self.run("down")

    @property
    def port(self) -> int:
        """Of the one endpoint."""
        return int(self.endpoint.rpartition(":")[2])

    @property
    def s3_port(self) -> int:
        """Of the S3 door."""
        return int(self.s3_endpoint.rpartition(":")[2])

    def store(self) -> dict[str, str]:
        """S3A's settings for going straight to the store, past the door."""
        folder = self.data / "object-store"
        identities = json.loads((folder / "identities.json").read_text())["identities"]
        [key] = next(identity["credentials"] for identity in identities if identity["name"] == "engine")
        return {
            "endpoint": f"http://127.0.0.1:{json.loads((folder / 'ports.json').read_text())['s3']}",
            "access.key": key["accessKey"],
            "secret.key": key["secretKey"],
            "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        }

    def key(self) -> tuple[str, str]:
        """The root key: access key id and secret."""
        key = json.loads((self.data / "credentials.json").read_text())
        return key["access_key_id"], key["secret_access_key"]

    def environment(self) -> dict[str, str]:
        """What `eval "$(studiolo env)"` leaves a shell with."""
        command = [sys.executable, "-m", "studiolo.cli", "env", "--data", str(self.data)]
        shell = ["bash", "-c", 'eval "$("$@")"; env -0', "bash", *command]
        printed = subprocess.run(shell, capture_output=True, text=True, check=True, timeout=60).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)

    def client(self, service: str) -> Any:
        return client(service, self.endpoint, self.key())

    def role(self) -> str:
        """The ARN of a role for sessions and jobs."""
        if not self._role:
            iam = self.client("iam")
            created = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))
            iam.attach_role_policy(RoleName="bench", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
            self._role = created["Role"]["Arn"]
        return self._role

    def bucket(self) -> str:
        """A bucket, made if it is not there."""
        name = f"bench-{REGION}"
        s3 = self.client("s3")
        if name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=name)
        return name

    def children(self) -> list[dict[str, Any]]:
        """What the health page says of the child processes: name, kind, pid, alive."""
        with urllib.request.urlopen(f"{self.endpoint}/_studiolo/health", timeout=10) as answer:
            children: list[dict[str, Any]] = json.load(answer)["children"]
        return children

    def processes(self) -> list[psutil.Process]:
        """The server and everything below it."""
        roots = [self.pid, *(child["pid"] for child in self.children() if child["alive"])]
        found: dict[int, psutil.Process] = {}
        for pid in roots:
            with suppress(psutil.Error):
                root = psutil.Process(pid)
                found.update({process.pid: process for process in [root, *root.children(recursive=True)]})
        return list(found.values())

    def settle(self, seconds: float = 30) -> None:
        """Wait until nothing here is busy any more, so that no measurement pays for what came before it."""
        deadline = time.monotonic() + seconds
        calm = 0
        while calm < 2 and time.monotonic() < deadline:
            processes = self.processes()
            before, began = processor_seconds(processes), time.perf_counter()
            time.sleep(0.5)
            busy = (processor_seconds(processes) - before) / (time.perf_counter() - began)
            same = {process.pid for process in self.processes()} == {process.pid for process in processes}
            calm = calm + 1 if busy < IDLE_SHARE and same else 0

    def leftovers(self) -> list[psutil.Process]:
        """Every living process that works on the data folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and any(str(self.data) in part for part in process.cmdline()):
                    found.append(process)
        return found


class Session:
    """A Glue interactive session; `options` are more of CreateSession's own."""

    def __init__(self, server: Server, name: str, **options: Any) -> None:
        self.glue = server.client("glue")
        self.name = name
        self._options = options
        self._role = server.role()

    def start(self) -> float:
        """Create it; the seconds until it is READY."""
        began = time.perf_counter()
        self.glue.create_session(
            Id=self.name,
            Role=self._role,
            Command={"Name": "glueetl", "PythonVersion": "3"},
            GlueVersion="5.0",
            NumberOfWorkers=2,
            WorkerType="G.1X",
            **self._options,
        )
        wait_until(self._ready, 120, every=0.03)  # more often would take the cores that Spark starts on
        return time.perf_counter() - began

    def _ready(self) -> bool:
        session = self.glue.get_session(Id=self.name)["Session"]
        if session["Status"] not in ("PROVISIONING", "READY"):
            raise RuntimeError(f"the session is {session['Status']}: {session.get('ErrorMessage')}")
        return bool(session["Status"] == "READY")

    def run(self, code: str, seconds: float = 120, every: float = 0.05) -> str:
        """Run a statement; its text. Raises RuntimeError with its error."""
        number = self.glue.run_statement(SessionId=self.name, Code=code)["Id"]
        deadline = time.monotonic() + seconds
        while True:
            statement = self.glue.get_statement(SessionId=self.name, Id=number)["Statement"]
            if statement["State"] not in ("WAITING", "RUNNING"):
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"a statement did not end within {seconds:.0f} s")
            time.sleep(every)
        output = statement.get("Output", {})
        if statement["State"] != "AVAILABLE" or output.get("ErrorName"):
            raise RuntimeError(f"{output.get('ErrorName')}: {output.get('ErrorValue')}")
        return str(output.get("Data", {}).get("TextPlain", ""))

    def stop(self) -> None:
        """End its kernel; the session stays to be read."""
        self.glue.stop_session(Id=self.name)
        wait_until(lambda: self.glue.get_session(Id=self.name)["Session"]["Status"] == "STOPPED", 30)
