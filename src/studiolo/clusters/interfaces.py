"""The pages of a cluster's Spark: of its master and its drivers while it lives, and of the history of both."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from studiolo.clusters.applications import LivyServers
from studiolo.clusters.model import READY, Cluster
from studiolo.clusters.store import Store, new_id
from studiolo.clusters.tables import interfaces
from studiolo.domain import Clock, Conflict, Invalid, NotFound, Scope
from studiolo.sparkui import Left, Live, Pages, Past, Target, owner
from studiolo.state import State

HISTORY, ON_CLUSTER = "cluster history", "cluster pages"
"""The kinds of targets: what is kept of a cluster's applications, and what the cluster serves itself."""

MASTER, HISTORY_SERVER, DRIVER = "ResourceManager", "SparkHistoryServer", "ApplicationMaster"
"""What there is on a cluster, as EMR calls it; Spark's master is here what YARN's is there."""

DRIVERS = 16
"""So many ports does Spark try for the pages of a driver."""

ASK_SECONDS, MOST_READ = 2.0, 64 * 1024
EVENTS = "node/events"
"""Where event logs are in the folder of a cluster, or of a step with a role of its own."""


@dataclass(frozen=True)
class Interface:
    """A persistent application interface."""

    id: str
    cluster: str
    author: str
    created: datetime
    tags: Mapping[str, str]


