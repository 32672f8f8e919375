"""One work, from its inputs to its outputs: `python -m studiolo.containers.runner FOLDER`.

The runner is a process of its own that needs neither the server nor the database. It reads the work in its folder, has
its environment made, lays out /opt/ml for each instance, brings the inputs, runs the programs in their fences, takes the
outputs away, and keeps report.json true. It reads and writes objects as the work's role: its variables say where that
role's keys are.
"""

import contextlib
import errno
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

from botocore.exceptions import CredentialRetrievalError, NoCredentialsError

from studiolo.containers.code import HYPERPARAMETERS, SUBMITTED, bring_code
from studiolo.containers.fencing import machine_of
from studiolo.containers.folder import INTERRUPT, WorkFolder
from studiolo.containers.inputs import Share, download
from studiolo.containers.making import below, made
from studiolo.containers.metrics import Metrics
from studiolo.containers.objects import own_client
from studiolo.containers.outputs import Mirror, Mirroring, NotUploaded, upload
from studiolo.containers.pipes import Pipe
from studiolo.containers.program import Programs
from studiolo.containers.room import Room
from studiolo.containers.work import (
    BASE,
    COMPLETED,
    DOWNLOADING,
    FAILED,
    INTERRUPTED,
    OVERDUE,
    PREPARING,
    RUNNING,
    STOPPED,
    UPLOADING,
    Input,
    Instance,
    Metric,
    Output,
    Report,
    Stage,
)
from studiolo.domain import DomainError
from studiolo.logs import LogWriter
from studiolo.processes import read_left, remove_left

GRACE_SECONDS = 120.0
"""What a program has to end after SIGTERM, as SageMaker gives it."""
LONGEST_REASON = 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NO_KEYS = (CredentialRetrievalError, NoCredentialsError)
REPORT_SECONDS = 0.5
"""How often, at most, metrics are reported while the programs run."""


class Stopped(Exception):
    """The work was asked to stop before its programs ran."""


class ProgramFailed(Exception):
    """A program ended with an error."""


