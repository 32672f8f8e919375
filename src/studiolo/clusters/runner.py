"""One step, or one bootstrap action, from its files to its logs: `python -m studiolo.clusters.runner FOLDER`.

The runner is a process of its own that needs neither the server nor the database. It reads plan.json in its folder, runs
the program in the cluster's fence, uploads its logs as the cluster's role, and leaves outcome.json.
"""

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from studiolo.clusters.failures import Failure, failure
from studiolo.clusters.programs import CannotRun, of_bootstrap, of_step, with_properties
from studiolo.processes import Fence, fenced, inside, is_fenced, open_left

LOGS = ("controller", "syslog", "stdout", "stderr")
GRACE = 5.0
"""Seconds that a canceled program has to end after SIGTERM."""

TAIL = 256 * 1024
"""Bytes of a log's end in which the reason of a failure is looked for."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a log that are uploaded."""

UPLOADS = 30.0
"""Seconds between uploads of the logs of a program that runs."""

APPLICATION = re.compile(rb"\b(?:app-\d{14}-\d{4}|application_\d+_\d{4,}|local-\d{13})\b")
"""As Spark's master names applications, YARN, and a driver that has no master."""

CONTAINERS = "mnt/var/log/hadoop-yarn/containers"

TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 (a variable's name)

BEGIN = 'mkdir -p "$0" && cd "$0" && HOME=$STUDIOLO_HOME && export HOME && exec "$@"'


class Run:
    """The carrying out of one plan."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan: dict[str, Any] = json.loads((folder / "plan.json").read_text())
        self._canceled = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._s3: Any = None
        self._s3_made = threading.Lock()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def carry_out(self) -> None:
        """Do it. Whatever happens, outcome.json says how it ended."""
        began = time.time()
        failed: Failure | None = None
        status = 1
        try:
            status = self._run()
            if status != 0:
                failed = failure([(name, self._tail(name)) for name in ("stderr", "stdout")], status)
        except CannotRun as error:
            self._note("ERROR", str(error))
            failed = Failure(error.args[1] if len(error.args) > 1 else "Unknown Error.", error.args[0], "controller")
        except Exception as error:  # noqa: BLE001 (whatever it was, the step must say that it failed, and why)
            self._note("ERROR", f"{type(error).__name__}: {error}")
            failed = Failure("Unknown Error.", f"{type(error).__name__}: {error}", "controller")
        how = "succeeded" if failed is None else "failed"
        self._note("INFO", f"Step {how} with exitCode {status} and took {time.time() - began:.0f} seconds")
        applications = sorted({found.decode() for found in APPLICATION.findall(self._read("stderr"))})
        self._upload(applications)
        log = f"{self._plan['log']}{failed.log}.gz" if failed is not None and self._plan["log"] else None
        outcome = {
            "status": status,
            "canceled": self._canceled.is_set(),
            "ended": time.time(),
            "reason": failed.reason if failed else None,
            "message": failed.message if failed else None,
            "log_file": log,
            "applications": applications,
        }
        part = self._folder / "outcome.part"
        part.write_text(json.dumps(outcome))
        part.replace(self._folder / "outcome.json")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._canceled.set()

    def _run(self) -> int:
        plan = self._plan
        if plan["kind"] == "bootstrap":
            words = of_bootstrap(plan["path"], plan["arguments"], plan["instance"], self._fetch)
        else:
            words = of_step(plan["jar"], plan["main"], plan["arguments"], self._fetch)
        self._note("INFO", f"startExec '{' '.join(words)}'")
        self._note("INFO", f"Environment: LOGS={plan['begin']} RELEASE={plan['release']}")
        if not words:
            return 0
        variables = with_properties(plan["environment"], plan.get("properties", {}))
        given = plan["fence"]
        places = {name: Path(path) for name, path in given["at"].items()}
        seen = (*map(Path, given["seen"]), self._folder / "files")
        fence = Fence(Path(given["own"]), seen=seen, at=places, with_parent=True)
        command = ["sh", "-c", BEGIN, plan["begin"], *words]
        command, environment = fenced(command, variables, fence, [Path(plan["hidden"])])
        with (self._folder / "stdout").open("wb") as out, (self._folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=given["own"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                # A signal to our group must not end bwrap, which would leave alone what is in it.
                start_new_session=is_fenced(command[0]),
            )
            threading.Thread(target=self._client, name="s3", daemon=True).start()
            return self._waited(self._process)

    def _waited(self, process: "subprocess.Popen[bytes]") -> int:
        uploaded = time.monotonic()
        killed_at = None
        while (status := process.poll()) is None:
            if self._canceled.is_set() and killed_at is None:
                killed_at = time.monotonic() + GRACE
                with contextlib.suppress(psutil.NoSuchProcess):
                    outer = psutil.Process(process.pid)
                    (inside(outer) or outer).send_signal(signal.SIGTERM)
            if killed_at is not None and time.monotonic() > killed_at:
                process.kill()
            if time.monotonic() - uploaded > UPLOADS:
                self._upload([])
                uploaded = time.monotonic()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1 if killed_at else 0.5)
        return status

    def _fetch(self, url: str) -> str:
        """A copy of an object where the program sees it. Raises CannotRun."""
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, key = url.partition("://")[2].partition("/")
        copy = self._folder / "files" / Path(key).name
        copy.parent.mkdir(exist_ok=True)
        try:
            self._reader().download_file(bucket, key, str(copy))
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            reason = "Access Denied." if status == 403 else "Input path does not exist."
            raise CannotRun(f"{url} cannot be had: {error}", reason) from error
        except BotoCoreError as error:
            raise CannotRun(f"{url} cannot be had: {error}") from error
        copy.chmod(0o755)
        return str(copy)

    def _client(self) -> Any:
        with self._s3_made:
            if self._s3 is None:
                import boto3

                from studiolo.s3_config import s3_config

                self._s3 = boto3.client("s3", config=s3_config(attempts=6))
            return self._s3

    def _reader(self) -> Any:
        """S3 with the keys of the program, which may have a role of its own."""
        theirs = self._plan["environment"]
        if theirs[TOKEN] == os.environ.get(TOKEN):
            return self._client()
        import boto3
        from botocore.credentials import ContainerProvider, CredentialResolver
        from botocore.session import get_session

        from studiolo.s3_config import s3_config

        session = get_session()
        session.register_component("credential_provider", CredentialResolver([ContainerProvider(theirs)]))
        return boto3.Session(botocore_session=session).client("s3", config=s3_config(attempts=6))

    def _note(self, level: str, text: str) -> None:
        with (self._folder / "controller").open("a") as controller:
            controller.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z {level} {text}\n")

    def _read(self, name: str) -> bytes:
        with contextlib.suppress(FileNotFoundError), (self._folder / name).open("rb") as file:
            return file.read(LARGEST)
        return b""

    def _tail(self, name: str) -> str:
        return self._read(name)[-TAIL:].decode(errors="replace")

    def _upload(self, applications: list[str]) -> None:
        """Put the logs where LogUri says, those of the executors too; what cannot be written is noted."""
        if not self._plan["log"]:
            return
        try:
            for name in LOGS:
                self._put(f"{self._plan['log']}{name}.gz", self._read(name))
            for key, content in self._of_executors(applications if self._plan["containers"] else []):
                self._put(f"{self._plan['containers']}{key}.gz", content)
        except Exception as error:  # noqa: BLE001 (a step does not fail for its logs, as on EMR)
            self._note("WARN", f"the logs cannot be written to {self._plan['log']}: {error}")

    def _put(self, url: str, content: bytes) -> None:
        bucket, _, key = url.partition("://")[2].partition("/")
        self._client().put_object(
            Bucket=bucket, Key=key, Body=gzip.compress(content, 1), ContentType="application/gzip"
        )

    def _of_executors(self, applications: list[str]) -> Iterator[tuple[str, bytes]]:
        """What executors, and drivers in containers, printed: `<application>/container_<worker>_<executor>/<file>`."""
        own = Path(self._plan["fence"]["own"])
        for application in applications:
            for place in sorted(own.glob(f"work/*/{application}/*")):
                worker, executor = place.parts[-3], place.name
                for name in ("stdout", "stderr"):
                    path = f"work/{worker}/{application}/{executor}/{name}"
                    with contextlib.suppress(FileNotFoundError), open_left(own, path) as file:
                        yield f"{application}/container_{worker}_{executor}/{name}", file.read(LARGEST)
            for place in sorted(own.glob(f"{CONTAINERS}/{application}/container_*")):
                for name in ("stdout", "stderr"):
                    path = f"{CONTAINERS}/{application}/{place.name}/{name}"
                    with contextlib.suppress(FileNotFoundError), open_left(own, path) as file:
                        yield f"{application}/{place.name}/{name}", file.read(LARGEST)


if __name__ == "__main__":
    os.umask(0o077)
    Run(Path(sys.argv[1])).carry_out()