class Interfaces:
    """Those of the clusters whose folders are in `folder`."""

    def __init__(self, state: State, store: Store, folder: Path, pages: Pages, livy: LivyServers, clock: Clock) -> None:
        self._state = state
        self._store = store
        self._folder = folder
        self._pages = pages
        self._livy = livy
        self._clock = clock
        pages.serve(HISTORY, lambda target: self._past(target.id))
        pages.serve(ON_CLUSTER, self._on_cluster)

    def create(self, scope: Scope, cluster: str, author: str, tags: Mapping[str, str]) -> Interface:
        """One for the cluster: that which its author has already, if it has these tags. Raises NotFound."""
        self._store.cluster(cluster, scope)
        place = {"account": scope.account, "region": scope.region, "cluster": cluster, "author": author}
        same = [interfaces.c[name] == value for name, value in place.items()]
        made = Interface(new_id("p"), cluster, author, self._clock(), dict(tags))
        with self._state.transaction() as tx:
            for row in tx.execute(interfaces.select().where(*same)).all():
                if row.tags == made.tags:
                    return Interface(row.id, row.cluster, row.author, row.created, row.tags)
            tx.execute(interfaces.insert().values(**place, id=made.id, created=made.created, tags=made.tags))
        return made

    def get(self, scope: Scope, identifier: str) -> Interface:
        """Raises NotFound."""
        mine = interfaces.select().where(interfaces.c.account == scope.account, interfaces.c.region == scope.region)
        with self._state.reading() as connection:
            row = connection.execute(mine.where(interfaces.c.id == identifier)).first()
        if row is None:
            raise NotFound(f"Persistent application UI id '{identifier}' is not valid.")
        return Interface(row.id, row.cluster, row.author, row.created, row.tags)

    def persistent_link(self, scope: Scope, identifier: str, application: str | None, role: str | None) -> str:
        """A link to the history of the cluster, or of one of its applications. Raises NotFound.

        role: shows what had that runtime role instead; without one nothing is shown of what had.
        """
        return self._history_link(scope, self.get(scope, identifier).cluster, application, role)

    def _history_link(self, scope: Scope, cluster: str, application: str | None, role: str | None) -> str:
        if application is not None:
            self._check(cluster, application, role)
        path = "/" if application is None else f"/history/{application}/jobs/"
        return self._pages.links.link(Target(HISTORY, scope, owner(cluster, role)), path)

    def link(self, scope: Scope, identifier: str, kind: str, application: str | None, role: str | None) -> str:
        """A link to what a cluster serves itself, or to what had a runtime role on it.

        Raises NotFound, Invalid, and Conflict unless it is ready.
        """
        cluster = self._store.cluster(identifier, scope)
        if cluster.state not in READY:
            raise Conflict(f"Cluster {identifier} is {cluster.state}: its interfaces are there while it runs.")
        if kind == DRIVER:
            return self._driver_link(cluster, application, role)
        if role is not None and kind == HISTORY_SERVER:
            return self._history_link(scope, identifier, application, role)
        if kind not in (MASTER, HISTORY_SERVER):
            raise Invalid(f"{kind} is not on the cluster: {HISTORY_SERVER}, {DRIVER} and {MASTER} are.")
        if application is not None:
            self._check(identifier, application, None)
        path = f"/history/{application}/jobs/" if application is not None and kind == HISTORY_SERVER else "/"
        return self._pages.links.link(Target(ON_CLUSTER, scope, f"{identifier}/{kind}"), path)

    def _driver_link(self, cluster: Cluster, application: str | None, role: str | None) -> str:
        if application is None:
            raise Invalid(f"Say of which application: ApplicationId is needed for {DRIVER}.")
        # Its drivers are not on the nodes.
        target = self._livy.target(cluster, application, role)
        if target is None and role is not None:
            return self._history_link(cluster.scope, cluster.id, application, role)
        if target is None:
            self._check(cluster.id, application, None)
            target = Target(ON_CLUSTER, cluster.scope, f"{cluster.id}/{DRIVER}/{application}")
        return self._pages.links.link(target)

    def _check(self, cluster: str, application: str, role: str | None) -> None:
        if application not in self._pages.logs.applications(self._left(owner(cluster, role))):
            raise NotFound(f"Application {application} does not exist on cluster {cluster}, or its history is over.")

    def _left(self, whose: str) -> tuple[Left, ...]:
        """Where event logs are of a cluster, or of what has a role on it."""
        cluster = "-".join(whose.split("-")[:2])
        kept = self._pages.logs.kept(whose)
        if whose == cluster:
            return Left(self._folder / cluster, EVENTS), kept
        running = [step.id for step in self._store.unfinished(cluster) if owner(cluster, step.asked.role) == whose]
        return *(Left(self._folder / cluster / "steps" / step, EVENTS) for step in running), kept

    def _past(self, whose: str) -> Past:
        return Past(self._left(whose))

    def _on_cluster(self, target: Target) -> Live | Past:
        identifier, kind, *rest = target.id.split("/")
        cluster = self._store.cluster(identifier, target.scope)
        if cluster.state not in READY:
            return self._past(identifier)
        host, ports = cluster.progress.host, cluster.progress.ports
        history = f"http://{host}:{ports['history']}"
        if kind == MASTER:
            return Live(f"http://{host}:{ports['master_ui']}", begin="/")
        if kind == HISTORY_SERVER:
            return Live(history, begin="/", history=True)
        driver = driver_of(host, ports["driver_ui"], rest[0])
        return Live(driver) if driver else Live(history, begin=f"/history/{rest[0]}/jobs/", history=True)


def driver_of(host: str, first: int, application: str) -> str | None:
    """The URL of the pages of the driver that runs an application; None where none does.

    Raises Conflict where that is not known, as one that starts does not tell yet whose it is.
    """
    unsure = False
    for port in range(first, first + DRIVERS):
        asking = http.client.HTTPConnection(host, port, timeout=ASK_SECONDS)
        try:
            asking.request("GET", "/api/v1/applications")
            answer = asking.getresponse()
            if answer.status == HTTPStatus.OK:
                if any(each["id"] == application for each in json.loads(answer.read(MOST_READ))):
                    return f"http://{host}:{port}"
            else:
                unsure = True
        except ConnectionRefusedError:
            continue
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            unsure = True
        finally:
            asking.close()
    if unsure:
        raise Conflict("A driver on the cluster starts, or is too busy to say which application it runs.")
    return None
