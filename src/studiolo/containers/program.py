"""Programs as children of ours, each in its fence: what they print, line by line, to their logs; their ends as events."""

import codecs
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil

from studiolo.containers.allowance import Allowance
from studiolo.containers.scripts import remover
from studiolo.logs import LogWriter
from studiolo.processes import inside, is_fenced

TAIL = 20
PIECE = 64 * 1024
"""Bytes read at a time, and characters of a line read as one: one that never ends does not fill our memory."""
DRAIN_SECONDS = 5.0
REMOVE_SECONDS = 30.0
BY_SIGNAL = 128
"""What shells, bwrap and SageMaker add to the number of the signal that ended a program."""

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Start:
    """How a program is started: its command with the fence around it, its whole environment, where it begins.

    remove: the command that ends what it has an engine run for it.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """How programs ended: their exit statuses, 128 + n after signal n.

    failed: which was the first to end with an error, unasked. overdue: whether their time was over.
    """

    statuses: tuple[int, ...]
    failed: int | None = None
    overdue: bool = False


class Programs:
    """Running programs that end together. They end with this process: bwrap sees to that, or they are in our group."""

    def __init__(self, starts: Sequence[Start], logs: Sequence[LogWriter], on_line: OnLine = lambda line: None) -> None:
        # A number tells that this one has ended, None that all are to end.
        self._events: SimpleQueue[int | None] = SimpleQueue()
        self._programs: list[_Program] = []
        try:
            for start, log in zip(starts, logs, strict=True):
                self._programs.append(_Program(start, log, on_line))
        except OSError:
            for program in self._programs:
                program.kill()
            raise
        for number, program in enumerate(self._programs):
            threading.Thread(target=self._await, args=(number, program), daemon=True).start()

    def end(self) -> None:
        """Ask for their end; safe in a signal handler. What waits in `run` sends SIGTERM."""
        self._events.put(None)

    def run(self, seconds: float | None, grace: float) -> Ended:
        """Wait for the end of all.

        Asked to end, out of time, or when one has failed, they get SIGTERM, and SIGKILL after `grace` seconds.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        running = set(range(len(self._programs)))
        ending = overdue = False
        failed: int | None = None
        while running:
            try:
                event = self._events.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except Empty:
                if ending:
                    for number in running:
                        self._programs[number].kill()
                    deadline = None
                    continue
                overdue, event = True, None
            if event is not None:
                running.remove(event)
                if ending or self._programs[event].status == 0:
                    continue
                failed = event
            if not ending:
                ending, deadline = True, time.monotonic() + grace
                for number in running:
                    self._programs[number].terminate()
        for program in self._programs:
            program.close()
        return Ended(tuple(program.status for program in self._programs), failed, overdue)

    def tail(self, number: int) -> str:
        """The last lines that the program of that number printed."""
        return "\n".join(self._programs[number].tail)

    def _await(self, number: int, program: "_Program") -> None:
        program.process.wait()
        self._events.put(number)


def _terminate(process: psutil.Process) -> None:
    """SIGTERM to those of a program's processes that catch it, and have nothing above them that does; else to the first.

    A toolkit does not pass it on, and ends of it, which ends the script that it runs in the midst of its saving.
    """
    # Where its fence is still being made there is nothing to stop with care.
    first = inside(process) or process
    # The init of a fence catches all signals, for the program that is its child.
    programs = [process] if first.pid == process.pid else first.children()
    catching = [each for program in programs for each in _catching(program)]
    for each in catching or [first]:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGTERM)


def _catching(process: psutil.Process) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        if _catches_sigterm(process):
            yield process
            return
        for child in process.children():
            yield from _catching(child)


def _catches_sigterm(process: psutil.Process) -> bool:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


class _Remover:
    """Removes what an engine runs for a program: when that is killed, and when this process is."""

    def __init__(self, start: Start) -> None:
        self._start = start
        watching, self._alive = os.pipe()
        command = [sys.executable, "-I", "-S", str(Path(remover.__file__)), *start.remove]
        subprocess.run(command, stdin=watching, stdout=subprocess.DEVNULL, env=dict(start.environment), check=True)
        os.close(watching)

    def remove(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                self._start.remove,
                env=dict(self._start.environment),
                capture_output=True,
                timeout=REMOVE_SECONDS,
                check=False,
            )

    def close(self) -> None:
        os.write(self._alive, b".")
        os.close(self._alive)


class _Program:
    def __init__(self, start: Start, log: LogWriter, on_line: OnLine) -> None:
        self._log, self._allowance = log, Allowance()
        self._on_line = on_line
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._remover = _Remover(start) if start.remove else None
        self.process = subprocess.Popen(
            list(start.command),
            cwd=start.folder,
            env=dict(start.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A signal to our group must not end bwrap, which would leave alone what is in it.
            start_new_session=is_fenced(start.command[0]) or self._remover is not None,
        )
        self._output = threading.Thread(target=self._copy, daemon=True)
        self._output.start()

    @property
    def status(self) -> int:
        status = self.process.returncode
        return status if status >= 0 else BY_SIGNAL - status

    def terminate(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            _terminate(psutil.Process(self.process.pid))

    def kill(self) -> None:
        if self._remover is not None:
            self._remover.remove()
        self.process.kill()

    def close(self) -> None:
        if self._remover is not None:
            self._remover.close()
        self._output.join(DRAIN_SECONDS)
        with contextlib.suppress(OSError):
            self._log.write(self._allowance.told())
            self._log.close()

    def _copy(self) -> None:
        assert self.process.stdout is not None
        descriptor, rest = self.process.stdout.fileno(), ""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while piece := os.read(descriptor, PIECE):
            # A progress bar writes its line again and again, with a return between.
            text = decoder.decode(piece).replace("\r", "\n")
            self._keep(text)
            *lines, rest = (rest + text).split("\n")
            if len(rest) > PIECE:
                lines, rest = [*lines, rest], ""
            self._read(lines)
        self._read([rest])

    def _read(self, lines: Sequence[str]) -> None:
        for line in lines:
            if line:
                self.tail.append(line)
                self._on_line(line)

    def _keep(self, text: str) -> None:
        # Without room for its log a program still has its work to do, and would wait for ever on a full pipe.
        with contextlib.suppress(OSError):
            self._log.write(self._allowance.pass_on(text))
