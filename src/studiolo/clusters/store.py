"""Clusters and steps in the database; a change tells who waits for them."""

import secrets
import string
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from studiolo.clusters.model import (
    ENDED,
    STEP_ENDED,
    Cluster,
    ClusterRequest,
    Progress,
    Settings,
    Step,
    StepProgress,
    StepRequest,
    as_json,
)
from studiolo.clusters.tables import clusters, steps
from studiolo.domain import Clock, NotFound, Page, Scope
from studiolo.state import State, Thing, page

LETTERS = string.ascii_uppercase + string.digits
CLUSTER, STEP = "cluster", "step"
"""The kinds of what is waited for."""


def new_id(prefix: str) -> str:
    """An id as EMR's, such as `j-2AL4XXXXXX5T9`."""
    return f"{prefix}-{''.join(secrets.choice(LETTERS) for _ in range(13))}"


class Store:
    """The rows of one database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def now(self) -> float:
        """The present moment, in seconds since 1970."""
        return self._clock().timestamp()

    def add(self, cluster: Cluster, asked: Iterable[StepRequest]) -> None:
        """Record a cluster with its first steps."""
        with self._state.transaction(_thing(CLUSTER, cluster.scope, cluster.id)) as tx:
            tx.execute(
                clusters.insert().values(
                    id=cluster.id,
                    account=cluster.scope.account,
                    region=cluster.scope.region,
                    created=cluster.created,
                    listed=_listed(cluster.created, cluster.id),
                    state=cluster.state,
                    asked=as_json(cluster.asked),
                    settings=as_json(cluster.settings),
                    progress=as_json(cluster.progress),
                )
            )
            self._add_steps(tx, cluster.id, asked)

    def add_steps(self, cluster: str, asked: Iterable[StepRequest]) -> list[str]:
        """Record further steps; their ids."""
        with self._state.transaction() as tx:
            return self._add_steps(tx, cluster, asked)

    def _add_steps(self, tx: Connection, cluster: str, asked: Iterable[StepRequest]) -> list[str]:
        created, identifiers = self._clock(), []
        count = tx.execute(select(func.count()).select_from(steps).where(steps.c.cluster == cluster)).scalar_one()
        for number, request in enumerate(asked, count + 1):
            identifiers.append(new_id("s"))
            tx.execute(
                steps.insert().values(
                    id=identifiers[-1],
                    cluster=cluster,
                    number=number,
                    listed=f"{number:08}",
                    created=created,
                    state="PENDING",
                    asked=as_json(request),
                    progress=as_json(StepProgress()),
                )
            )
        return identifiers

    def cluster(self, identifier: str, scope: Scope | None = None) -> Cluster:
        """Raises NotFound for one that is not there, or not of the scope."""
        with self._state.reading() as connection:
            row = connection.execute(clusters.select().where(clusters.c.id == identifier)).first()
        if row is None or scope not in (None, Scope(row.account, row.region)):
            raise NotFound(f"Cluster id '{identifier}' is not valid.")
        return _cluster(row)

    def living(self) -> list[Cluster]:
        """The clusters of every scope that have not ended."""
        with self._state.reading() as connection:
            rows = connection.execute(clusters.select().where(clusters.c.state.not_in(ENDED))).all()
        return [_cluster(row) for row in rows]

    def page(
        self,
        scope: Scope,
        states: Collection[str],
        after: datetime | None,
        before: datetime | None,
        key: str | None,
        limit: int,
    ) -> Page[Cluster]:
        """Clusters, the newest first: those made between the moments, in one of the states or any."""
        query = clusters.select().where(clusters.c.account == scope.account, clusters.c.region == scope.region)
        if states:
            query = query.where(clusters.c.state.in_(states))
        if after is not None:
            query = query.where(clusters.c.created >= after)
        if before is not None:
            query = query.where(clusters.c.created <= before)
        with self._state.reading() as connection:
            found = page(connection, query, clusters.c.listed, key, limit, descending=True)
        return Page([_cluster(row) for row in found.items], found.next)

    def save(
        self,
        cluster: Cluster,
        *,
        state: str | None = None,
        progress: Progress | None = None,
        settings: Settings | None = None,
    ) -> Cluster:
        """Record what has changed of a cluster."""
        values: dict[str, Any] = {}
        if state is not None:
            values["state"] = state
        if progress is not None:
            values["progress"] = as_json(progress)
        if settings is not None:
            values["settings"] = as_json(settings)
        told = [_thing(CLUSTER, cluster.scope, cluster.id)] if state not in (None, cluster.state) else []
        with self._state.transaction(*told) as tx:
            tx.execute(clusters.update().where(clusters.c.id == cluster.id).values(values))
        return self.cluster(cluster.id)

    def steps(self, cluster: str, states: Collection[str] = ()) -> list[Step]:
        """A cluster's steps in the order in which they came, in one of the states or any."""
        query = steps.select().where(steps.c.cluster == cluster).order_by(steps.c.number)
        if states:
            query = query.where(steps.c.state.in_(states))
        with self._state.reading() as connection:
            return [_step(row) for row in connection.execute(query)]

    def unfinished(self, cluster: str) -> list[Step]:
        """A cluster's steps that have not ended, in order."""
        query = steps.select().where(steps.c.cluster == cluster, steps.c.state.not_in(STEP_ENDED))
        with self._state.reading() as connection:
            return [_step(row) for row in connection.execute(query.order_by(steps.c.number))]

    def step_page(
        self, cluster: str, states: Collection[str], identifiers: Collection[str], key: str | None, limit: int
    ) -> Page[Step]:
        """Steps, the last first."""
        query = steps.select().where(steps.c.cluster == cluster)
        if states:
            query = query.where(steps.c.state.in_(states))
        if identifiers:
            query = query.where(steps.c.id.in_(identifiers))
        with self._state.reading() as connection:
            found = page(connection, query, steps.c.listed, key, limit, descending=True)
        return Page([_step(row) for row in found.items], found.next)

    def step(self, cluster: str, identifier: str) -> Step:
        """Raises NotFound."""
        query = steps.select().where(steps.c.id == identifier, steps.c.cluster == cluster)
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"Step id '{identifier}' is not valid.")
        return _step(row)

    def save_step(self, scope: Scope, step: Step, state: str, progress: StepProgress | None = None) -> None:
        """Record what has become of a step."""
        values: dict[str, Any] = {"state": state}
        if progress is not None:
            values["progress"] = as_json(progress)
        told = [_thing(STEP, scope, step.id)] if state != step.state else []
        with self._state.transaction(*told) as tx:
            tx.execute(steps.update().where(steps.c.id == step.id).values(values))


def _thing(kind: str, scope: Scope, identifier: str) -> Thing:
    return Thing(kind, scope.account, scope.region, identifier)


def _listed(created: datetime, identifier: str) -> str:
    return f"{int(created.timestamp() * 1_000_000):020}{identifier}"


def _cluster(row: Row[Any]) -> Cluster:
    return Cluster(
        id=row.id,
        scope=Scope(row.account, row.region),
        state=row.state,
        created=row.created,
        asked=ClusterRequest.from_json(row.asked),
        settings=Settings(**row.settings),
        progress=Progress.from_json(row.progress),
    )


def _step(row: Row[Any]) -> Step:
    return Step(
        id=row.id,
        cluster=row.cluster,
        number=row.number,
        state=row.state,
        created=row.created,
        asked=StepRequest.from_json(row.asked),
        progress=StepProgress.from_json(row.progress),
    )
