"""Processes that a row starts, and their end; what a group of processes uses."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.row import Unavailable


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own; the whole group ends with the block."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)


def wait_for_port(child: "subprocess.Popen[bytes]", port: int, log: Path, seconds: float = 60) -> None:
    """Until the process listens. Raises Unavailable, with the end of its log, where it does not come to that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Unavailable(f"it did not start: {log.read_text(errors='replace')[-300:].strip()}")


def wait_until(done: Callable[[], bool], seconds: float, every: float = 0.005) -> float:
    """The seconds until it is so. Raises TimeoutError."""
    began = time.perf_counter()
    while not done():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(every)
    return time.perf_counter() - began


def processor_seconds(processes: Iterable[psutil.Process]) -> float:
    """What they used so far."""
    used = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def memory(processes: Iterable[psutil.Process]) -> tuple[float, float | None]:
    """Their resident memory in MB: the plain sum, and the sum with shared pages counted once where that can be read."""
    resident, proportional = 0.0, 0.0
    readable = True
    for process in processes:
        resident += process.memory_info().rss / 1e6
        try:
            proportional += process.memory_full_info().pss / 1e6
        except (psutil.AccessDenied, AttributeError):
            readable = False
    return resident, proportional if readable else None
