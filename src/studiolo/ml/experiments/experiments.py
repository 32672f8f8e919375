"""The experiments of every scope.

A trial has components: runs that people log to, and jobs that were started with an ExperimentConfig.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from studiolo.domain import AlreadyExists, Clock, Invalid, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.experiments import tables
from studiolo.ml.experiments.entity import (
    COMPONENT,
    EXPERIMENT,
    TRIAL,
    WORDS,
    Details,
    Entity,
    Measured,
    NoEntity,
    Point,
)
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.state import State

MOST_PARAMETERS = 300
"""Parameters, and artifacts of either kind, of a trial component."""


class Experiments:
    """Experiments, trials and trial components."""

    def __init__(self, state: State, tags: Tags, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        for kind in WORDS:
            tags.know(kind, lambda connection, scope, name, kind=kind: _find(connection, scope, kind, name) is not None)  # type: ignore[misc]

    def empty(self) -> None:
        with self._state.transaction() as tx:
            for table in (tables.points, tables.links, tables.entities):
                tx.execute(table.delete())

    # --- all three kinds

    def create(
        self,
        scope: Scope,
        principal: Principal,
        kind: str,
        name: str,
        details: Mapping[str, Any],
        tags: Mapping[str, str],
        parent: str | None = None,
    ) -> Entity:
        """Add one. parent: the experiment of a trial. Raises AlreadyExists, Invalid, and NoEntity for the parent."""
        by, moment = (principal.arn, principal.user_id), self._clock()
        made = Entity(scope, kind, name, Details(by, by, **details), moment, moment, parent)
        _check(made.details)
        with self._state.transaction() as tx:
            if parent is not None:
                _require(tx, scope, EXPERIMENT, parent)
            if _find(tx, scope, kind, name) is not None:
                raise AlreadyExists(
                    f"{WORDS[kind]} names must be unique within an AWS account and region. {WORDS[kind]} with name "
                    f"({name}) already exists."
                )
            tx.execute(tables.entities.insert().values(_values(made)))
            set_tags(tx, made.arn, tags)
        return made

    def get(self, scope: Scope, kind: str, name: str) -> Entity:
        """Raises NoEntity."""
        with self._state.reading() as connection:
            return _require(connection, scope, kind, name)

    def some(self, scope: Scope, kind: str, names: Sequence[str]) -> list[Entity]:
        """Those that there are of these names."""
        query = tables.entities.select().where(_all(scope, kind), tables.entities.c.name.in_(names))
        with self._state.reading() as connection:
            return [_as_entity(row) for row in connection.execute(query)]

    def update(
        self,
        scope: Scope,
        principal: Principal,
        kind: str,
        name: str,
        changes: Mapping[str, Any],
        removed: Mapping[str, Sequence[str]] | None = None,
    ) -> Entity:
        """Change some of one: parameters and artifacts are added, `removed` names those that go. Raises NoEntity."""
        with self._state.transaction() as tx:
            found = _require(tx, scope, kind, name)
            merged = dict(changes)
            for member in ("parameters", "inputs", "outputs"):
                gone = set((removed or {}).get(member, ()))
                after = {**getattr(found.details, member), **merged.get(member, {})}
                merged[member] = {key: value for key, value in after.items() if key not in gone}
            details = replace(found.details, changed_by=(principal.arn, principal.user_id), **merged)
            _check(details)
            changed = replace(found, details=details, changed=self._clock())
            tx.execute(tables.entities.update().where(_is(scope, kind, name)).values(_values(changed)))
        return changed

    def delete(self, scope: Scope, kind: str, name: str) -> Entity:
        """Forget one that holds, and belongs to, nothing. Raises NoEntity and Invalid."""
        links = tables.links.c
        with self._state.transaction() as tx:
            found = _require(tx, scope, kind, name)
            owned = (links.account == scope.account) & (links.region == scope.region)
            entities = tables.entities.c
            uses = {
                EXPERIMENT: select(entities.name).where(
                    entities.account == scope.account, entities.region == scope.region, entities.parent == name
                ),
                TRIAL: select(links.component).where(owned, links.trial == name),
                COMPONENT: select(links.trial).where(owned, links.component == name),
            }
            if (other := tx.execute(uses[kind]).first()) is not None:
                verb = {
                    EXPERIMENT: "has the trial",
                    TRIAL: "has the trial component",
                    COMPONENT: "belongs to the trial",
                }
                raise Invalid(f"{WORDS[kind]} '{found.arn}' cannot be deleted: it {verb[kind]} '{other[0]}'.")
            tx.execute(tables.entities.delete().where(_is(scope, kind, name)))
            drop_tags(tx, found.arn)
            if kind == COMPONENT:
                tx.execute(tables.points.delete().where(_of(scope, name)))
        return found

    def page(self, scope: Scope, kind: str, listing: Listing, **within: str | None) -> Page[Entity]:
        """A page of one kind. within: the `experiment`, `trial`, `component` or `source` that they belong to."""
        columns, links = tables.entities.c, tables.links.c
        owned = (links.account == scope.account) & (links.region == scope.region)
        further: list[ColumnElement[bool]] = [columns.kind == kind]
        with self._state.reading() as connection:
            if (experiment := within.get("experiment")) is not None:
                _require(connection, scope, EXPERIMENT, experiment)
                if kind == TRIAL:
                    further.append(columns.parent == experiment)
                else:
                    trials = select(columns.name).where(_all(scope, TRIAL), columns.parent == experiment)
                    further.append(columns.name.in_(select(links.component).where(owned, links.trial.in_(trials))))
            if (trial := within.get("trial")) is not None:
                _require(connection, scope, TRIAL, trial)
                further.append(columns.name.in_(select(links.component).where(owned, links.trial == trial)))
            if (component := within.get("component")) is not None:
                _require(connection, scope, COMPONENT, component)
                further.append(columns.name.in_(select(links.trial).where(owned, links.component == component)))
            if (source := within.get("source")) is not None:
                further.append(columns.source == source)
            found = select_page(connection, tables.entities, scope, listing, *further)
        return Page([_as_entity(row) for row in found.items], found.next)

    # --- components

    def associate(self, scope: Scope, component: str, trial: str) -> tuple[Entity, Entity]:
        """Make a component one of a trial, if it is not. Raises NoEntity."""
        with self._state.transaction() as tx:
            found = _require(tx, scope, COMPONENT, component), _require(tx, scope, TRIAL, trial)
            values = {"account": scope.account, "region": scope.region, "trial": trial, "component": component}
            mine = and_(*(tables.links.c[name] == value for name, value in values.items()))
            if tx.execute(tables.links.select().where(mine)).first() is None:
                tx.execute(tables.links.insert().values(values))
        return found

    def disassociate(self, scope: Scope, component: str, trial: str) -> tuple[Entity, Entity]:
        """Raises NoEntity, also where the component is none of the trial."""
        links = tables.links.c
        with self._state.transaction() as tx:
            found = _require(tx, scope, COMPONENT, component), _require(tx, scope, TRIAL, trial)
            mine = (links.account == scope.account) & (links.region == scope.region)
            both = (links.trial == trial) & (links.component == component)
            if tx.execute(tables.links.delete().where(mine, both)).rowcount == 0:
                raise NoEntity(f"Trial component '{component}' is not associated with the trial '{trial}'.")
        return found

    def parents(self, scope: Scope, components: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """The (trial, experiment) pairs that components belong to; nothing of those without."""
        links, columns = tables.links.c, tables.entities.c
        theirs = links.component.in_(components) & (links.account == scope.account) & (links.region == scope.region)
        query = select(links.component, columns.name, columns.parent).where(
            _all(scope, TRIAL), columns.name == links.trial, theirs
        )
        found: dict[str, list[tuple[str, str]]] = {}
        with self._state.reading() as connection:
            for row in connection.execute(query.order_by(columns.name)):
                found.setdefault(row.component, []).append((row.name, row.parent))
        return found

    def check_config(self, scope: Scope, config: Mapping[str, str]) -> None:
        """Raise NoEntity unless the experiment, trial and run of an ExperimentConfig are there."""
        members = (("ExperimentName", EXPERIMENT), ("TrialName", TRIAL), ("RunName", COMPONENT))
        for member, kind in members:
            if member in config:
                self.get(scope, kind, config[member])

    def note_job(
        self,
        scope: Scope,
        principal: Principal,
        config: Mapping[str, str],
        job: tuple[str, str, str],
        parameters: Mapping[str, Any],
        inputs: Mapping[str, Any],
    ) -> Entity:
        """Make the component that stands for a job started with an ExperimentConfig. job: (name, ARN, type).

        Raises AlreadyExists, NoEntity.
        """
        name, source, kind = job
        details = {
            "display": config.get("TrialComponentDisplayName"),
            "source": (source, kind),
            "parameters": dict(list(parameters.items())[:MOST_PARAMETERS]),
            "inputs": dict(list(inputs.items())[:MOST_PARAMETERS]),
        }
        suffix = {"SageMakerTrainingJob": "aws-training-job", "SageMakerProcessingJob": "aws-processing-job"}
        made = self.create(scope, principal, COMPONENT, f"{name}-{suffix[kind]}", details, {})
        if "TrialName" in config:
            self.associate(scope, made.name, config["TrialName"])
        return made

    # --- metrics

    def put(self, scope: Scope, component: str, measured: Sequence[Point]) -> None:
        """Add values of metrics to a component. Raises NoEntity."""
        rows = [
            {
                "account": scope.account,
                "region": scope.region,
                "component": component,
                "metric": point.metric,
                "time": datetime.fromtimestamp(point.time, timezone.utc),
                "step": point.step,
                "value": point.value,
            }
            for point in measured
        ]
        with self._state.transaction() as tx:
            _require(tx, scope, COMPONENT, component)
            tx.execute(tables.points.insert(), rows)

    def measured(self, scope: Scope, components: Sequence[str]) -> dict[str, list[Measured]]:
        """What was measured in components, by the metrics' names; nothing of those without."""
        columns = tables.points.c
        mine = _of_any(scope, components)
        value = columns.value
        sums = select(
            columns.component,
            columns.metric,
            func.count().label("times"),
            func.min(value).label("least"),
            func.max(value).label("most"),
            func.avg(value).label("mean"),
            func.avg(value * value).label("square"),
            func.max(columns.number).label("last"),
        )
        grouped = sums.where(mine).group_by(columns.component, columns.metric).order_by(columns.metric)
        with self._state.reading() as connection:
            found = connection.execute(grouped).all()
            numbers = [row.last for row in found]
            last = {
                row.number: row
                for row in connection.execute(tables.points.select().where(mine, columns.number.in_(numbers)))
            }
        by_component: dict[str, list[Measured]] = {}
        for row in found:
            one = Measured(
                row.metric,
                last[row.last].time.timestamp(),
                row.times,
                row.least,
                row.most,
                row.mean,
                max(row.square - row.mean**2, 0.0) ** 0.5,
                last[row.last].value,
            )
            by_component.setdefault(row.component, []).append(one)
        return by_component

    def points(self, scope: Scope, component: str, metric: str) -> list[Point]:
        """The values of one metric, in the order in which they came. Raises NoEntity."""
        query = tables.points.select().where(_of(scope, component), tables.points.c.metric == metric)
        with self._state.reading() as connection:
            _require(connection, scope, COMPONENT, component)
            rows = connection.execute(query.order_by(tables.points.c.number)).all()
        return [Point(row.metric, row.time.timestamp(), row.step, row.value) for row in rows]


