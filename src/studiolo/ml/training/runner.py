"""One training job, from its input channels to its model: `python -m studiolo.ml.training.runner FOLDER`.

The runner is a process of its own that needs neither the server nor the database. It reads job.json in its folder,
lays out /opt/ml there, runs the algorithm's program in its fence, uploads what that leaves, and keeps progress.json
true. It reads and writes objects as the job's role: its variables say where that role's keys are.
"""

import contextlib
import errno
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError

from studiolo.archives import pack
from studiolo.containers.inputs import download
from studiolo.containers.metrics import Metrics
from studiolo.containers.objects import Address, own_client
from studiolo.containers.program import Program
from studiolo.domain import DomainError, Invalid
from studiolo.logs import LogWriter
from studiolo.ml.training import container
from studiolo.ml.training.job import COMPLETED, FAILED, STOPPED, moved
from studiolo.ml.training.plan import JobFolder
from studiolo.processes import read_left, remove_left

GRACE_SECONDS = 120.0
"""What an algorithm has to end after SIGTERM, as SageMaker gives it."""
LONGEST_REASON = 1024
NO_KEYS = (CredentialRetrievalError, NoCredentialsError)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
REPORT_SECONDS = 0.5
"""How often, at most, metrics are reported while the algorithm runs."""


class Stopped(Exception):
    """The job was asked to stop before its algorithm ran."""


class AlgorithmFailed(Exception):
    """The algorithm's program ended with an error."""


class NotUploaded(Exception):
    """What the algorithm left cannot be written to the job's output."""


class Run:
    """The carrying out of one job."""

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._plan = folder.take_plan()
        self._progress = self._plan.progress
        self._metrics = Metrics(self._plan.metrics)
        self._client = own_client()
        self._stopping = threading.Event()
        self._program: Program | None = None
        self._reported = 0.0
        self._lock = threading.Lock()

    def carry_out(self) -> None:
        """Do the job. Whatever happens, progress.json says how it ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._folder.asked_to_stop:
            self._stopping.set()
        try:
            outcome, failure = self._outcome()
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must say that it failed, and why
            outcome, failure = FAILED, f"InternalServerError: {type(error).__name__}: {error}"
        self._finish(outcome, failure)

    def _outcome(self) -> tuple[str, str | None]:
        """Download, train, upload: how the job ends, and why where it fails."""
        try:
            self._download()
            outcome = self._train()
        except Stopped:
            return STOPPED, None
        except AlgorithmFailed as error:
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
            self._upload(always=outcome == COMPLETED)
        except NotUploaded as error:
            return FAILED, f"ClientError: {error}"
        return outcome, None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        if self._program is not None:
            self._program.end()

    def _proceed(self, _bytes: int = 0) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _download(self) -> None:
        self._enter("Downloading")
        container.lay_out(self._folder.root, self._plan.specification)
        for channel in self._plan.specification.channels:
            self._proceed()
            download(self._client, channel, self._folder.root / "input/data" / channel.name, self._proceed)
        self._proceed()

    def _train(self) -> str:
        """Run the algorithm; the job's outcome. Raises AlgorithmFailed."""
        self._enter("Training")
        self._program = program = Program(self._plan.start, LogWriter(Path(self._plan.log)), self._on_line)
        if self._stopping.is_set():
            program.end()
        status, overdue = program.run(self._plan.specification.max_runtime, GRACE_SECONDS)
        self._report(metrics=self._metrics.final)
        if overdue:
            self._enter("MaxRuntimeExceeded")
            return STOPPED
        if self._stopping.is_set():
            return STOPPED
        if status != 0:
            raise AlgorithmFailed(self._reason(status, program.tail))
        return COMPLETED

    def _on_line(self, line: str) -> None:
        if self._metrics.read(line) and time.monotonic() - self._reported > REPORT_SECONDS:
            self._reported = time.monotonic()
            self._report(metrics=self._metrics.final)

    def _reason(self, status: int, tail: str) -> str:
        """Why the algorithm failed: in the words it left in output/failure, else the last that it printed."""
        words = tail
        with contextlib.suppress(FileNotFoundError):
            words = read_left(self._folder.root, "output/failure", LONGEST_REASON).decode(errors="replace").strip()
        kind = "" if words.startswith(("ClientError:", "AlgorithmError:")) else "AlgorithmError: "
        ending = f", exit code: {status}"
        return f"{kind}{words}"[: LONGEST_REASON - len(ending)] + ending

    def _left(self, name: str) -> Path:
        """What the algorithm left there under /opt/ml. Raises Invalid for a link, which may lead out of its fence."""
        path = self._folder.root / name
        if path.resolve() != self._folder.root.resolve() / name:
            raise Invalid(f"/opt/ml/{name} is or lies behind a link, which is not followed.")
        return path

    def _upload(self, *, always: bool) -> None:
        """Raises NotUploaded."""
        if self._progress.secondary != "MaxRuntimeExceeded":
            self._enter("Uploading" if always else "Stopping")
        model = self._put("model", "model.tar.gz", even_empty=always)
        if model is not None:
            self._report(model=model)
        self._upload_output()

    def _upload_output(self) -> None:
        """Raises NotUploaded."""
        output = self._put("output/data", "output.tar.gz")
        if output is not None:
            self._report(output=output)

    def _upload_what_failed_left(self) -> str:
        """Upload the output of a failed algorithm; what is to be said of it beside the failure."""
        try:
            self._upload_output()
        except NotUploaded as error:
            return f". {error}"
        return ""

    def _put(self, left: str, name: str, *, even_empty: bool = False) -> str | None:
        """Upload what was left in a folder to <S3OutputPath>/<job>/output/<name>; its URI, None for nothing.

        Raises NotUploaded.
        """
        archive = self._folder.path / name
        address = Address.of(f"{self._plan.specification.output.rstrip('/')}/{self._plan.name}/output/{name}")
        lost = f"so what the algorithm left in /opt/ml/{left} is lost"
        try:
            if not pack(self._left(left), archive, even_empty=even_empty):
                return None
            self._client.upload_file(str(archive), address.bucket, address.key)
        except Invalid as error:
            raise NotUploaded(f"Artifact upload failed:{error} {lost.capitalize()}.") from error
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise NotUploaded(f"Artifact upload failed:No space left on device for {name}, {lost}.") from error
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise NotUploaded(f"Artifact upload failed:{address} cannot be written, {lost}: {error}") from error
        archive.unlink()
        return str(address)

    def _enter(self, status: str, message: str | None = None) -> None:
        with self._lock:
            at = time.time()
            started = self._progress.started
            if status == "Downloading":
                started = at
            self._progress = replace(
                self._progress, started=started, transitions=moved(self._progress.transitions, status, at, message)
            )
            self._folder.report(self._progress)

    def _report(self, **changes: object) -> None:
        with self._lock:
            self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]
            self._folder.report(self._progress)

    def _finish(self, status: str, failure: str | None) -> None:
        """Say how the job ended, then drop its data: the outcome first, so that it is never lost."""
        with self._lock:
            at = time.time()
            transitions = self._progress.transitions
            if self._progress.secondary != "MaxRuntimeExceeded":
                transitions = moved(transitions, status, at, failure)
            self._progress = replace(
                self._progress,
                status=status,
                transitions=transitions,
                ended=at,
                failure=failure[:LONGEST_REASON] if failure else None,
            )
            self._folder.report(self._progress)
        remove_left(self._folder.root)


if __name__ == "__main__":
    Run(JobFolder(Path(sys.argv[1]))).carry_out()
