"""Waiting on a condition, not on a clock."""

import contextlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psutil

from studiolo.patience import HEADER

T = TypeVar("T")


def until(condition: Callable[[], T | None], seconds: float = 60, showing: Callable[[], object] = str) -> T:
    """What `condition` answers as soon as that is true; fails the test, with what `showing` tells, if it stays untrue."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds} s {showing()}"
        time.sleep(0.05)
    return answer


def hasty(client: Any) -> Any:
    """The client, which from now on sees what is on its way: its answers are not held until that has arrived."""
    client.meta.events.register("before-send", lambda request, **_: request.headers.update({HEADER: "none"}))
    return client


def running(*command: str) -> list[psutil.Process]:
    """The processes with this command line. One that ends amid the looking is none."""
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == list(command)]


def lives(process: psutil.Process) -> bool:
    """A zombie does not, whoever lets it lie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_family(pid: int) -> None:
    """The process with all below it, some of which end as the first of them do."""
    for process in (*psutil.Process(pid).children(recursive=True), psutil.Process(pid)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
