"""A real Ray cluster whose nodes are processes of this machine.

Ray listens at every address of its machine, so that it gets a network of its own that has loopback addresses alone: the
nodes reach Studiolo, and Studiolo the dashboard, through doors of ours.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import urllib3

from tests.ray.inside import connected, listen
from tests.waiting import kill_family, until

INSIDE = str(Path(__file__).with_name("inside.py"))
ALONE = ["unshare", *([] if os.getuid() == 0 else ["-Ur"]), "-nmpf", "--kill-child", "--mount-proc"]
"""A command in a network, and with process numbers, of its own; all ends with it."""


class RayCluster:
    """The nodes have the numbers from 1, which is the head."""

    def __init__(self, python: Path, folder: Path) -> None:
        """`python` is an interpreter that has Ray; `folder` has a short name, because sockets are in it."""
        self._folder = folder
        # The nodes of a cluster may have keys of their own, which are none of a job's.
        keys = {"AWS_ACCESS_KEY_ID": "AKIAOFTHENODE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PROFILE": "node"}
        self._process = subprocess.Popen(
            [*ALONE, str(python), INSIDE, str(folder)],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **keys},
        )
        dashboard = listen(
            socket.AF_INET, ("127.0.0.1", 0), lambda: connected(socket.AF_UNIX, str(folder / "dashboard"))
        )
        self._doors = [dashboard]
        self.address = f"http://127.0.0.1:{dashboard.getsockname()[1]}"

    def start_node(self, number: int) -> None:
        """Start a node of one core, and wait until the cluster knows it."""
        self._tell(f"node {number}")
        until(lambda: f"10.77.0.{number}" in self.nodes(), 600)

    def nodes(self) -> list[str]:
        """The addresses of the nodes that live."""
        with contextlib.suppress(urllib3.exceptions.HTTPError, ValueError, KeyError):
            answer = urllib3.request("GET", f"{self.address}/api/v0/nodes?detail=1", timeout=10.0, retries=False)
            found = answer.json()["data"]["result"]["result"]
            return [node["node_ip"] for node in found if node["state"] == "ALIVE"]
        return []

    def works(self) -> dict[str, dict[str, Any]]:
        """Ray's jobs by the names of ours; of one that was begun again the last."""
        jobs = urllib3.request("GET", f"{self.address}/api/jobs/", timeout=30.0).json()
        return {job["metadata"]["studiolo"].split()[1]: job for job in sorted(jobs, key=lambda job: job["start_time"])}

    def node_of(self, name: str) -> int:
        """The number of the node that a job of ours runs on."""
        host = urlsplit(self.works()[name]["driver_agent_http_address"]).hostname or ""
        return int(host.rpartition(".")[2])

    def kill_node(self, number: int) -> None:
        """End all processes of a node, as a loss of its power would."""
        [starter] = [
            process
            for process in psutil.Process(self._process.pid).children(recursive=True)
            if f"10.77.0.{number}" in process.cmdline() and "start" in process.cmdline()
        ]
        kill_family(starter.pid)

    def open_door(self, port: int) -> None:
        """Let nodes reach that port of 127.0.0.1."""
        self._doors.append(
            listen(
                socket.AF_UNIX, str(self._folder / str(port)), lambda: connected(socket.AF_INET, ("127.0.0.1", port))
            )
        )
        self._tell(f"door {port}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for door in self._doors:
            door.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextlib.contextmanager
def ray_cluster(python: Path) -> Iterator[RayCluster]:
    """A cluster without nodes, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    cluster = RayCluster(python, folder)
    try:
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)
