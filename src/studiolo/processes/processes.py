"""Child processes that outlive a crash of the server: each in its own process group, recorded before it starts."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from studiolo.domain import AlreadyExists, Invalid
from studiolo.processes.fence import MARK, Fence, fenced, inside, is_fenced
from studiolo.processes.tables import children
from studiolo.state import State

FOLDER_MARK = "STUDIOLO_CHILD_OF"
"""Environment variable of every child: its data folder, by which children are found that no record tells of."""

ADOPTED_LOOK = 5.0
"""Seconds after which an adopted child is looked at again where the system does not tell that it ended."""

BY_SIGNAL = 128
"""What shells, and bwrap, add to the number of the signal that ended a program."""

KILLED_SECONDS = 5.0
"""How long a killed process may take until the system has ended it."""

OnExit = Callable[["Child", int | None], None]


@dataclass(frozen=True)
class Child:
    """A process of ours: `created` is its start time (seconds since 1970), which tells it from a reused pid."""

    name: str
    kind: str
    pid: int
    created: float
    log: Path
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        return _process(self) is not None

    def family(self) -> list[psutil.Process]:
        """The living process and all that it started; none where it has ended."""
        process = _process(self)
        return [process, *_descendants(process)] if process is not None else []


class Processes:
    """The children of one data folder."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._folder = folder
        self._logs = folder / "logs"
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        kind: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        details: Mapping[str, Any] | None = None,
        fence: Fence | None = None,
        inherited: Sequence[int] = (),
        output: int | None = None,
    ) -> Child:
        """Start a child named `name` (unique while it lives) in `folder`, its output in a log file of its own.

        With a fence it sees and writes no more of the data folder, and of the machine, than the fence says: for all that
        runs what a user wrote. `inherited` are descriptors of ours that it has too; what it prints goes to the
        descriptor `output` where there is one. Raises AlreadyExists while a child of that name lives, OSError where the
        command cannot be run, and Invalid for a fence that `fenced` refuses.
        """
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        mark = uuid.uuid4().hex
        facts = dict(details or {})
        row = {"name": name, "kind": kind, "mark": mark, "log": str(log), "details": facts}
        living = self.find(name)
        if living is not None and living.alive:
            raise AlreadyExists(f"A process named {name} is already running (pid {living.pid}).")
        with self._state.transaction() as tx:
            tx.execute(children.delete().where(children.c.name == name))
            tx.execute(children.insert().values(row))
        environment = {**environment, MARK: mark, FOLDER_MARK: str(self._folder)}
        try:
            if fence is not None:
                command, environment = fenced(command, environment, fence, [self._folder])
            with log.open("ab") if output is None else os.fdopen(os.dup(output), "wb") as printed:
                process = subprocess.Popen(
                    list(command),
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=inherited,
                )
        except (OSError, Invalid):
            self.forget(name)
            raise
        self._started[name] = process
        created = _created(process.pid)
        with self._state.transaction() as tx:
            tx.execute(children.update().where(children.c.name == name).values(pid=process.pid, created=created))
        return Child(name, kind, process.pid, created, log, facts)

    def log(self, name: str) -> Path:
        """Where the child of that name writes what it prints."""
        return self._logs / f"{name}.log"

    def find(self, name: str) -> Child | None:
        """The child recorded under that name, alive or not."""
        return next((child for child in self.children() if child.name == name), None)

    def children(self, kind: str | None = None) -> list[Child]:
        """The recorded children, alive or not; one whose server died before it noted the pid is found by its mark."""
        query = children.select().order_by(children.c.name)
        with self._state.reading() as connection:
            rows = connection.execute(query if kind is None else query.where(children.c.kind == kind)).all()
        found = []
        for row in rows:
            pid, created = row.pid, row.created
            if pid is None:
                process = _marked(row.mark)
                if process is None:
                    continue
                pid, created = process.pid, process.create_time()
            found.append(Child(row.name, row.kind, pid, created, Path(row.log), row.details))
        return found

    def watch(self, child: Child, on_exit: OnExit) -> None:
        """Call `on_exit(child, exit status)` once, from a thread, when it ends; an adopted child has no status."""

        def wait() -> None:
            on_exit(child, self.wait(child))

        threading.Thread(target=wait, name=f"watch {child.name}", daemon=True).start()

    def wait(self, child: Child, timeout: float | None = None) -> int | None:
        """Wait for its end; the exit status, None for an adopted child. Raises TimeoutError after `timeout` seconds."""
        started = self._started.get(child.name)
        try:
            if started is not None and started.pid == child.pid:
                status = started.wait(timeout)
                fence = isinstance(started.args, list) and is_fenced(started.args[0])
                return _ended_inside(child, status) if fence else status
            _wait_for_adopted(child, timeout)
        except (subprocess.TimeoutExpired, TimeoutError):
            raise TimeoutError(f"{child.name} is still running after {timeout} s.") from None
        return None

    def interrupt(self, child: Child) -> None:
        """Send SIGINT to the child itself."""
        process = _process(child)
        program = inside(process) if process is not None else None
        if program is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                program.send_signal(signal.SIGINT)

    def stop(self, child: Child, grace: float = 5.0) -> None:
        """End the child and all it started, as `end` does, and forget it."""
        self.end(child, grace)
        self.forget(child.name)

    def end(self, child: Child, grace: float = 5.0) -> None:
        """End the child and all it started: SIGTERM, and SIGKILL for what lives after `grace` seconds."""
        process = _process(child)
        family = child.family()
        program = inside(process) if process is not None else None
        if program is process:
            _signal_group(child, signal.SIGTERM)
        elif program is not None:
            # It would end bwrap, and nothing in it.
            with contextlib.suppress(psutil.NoSuchProcess):
                program.terminate()
        else:
            grace = 0.0  # its fence is still being made: there is nothing to stop with care
        if process is not None:
            with contextlib.suppress(TimeoutError):
                self.wait(child, grace)
        # Also where the child itself had ended before: what it started may live on in its group.
        _signal_group(child, signal.SIGKILL)
        _kill(family)

    def forget(self, name: str) -> None:
        """Drop the record of a child that has ended."""
        self._started.pop(name, None)
        with self._state.transaction() as tx:
            tx.execute(children.delete().where(children.c.name == name))


