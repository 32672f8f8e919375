"""One cluster's steps: started in their turn, their ends recorded, and what follows from those that fail."""

import threading
from collections.abc import Callable
from dataclasses import replace

from studiolo.clusters import rules
from studiolo.clusters.launching import Launching
from studiolo.clusters.model import (
    CANCEL_PENDING,
    CANCELLED,
    COMPLETED,
    FAILED,
    INTERRUPTED,
    PENDING,
    READY,
    STEP_RUNNING,
    Cluster,
    Step,
    StepProgress,
)
from studiolo.clusters.rules import Ending
from studiolo.clusters.store import Store
from studiolo.clusters.world import World
from studiolo.domain import DomainError

STEP_GRACE = 10.0


class Steps:
    """The steps of one cluster. changing: taken around each change; end: lets it end; wake: has its keeper look."""

    def __init__(
        self,
        cluster: str,
        store: Store,
        launching: Launching,
        changing: threading.RLock,
        end: Callable[[Ending], None],
        wake: Callable[[], None],
    ) -> None:
        self._id = cluster
        self._store = store
        self._launching = launching
        self._changing = changing
        self._end = end
        self._wake = wake

    def start(self, world: World) -> None:
        """Start those whose turn it is."""
        with self._changing:
            cluster = self._store.cluster(self._id)
            if cluster.state not in READY:
                return
            for step in rules.to_start(self._store.unfinished(self._id), cluster.settings.concurrency):
                started = replace(step.progress, started=self._store.now())
                self._store.save_step(cluster.scope, step, STEP_RUNNING, started)
                try:
                    self._launching.start_step(world, cluster, step, self._wake)
                except (OSError, DomainError) as error:
                    failed = replace(started, reason="Unknown Error.", message=f"It cannot be started: {error}")
                    self._ended(cluster, step, FAILED, failed)

    def settle(self) -> None:
        """Record the steps that have ended, and do what follows from those that failed."""
        for step in self._store.unfinished(self._id):
            if step.state == PENDING or self._launching.runs(step.id):
                continue
            with self._changing:
                self._settle(self._store.cluster(self._id), self._store.step(self._id, step.id))

    def _settle(self, cluster: Cluster, step: Step) -> None:
        outcome = self._launching.outcome(self._id, step.id)
        words = "" if outcome is not None else self._launching.obituary_of_runner(step.id)
        self._launching.end_step(self._id, step.id)
        if outcome is None:
            state = CANCELLED if step.state == CANCEL_PENDING else FAILED
            self._ended(cluster, step, state, replace(step.progress, reason="Unknown Error.", message=words))
            return
        progress = replace(
            step.progress,
            ended=outcome["ended"],
            reason=outcome["reason"],
            message=outcome["message"],
            log_file=outcome["log_file"],
            applications=tuple(outcome["applications"]),
        )
        if outcome["canceled"] or step.state == CANCEL_PENDING:
            progress = replace(progress, reason=None, message=None, log_file=None)
            self._ended(cluster, step, CANCELLED, progress)
        else:
            self._ended(cluster, step, COMPLETED if outcome["message"] is None else FAILED, progress)

    def _ended(self, cluster: Cluster, step: Step, state: str, progress: StepProgress) -> None:
        """Record the end of a step. What others have to do with its failure is done first: it may be repeated."""
        if state == FAILED:
            verdict = rules.verdict(step.asked.on_failure, cluster.settings)
            if verdict.cancel:
                self._cancel_pending(cluster)
            if verdict.end:
                self._end(rules.STEP_FAILED)
        self._store.save_step(cluster.scope, step, state, replace(progress, ended=progress.ended or self._store.now()))

    def _cancel_pending(self, cluster: Cluster) -> None:
        """Cancel the steps that wait."""
        for other in self._store.unfinished(self._id):
            if other.state == PENDING:
                ended = replace(other.progress, ended=self._store.now())
                self._store.save_step(cluster.scope, other, CANCELLED, ended)

    def stop(self, cluster: Cluster) -> None:
        """Let none wait or run any more, because the cluster ends."""
        self._cancel_pending(cluster)
        for step in self._store.unfinished(self._id):
            self._launching.end_step(self._id, step.id, STEP_GRACE)
            outcome = self._launching.outcome(self._id, step.id)
            done = outcome is not None and outcome["message"] is None and not outcome["canceled"]
            state = COMPLETED if done else CANCELLED if step.state == CANCEL_PENDING else INTERRUPTED
            self._store.save_step(cluster.scope, step, state, replace(step.progress, ended=self._store.now()))
