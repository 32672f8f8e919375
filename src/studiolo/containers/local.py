"""The launcher of this machine: a runner process for each work, whose programs are processes in fences."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from studiolo.containers.folder import INTERRUPT, STOP, WorkFolder
from studiolo.containers.launcher import OnEnd
from studiolo.containers.obituaries import obituary
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.work import Metric, Report, Work
from studiolo.domain import Scope
from studiolo.processes import Child, Processes, remove_left

RUNNER, BATCH_RUNNER = "studiolo.containers.runner", "studiolo.containers.batch.run"


class LocalLauncher:
    """The work that is carried out in the folders under `folder`."""

    def __init__(self, processes: Processes, surroundings: Surroundings, folder: Path) -> None:
        self._processes = processes
        self._surroundings = surroundings
        self._folder = folder

    def start(self, work: Work) -> None:
        folder = self._of(work.id)
        remove_left(folder.path)
        try:
            environment = self._surroundings.begin(work.id, Scope(work.account, work.region), work.role)
            folder.create(work, self._surroundings.folder)
            self._processes.start(
                f"{work.kind}-{work.name}-{work.id}",
                work.kind,
                [sys.executable, "-m", *self._program(work), str(folder.path)],
                environment=environment,
                folder=folder.path,
            )
        except Exception:
            self.clear(work.id)
            raise

    def report(self, work: str) -> Report | None:
        return self._of(work).report()

    def measured(self, work: str, since: int) -> tuple[Sequence[Metric], int]:
        return self._of(work).measured(since)

    def follow(self, work: str, on_end: OnEnd) -> None:
        child = self._child(work)
        if child is None:
            return

        def ended(child: Child, status: int | None) -> None:
            # What the runner may have left: its programs, where it was killed itself.
            self._processes.end(child, grace=1.0)
            on_end(self._of(work).shown(obituary(child, status)))

        self._processes.watch(child, ended)

    def stop(self, work: str, *, interrupt: bool = False) -> None:
        self._of(work).ask(INTERRUPT if interrupt else STOP)
        child = self._child(work)
        if child is not None:
            self._processes.interrupt(child)

    def end(self, work: str, grace: float) -> None:
        self._of(work).ask(STOP)
        child = self._child(work)
        if child is not None:
            self._processes.end(child, grace)

    def clear(self, work: str) -> None:
        child = self._child(work)
        if child is not None:
            self._processes.end(child, grace=0.0)
            child.log.unlink(missing_ok=True)
        self._surroundings.end(work)
        remove_left(self._of(work).path)
        # Last: a server that is killed before leaves the next one word of what is to be removed.
        if child is not None:
            self._processes.forget(child.name)

    def known(self, kind: str) -> Collection[str]:
        return [_work(child) for child in self._processes.children(kind)]

    def _program(self, work: Work) -> list[str]:
        """The module that carries the work out, and its arguments before the work's folder."""
        return [RUNNER if work.batch is None else BATCH_RUNNER]

    def _child(self, work: str) -> Child | None:
        return next((child for child in self._processes.children() if _work(child) == work), None)

    def _of(self, work: str) -> WorkFolder:
        return WorkFolder(self._folder / work)


def _work(child: Child) -> str:
    """The id of the work whose runner that is."""
    return child.name.rpartition("-")[2]
