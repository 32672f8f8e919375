"""The first rows of what somebody has written, read with the person's own keys in a process of its own.

What a file of some kilobytes unpacks to is known only when it has been unpacked: the process has so much memory and
time and no more, and what its end is the server survives.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from studiolo.console.rows import ROWS, NoSample, Rows, format_of

if TYPE_CHECKING:
    from studiolo.console.people import Clients

FOLDERS = 5
"""Partitions that are looked into for rows."""
MIB = 1024 * 1024
MEMORY = 1024 * MIB
SECONDS = 30
TOO_MUCH = (
    f"To be read here this takes more than {MEMORY // MIB} MiB of memory, or {SECONDS} s: a query has more of both."
)

_TURNS = threading.Semaphore(2)
"""Read at a time."""


class _Ahead:
    """The next reader, started before it is asked for: PyArrow takes half a second to load. It ends with us."""

    def __init__(self) -> None:
        self._next: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def take(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            found, self._next = self._next, None
        return found if found is not None and found.poll() is None else _started()

    def prepare(self) -> None:
        with self._lock:
            if self._next is None:
                self._next = _started()


_AHEAD = _Ahead()


@dataclass(frozen=True)
class Store:
    """S3, and the keys of who reads there."""

    endpoint: str
    region: str
    key: str
    secret: str
    token: str | None


def sample(person: "Clients", glue: Any, table: Mapping[str, Any], most: int = ROWS) -> Rows:
    """The first rows of a table, at most that many. Raises NoSample, ClientError."""
    kind = format_of(table)
    if kind in ("View", "Delta", "Hudi", "Avro", "Unknown"):
        raise NoSample(f"The rows of {kind} tables are read by Spark: ask for them under Query.")
    places = [] if kind == "Iceberg" else _places(glue, table)
    return Rows(**_read("sample", person, table=table, places=places, most=most))


def snapshots(person: "Clients", table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an Iceberg table was, the latest first. Raises NoSample."""
    found: list[dict[str, Any]] = _read("snapshots", person, table=table)
    return found


def preview(person: "Clients", path: str, kind: str) -> Rows:
    """The first rows of a file of data, `bucket/key`. Raises NoSample."""
    return Rows(**_read("preview", person, path=path, kind=kind))


def _places(glue: Any, table: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Where the files of a table lie, and the values of its partition keys there."""
    if not table.get("PartitionKeys"):
        return [(table["StorageDescriptor"].get("Location", ""), [])]
    found = glue.get_partitions(DatabaseName=table["DatabaseName"], TableName=table["Name"], MaxResults=FOLDERS)
    return [(each["StorageDescriptor"].get("Location", ""), each["Values"]) for each in found["Partitions"]]


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "studiolo.console.samples"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONSAFEPATH": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )


def _read(what: str, person: "Clients", **given: Any) -> Any:
    key = person.key
    store = Store(person.s3_endpoint, person.region, key.id, key.secret, key.token)
    request = json.dumps({"what": what, "store": asdict(store), "given": given}, default=str)
    with _TURNS, _AHEAD.take() as reader:
        try:
            answer = json.loads(reader.communicate(request.encode(), SECONDS)[0])
        except (subprocess.TimeoutExpired, ValueError):
            # Out of memory it mostly ends without a word.
            reader.kill()
            raise NoSample(TOO_MUCH) from None
        finally:
            _AHEAD.prepare()
    if "why" in answer:
        raise NoSample(answer["why"])
    return answer["found"]
