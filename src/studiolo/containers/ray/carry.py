"""On a node of Ray: has the runner carry a work out, and prints what becomes of it.

It is the job's process to Ray: when Ray asks for its end, the runner is asked, and has its time.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import urllib3

from studiolo.containers.folder import WorkFolder
from studiolo.containers.ray.parcel import OWN, SENT, opened
from studiolo.containers.ray.wire import LOG, METRICS, REPORT, tell
from studiolo.containers.work import Work
from studiolo.identity.environment import CREDENTIALS_PATH, KEYS_VARIABLE
from studiolo.processes import child_environment

LOOK_SECONDS = 0.25
"""How often it is looked whether there is something to be told."""
PIECE = 1 << 20
HEADER = "Authorization"
RUNNER = "studiolo.containers.ray.alone"


def main(place: Path) -> None:
    """Carry out what was sent to the folder `place`."""
    sent = opened((place / SENT).read_text())
    (place / SENT).unlink()
    logs = place / "logs"
    logs.mkdir()
    work = Work.from_json(sent["work"])
    work = replace(work, instances=tuple(replace(each, log=str(logs / each.host)) for each in work.instances))
    folder = WorkFolder(place / "work")
    folder.create(work, place)
    reading, _writing = os.pipe()
    runner = _begin(folder, reading, runner_variables(sent["variables"]))
    signal.signal(signal.SIGTERM, lambda *_: _ask(runner))
    telling = Telling(folder, {each.host: Path(each.log) for each in work.instances})
    while _runs(runner):
        telling.tell()
        time.sleep(LOOK_SECONDS)
    telling.tell()


class Telling:
    """Prints what is new in a work's folder: logs before the report that ends them."""

    def __init__(self, folder: WorkFolder, logs: Mapping[str, Path], descriptor: int = 1) -> None:
        self._report = folder.path / "report.json"
        self._files = [(LOG, host, path) for host, path in logs.items()]
        self._files.append((METRICS, "", folder.path / "metrics.jsonl"))
        self._places = [0] * len(self._files)
        self._told = b""
        self._descriptor = descriptor

    def tell(self) -> None:
        # It is read first: what led to it is in the other files then.
        report = b""
        with suppress(FileNotFoundError):
            report = self._report.read_bytes()
        for number, (kind, host, path) in enumerate(self._files):
            while lines := _lines(path, self._places[number]):
                self._places[number] += len(lines)
                tell(self._descriptor, kind, host, lines.decode(errors="replace"))
        if report and report != self._told:
            self._told = report
            tell(self._descriptor, REPORT, report.decode())


def _lines(path: Path, since: int) -> bytes:
    """The whole lines behind the byte `since`, some at a time."""
    try:
        with path.open("rb") as file:
            file.seek(since)
            read = file.read(PIECE)
    except FileNotFoundError:
        return b""
    return read[: read.rfind(b"\n") + 1]


def _begin(folder: WorkFolder, descriptor: int, variables: Mapping[str, str]) -> psutil.Process:
    """Start the runner as no child of ours, which Ray would signal as well."""
    command = [sys.executable, "-m", RUNNER, str(descriptor), str(folder.path)]
    began = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command],
        env=variables,
        pass_fds=(descriptor,),
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    os.close(descriptor)
    return psutil.Process(int(began.stdout))


def _runs(runner: psutil.Process) -> bool:
    try:
        return runner.is_running() and runner.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _ask(runner: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        runner.terminate()


def runner_variables(sent: Mapping[str, str]) -> dict[str, str]:
    """The runner's: those that were sent, with the role's keys at a loopback address, and few of the node's.

    AWS's SDKs take keys from no other address, unless it has TLS; and keys that the node has in variables before any.
    """
    keys = _keys_nearby(f"{sent['AWS_ENDPOINT_URL_S3']}{CREDENTIALS_PATH}")
    path = os.pathsep.join([sent["PYTHONPATH"].split(os.pathsep)[0], str(Path(OWN).parent)])
    return child_environment({**sent, "PYTHONPATH": path, KEYS_VARIABLE: keys})


def _keys_nearby(url: str) -> str:
    """The URL of this machine at which the answers of `url` can be had by who bears the token."""
    pool = urllib3.PoolManager(timeout=10.0, retries=urllib3.Retry(5, backoff_factor=0.5))

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer = pool.request("GET", url, headers={HEADER: self.headers.get(HEADER, "")})
                status, body = answer.status, answer.data
            except urllib3.exceptions.HTTPError as error:
                status, body = 503, f'{{"message": "{type(error).__name__}"}}'.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing of it is of interest."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/keys"


if __name__ == "__main__":
    main(Path.cwd())
