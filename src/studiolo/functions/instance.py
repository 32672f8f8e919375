"""One process of a function: started once, given one event after another."""

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from studiolo.functions.model import Function, Result
from studiolo.functions.output import Output
from studiolo.functions.runtime_api import Invocation, RuntimeApi
from studiolo.functions.streams import Stream
from studiolo.processes import Child, Processes, remove_left

INIT_SECONDS = 60.0
"""How long a process may take until it asks for its first event; Lambda gives it 10, on machines of its own."""
MIB = 1024 * 1024


@dataclass(frozen=True)
class Given:
    """An event as a process is given it: `arn` is the function as the caller named it; stream: for who reads the answer
    as it comes."""

    id: str
    arn: str
    payload: bytes
    client_context: str | None = None
    stream: Stream | None = None


class Instance:
    """A process that runs, or has ended (`usable` says which)."""

    def __init__(
        self,
        function: Function,
        processes: Processes,
        own: Path,
        output: Output,
        start: Callable[[str, int], Child],
        ended: Callable[[], None],
    ) -> None:
        """start: given the address of its runtime API, and the descriptor it prints to; ended: told when it has."""
        self.function = function
        self.used = time.monotonic()
        self._processes = processes
        self._own = own
        self._output = output
        self._told = ended
        self._exit: int | None = None
        self._exited = threading.Event()
        self._closing = threading.Lock()
        self._closed = False
        self._began = time.perf_counter()
        self._init: float | None = None
        self._api = RuntimeApi()
        try:
            self._child = start(self._api.address, output.descriptor)
            self._api.belongs_to(self._child.pid)
        except BaseException:
            self._api.close()
            output.close()
            raise
        processes.watch(self._child, self._on_exit)

    @property
    def usable(self) -> bool:
        return not self._exited.is_set() and not self._closed

    def run(self, given: Given) -> Result:
        """Give it an event, and wait for what comes of it. After a failure of the process itself it is not usable."""
        output, settings = self._output, self.function.settings
        output.begin()
        invocation = Invocation(
            given.id, given.arn, given.payload, settings.timeout, given.client_context, given.stream
        )
        output.say(f"START RequestId: {given.id} Version: {self.function.version}\n")
        cold = self._init is None
        failed = self._initialized(given.id) if cold else None
        began = time.perf_counter()
        if failed is None:
            self._api.hand(invocation)
            failed = self._wait(invocation)
        took = time.perf_counter() - began
        output.say(f"END RequestId: {given.id}\n")
        output.say(self._report(given.id, took, cold=cold))
        log = output.end()
        self.used = time.monotonic()
        version = self.function.version
        if failed is not None:
            self.close()
            return Result(failed, version, given.id, "Unhandled", log)
        return Result(invocation.answer, version, given.id, "Unhandled" if invocation.error else None, log)

    def close(self) -> None:
        """End the process with all that it started, and what is left of it."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._processes.stop(self._child, grace=0.0)
        self._api.close()
        self._output.close()
        with contextlib.suppress(OSError):
            self._processes.log(self._child.name).unlink(missing_ok=True)
        remove_left(self._own)
        self._told()

    def _initialized(self, request_id: str) -> bytes | None:
        """Wait until it asks for its first event; the error where it does not."""
        deadline = time.monotonic() + INIT_SECONDS
        while not self._api.asked.wait(0.05):
            if self._exited.is_set():
                return self._exit_error(request_id)
            if time.monotonic() > deadline:
                words = f"RequestId: {request_id} Error: The function did not initialize within {INIT_SECONDS:.0f} s"
                return _error("Sandbox.Timedout", words)
        self._init = time.perf_counter() - self._began
        return None

    def _wait(self, invocation: Invocation) -> bytes | None:
        """Wait for an answer; the error where there is none."""
        timeout = self.function.settings.timeout
        deadline = time.monotonic() + timeout
        while not invocation.done.wait(min(0.05, max(0.0, deadline - time.monotonic()))):
            if self._exited.is_set() and not invocation.done.wait(0.05):
                return self._exit_error(invocation.id)
            if time.monotonic() >= deadline:
                words = f"Task timed out after {timeout:.2f} seconds"
                present = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
                self._output.say(f"{present}Z {invocation.id} {words}\n")
                return _error("Sandbox.Timedout", f"RequestId: {invocation.id} Error: {words}")
        return None

    def _exit_error(self, request_id: str) -> bytes:
        if self._api.init_error is not None:
            return self._api.init_error
        status = self._exit
        how = "exit status 0" if not status else f"exit status {status}" if status > 0 else f"signal: {-status}"
        words = "Runtime exited without providing a reason" if not status else f"Runtime exited with error: {how}"
        return _error("Runtime.ExitError", f"RequestId: {request_id} Error: {words}")

    def _on_exit(self, _child: Child, status: int | None) -> None:
        self._exit = status
        self._exited.set()

    def _report(self, request_id: str, took: float, *, cold: bool) -> str:
        billed = int(took * 1000) + 1
        words = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {took * 1000:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self.function.settings.memory} MB",
            f"Max Memory Used: {max(1, peak_memory(self._child.pid) // MIB)} MB",
        ]
        if cold and self._init is not None:
            words.append(f"Init Duration: {self._init * 1000:.2f} ms")
        return "\t".join(words) + "\t\n"


def peak_memory(pid: int) -> int:
    """The most memory that the process and those it started, as far as they live, have each had, in bytes.

    From /proc, as walking the table of all processes takes longer than many a function; 0 where there is none.
    """
    total, waiting = 0, [pid]
    while waiting:
        place = Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError, ValueError, IndexError):
            status = (place / "status").read_text()
            total += int(status.partition("VmHWM:")[2].split()[0]) * 1024
            for task in os.scandir(place / "task"):
                waiting += map(int, Path(task.path, "children").read_text().split())
    return total


def _error(kind: str, words: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": words}).encode()


def new_request_id() -> str:
    return str(uuid.uuid4())


def variables_of(function: Function, stream: str, task: str, address: str) -> Mapping[str, str]:
    """The variables that Lambda sets, beside those of the role, and the function's own."""
    settings = function.settings
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{settings.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": settings.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": task,
        "TZ": ":UTC",
        "_HANDLER": settings.handler,
        "_LAMBDA_TELEMETRY_LOG_FD": "1",
        **({} if settings.log_level is None else {"AWS_LAMBDA_LOG_LEVEL": settings.log_level}),
        **settings.variables,
    }
