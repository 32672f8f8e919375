"""What an alarm is: what it watches, when it sounds, how it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from studiolo.domain import Scope
from studiolo.metrics.model import Metric
from studiolo.metrics.queries import Expression, MetricStat, Query


class State(str, Enum):
    """How an alarm is."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm's state with its reason, in a sentence and as JSON. transitioned: since when it is in that state."""

    value: State
    reason: str
    data: str | None
    updated: datetime
    transitioned: datetime

    def to_json(self) -> dict[str, Any]:
        moments = {"updated": self.updated.isoformat(), "transitioned": self.transitioned.isoformat()}
        return {**asdict(self), "value": self.value.value, **moments}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "AlarmState":
        moments = {name: datetime.fromisoformat(values[name]) for name in ("updated", "transitioned")}
        return cls(State(values["value"]), values["reason"], values["data"], **moments)


@dataclass(frozen=True)
class Actions:
    """What is done when an alarm comes into a state: ARNs."""

    enabled: bool = True
    ok: Sequence[str] = ()
    alarm: Sequence[str] = ()
    insufficient_data: Sequence[str] = ()

    def of(self, state: State) -> Sequence[str]:
        return {State.OK: self.ok, State.ALARM: self.alarm}.get(state, self.insufficient_data)


@dataclass(frozen=True)
class Watch:
    """What a metric alarm watches: the series of `queries` that is returned, against a threshold.

    single: whether it was given as one metric, not as queries.
    """

    queries: Sequence[Query]
    single: bool
    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"
    low_samples: str | None = None
    told_datapoints: bool = False

    @property
    def period(self) -> int:
        """The period of what is watched, in seconds."""
        return max(_periods(self.queries))

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "queries": [query_to_json(query) for query in self.queries]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Watch":
        return cls(**{**values, "queries": tuple(query_from_json(query) for query in values["queries"])})


@dataclass(frozen=True)
class Alarm:
    """A metric alarm."""

    scope: Scope
    name: str
    watch: Watch
    actions: Actions
    description: str | None
    state: AlarmState
    configured: datetime
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return arn_of(self.scope, self.name)


@dataclass(frozen=True)
class CompositeAlarm:
    """An alarm of other alarms."""

    scope: Scope
    name: str
    rule: str
    actions: Actions
    description: str | None
    state: AlarmState
    configured: datetime
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return arn_of(self.scope, self.name)


def arn_of(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:cloudwatch:{scope.region}:{scope.account}:alarm:{name}"


def from_row(row: Any) -> Alarm | CompositeAlarm:
    """The alarm that is kept so."""
    settings = dict(row.settings)
    shared: dict[str, Any] = {
        "scope": Scope(row.account, row.region),
        "name": row.name,
        "actions": Actions(**settings["actions"]),
        "description": settings["description"],
        "state": AlarmState.from_json(row.state),
        "configured": row.configured,
        "tags": row.tags,
    }
    if row.composite:
        return CompositeAlarm(rule=settings["rule"], **shared)
    return Alarm(watch=Watch.from_json(settings["watch"]), **shared)


def settings_of(alarm: Alarm | CompositeAlarm) -> dict[str, Any]:
    """What of an alarm its owner set, as it is kept."""
    own = {"watch": alarm.watch.to_json()} if isinstance(alarm, Alarm) else {"rule": alarm.rule}
    return {**own, "actions": asdict(alarm.actions), "description": alarm.description}


def moved(state: AlarmState, value: State, reason: str, data: str | None, at: datetime) -> AlarmState:
    """The state with a new value and reason."""
    transitioned = state.transitioned if value is state.value else at
    return replace(state, value=value, reason=reason, data=data, updated=at, transitioned=transitioned)


def _periods(queries: Sequence[Query]) -> list[int]:
    found = [query.what.period for query in queries if query.what.period is not None]
    return found or [60]


def query_to_json(query: Query) -> dict[str, Any]:
    kind = "stat" if isinstance(query.what, MetricStat) else "expression"
    return {**asdict(query), "what": {"kind": kind, **asdict(query.what)}}


def query_from_json(values: Mapping[str, Any]) -> Query:
    what = dict(values["what"])
    if what.pop("kind") == "expression":
        return Query(**{**values, "what": Expression(**what)})
    metric = what["metric"]
    named = Metric(metric["namespace"], metric["name"], tuple((key, value) for key, value in metric["dimensions"]))
    return Query(**{**values, "what": MetricStat(**{**what, "metric": named})})