def end_unrecorded(folder: Path, grace: float = 5.0) -> int:
    """End the children of a data folder that no database tells of, with all they started; how many processes that were.

    They are known by the mark in their environment and a working directory in `folder`, as long as they keep both.
    grace: the seconds that they are given to end by themselves.
    """
    living = list(psutil.process_iter())
    found = [process for process in living if _belongs(process, folder)]
    groups = {_group(process) for process in found} - {None, os.getpgrp()}
    family = {process.pid: process for process in living if process in found or _group(process) in groups}
    family |= {process.pid: process for leader in found for process in _descendants(leader)}
    members = [process for pid, process in family.items() if pid != os.getpid()]
    if grace > 0:
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.terminate()
        _wait_for_all(members, grace)
    _kill([member for member in members if member.is_running()])
    return len(members)


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        ours = process.uids().real == os.getuid() and process.status() != psutil.STATUS_ZOMBIE
        return ours and MARK in process.environ() and Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except OSError:
        return None


def _created(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _process(child: Child) -> psutil.Process | None:
    """The living process of this child, or None if it has ended (a zombie has)."""
    try:
        process = psutil.Process(child.pid)
        same = abs(process.create_time() - child.created) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _ended_inside(child: Child, status: int) -> int:
    """The exit status of the program in the fence, as `subprocess` gives it; what is left of the fence ends."""
    # Where bwrap was killed, what it held would go on without it.
    _signal_group(child, signal.SIGKILL)
    number = status - BY_SIGNAL
    return -number if number in {known.value for known in signal.Signals} else status


def _wait_for_adopted(child: Child, timeout: float | None) -> None:
    """Wait for a process that is not ours to reap: it has ended when it is a zombie, whoever lets it lie."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while (process := _process(child)) is not None:
        left = ADOPTED_LOOK if deadline is None else min(ADOPTED_LOOK, deadline - time.monotonic())
        try:
            if not _ended_within(process, max(0.0, left)) and deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError
        except (ProcessLookupError, psutil.NoSuchProcess):
            return


def _kill(family: Sequence[psutil.Process]) -> None:
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    _wait_for_all(family, KILLED_SECONDS)


def _wait_for_all(family: Sequence[psutil.Process], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    for member in family:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            _ended_within(member, max(0.0, deadline - time.monotonic()))


def _ended_within(process: psutil.Process, timeout: float) -> bool:
    if not hasattr(os, "pidfd_open"):
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout)
        return not process.is_running()
    descriptor = os.pidfd_open(process.pid)
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(timeout * 1000))
    finally:
        os.close(descriptor)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _marked(mark: str) -> psutil.Process | None:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and os.getpgid(process.pid) == process.pid:
                return process
    return None


def _signal_group(child: Child, number: signal.Signals) -> None:
    """Signal the child's whole group: also what is left of it when its leader has ended, reaped or not."""
    if child.created == 0.0:
        return
    try:
        ours = abs(psutil.Process(child.pid).create_time() - child.created) < 1.0
    except psutil.NoSuchProcess:
        ours = True
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if ours:
            os.killpg(child.pid, number)
