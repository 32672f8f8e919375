"""Waking HDFS and YARN for a command that needs them: it begins when they are there, or says why they are not.

It needs Python's own library alone. Programs that connect by themselves are held at the ports (`doors`).
"""

import json
import os
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from studiolo.node.facts import Facts

NAMENODE = "STUDIOLO_NAMENODE"
"""Names the address of the NameNode's page, where the cluster has HDFS."""

LOOK_AGAIN, KNOCK_SECONDS, MOST_SECONDS = 0.1, 5.0, 600.0

FROM_LOCAL = ("-put", "-copyFromLocal", "-moveFromLocal", "-appendToFile")
TO_LOCAL = ("-get", "-copyToLocal", "-getmerge")
"""Commands of Hadoop's shell that have paths of the node's disk, before the last word or as that."""

ELSEWHERE = ("s3://", "s3a://", "s3n://", "file:")


class NotThere(Exception):
    """Why there is no HDFS and no YARN, in a sentence."""


def wake(facts: Facts) -> None:
    """Return when HDFS and YARN run, which are started for this where they sleep. Raises NotThere."""
    host, _, port = os.environ[NAMENODE].partition(":")
    with ExitStack() as knocking:
        with suppress(OSError):
            knocking.enter_context(socket.create_connection((host, int(port)), KNOCK_SECONDS))
        _wait(facts, ("dormant", "starting"))


def wait(facts: Facts) -> None:
    """Return when HDFS and YARN are not about to start. Raises NotThere where that fails meanwhile."""
    if _state(facts) == "starting":
        _wait(facts, ("starting",))


def is_on_hdfs(path: str) -> bool:
    """Whether a path is one of HDFS, on a cluster that has it."""
    return not path.startswith(ELSEWHERE)


def needs_hdfs(words: list[str]) -> bool:
    """Whether a command of Hadoop's shell names a path of HDFS."""
    command = next(iter(words), "")
    paths = [word for word in words[1:] if not word.startswith("-")]
    paths = paths[-1:] if command in FROM_LOCAL else paths[:-1] if command in TO_LOCAL else paths
    # Without a path it is one's home.
    return any(map(is_on_hdfs, paths)) if paths else command == "-ls"


def _wait(facts: Facts, states: tuple[str, ...]) -> None:
    until = time.monotonic() + MOST_SECONDS
    while (state := _state(facts)) in states and time.monotonic() < until:
        time.sleep(LOOK_AGAIN)
    if not state:
        raise NotThere("HDFS and YARN do not run: they come after the cluster's bootstrap actions.")
    if state != "running":
        raise NotThere(f"HDFS and YARN do not run: {state.removeprefix('failed: ')}")


def _state(facts: Facts) -> str:
    """The state of Hadoop as the cluster's controller last told it; empty before it has."""
    try:
        report = json.loads(Path(facts.folder, "report.json").read_text())
    except FileNotFoundError:
        return ""
    return str(report.get("applications", {}).get("Hadoop", ""))
