"""The processes of clusters: their daemons, their steps, their bootstrap actions; what each is started with."""

import hmac
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import studiolo
from studiolo.clusters.applications import APPLICATIONS, LivyServers, hadoop, hive, livy
from studiolo.clusters.configurations import Configured
from studiolo.clusters.hive_door import HiveDoors
from studiolo.clusters.interfaces import EVENTS
from studiolo.clusters.layout import info
from studiolo.clusters.machines import instance_type
from studiolo.clusters.model import BootstrapAction, Cluster, Step
from studiolo.clusters.role_world import RoleWorld
from studiolo.clusters.roles import ClusterRoles
from studiolo.clusters.sessions import ClusterSessions
from studiolo.clusters.world import HOME, MNT, Surroundings, World
from studiolo.domain import Conflict, DomainError
from studiolo.identity import Identity, client_environment, container_variables
from studiolo.kernel.engine import how_it_ended
from studiolo.kernel.failure import telling
from studiolo.metastore import Metastore
from studiolo.processes import Child, Processes, child_environment, isolation, read_left, remove_left
from studiolo.runtimes import Archives, Runtimes
from studiolo.sparkui import EventLogs, Left, owner

log = logging.getLogger(__name__)

DAEMONS, RUNNER = "cluster", "cluster-step"
"""The kinds of children."""

REPORT_LIMIT = 1024 * 1024
LOG_TAIL = 2000
PACKAGES = str(Path(studiolo.__file__).parent.parent)

Say = Callable[[str], None]


