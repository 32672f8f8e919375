"""The alarms of a data folder: kept, looked at, and acted on."""

import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.metrics.alarm import (
    Actions,
    Alarm,
    AlarmState,
    CompositeAlarm,
    State,
    Watch,
    arn_of,
    from_row,
    moved,
    settings_of,
)
from studiolo.metrics.evaluation import COMPARISONS, MORE, WORDS, Rule, decide
from studiolo.metrics.queries import Reader
from studiolo.metrics.store import MINUTE
from studiolo.metrics.tables import alarms, history
from studiolo.state import State as Database
from studiolo.state import page

log = logging.getLogger(__name__)

AnyAlarm = Alarm | CompositeAlarm
Act = Callable[[AnyAlarm, str, State], None]
"""Does what an action of an alarm, an ARN, asks for; the state is the one before. Raises DomainError."""
MOST_ALARMS = 5000
MOST_TAGS = 50
HISTORY = timedelta(days=30)
REPEATED = timedelta(minutes=1)
UNCHECKED = "Unchecked: Initial alarm creation"


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """Something that happened to an alarm. kind: ConfigurationUpdate, StateUpdate or Action."""

    name: str
    composite: bool
    at: datetime
    kind: str
    summary: str
    data: Mapping[str, Any]


class Alarms:
    """Alarms of every scope. `look` is to be called every few seconds, and soon after `changed` was."""

    def __init__(self, database: Database, reader: Reader, clock: Clock, changed: Callable[[], None]) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self._changed = changed
        self._acts: dict[str, Act] = {}
        self._repeated: set[str] = set()
        # When the actions of an alarm that are done again were done last, since the start of the server.
        self._acted: dict[tuple[Scope, str], datetime] = {}
        self._looked: dict[tuple[Scope, str], tuple[int, datetime]] = {}
        self._changing = threading.RLock()

    def acts(self, service: str, act: Act, *, repeated: bool = False) -> None:
        """Have actions whose ARNs are of that service, e.g. `autoscaling`, done so.

        repeated: not only when an alarm comes into a state, but again each minute for which it stays there.
        """
        self._acts[service] = act
        if repeated:
            self._repeated.add(service)

    def put(
        self,
        scope: Scope,
        name: str,
        what: Watch | str,
        actions: Actions,
        description: str | None,
        tags: Mapping[str, str],
    ) -> None:
        """Add or change an alarm: of a metric, or with the rule of a composite one. Raises Invalid, LimitExceeded."""
        present = self._clock()
        state = AlarmState(State.INSUFFICIENT_DATA, UNCHECKED, None, present, present)
        shared: dict[str, Any] = {"actions": actions, "description": description, "configured": present}
        alarm: AnyAlarm
        if isinstance(what, Watch):
            alarm = Alarm(scope, name, what, state=state, tags=tags, **shared)
        else:
            self._check_rule(scope, name, Rule(what))
            alarm = CompositeAlarm(scope, name, what, state=state, tags=tags, **shared)
        with self._changing, self._database.transaction() as tx:
            row = tx.execute(select(alarms.c.composite).where(_is(scope, name))).first()
            composite = isinstance(alarm, CompositeAlarm)
            if row is not None and row.composite != composite:
                raise Invalid(f"An alarm of another type has the name {name} already.")
            values = {"settings": settings_of(alarm), "configured": present}
            if row is not None:
                tx.execute(alarms.update().where(_is(scope, name)).values(values))
            else:
                if len(tx.execute(select(alarms.c.name).where(_within(scope))).all()) >= MOST_ALARMS:
                    raise LimitExceeded(f"The maximum number of alarms ({MOST_ALARMS}) has been reached.")
                bound = {"account": scope.account, "region": scope.region, "name": name, "composite": composite}
                tx.execute(alarms.insert().values(state=state.to_json(), tags=dict(tags), **bound, **values))
            done = "created" if row is None else "updated"
            kept = {"type": "Create" if row is None else "Update"}
            self._note(tx, alarm, "ConfigurationUpdate", f'Alarm "{name}" {done}', kept)
        self._changed()

    def get(self, scope: Scope, name: str) -> AnyAlarm:
        """Raises NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(alarms).where(_is(scope, name))).first()
        if row is None:
            raise NotFound(f"Unknown alarm: {name}")
        return from_row(row)

    def list(
        self,
        scope: Scope,
        *,
        names: Sequence[str] | None = None,
        prefix: str = "",
        composite: bool | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[AnyAlarm]:
        """Alarms by name; composite: only those of one kind."""
        columns = alarms.c
        query = select(alarms).where(_within(scope), columns.name.startswith(prefix, autoescape=True))
        if names is not None:
            query = query.where(columns.name.in_(names))
        if composite is not None:
            query = query.where(columns.composite == composite)
        with self._database.reading() as connection:
            found = page(connection, query, columns.name, after, limit)
        return Page([from_row(row) for row in found.items], found.next)

    def delete(self, scope: Scope, names: Sequence[str]) -> None:
        """Forget those of the alarms that are there. Raises Conflict for one that a composite alarm is about."""
        with self._changing:
            for other in self._all(scope):
                used = set(_about(other)) & set(names) if other.name not in names else set()
                if used:
                    raise Conflict(f"Alarm {sorted(used)[0]} cannot be deleted: the alarm {other.name} depends on it.")
            with self._database.transaction() as tx:
                tx.execute(alarms.delete().where(_within(scope), alarms.c.name.in_(names)))

    def enable_actions(self, scope: Scope, names: Sequence[str], *, enabled: bool) -> None:
        """Have the actions of those that are there done, or not."""
        with self._changing, self._database.transaction() as tx:
            for row in tx.execute(select(alarms).where(_within(scope), alarms.c.name.in_(names))).all():
                alarm = from_row(row)
                changed = replace(alarm, actions=replace(alarm.actions, enabled=enabled))
                tx.execute(alarms.update().where(_is(scope, row.name)).values(settings=settings_of(changed)))

    def set_state(self, scope: Scope, name: str, value: State, reason: str, data: str | None) -> None:
        """Put an alarm into a state until it is looked at again. Raises NotFound, Invalid for data that is not JSON."""
        if data is not None:
            try:
                json.loads(data)
            except ValueError as error:
                raise Invalid(f"StateReasonData was not valid JSON: {error}.") from error
        self._enter(self.get(scope, name), value, reason, data)

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], *, without: Sequence[str] = ()) -> None:
        """Add tags, and drop those of some keys. Raises NotFound, Invalid for too many."""
        alarm = self.get(scope, name)
        kept = {key: value for key, value in {**alarm.tags, **tags}.items() if key not in without}
        if len(kept) > MOST_TAGS:
            raise Invalid(f"An alarm has at most {MOST_TAGS} tags.")
        with self._database.transaction() as tx:
            tx.execute(alarms.update().where(_is(scope, name)).values(tags=kept))

    def history(
        self,
        scope: Scope,
        *,
        name: str | None = None,
        kind: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        oldest_first: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[HistoryItem]:
        """What happened to alarms, the newest first."""
        columns = history.c
        query = select(history).where(columns.account == scope.account, columns.region == scope.region)
        if name is not None:
            query = query.where(columns.name == name)
        if kind is not None:
            query = query.where(columns.kind == kind)
        if start is not None:
            query = query.where(columns.at >= start)
        if end is not None:
            query = query.where(columns.at <= end)
        if after is not None:
            query = query.where(columns.id > int(after) if oldest_first else columns.id < int(after))
        query = query.order_by(columns.id if oldest_first else columns.id.desc()).limit(limit + 1)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        items = [HistoryItem(row.name, row.composite, row.at, row.kind, row.summary, row.data) for row in rows[:limit]]
        return Page(items, str(rows[limit - 1].id) if len(rows) > limit else None)

    def forget_old(self) -> None:
        """Drop what happened too long ago."""
        with self._database.transaction() as tx:
            tx.execute(history.delete().where(history.c.at < self._clock() - HISTORY))

    def look(self) -> None:
        """Look at the alarms of whose periods one has ended since the last look, and at those of other alarms."""
        present = self._clock()
        found = self._all(None)
        states = {(alarm.scope, alarm.name): alarm.state.value for alarm in found}
        for alarm in found:
            try:
                if isinstance(alarm, Alarm):
                    self._look_at(alarm, present)
                else:
                    self._look_at_others(alarm, states)
            except DomainError as error:
                self._enter(alarm, State.INSUFFICIENT_DATA, str(error), None)
            self._repeat(alarm, present)
        self._acted = {key: acted for key, acted in self._acted.items() if key in states}
        self._looked = {key: looked for key, looked in self._looked.items() if key in states}

    def _look_at(self, alarm: Alarm, present: datetime) -> None:
        watch, key = alarm.watch, (alarm.scope, alarm.name)
        step = min(watch.period, MINUTE)
        end = int(present.timestamp()) // step * step
        if self._looked.get(key) == (end, alarm.configured):
            return
        self._looked[key] = (end, alarm.configured)
        begins = [end - number * watch.period for number in range(watch.periods + MORE, 0, -1)]
        moments = [datetime.fromtimestamp(each, timezone.utc) for each in (begins[0], end)]
        (lines,) = self._reader.series(alarm.scope, watch.queries, moments[0], moments[1]).values()
        points = lines[0].points if lines else {}
        values = [_within_period(points, begin, watch.period) for begin in begins]
        compare = COMPARISONS[watch.comparison]
        breaching = [None if value is None else compare(value, watch.threshold) for value in values]
        state = decide(breaching, watch.periods, watch.datapoints, watch.missing, alarm.state.value)
        if state is not alarm.state.value or alarm.state.reason == UNCHECKED:
            reason, data = _reason(alarm, state, begins, values, present)
            self._enter(alarm, state, reason, data)

    def _look_at_others(self, alarm: CompositeAlarm, states: Mapping[tuple[Scope, str], State]) -> None:
        sounds = Rule(alarm.rule).holds(lambda name: states.get((alarm.scope, _bare(name))))
        state = State.ALARM if sounds else State.OK
        if state is not alarm.state.value:
            self._enter(alarm, state, f"{alarm.arn} transitioned to {state.value}: {alarm.rule}", None)

    def _enter(self, alarm: AnyAlarm, value: State, reason: str, data: str | None) -> None:
        """Put an alarm into a state, and do what it asks for then, unless it was in it before."""
        before = alarm.state.value
        state = moved(alarm.state, value, reason[:1023], data, self._clock())
        with self._changing, self._database.transaction() as tx:
            tx.execute(alarms.update().where(_is(alarm.scope, alarm.name)).values(state=state.to_json()))
            if value is not before:
                kept = {"oldState": {"stateValue": before.value}, "newState": {"stateValue": value.value}}
                self._note(tx, alarm, "StateUpdate", f"Alarm updated from {before.value} to {value.value}", kept)
        if value is before:
            return
        # There may be alarms of this one.
        self._changed()
        self._acted[alarm.scope, alarm.name] = state.transitioned
        for action in alarm.actions.of(value) if alarm.actions.enabled else ():
            self._do(replace(alarm, state=state), action, before)

    def _repeat(self, known: AnyAlarm, present: datetime) -> None:
        """Do again what an alarm asks for each minute for which it stays in a state."""
        actions = known.actions
        if not any(
            _service(each) in self._repeated for each in (*actions.ok, *actions.alarm, *actions.insufficient_data)
        ):
            return
        with contextlib.suppress(NotFound):
            alarm, key = self.get(known.scope, known.name), (known.scope, known.name)
            if not alarm.actions.enabled or present - self._acted.get(key, alarm.state.transitioned) < REPEATED:
                return
            self._acted[key] = present
            for action in alarm.actions.of(alarm.state.value):
                if _service(action) in self._repeated:
                    self._do(alarm, action, alarm.state.value)

    def _do(self, alarm: AnyAlarm, action: str, before: State) -> None:
        service = _service(action)
        act = self._acts.get(service)
        try:
            if act is None:
                raise NotFound(f"Studiolo does no actions of {service}")
            act(alarm, action, before)
            summary = f"Successfully executed action {action}"
        except DomainError as error:
            summary = f"Failed to execute action {action}: {error}"
        with self._database.transaction() as tx:
            self._note(tx, alarm, "Action", summary, {"actionState": summary.split()[0], "actionARN": action})

    def _note(self, tx: Any, alarm: AnyAlarm, kind: str, summary: str, data: Mapping[str, Any]) -> None:
        bound = {"account": alarm.scope.account, "region": alarm.scope.region, "name": alarm.name, "kind": kind}
        content = {"version": "1.0", **data}
        composite = isinstance(alarm, CompositeAlarm)
        tx.execute(
            history.insert().values(at=self._clock(), summary=summary, data=content, composite=composite, **bound)
        )

    def _check_rule(self, scope: Scope, name: str, rule: Rule) -> None:
        for other in map(_bare, rule.alarms):
            if other == name:
                raise Invalid(f"The alarm {name} cannot depend on itself.")
            try:
                self.get(scope, other)
            except NotFound as error:
                raise Invalid(f"Could not find the alarm {other} of AlarmRule.") from error

    def _all(self, scope: Scope | None) -> Sequence[AnyAlarm]:
        query = select(alarms) if scope is None else select(alarms).where(_within(scope))
        with self._database.reading() as connection:
            return [from_row(row) for row in connection.execute(query)]


def _service(action: str) -> str:
    """The service of an action's ARN."""
    return action.split(":", 3)[2] if action.startswith("arn:") else action


