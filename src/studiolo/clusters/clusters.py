"""The clusters of every scope: made, described, changed, ended; each is kept by a thread of its own."""

import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import psutil

from studiolo.clusters import elsewhere, rules
from studiolo.clusters.admission import Admission
from studiolo.clusters.applications import APPLICATIONS, LivyServers
from studiolo.clusters.applications.livy import settings as settings_of_drivers
from studiolo.clusters.capacity import regrouped
from studiolo.clusters.checks import (
    MOST_STEPS,
    check_groups,
    check_request,
    check_settings,
    check_step,
    check_tags,
    with_roles,
)
from studiolo.clusters.configurations import Configured
from studiolo.clusters.hive_door import HiveDoors
from studiolo.clusters.interfaces import Interfaces
from studiolo.clusters.keeper import Keeper
from studiolo.clusters.launching import DAEMONS, RUNNER, Launching
from studiolo.clusters.model import (
    CANCEL_PENDING,
    CANCELLED,
    PENDING,
    READY,
    STARTING,
    STEP_ENDED,
    TERMINATED,
    TERMINATING,
    Cluster,
    ClusterRequest,
    Group,
    Progress,
    Settings,
    Step,
    StepRequest,
)
from studiolo.clusters.roles import UNSUPPORTED, ClusterRoles, SessionCredentials
from studiolo.clusters.security import SecurityConfigurations
from studiolo.clusters.sessions import ClusterSession, ClusterSessions, SessionRequest
from studiolo.clusters.store import Store, new_id
from studiolo.clusters.tables import clusters, interfaces, security_configurations, steps
from studiolo.clusters.world import Surroundings
from studiolo.config import Settings as ServerSettings
from studiolo.domain import Clock, Conflict, Invalid, LimitExceeded, NotFound, Page, Scope, every
from studiolo.engine.elsewhere import Elsewhere
from studiolo.identity import Identity, Principal
from studiolo.metastore import Metastore
from studiolo.processes import Processes
from studiolo.runtimes import Archives, Release, Runtimes
from studiolo.sparkui import Pages
from studiolo.state import State

MIB = 1024 * 1024


