"""One batch transform, from its model to its outputs: `python -m studiolo.containers.batch.run FOLDER`.

As the runner of other work, it needs neither the server nor the database. Its programs serve the model, each in its
fence at a socket; what goes through them is read and written by this process, as the work's role.
"""

import contextlib
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from botocore.exceptions import ClientError

from studiolo.containers.batch.calls import Server
from studiolo.containers.batch.captures import capture
from studiolo.containers.batch.specification import Batch
from studiolo.containers.batch.transformer import Failed, Task, Transformer
from studiolo.containers.code import bring_code
from studiolo.containers.fencing import SOCKET, machine_of
from studiolo.containers.folder import WorkFolder
from studiolo.containers.inputs import listed, lost
from studiolo.containers.making import below
from studiolo.containers.model_data import bring_model
from studiolo.containers.objects import refusal
from studiolo.containers.program import Programs
from studiolo.containers.room import Room
from studiolo.containers.runner import ProgramFailed, Run
from studiolo.containers.work import BASE, COMPLETED, DOWNLOADING, OVERDUE, RUNNING, Input, Metric
from studiolo.logs import LogWriter
from studiolo.processes import socket_folder

PING_SECONDS = 600.0
GRACE_SECONDS = 30.0
PLACE = "s"
LOOK_SECONDS = 60.0
NO_PING = (
    "AlgorithmError: Model container failed to respond to ping; Please ensure /ping endpoint is implemented and "
    "responds with an HTTP 200 status code"
)
SEE_LOGS = "See job logs for more information"