class Launching:
    """Starts, finds and ends the processes of clusters. Each cluster has a folder of its own in `folder`."""

    def __init__(
        self,
        processes: Processes,
        runtimes: Runtimes,
        archives: Archives,
        identity: Identity,
        metastore: Metastore,
        roles: ClusterRoles,
        event_logs: EventLogs,
        around: Surroundings,
    ) -> None:
        self._processes = processes
        self._runtimes = runtimes
        self._archives = archives
        self._identity = identity
        self._metastore = metastore
        self._roles = roles
        self._event_logs = event_logs
        self._around = around
        self.livy: LivyServers | None = None
        self.hive: HiveDoors | None = None
        self.sessions: ClusterSessions | None = None
        self._folder = around.data / "clusters"

    @property
    def elsewhere(self) -> bool:
        """Whether executors are at a master of the person's own, and nodes have no workers."""
        return self._around.elsewhere is not None

    def folder(self, cluster: str) -> Path:
        """The cluster's folder: `node` is what its nodes see, `steps` what is kept of its steps."""
        return self._folder / cluster

    def begin(self, cluster: Cluster) -> None:
        """Let the cluster act as its role from now on."""
        workload = _workload(cluster.id)
        if self._identity.workloads.find(workload) is None:
            self._identity.workloads.add(workload)
        self._identity.workloads.give(workload, cluster.asked.role, f"{cluster.id}"[:64])

    def world(self, cluster: Cluster, say: Say, stopped: Callable[[], bool]) -> World:
        """The cluster's world; what its release needs is fetched and made where it is not there yet.

        Raises EnvironmentUnavailable, JarsUnavailable, Conflict.
        """
        release = self._runtimes.for_emr(cluster.asked.release)
        self._runtimes.make(release.runtime, say, stopped)
        configured = Configured.of(cluster.asked.applications, cluster.asked.configurations)
        for name in configured.applications:
            APPLICATIONS[name].prepare(say, stopped)
        workload = self._identity.workloads.find(_workload(cluster.id))
        if workload is None:
            raise Conflict("The cluster has ended.")
        self._metastore.prepare(cluster.scope)
        world = World(
            cluster=cluster,
            folder=self.folder(cluster.id),
            release=release,
            jars=tuple(self._runtimes.jars(release.runtime, formats=configured.formats, beyond=self.elsewhere)),
            archive=self._archives.find(release.runtime),
            configured=configured,
            around=self._around,
            token=workload.token,
            metastore_token=workload.metastore_token,
            metastore=self._metastore.uri(cluster.scope),
            warehouse=self._metastore.warehouse(cluster.scope),
            secret=hmac.new(workload.token.encode(), b"spark", sha256).hexdigest(),
        )
        if hadoop.is_on(world) and not hadoop.is_brought(world):
            # HDFS and YARN are started when somebody uses them: the cluster waits for no jar of theirs.
            threading.Thread(target=self._fetch_hadoop, args=(world,), name="hadoop", daemon=True).start()
        return world

    def _fetch_hadoop(self, world: World) -> None:
        try:
            hadoop.bring(world, [str(jar) for jar in self._runtimes.hadoop(world.release.runtime)])
        except (DomainError, OSError) as error:
            log.warning("cluster %s has no HDFS and no YARN: %s", world.cluster.id, error)
            hadoop.bring(world, [], str(error))

    def want(self, world: World, cluster: Cluster) -> None:
        """Tell the daemons which workers there are to be."""
        living = () if self.elsewhere else cluster.progress.living()
        wanted = [(i.number, instance_type(i.type)) for i in living if not i.leaving]
        world.want([(number, of) for number, of in wanted if number is not None])
        child = self.daemons(cluster.id)
        if child is not None:
            self._processes.interrupt(child)

    def start(self, world: World, cluster: Cluster, on_end: Callable[[], None]) -> None:
        """Start the cluster's daemons."""
        self.want(world, cluster)
        (world.own / "report.json").unlink(missing_ok=True)
        child = self._processes.start(
            _daemons(cluster.id),
            DAEMONS,
            [str(world.python), "-m", "studiolo.node", str(world.own)],
            environment={**world.environment(), "PYTHONPATH": _path(world)},
            folder=world.own,
            fence=world.fence(),
        )
        self._processes.watch(child, lambda *_: on_end())

    def serve_livy(self, world: World) -> None:
        """Have Livy answer for the cluster, if it is to. Raises Conflict where its port is taken."""
        if self.livy is not None:
            livy.serve(world, self.livy)

    def serve_hive(self, world: World) -> None:
        """Have a door before the cluster's HiveServer2, if it has one, and this server none yet. Raises Conflict."""
        if self.hive is not None:
            hive.serve(world, self.hive)

    def daemons(self, cluster: str) -> Child | None:
        """The process of the cluster's daemons, alive or not."""
        return self._processes.find(_daemons(cluster))

    def adopt(self, cluster: str, on_end: Callable[[], None]) -> None:
        """Watch what an earlier server has started for the cluster."""
        for child in self._processes.children():
            if child.details.get("cluster") == cluster or child.name == _daemons(cluster):
                self._processes.watch(child, lambda *_: on_end())

    def report(self, cluster: str) -> Mapping[str, Any]:
        """What the daemons have reported: nothing before they have. What is no report is taken for none."""
        try:
            found = json.loads(read_left(self.folder(cluster) / "node", "report.json", REPORT_LIMIT))
        except (FileNotFoundError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def obituary(self, cluster: str) -> str:
        """How the daemons ended and, unless they were killed, the end of what they printed."""
        status = self._status(_daemons(cluster))
        how = "has ended" if status is None else how_it_ended(status)
        words = self.report(cluster).get("error") or f"The process of the cluster's daemons {how}."
        try:
            text = self._processes.log(_daemons(cluster)).read_text(errors="replace")
        except FileNotFoundError:
            text = ""
        said = "" if " was killed by " in words else telling(text[-LOG_TAIL:])
        return f"{words} It last said:\n{said}" if said else str(words)

    def obituary_of_runner(self, name: str) -> str:
        """How the runner of a step, or a bootstrap action, ended that has left no outcome."""
        status = self._status(_runner(name))
        how = "has ended unexpectedly" if status is None else how_it_ended(status)
        return f"The process that carried it out {how}."

    def _status(self, name: str) -> int | None:
        """The exit status of a process that has ended; None where that is not known: an earlier server started it."""
        child = self._processes.find(name)
        return None if child is None or child.alive else self._processes.wait(child, 0)

    def start_step(self, world: World, cluster: Cluster, step: Step, on_end: Callable[[], None]) -> None:
        """Start a step's runner: of one with a role in a world of its own. Raises Denied and NotFound for the role."""
        asked = step.asked
        world = nodes = replace(world, cluster=cluster)
        plan: dict[str, Any] = {"kind": "step", "jar": asked.jar, "main": asked.main}
        plan |= {"arguments": list(asked.arguments), "properties": dict(asked.properties)}
        folder = self._cleared(cluster.id, step.id)
        if asked.role is not None:
            self._roles.require(cluster, asked.role)
            world = self._world_of_role(nodes, step, asked.role, folder)
            plan["owner"] = owner(cluster.id, asked.role)
        self._run(world, nodes, step.id, f"steps/{step.id}", plan, on_end)

    def _world_of_role(self, nodes: World, step: Step, role: str, folder: Path) -> RoleWorld:
        """A world of a step's own. It is made anew for each: in its folder the server writes before any code runs."""
        workload = self._identity.workloads.add(_runner(step.id))
        self._identity.workloads.give(workload.id, role, step.id)
        shared = self.folder(nodes.cluster.id) / "roles" / owner(nodes.cluster.id, role)
        world = RoleWorld.of(nodes, folder, shared, workload)
        world.lay_out_files()
        return world

    def start_bootstrap(self, world: World, number: int, action: BootstrapAction, on_end: Callable[[], None]) -> None:
        """Start the runner of a bootstrap action, of which the first is number 1."""
        instance = info(world)["instance"]
        plan = {"kind": "bootstrap", "path": action.path, "arguments": list(action.arguments), "instance": instance}
        name = self.bootstrap_name(world.cluster.id, number)
        self._cleared(world.cluster.id, name)
        self._run(world, world, name, f"node/{world.master}/bootstrap-actions/{number}", plan, on_end)

    def _cleared(self, cluster: str, name: str) -> Path:
        """The folder of a step, or a bootstrap action, without what is there of an earlier try."""
        folder = self.step_folder(cluster, name)
        remove_left(folder)
        (folder / "files").mkdir(parents=True, mode=0o700)
        return folder

    def _run(
        self,
        world: World,
        nodes: World,
        name: str,
        log: str,
        plan: Mapping[str, Any],
        on_end: Callable[[], None],
    ) -> None:
        """Start a runner: its program has the world, its logs are put where they belong with the keys of the nodes."""
        cluster, folder = world.cluster, self.step_folder(world.cluster.id, name)
        fence = world.fence(with_parent=True)
        fenced_in = isolation().kind == "fenced"
        mnt, home = (MNT, HOME) if fenced_in else (str(world.own / "mnt"), str(world.own / "home"))
        content = {
            **plan,
            "release": cluster.asked.release,
            "begin": f"{mnt}/var/lib/hadoop/{'steps' if plan['kind'] == 'step' else 'bootstrap'}/{name}",
            "environment": {**world.environment(), "STUDIOLO_HOME": home},
            "fence": {
                "own": str(fence.own),
                "seen": [str(path) for path in fence.seen],
                "at": {place: str(path) for place, path in fence.at.items()},
            },
            "hidden": str(self._around.data),
            "log": f"{world.log(log)}/" if world.log() else None,
            # What has a role of its own has no executors: whatever it leaves in their place is not theirs.
            "containers": f"{world.log('containers')}/" if world is nodes else None,
        }
        file = folder / "plan.json"
        file.touch(0o600)
        file.write_text(json.dumps(content))
        credentials = container_variables(self._around.s3_endpoint, nodes.token)
        aws = client_environment(self._around.endpoint, self._around.s3_endpoint, cluster.scope.region, credentials)
        child = self._processes.start(
            _runner(name),
            RUNNER,
            [sys.executable, "-m", "studiolo.clusters.runner", str(folder)],
            environment=child_environment({**aws, "PYTHONPATH": os.pathsep.join([aws["PYTHONPATH"], PACKAGES])}),
            folder=folder,
            details={"cluster": cluster.id},
        )
        self._processes.watch(child, lambda *_: on_end())

    def step_folder(self, cluster: str, name: str) -> Path:
        """What is kept of a step, or of a bootstrap action: its logs."""
        return self._folder / cluster / "steps" / name

    def runs(self, name: str) -> bool:
        """Whether the runner of that step, or bootstrap action, lives."""
        child = self._processes.find(_runner(name))
        return child is not None and child.alive

    def began(self, name: str) -> bool:
        """Whether that runner was started, alive or not, and not forgotten."""
        return self._processes.find(_runner(name)) is not None

    def bootstrap_name(self, cluster: str, number: int) -> str:
        return f"{cluster}-bootstrap-{number}"

    def outcome(self, cluster: str, name: str) -> Mapping[str, Any] | None:
        """How a runner ended; None where it has left no word of that."""
        try:
            found: Mapping[str, Any] = json.loads((self.step_folder(cluster, name) / "outcome.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def end_step(self, cluster: str, name: str, grace: float = 0.0) -> None:
        """End a runner with its program, where it lives, and forget it; its logs stay."""
        child = self._processes.find(_runner(name))
        if child is not None:
            self._processes.stop(child, grace)
            child.log.unlink(missing_ok=True)
        self._identity.workloads.end(_runner(name))
        folder = self.step_folder(cluster, name)
        plan = folder / "plan.json"
        if plan.exists() and (kept_as := json.loads(plan.read_text()).get("owner")) is not None:
            self._event_logs.keep(kept_as, Left(folder, EVENTS))
        for each in ("files", "node"):
            remove_left(folder / each)
        plan.unlink(missing_ok=True)

    def cancel_step(self, name: str) -> None:
        """Ask a runner to end its program."""
        child = self._processes.find(_runner(name))
        if child is not None:
            self._processes.interrupt(child)

    def has_sessions(self, cluster: Cluster) -> bool:
        """Whether there are sessions of the cluster, or batches of its Livy, that have not ended."""
        of_livy = self.livy is not None and self.livy.active(cluster) > 0
        return of_livy or (self.sessions is not None and self.sessions.active(cluster))

    def end_sessions(self, cluster: Cluster) -> None:
        """End what has drivers beside the cluster's nodes."""
        if self.sessions is not None:
            self.sessions.end(cluster)

    def end(self, cluster: str, grace: float) -> None:
        """End the cluster's daemons, and all that it is: what stays are logs of steps and Spark's event logs."""
        if self.livy is not None:
            self.livy.close(cluster)
        if self.hive is not None:
            self.hive.close(cluster)
        child = self.daemons(cluster)
        if child is not None:
            self._processes.stop(child, grace)
            child.log.unlink(missing_ok=True)
        self._identity.workloads.end(_workload(cluster))
        remove_left(self.folder(cluster) / "roles")
        own = self.folder(cluster) / "node"
        for entry in own.iterdir() if own.is_dir() else ():
            if entry.name == "events":
                continue
            if entry.is_dir() and not entry.is_symlink():
                remove_left(entry)
            else:
                entry.unlink(missing_ok=True)


def _daemons(cluster: str) -> str:
    return f"cluster-{cluster}"


def _runner(name: str) -> str:
    return f"cluster-step-{name}"


def _workload(cluster: str) -> str:
    return f"cluster-{cluster}"


def _path(world: World) -> str:
    return os.pathsep.join([str(world.around.packages), world.environment()["PYTHONPATH"]])
