"""One cluster's keeper: a thread that brings what there is to what is wanted, and can be killed between any two lines."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from studiolo.clusters import rules
from studiolo.clusters.addresses import free_host, free_ports
from studiolo.clusters.capacity import all_ended, leveled, regrouped, scaled, seen
from studiolo.clusters.launching import Launching
from studiolo.clusters.model import (
    BOOTSTRAPPING,
    READY,
    RUNNING,
    STARTING,
    TERMINATED_WITH_ERRORS,
    TERMINATING,
    WAITING,
    Cluster,
    Progress,
)
from studiolo.clusters.rules import Ending
from studiolo.clusters.stepping import Steps
from studiolo.clusters.store import Store
from studiolo.clusters.world import World
from studiolo.domain import Conflict, DomainError

log = logging.getLogger(__name__)

SOON, LATER = 0.05, 1.0
"""Seconds between looks, while something is on its way, and else."""

START_SECONDS = 900.0
"""How long the daemons may take until they are ready: Trino needs 40 s of a processor, which others may share."""

SCALE_SECONDS = 10.0
"""Seconds between two steps of managed scaling."""

END_GRACE = 10.0
FINISH_SECONDS = 20.0
LONGEST_MESSAGE = 1000
MESSAGES = {
    STARTING: "Configuring cluster software",
    BOOTSTRAPPING: "Running bootstrap actions",
    RUNNING: "Running step",
    WAITING: "Cluster ready to run steps.",
}


class Keeper:
    """Keeps one cluster. `changing` is taken around each change of its row, by whoever makes one.

    taken: the addresses of all clusters; placing: taken while one is chosen.
    """

    def __init__(
        self,
        identifier: str,
        store: Store,
        launching: Launching,
        taken: Callable[[], set[str]],
        placing: threading.Lock,
    ) -> None:
        self.id = identifier
        self.changing = threading.RLock()
        self._store = store
        self._launching = launching
        self._taken = taken
        self._placing = placing
        self._event = threading.Event()
        self._steps = Steps(identifier, store, launching, self.changing, self.end, self.wake)
        self._closing = False
        self._world: World | None = None
        self._began = store.now()
        self._scaled = 0.0
        self._thread = threading.Thread(target=self._keep, name=identifier, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something has changed: look at once."""
        self._event.set()

    @property
    def lives(self) -> bool:
        """Whether it still has something to keep, or is to begin."""
        return self._thread.ident is None or self._thread.is_alive()

    def finish(self) -> None:
        """Wait until the cluster, which is to end, has ended."""
        self._thread.join(FINISH_SECONDS)
        self._closing = True

    def end(self, ending: Ending) -> None:
        """Let the cluster end, for that reason; the first one holds."""
        with self.changing:
            cluster = self._cluster()
            if cluster.ended or cluster.state == TERMINATING:
                return
            progress = replace(cluster.progress, code=ending.code, message=ending.message, outcome=ending.outcome)
            self._store.save(cluster, state=TERMINATING, progress=progress)
        self.wake()

    def _keep(self) -> None:
        while not self._closing:
            self._event.clear()
            try:
                pause = self._look()
            except Exception as error:
                log.exception("cluster %s", self.id)
                self._fail("INTERNAL_ERROR", f"{type(error).__name__}: {error}")
                pause = LATER
            if pause is None:
                return
            self._event.wait(pause)

    def _cluster(self) -> Cluster:
        return self._store.cluster(self.id)

    def _fail(self, code: str, message: str) -> None:
        self.end(Ending(code, message, TERMINATED_WITH_ERRORS))

    def _look(self) -> float | None:
        """Do what is next; the seconds until the next look, None when the cluster has ended."""
        cluster = self._cluster()
        if cluster.ended:
            return None
        if cluster.state == TERMINATING:
            self._terminate(cluster)
            return None
        if cluster.state == STARTING:
            return self._provision(cluster)
        if self._world is None:
            self._world = self._make_world(cluster)
        if cluster.state == BOOTSTRAPPING:
            return self._bootstrap(cluster, self._world)
        return self._run(cluster, self._world)

    def _provision(self, cluster: Cluster) -> float:
        """An address, the software, the world of the nodes: then the bootstrap actions can run."""
        with self.changing, self._placing:
            cluster = self._cluster()
            host = cluster.progress.host or free_host(self._taken())
            ports = cluster.progress.ports or free_ports(host)
            progress = leveled(replace(cluster.progress, host=host, ports=dict(ports)), self._store.now())
            cluster = self._store.save(cluster, progress=progress)
        self._launching.begin(cluster)
        try:
            world = self._world = self._make_world(cluster)
            world.lay_out()
        except DomainError as error:
            self._fail("BOOTSTRAP_FAILURE", f"The software of the cluster cannot be had: {error}")
            return SOON
        self._began = self._store.now()
        return self._enter(BOOTSTRAPPING)

    def _make_world(self, cluster: Cluster) -> World:
        return self._launching.world(cluster, log.info, lambda: self._closing or self._cluster().state == TERMINATING)

    def _enter(self, state: str) -> float:
        """Record that the cluster is in a state, unless it is to end."""
        with self.changing:
            cluster = self._cluster()
            if cluster.state not in (TERMINATING, state) and not cluster.ended:
                progress = replace(cluster.progress, code=None, message=MESSAGES[state])
                if state == BOOTSTRAPPING:
                    instances = tuple(replace(i, state=BOOTSTRAPPING) for i in progress.instances)
                    groups = tuple(replace(group, state=BOOTSTRAPPING) for group in progress.groups)
                    progress = replace(progress, instances=instances, groups=groups)
                if state in READY and progress.ready is None:
                    progress = replace(progress, ready=self._store.now())
                progress = replace(progress, idle=self._store.now() if state == WAITING else None)
                self._store.save(cluster, state=state, progress=progress)
        return SOON

    def _bootstrap(self, cluster: Cluster, world: World) -> float:
        done = cluster.progress.bootstrapped
        if done < len(cluster.asked.bootstrap):
            return self._next_action(cluster, world, done)
        child = self._launching.daemons(cluster.id)
        if child is None:
            self._began = self._store.now()
            self._launching.start(world, cluster, self.wake)
            return SOON
        report = self._launching.report(cluster.id)
        if not child.alive:
            self._lost()
        elif report.get("settled"):
            failed = [f"{n}: {s}" for n, s in report["applications"].items() if s.startswith("failed")]
            if failed:
                self._fail("BOOTSTRAP_FAILURE", f"An application does not start, {'; '.join(failed)}")
                return SOON
            try:
                self._launching.serve_livy(world)
                self._launching.serve_hive(world)
            except DomainError as error:
                self._fail("BOOTSTRAP_FAILURE", f"An application does not start: {error}")
                return SOON
            self._note_workers(report)
            self._rest()
        elif self._store.now() - self._began > START_SECONDS:
            self._fail("BOOTSTRAP_FAILURE", f"The daemons did not start within {START_SECONDS:.0f} seconds: {report}")
        return SOON

    def _next_action(self, cluster: Cluster, world: World, done: int) -> float:
        name = self._launching.bootstrap_name(cluster.id, done + 1)
        if self._launching.runs(name):
            return LATER
        outcome = self._launching.outcome(cluster.id, name)
        if outcome is None and not self._launching.began(name):
            self._launching.start_bootstrap(world, done + 1, cluster.asked.bootstrap[done], self.wake)
            return LATER
        if outcome is None:
            outcome = {"status": 1, "message": self._launching.obituary_of_runner(name)}
        self._launching.end_step(cluster.id, name)
        if outcome["status"] == 0 and outcome["message"] is None:
            with self.changing:
                latest = self._cluster()
                self._store.save(latest, progress=replace(latest.progress, bootstrapped=done + 1))
            return SOON
        master = next(i for i in cluster.progress.instances if i.group == world.cluster.progress.groups[0].id)
        with self.changing:
            latest = self._cluster()
            details = {
                "ErrorCode": "BOOTSTRAP_FAILURE_BA_SCRIPT_ERROR",
                "ErrorData": [
                    {"instance-id": master.ec2_id, "bootstrap-action-path": cluster.asked.bootstrap[done].path}
                ],
                "ErrorMessage": outcome["message"] or "",
            }
            self._store.save(latest, progress=replace(latest.progress, details=(details,)))
        self._fail(
            "BOOTSTRAP_FAILURE",
            f"On the master instance ({master.ec2_id}), bootstrap action {done + 1} returned a non-zero return code"
            f" ({outcome['message']})",
        )
        return SOON

    def _lost(self) -> None:
        """The process of the daemons has ended by itself."""
        self._fail("INSTANCE_FAILURE", f"The master failed: {self._launching.obituary(self.id)}")

    def _run(self, cluster: Cluster, world: World) -> float:
        child = self._launching.daemons(cluster.id)
        report = self._launching.report(cluster.id)
        if child is None or not child.alive:
            self._lost()
            return SOON
        with suppress(Conflict):
            # After an earlier server's end.
            self._launching.serve_hive(world)
        self._steps.settle()
        if self._cluster().state == TERMINATING:
            return SOON
        changed = self._note_workers(report)
        self._note_applications(report)
        self._scale(report)
        self._steps.start(world)
        ended = self._rest()
        resizing = any(i.leaving or i.state != "RUNNING" for i in self._cluster().progress.living())
        return SOON if changed or resizing or ended else LATER

    def _note_workers(self, report: Any) -> bool:
        """Record how the workers are, and tell the daemons which are wanted now; whether there was a change."""
        with self.changing:
            cluster = self._cluster()
            if cluster.state == TERMINATING:
                return True
            now = self._store.now()
            masters = {group.id for group in cluster.progress.groups if group.role == "MASTER"}
            progress = cluster.progress
            for instance in progress.living():
                if instance.number is None and instance.group in masters and instance.state != "RUNNING":
                    progress = progress.with_instance(replace(instance, state="RUNNING", ready=now))
            workers = report.get("workers")
            if self._launching.elsewhere:
                workers = {str(i.number): {"state": "ALIVE"} for i in progress.living() if not i.leaving}
            if isinstance(workers, dict):
                progress = seen(progress, workers, now)
            progress = regrouped(leveled(progress, now), now)
            if progress == cluster.progress:
                return False
            before = _numbers(cluster.progress)
            cluster = self._store.save(cluster, progress=progress)
        if _numbers(progress) != before and self._world is not None:
            self._launching.want(self._world, cluster)
        return True

    def _note_applications(self, report: Any) -> None:
        """Say which applications do not run, and what happened to them, where the state's reason is told."""
        states = report.get("applications", {})
        lines = [f"{name}: {state}." for name, state in states.items() if state not in ("running", "dormant")]
        lines += report.get("notes", ())
        with self.changing:
            cluster = self._cluster()
            if cluster.state in READY:
                message = MESSAGES[cluster.state]
                if lines:
                    message = " ".join([f"{message.rstrip('.')}.", *lines])[:LONGEST_MESSAGE]
                if message != cluster.progress.message:
                    self._store.save(cluster, progress=replace(cluster.progress, message=message))

    def _scale(self, report: Any) -> None:
        """Managed scaling, a unit at a time."""
        cluster = self._cluster()
        policy, now = cluster.settings.scaling, self._store.now()
        if (
            self._launching.elsewhere
            or policy is None
            or now - self._scaled < SCALE_SECONDS
            or not report.get("settled")
        ):
            return
        running, workers = report.get("running", []), report.get("workers", {})
        busy = {
            "waiting": any(app["cores"] == 0 for app in running),
            "used": sum(app["cores"] for app in running),
            "cores": sum(worker["cores"] for worker in workers.values()),
        }
        with self.changing:
            cluster = self._cluster()
            progress = scaled(cluster.progress, policy, busy)
            if progress != cluster.progress:
                self._scaled = now
                self._store.save(cluster, progress=progress)

    def _rest(self) -> bool:
        """RUNNING, WAITING, or the end, by the steps that there are; whether that is something new."""
        with self.changing:
            cluster = self._cluster()
            state = rules.at_rest(self._store.unfinished(self.id), cluster.settings)
            if state is None:
                self.end(rules.DONE)
            elif state != cluster.state:
                self._enter(state)
            elif state == WAITING:
                timeout, idle = cluster.settings.idle_timeout, cluster.progress.idle
                report = self._launching.report(self.id)
                # Those with a role of their own are no applications of the cluster's master.
                if report.get("running") or (timeout and self._launching.has_sessions(cluster)):
                    self._store.save(cluster, progress=replace(cluster.progress, idle=self._store.now()))
                elif timeout and idle and self._store.now() - idle > timeout:
                    self.end(rules.idle_too_long(timeout))
            return state != cluster.state

    def _terminate(self, cluster: Cluster) -> None:
        """End all that the cluster is, then say so."""
        with self.changing:
            self._steps.stop(cluster)
            for number in range(len(cluster.asked.bootstrap)):
                self._launching.end_step(self.id, self._launching.bootstrap_name(self.id, number + 1))
            self._launching.end_sessions(cluster)
            self._launching.end(self.id, END_GRACE)
            now = self._store.now()
            cluster = self._cluster()
            progress = replace(all_ended(cluster.progress, now), ended=now, idle=None)
            self._store.save(cluster, state=progress.outcome, progress=progress)


def _numbers(progress: Progress) -> set[int]:
    """The workers that are wanted."""
    return {i.number for i in progress.living() if i.number is not None and not i.leaving}