class BatchRun(Run):
    """The carrying out of one batch transform."""

    def __init__(self, folder: WorkFolder) -> None:
        super().__init__(folder)
        assert self._work.batch is not None
        self._batch: Batch = self._work.batch
        self._tasks: Iterator[Task] = iter(())
        self._failed: list[Failed] = []
        self._transformed: list[Task] = []
        self._done = False

    def _download(self) -> None:
        """Bring the model to each instance, and list what is to go through it."""
        self._enter(DOWNLOADING)
        batch = self._batch
        self._tasks = iter(listed(self._client, Input("input", BASE, batch.uri, source=batch.source)))
        model = self._folder.path / "model"
        try:
            bring_model(self._client, batch.model, model, compressed=batch.compressed, proceed=self._proceed)
        except ClientError as error:
            raise lost(batch.model, error) from error
        for instance in self._work.instances:
            self._proceed()
            root = self._root(instance)
            root.mkdir(parents=True, exist_ok=True)
            shutil.copytree(model, root / "model")
            if self._work.environment is not None:
                source = instance.variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
                bring_code(lambda: self._client, source, root, self._folder.path)
        shutil.rmtree(model)
        self._proceed()

    def _run(self, python: Path) -> str:
        """Serve, and transform by what is served; how the work ends. Raises ProgramFailed."""
        places = [self._socket() for _ in self._work.instances]
        try:
            return self._serve(python, places)
        finally:
            for place in places:
                shutil.rmtree(place.parent, ignore_errors=True)

    def _serve(self, python: Path, places: Sequence[Path]) -> str:
        instances = self._work.instances
        machine = machine_of(self._work.foreign, python, self._hidden, [instance.host for instance in instances])
        packages = below(self._work.environment, self._hidden, python, self._root(instances[0]), self._say)
        networks = [machine.network(self._batch.port, place.parent) for place in places]
        starts = [
            machine.start(
                instance.command,
                {**instance.variables, "SAGEMAKER_BASE_DIR": BASE, SOCKET: str(place)},
                self._root(instance),
                shared=place.parent,
                below=packages,
                network=network,
            )
            for instance, place, network in zip(instances, places, networks, strict=True)
        ]
        self._enter(RUNNING)
        logs = [LogWriter(Path(instance.log)) for instance in instances]
        ended_all = threading.Event()
        with contextlib.ExitStack() as around, Room(self._folder.path, self._fail), self._utilization(ended_all):
            for network in networks:
                if network is not None:
                    around.enter_context(network.open())
            self._programs = programs = Programs(starts, logs)
            if self._stopping.is_set():
                programs.end()
            driver = threading.Thread(target=self._drive, args=(programs, places), daemon=True)
            driver.start()
            ended = programs.run(self._work.seconds, GRACE_SECONDS)
            # What still asks finds nobody there.
            overdue, stopped = ended.overdue, self._stopping.is_set()
            self._stopping.set()
            driver.join()
        if self._failure is not None:
            raise self._failure
        if self._done:
            if self._failed:
                raise ProgramFailed(_reason(self._failed))
            return COMPLETED
        if overdue:
            return OVERDUE
        if stopped:
            return self._outcome_when_stopped
        number = ended.failed or 0
        raise ProgramFailed(self._reason(instances[number], ended.statuses[number], programs.tail(number)))

    def _drive(self, programs: Programs, places: Sequence[Path]) -> None:
        """Send all tasks through the programs; then end these."""
        lock = threading.Lock()

        def tasks() -> Iterator[Task]:
            while True:
                with lock:
                    task = next(self._tasks, None)
                if task is None:
                    return
                yield task

        def work(number: int) -> None:
            try:
                server = Server(str(places[number]), self._batch.timeout, self._batch.retries, self._proceed)
                if not server.await_ping(PING_SECONDS):
                    raise ProgramFailed(NO_PING)
                log = LogWriter(Path(self._batch.logs[number]))
                transformer = Transformer(self._client, self._batch, server, log, self._proceed)
                failed = transformer.work(tasks())
                with lock:
                    self._failed += failed
                    self._transformed += transformer.done
            except Exception as error:  # noqa: BLE001 - told by the main thread
                if not self._stopping.is_set():
                    self._fail(error)

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(places))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._batch.captured and not self._stopping.is_set():
            try:
                capture(self._client, self._batch, self._work.name, self._transformed)
            except ClientError as error:
                self._fail(ProgramFailed(f"ClientError: What went in and out cannot be captured: {refusal(error)}"))
        self._done = not self._stopping.is_set()
        programs.end()

    @contextlib.contextmanager
    def _utilization(self, over: threading.Event) -> Iterator[None]:
        """While the programs run, what the work uses is measured: percent of a core, and of the machine's memory."""
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        before, since = 0.0, time.time()
        while True:
            ended = over.wait(LOOK_SECONDS)
            present = time.time()
            spent, resident = _use()
            share = len(self._work.instances)
            values = {
                "CPUUtilization": 100 * max(spent - before, 0.0) / max(present - since, 0.01) / share,
                "MemoryUtilization": 100 * resident / psutil.virtual_memory().total / share,
            }
            with contextlib.suppress(OSError):
                self._folder.measure(Metric(name, value, present) for name, value in values.items())
            before, since = spent, present
            if ended:
                return

    def _socket(self) -> Path:
        return socket_folder(self._hidden / "ipc" / uuid.uuid4().hex[:12], PLACE) / PLACE


def _use() -> tuple[float, int]:
    """CPU seconds of this process and all below it, those that ended too, and the bytes that they hold."""
    own = psutil.Process()
    times = own.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    resident = own.memory_info().rss
    for process in own.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            used = process.cpu_times()
            spent += used.user + used.system
            resident += process.memory_info().rss
    return spent, resident


def _reason(failed: Sequence[Failed]) -> str:
    """Why a job failed, as SageMaker says it, with the first thing that the logs say."""
    kind = "ClientError" if all(each.client for each in failed) else "AlgorithmError"
    more = f" ({len(failed)} objects failed)" if len(failed) > 1 else ""
    return f"{kind}: {SEE_LOGS}: {failed[0].words}{more}"


if __name__ == "__main__":
    BatchRun(WorkFolder(Path(sys.argv[1]))).carry_out()