class Clusters:
    """The clusters of one data folder."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        runtimes: Runtimes,
        identity: Identity,
        metastore: Metastore,
        settings: ServerSettings,
        endpoint: str,
        s3_endpoint: str,
        livy: LivyServers,
        admission: Admission,
        roles: ClusterRoles,
        sessions: ClusterSessions,
        pages: Pages,
        clock: Clock,
    ) -> None:
        self._state = state
        self._processes = processes
        self._runtimes = runtimes
        self._identity = identity
        self._clock = clock
        self._folder = settings.folder / "clusters"
        self._archives = Archives(processes, runtimes)
        around = Surroundings(
            data=settings.folder,
            packages=runtimes.packages,
            endpoint=endpoint,
            s3_endpoint=s3_endpoint,
            machine_cores=psutil.cpu_count() or 1,
            machine_memory=psutil.virtual_memory().total // MIB,
            strict=settings.cluster_strict,
            elsewhere=Elsewhere.of(settings, s3_endpoint),
        )
        self._roles = roles
        self._launching = Launching(processes, runtimes, self._archives, identity, metastore, roles, pages.logs, around)
        self._launching.livy = livy
        self._launching.hive = HiveDoors(admission)
        self.sessions = self._launching.sessions = sessions
        self._store = Store(state, clock)
        self.interfaces = Interfaces(state, self._store, self._folder, pages, livy, clock)
        self.security = SecurityConfigurations(state, clock)
        self._keepers: dict[str, Keeper] = {}
        self._lock = threading.Lock()
        self._placing = threading.Lock()

    def start(self) -> None:
        """Take over what a server that crashed had: clusters whose daemons live go on, of others it is told why not."""
        living = {cluster.id for cluster in self._store.living()}
        for child in self._processes.children():
            owner = child.details.get("cluster") or child.name.removeprefix("cluster-")
            if child.kind in (DAEMONS, RUNNER) and owner not in living:
                self._processes.stop(child, 0.0)
        for identifier in sorted(living):
            keeper = self._keep(identifier)
            self._launching.adopt(identifier, keeper.wake)
            keeper.start()

    def close(self) -> None:
        """End all clusters because the server goes down: it leaves nothing behind."""
        self._end_all()
        self._archives.close()

    def _end_all(self) -> None:
        with self._lock:
            keepers = list(self._keepers.values())
        for keeper in keepers:
            keeper.end(rules.Ending("USER_REQUEST", "Terminated because Studiolo was stopped", TERMINATED))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(Keeper.finish, keepers))

    def empty(self) -> None:
        """End all clusters and forget them."""
        self._end_all()
        with self._lock:
            self._keepers.clear()
        with self._state.transaction() as tx:
            for table in (steps, clusters, security_configurations, interfaces):
                tx.execute(table.delete())
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self,
        scope: Scope,
        principal: Principal,
        asked: ClusterRequest,
        settings: Settings,
        groups: Sequence[Group],
        first: Sequence[StepRequest],
    ) -> Cluster:
        """Begin a cluster. `asked.profile` and `asked.service_role` are names or ARNs.

        Raises Invalid for what EMR refuses, or is not here; NotFound and Denied for the roles.
        """
        asked = replace(asked, applications=self._checked_applications(asked))
        if asked.security_configuration is not None:
            found = self.security.get(scope, asked.security_configuration)
            asked = replace(asked, runtime_roles=found.runtime_roles)
        if asked.runtime_roles is None and any(step.role is not None for step in first):
            raise Invalid(UNSUPPORTED)
        asked = with_roles(self._identity, principal, asked)
        check_request(asked, first)
        check_groups(groups, fleets=asked.fleets)
        check_settings(settings, fleets=asked.fleets)
        check_tags(settings.tags)
        for step in first:
            check_step(step, settings)
        moment = self._clock()
        groups = [replace(group, id=new_id("if" if asked.fleets else "ig")) for group in groups]
        progress = Progress(
            message="Provisioning Amazon EC2 capacity",
            groups=tuple(replace(group, created=moment.timestamp()) for group in groups),
        )
        cluster = Cluster(new_id("j"), scope, STARTING, moment, asked, settings, progress)
        self._store.add(cluster, first)
        self._keep(cluster.id).start()
        return cluster

    def cluster(self, scope: Scope, identifier: str) -> Cluster:
        """Raises NotFound."""
        return self._store.cluster(identifier, scope)

    def find(self, identifier: str) -> Cluster:
        """A cluster, wherever it is. Raises NotFound."""
        return self._store.cluster(identifier)

    def page(
        self,
        scope: Scope,
        states: Collection[str],
        after: datetime | None,
        before: datetime | None,
        key: str | None,
        limit: int,
    ) -> Page[Cluster]:
        """Clusters, the newest first."""
        return self._store.page(scope, states, after, before, key, limit)

    def terminate(self, scope: Scope, identifiers: Sequence[str]) -> None:
        """Let clusters end. Raises NotFound; Conflict for one that is protected, when the others do end."""
        found = [self.cluster(scope, identifier) for identifier in identifiers]
        protected = [cluster.id for cluster in found if cluster.settings.protected and not cluster.ended]
        for cluster in found:
            if cluster.id not in protected and (keeper := self._keepers.get(cluster.id)) is not None:
                keeper.end(rules.BY_USER)
        if protected:
            raise Conflict(
                "Could not shut down one or more job flows since they are termination protected."
                f" ({', '.join(protected)})"
            )

    def add_steps(self, scope: Scope, identifier: str, asked: Sequence[StepRequest]) -> list[str]:
        """Add steps; their ids. Raises NotFound, Invalid, Conflict for a cluster that ends, LimitExceeded."""
        with self._changing(scope, identifier) as cluster:
            for step in asked:
                self._roles.check(cluster, step.role)
                check_step(step, cluster.settings)
            if len(self._store.unfinished(cluster.id)) + len(asked) > MOST_STEPS:
                raise LimitExceeded(f"Maximum number of active steps({MOST_STEPS}) for cluster exceeded.")
            return self._store.add_steps(cluster.id, asked)

    def step(self, scope: Scope, cluster: str, identifier: str) -> Step:
        """Raises NotFound."""
        self.cluster(scope, cluster)
        return self._store.step(cluster, identifier)

    def steps(
        self, scope: Scope, cluster: str, states: Collection[str], ids: Collection[str], key: str | None, limit: int
    ) -> Page[Step]:
        """Steps, the last first. Raises NotFound."""
        self.cluster(scope, cluster)
        return self._store.step_page(cluster, states, ids, key, limit)

    def cancel_steps(self, scope: Scope, cluster: str, ids: Sequence[str]) -> list[tuple[str, str | None]]:
        """Cancel steps that wait or run: for each id, why it is not canceled if it is not. Raises NotFound."""
        answers: list[tuple[str, str | None]] = []
        with self._changing(scope, cluster) as found:
            for identifier in ids:
                try:
                    step = self._store.step(cluster, identifier)
                except NotFound as error:
                    answers.append((identifier, str(error)))
                    continue
                if step.state in STEP_ENDED or step.state == CANCEL_PENDING:
                    answers.append((identifier, f"The step is in state {step.state}, in which it cannot be canceled."))
                    continue
                if step.state == PENDING:
                    ended = replace(step.progress, ended=self._store.now())
                    self._store.save_step(found.scope, step, CANCELLED, ended)
                else:
                    self._store.save_step(found.scope, step, CANCEL_PENDING)
                    self._launching.cancel_step(identifier)
                answers.append((identifier, None))
        return answers

    def start_session(
        self, scope: Scope, identifier: str, asked: SessionRequest, tags: Mapping[str, str]
    ) -> ClusterSession:
        """Begin an interactive session on a cluster. Raises NotFound, Invalid, Conflict, LimitExceeded."""
        cluster = self.cluster(scope, identifier)
        self._roles.check(cluster, asked.role)
        if asked.role is not None:
            self._roles.require(cluster, asked.role)
            # Its executors are in its driver: those on the nodes have the keys of the instance profile.
            conf = Configured.of(cluster.asked.applications, cluster.asked.configurations).spark
            return self.sessions.start(cluster, "local", conf, asked, tags)
        if cluster.state not in READY:
            return self.sessions.start(cluster, None, {}, asked, tags)
        world = self._launching.world(cluster, lambda _: None, lambda: False)
        if world.elsewhere is not None:
            return self.sessions.start(cluster, None, elsewhere.of_sessions(world, world.elsewhere), asked, tags)
        master, conf = world.master_url, {**settings_of_drivers(world), **world.configured.spark}
        return self.sessions.start(cluster, master, conf, asked, tags)

    def session_credentials(self, scope: Scope, identifier: str, role: str) -> SessionCredentials:
        """What stands for a role at the doors of a cluster. Raises NotFound, Invalid, and Conflict unless it is ready."""
        cluster = self.cluster(scope, identifier)
        if cluster.state not in READY:
            raise Conflict(
                f"Cluster {identifier} is {cluster.state}: it gives credentials when it is RUNNING or WAITING."
            )
        return self._roles.credentials(cluster, role)

    def change(self, scope: Scope, identifier: str, change: Callable[[Settings], Settings]) -> Cluster:
        """Change what can be changed of a cluster. Raises NotFound, Invalid, Conflict for one that has ended."""
        with self._changing(scope, identifier) as cluster:
            settings = change(cluster.settings)
            check_settings(settings, fleets=cluster.asked.fleets)
            return self._store.save(cluster, settings=settings)

    def tag(self, scope: Scope, identifier: str, added: Mapping[str, str], removed: Iterable[str] = ()) -> None:
        """Add and remove tags, also of a cluster that has ended. Raises NotFound, Invalid."""
        cluster = self.cluster(scope, identifier)
        kept = {key: value for key, value in cluster.settings.tags.items() if key not in set(removed)}
        tags = {**kept, **added}
        check_tags(tags)
        self._store.save(cluster, settings=replace(cluster.settings, tags=tags))

    def add_groups(self, scope: Scope, identifier: str, added: Sequence[Group], *, fleets: bool) -> list[str]:
        """Add instance groups, or a fleet; their ids. Raises NotFound, Invalid, Conflict."""
        with self._changing(scope, identifier) as cluster:
            if cluster.asked.fleets != fleets:
                kinds = ("instance fleets", "instance groups") if fleets else ("instance groups", "instance fleets")
                raise Invalid(f"The cluster has {kinds[1]}: {kinds[0]} cannot be added to it.")
            now = self._store.now()
            fresh = [replace(group, id=new_id("if" if fleets else "ig"), created=now) for group in added]
            groups = (*cluster.progress.groups, *fresh)
            check_groups(groups, fleets=fleets)
            self._store.save(cluster, progress=replace(cluster.progress, groups=groups))
        return [group.id for group in fresh]

    def resize(self, scope: Scope, changes: Mapping[str, tuple[int, int | None]], identifier: str | None) -> None:
        """Change how many instances groups have: by id the count, and of fleets that of spot capacity.

        Raises NotFound, Invalid, and Conflict for a cluster that is neither running nor waiting.
        """
        if identifier is None:
            identifier = self._owner(scope, next(iter(changes), ""))
        cluster = self.cluster(scope, identifier)
        if cluster.state not in READY:
            kind = "fleet" if cluster.asked.fleets else "group"
            raise Conflict(f"An instance {kind} may only be modified when the cluster is running or waiting.")
        with self._changing(scope, identifier) as cluster:
            progress = cluster.progress
            for name, (count, spot) in changes.items():
                group = progress.group(name)
                if group is None:
                    raise Invalid(f"Instance group id '{name}' is not valid.")
                if group.role == "MASTER":
                    raise Invalid("The number of instances of the MASTER group cannot be changed.")
                if cluster.asked.fleets and spot is None:
                    raise Invalid(f"The cluster has instance fleets, and {name} is no instance group.")
                progress = progress.with_group(replace(group, count=count, spot=spot or 0))
            check_groups(progress.groups, fleets=cluster.asked.fleets)
            self._store.save(cluster, progress=regrouped(progress, self._store.now()))

    def release(self, label: str) -> Release:
        """Raises Invalid for a label that is not here."""
        return self._runtimes.for_emr(label)

    def releases(self) -> list[str]:
        """The release labels, the newest first."""
        return list(reversed(self._runtimes.emr_labels()))

    def versions(self, release: Release) -> Mapping[str, str]:
        """The applications of a release that are here, with their versions."""
        found = {name: application.version(release) for name, application in APPLICATIONS.items()}
        return {name: version for name, version in found.items() if version is not None}

    def _owner(self, scope: Scope, group: str) -> str:
        """The cluster of a group."""
        for cluster in every(lambda after: self._store.page(scope, (), None, None, after, 100)):
            if cluster.progress.group(group) is not None:
                return cluster.id
        raise Invalid(f"Instance group id '{group}' is not valid.")

    def _checked_applications(self, asked: ClusterRequest) -> tuple[str, ...]:
        """The applications as they are spelled; Spark is always there. Raises Invalid for one that is not here."""
        here = self.versions(self.release(asked.release))
        spelled = {name.lower(): name for name in here}
        unknown = [name for name in asked.applications if name.lower() not in spelled]
        if unknown:
            raise Invalid(
                f"Specified application: {', '.join(unknown)} is not available with {asked.release} here; available are "
                f"{', '.join(here)}."
            )
        return tuple(dict.fromkeys(spelled[name.lower()] for name in asked.applications))

    def _keep(self, identifier: str) -> Keeper:
        keeper = Keeper(identifier, self._store, self._launching, self._taken, self._placing)
        with self._lock:
            self._keepers = {name: one for name, one in self._keepers.items() if one.lives}
            self._keepers[identifier] = keeper
        return keeper

    def _taken(self) -> set[str]:
        return {cluster.progress.host for cluster in self._store.living()}

    def _changing(self, scope: Scope, identifier: str) -> "_Change":
        cluster = self.cluster(scope, identifier)
        keeper = self._keepers.get(identifier)
        if keeper is None or cluster.ended or cluster.state == TERMINATING:
            raise Conflict(
                f"A job flow that is shutting down, terminated, or finished may not be modified. ({identifier})"
            )
        return _Change(keeper, self._store)


class _Change:
    """A change of a cluster that lives: nobody else changes it meanwhile, and then its keeper looks."""

    def __init__(self, keeper: Keeper, store: Store) -> None:
        self._keeper = keeper
        self._store = store

    def __enter__(self) -> Cluster:
        self._keeper.changing.acquire()
        return self._store.cluster(self._keeper.id)

    def __exit__(self, *_: Any) -> None:
        self._keeper.changing.release()
        self._keeper.wake()