class Run:
    """The carrying out of one work."""

    def __init__(self, folder: WorkFolder) -> None:
        self._folder = folder
        self._work, self._hidden = folder.take_work()
        self._report = Report()
        self._metrics = Metrics(self._work.metrics)
        self._client = own_client()
        self._stopping = threading.Event()
        self._outcome_when_stopped = STOPPED
        self._failure: Exception | None = None
        self._programs: Programs | None = None
        self._measured: list[Metric] = []
        self._reported = 0.0
        self._lock = threading.RLock()
        self._mirrors = [
            (output, Mirror(self._client, output, self._root(instance)))
            for output in self._work.outputs
            if not output.packed
            for instance in self._work.instances
        ]

    def carry_out(self) -> None:
        """Do the work. Whatever happens, the report says how it ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._folder.word is not None:
            self._heed()
        try:
            outcome, reason = self._outcome()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work must say that it failed, and why
            outcome, reason = FAILED, f"InternalServerError: {type(error).__name__}: {error}"
        self._finish(outcome, reason)

    def _outcome(self) -> tuple[str, str | None]:
        """Prepare, download, run, upload: how the work ends, and why where it fails."""
        try:
            python = self._prepare()
            self._download()
            outcome = self._run(python)
        except Stopped:
            return self._outcome_when_stopped, None
        except ProgramFailed as error:
            return FAILED, f"{error}{self._upload_what_failed_left()}"
        except DomainError as error:
            return FAILED, f"ClientError: {error}"
        except NO_KEYS as error:
            return FAILED, f"ClientError: The job's role can no longer be assumed by SageMaker: {error}"
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return FAILED, f"ClientError: No space left on device for the job's data: {error}"
        try:
            self._upload(outcome)
        except NotUploaded as error:
            return FAILED, f"ClientError: {error}"
        return outcome, None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._heed()

    def _heed(self) -> None:
        """Stop, or have the instances taken away, as the word in the folder says."""
        if self._folder.word == INTERRUPT:
            self._outcome_when_stopped = INTERRUPTED
        self._stop()

    def _interrupt(self) -> None:
        self._outcome_when_stopped = INTERRUPTED
        self._stop()

    def _fail(self, error: Exception) -> None:
        """From a thread: the work cannot go on."""
        self._failure = self._failure or error
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        if self._programs is not None:
            self._programs.end()

    def _proceed(self, _bytes: int = 0) -> None:
        if self._stopping.is_set():
            raise self._failure or Stopped

    def _prepare(self) -> Path:
        """The interpreter of the work's environment, which is made where it is not there. Raises DomainError."""
        if self._work.environment is not None or self._work.foreign is not None:
            self._enter(PREPARING)
        for note in self._work.notes:
            self._say(note)
        try:
            return made(self._work.environment, self._hidden, self._say, self._stopping.is_set, self._work.foreign)
        except DomainError:
            # It may have ended because it is needed no more.
            self._proceed()
            raise

    def _download(self) -> None:
        self._enter(DOWNLOADING)
        for instance in self._work.instances:
            root = self._root(instance)
            for name in self._work.folders:
                (root / name).mkdir(parents=True, exist_ok=True)
            for name, content in instance.files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            for given in self._given(instance, "File"):
                self._proceed()
                folder = root / Path(given.path).relative_to(BASE)
                download(self._client, given, folder, self._share(given, instance), self._proceed)
            self._bring_code(instance)
        brought = {(given.path, given.uri) for given in self._work.inputs}
        for output, mirror in self._mirrors:
            if (output.path, output.uri) in brought:
                mirror.know()
        self._proceed()

    def _bring_code(self, instance: Instance) -> None:
        """Bring the code of script mode to where the toolkits of an image's environment look for it."""
        if self._work.environment is not None and HYPERPARAMETERS in instance.files:
            source = json.loads(instance.files[HYPERPARAMETERS]).get(SUBMITTED, "")
            bring_code(lambda: self._client, source, self._root(instance), self._folder.path)

    def _run(self, python: Path) -> str:
        """Run the programs; how the work ends. Raises ProgramFailed, and what a pipe could not be given."""
        hosts = [instance.host for instance in self._work.instances]
        machine = machine_of(self._work.foreign, python, self._hidden, hosts)
        # The code of all is the same.
        packages = below(self._work.environment, self._hidden, python, self._root(self._work.instances[0]), self._say)
        starts = [
            machine.start(
                instance.command, instance.variables, self._root(instance), below=packages, tools=self._work.tools
            )
            for instance in self._work.instances
        ]
        for instance in self._work.instances:
            for given in self._given(instance, "Pipe"):
                folder = self._root(instance) / Path(given.path).relative_to(BASE).parent
                folder.mkdir(parents=True, exist_ok=True)
                Pipe(self._client, given, folder, self._share(given, instance), self._fail)
        self._enter(RUNNING)
        logs = [LogWriter(Path(instance.log)) for instance in self._work.instances]
        continuous = [mirror for output, mirror in self._mirrors if output.continuous]
        with Room(self._folder.path, self._fail), Mirroring(continuous, self._say), self._interruption():
            self._programs = programs = Programs(starts, logs, self._on_line)
            if self._stopping.is_set():
                programs.end()
            ended = programs.run(self._work.seconds, GRACE_SECONDS)
        self._measure()
        if self._failure is not None:
            raise self._failure
        if ended.overdue:
            return OVERDUE
        if self._stopping.is_set():
            return self._outcome_when_stopped
        if ended.failed is not None:
            instance, status = self._work.instances[ended.failed], ended.statuses[ended.failed]
            raise ProgramFailed(self._reason(instance, status, programs.tail(ended.failed)))
        return COMPLETED

    @contextlib.contextmanager
    def _interruption(self) -> Iterator[None]:
        """While the programs run, the time is counted after which their instances are taken away."""
        if self._work.interrupted_after is None:
            yield
            return
        timer = threading.Timer(self._work.interrupted_after, self._interrupt)
        timer.daemon = True
        timer.start()
        yield
        timer.cancel()

    def _on_line(self, line: str) -> None:
        with self._lock:
            self._measured += self._metrics.read(line)
            if self._measured and time.monotonic() - self._reported > REPORT_SECONDS:
                # Without room for its metrics a program is to go on all the same: nobody else reads what it prints.
                with contextlib.suppress(OSError):
                    self._measure()

    def _measure(self) -> None:
        """Report the metrics that were read."""
        self._reported = time.monotonic()
        self._folder.measure(self._measured)
        self._measured = []
        self._note(metrics=self._metrics.final)

    def _reason(self, instance: Instance, status: int, tail: str) -> str:
        """Why a program failed: in the words it left, else the last that it printed."""
        words = tail
        with contextlib.suppress(FileNotFoundError):
            left = read_left(self._root(instance), self._work.failure, LONGEST_REASON)
            words = left.decode(errors="replace").strip() or tail
        kind = "" if words.startswith(("ClientError:", "AlgorithmError:")) else "AlgorithmError: "
        ending = f", exit code: {status}"
        return f"{kind}{words}"[: LONGEST_REASON - len(ending)] + ending

    def _upload(self, outcome: str) -> None:
        """Raises NotUploaded, after all that can be written is."""
        self._enter(UPLOADING)
        lost: NotUploaded | None = None
        for output in self._work.outputs:
            if outcome in output.when:
                try:
                    if self._take(output, completed=outcome == COMPLETED):
                        self._note(outputs={**self._report.outputs, output.name: output.uri})
                except NotUploaded as error:
                    lost = lost or error
        if lost is not None:
            raise lost

    def _upload_what_failed_left(self) -> str:
        """Upload the outputs of a failed program; what is to be said of it beside the failure."""
        try:
            self._upload(FAILED)
        except NotUploaded as error:
            return f". {error}"
        return ""

    def _take(self, output: Output, *, completed: bool) -> bool:
        if output.packed:
            roots = [self._root(instance) for instance in self._work.instances]
            archive = self._folder.path / f"{output.name}.tar.gz"
            even_empty = output.even_empty and completed
            return upload(self._client, output, roots, archive, self._say, even_empty=even_empty)
        written = [mirror.write() for of, mirror in self._mirrors if of is output]
        return any(written)

    def _message(self) -> str | None:
        """What the programs left as a message, of all hosts; None where there is nothing. Raises UnicodeDecodeError."""
        if self._work.message is None:
            return None
        said = ""
        for instance in self._work.instances:
            with contextlib.suppress(FileNotFoundError):
                left = read_left(self._root(instance), self._work.message, LONGEST_REASON)
                said += left.decode(errors="ignore" if len(left) == LONGEST_REASON else "strict")
        return said[:LONGEST_REASON] or None

    def _finish(self, outcome: str, reason: str | None) -> None:
        """Say how the work ended, then drop its data: the outcome first, so that it is never lost."""
        message = None
        try:
            message = self._message()
        except UnicodeDecodeError as error:
            outcome = FAILED
            reason = reason or f"ClientError: {BASE}/{self._work.message} is not encoded as UTF-8: {error}"
        reason = self._folder.shown(reason)[:LONGEST_REASON] if reason else None
        self._note(ended=time.time(), outcome=outcome, reason=reason, message=message)
        for instance in self._work.instances:
            remove_left(self._root(instance))

    def _given(self, instance: Instance, mode: str) -> list[Input]:
        """The inputs of that mode that the instance gets."""
        return [
            given
            for given in self._work.inputs
            if given.mode == mode and (not given.groups or instance.group in given.groups)
        ]

    def _share(self, given: Input, instance: Instance) -> Share:
        hosts = [other for other in self._work.instances if not given.groups or other.group in given.groups]
        return Share(hosts.index(instance), len(hosts))

    def _root(self, instance: Instance) -> Path:
        return self._folder.root(instance.host)

    def _say(self, line: str) -> None:
        """A line of ours in the log of each instance."""
        for instance in self._work.instances:
            with contextlib.suppress(OSError), LogWriter(Path(instance.log)) as log:
                log.write(f"{line}\n")

    def _enter(self, stage: str) -> None:
        self._note(stages=(*self._report.stages, Stage(stage, time.time())))

    def _note(self, **changes: object) -> None:
        with self._lock:
            self._report = replace(self._report, **changes)  # type: ignore[arg-type]
            self._folder.tell(self._report)


if __name__ == "__main__":
    Run(WorkFolder(Path(sys.argv[1]))).carry_out()