def _check(details: Details) -> None:
    for what, entries in (("parameters", details.parameters), ("artifacts", {**details.inputs, **details.outputs})):
        if len(entries) > MOST_PARAMETERS:
            raise Invalid(f"A trial component has at most {MOST_PARAMETERS} {what}; this one has {len(entries)}.")


def _require(connection: Connection, scope: Scope, kind: str, name: str) -> Entity:
    found = _find(connection, scope, kind, name)
    if found is None:
        raise NoEntity(f"{WORDS[kind]} '{arn(scope, kind, name)}' does not exist.")
    return found


def _find(connection: Connection, scope: Scope, kind: str, name: str) -> Entity | None:
    row = connection.execute(tables.entities.select().where(_is(scope, kind, name))).first()
    return None if row is None else _as_entity(row)


def _all(scope: Scope, kind: str) -> ColumnElement[bool]:
    columns = tables.entities.c
    return and_(columns.account == scope.account, columns.region == scope.region, columns.kind == kind)


def _is(scope: Scope, kind: str, name: str) -> ColumnElement[bool]:
    return and_(_all(scope, kind), tables.entities.c.name == name)


def _of(scope: Scope, component: str) -> ColumnElement[bool]:
    columns = tables.points.c
    return and_(columns.account == scope.account, columns.region == scope.region, columns.component == component)


def _of_any(scope: Scope, components: Sequence[str]) -> ColumnElement[bool]:
    columns = tables.points.c
    return and_(columns.account == scope.account, columns.region == scope.region, columns.component.in_(components))


def _values(entity: Entity) -> dict[str, Any]:
    return {
        "account": entity.scope.account,
        "region": entity.scope.region,
        "kind": entity.kind,
        "name": entity.name,
        "parent": entity.parent,
        "source": None if entity.details.source is None else entity.details.source[0],
        "created": entity.created,
        "changed": entity.changed,
        "details": entity.details.to_json(),
    }


def _as_entity(row: Row[Any]) -> Entity:
    return Entity(
        Scope(row.account, row.region),
        row.kind,
        row.name,
        Details.from_json(row.details),
        row.created,
        row.changed,
        row.parent,
    )
