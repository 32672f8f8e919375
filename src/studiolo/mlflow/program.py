"""A stock `mlflow server`: its environment, how it is started in the fence, how it is asked whether it is there.

It listens on a socket file alone, keeps what it is told in a SQLite file of its own folder, and gives clients the place
in S3 where artifacts go: they write them there themselves, and its pages read them as its role.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

from studiolo.containers.unix_http import pings
from studiolo.mlflow.records import TrackingServer
from studiolo.processes import Fence, child_environment, interpreter
from studiolo.runtimes import Environment

VERSION = "3.17.2"
"""The MLflow of the lock."""

SOCKET = "s"
LOCK = Path(__file__).parents[1] / "runtimes" / "locks" / "mlflow.lock"
PYTHONS = ("3.12", "3.11", "3.10")
NOTE = "a minute, 650 MB"
ANSWER_SECONDS = 5.0


def environment() -> Environment:
    """The environment of MLflow, which is made when the first tracking server starts."""
    return Environment.of(user_cache_path("studiolo") / "environments", "mlflow", LOCK, PYTHONS, NOTE)


def command(python: Path, folder: Path, server: TrackingServer) -> list[str]:
    return [
        "/usr/bin/env",
        f"HOME={folder}",
        *(str(python), "-m", "mlflow", "server"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--default-artifact-root", server.artifacts),
        "--no-serve-artifacts",
        *("--workers", "1"),
        *("--uvicorn-opts", f"--uds {shlex.quote(server.socket)}"),
    ]


def variables(aws: Mapping[str, str]) -> dict[str, str]:
    """What it sees: the role's keys, where AWS is, and that nothing is to leave this machine."""
    own = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return child_environment({**aws, **own})


def fence(python: Path, folder: Path, server: TrackingServer) -> Fence:
    """It writes its own folder and its socket's, and sees its interpreter."""
    place = Path(server.socket).parent
    return Fence(folder, seen=interpreter(python), at={str(place): place})


def answers(path: str) -> bool:
    """Whether a server is there and well."""
    return pings(path, "/health", ANSWER_SECONDS)