def _within_period(points: Mapping[int, float], begin: int, period: int) -> float | None:
    """The number of a period; where what is watched has a shorter one, the first that there is in it."""
    return next((points[at] for at in range(begin, begin + period) if at in points), None)


def _reason(
    alarm: Alarm, state: State, begins: Sequence[int], values: Sequence[float | None], present: datetime
) -> tuple[str, str]:
    """Why, in CloudWatch's words, and as JSON."""
    watch = alarm.watch
    known = [(at, value) for at, value in zip(begins, values, strict=True) if value is not None][-watch.periods :]
    if not known:
        words = f"{watch.periods} datapoints were unknown"
        reason = (
            f"Insufficient Data: {words}." if state is State.INSUFFICIENT_DATA else f"{words[0].upper()}{words[1:]}."
        )
    else:
        compare = COMPARISONS[watch.comparison]
        sounding = state is State.ALARM
        of_state = [(at, value) for at, value in known if compare(value, watch.threshold) is sounding] or known
        shown = ", ".join(
            f"{value} ({datetime.fromtimestamp(at, timezone.utc):%d/%m/%y %H:%M:%S})"
            for at, value in reversed(of_state)
        )
        was = "was" if len(of_state) == 1 else "were"
        kind = "OK -> ALARM" if sounding else "ALARM -> OK"
        least = watch.datapoints if sounding else watch.periods - watch.datapoints + 1
        reason = (
            f"Threshold Crossed: {len(of_state)} out of the last {len(known)} datapoints [{shown}] {was} "
            f"{'' if sounding else 'not '}{WORDS[watch.comparison]} the threshold ({watch.threshold}) "
            f"(minimum {least} datapoint{'s' if least > 1 else ''} for {kind} transition)."
        )
    data = {
        "version": "1.0",
        "queryDate": f"{present:%Y-%m-%dT%H:%M:%S.000+0000}",
        "period": watch.period,
        "recentDatapoints": [value for _, value in known],
        "threshold": watch.threshold,
    }
    return reason, json.dumps(data)


def _about(alarm: AnyAlarm) -> Sequence[str]:
    return [_bare(name) for name in Rule(alarm.rule).alarms] if isinstance(alarm, CompositeAlarm) else ()


def _bare(name: str) -> str:
    """The name of an alarm, from itself or its ARN."""
    return name.partition(":alarm:")[2] if name.startswith("arn:") else name


def _within(scope: Scope) -> ColumnElement[bool]:
    return and_(alarms.c.account == scope.account, alarms.c.region == scope.region)


def _is(scope: Scope, name: str) -> ColumnElement[bool]:
    return and_(_within(scope), alarms.c.name == name)


__all__ = ["Actions", "Alarm", "AlarmState", "Alarms", "CompositeAlarm", "HistoryItem", "State", "Watch", "arn_of"]
