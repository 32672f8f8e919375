"""Event buses, rules and their targets, as the database has them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from studiolo.domain import AlreadyExists, Clock, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.events.inputs import check_input
from studiolo.events.model import DEFAULT, Bus, Rule
from studiolo.events.tables import buses, rules, targets
from studiolo.identity import Identity, Principal
from studiolo.patterns import Pattern
from studiolo.state import State, page
from studiolo.timetables import due

SERVICE = "events.amazonaws.com"
MOST_BUSES, MOST_RULES, MOST_TARGETS = 100, 300, 5
"""Of an account in a region, of a bus, of a rule: EventBridge's own quotas."""
LONGEST_PATTERN = 4096
_BUS = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")
_PERIODS = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?!1 )\d+ (?:minute|hour|day)s)\)|cron\(.+\)")


class Rules:
    """The buses and rules of every scope."""

    def __init__(self, state: State, identity: Identity, clock: Clock) -> None:
        self._state = state
        self._identity = identity
        self.clock = clock

    # --- buses

    def create_bus(self, scope: Scope, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]) -> Bus:
        """Raises AlreadyExists, Invalid, LimitExceeded."""
        if not _BUS.fullmatch(name) or "/" in name:
            raise Invalid(f"The event bus name {name} is not valid: letters, digits and . - _ are.")
        with self._state.transaction() as tx:
            if name == DEFAULT or tx.execute(select(buses.c.name).where(_is(buses, scope, name=name))).first():
                raise AlreadyExists(f"Event bus {name} already exists.")
            count = select(func.count()).select_from(buses).where(_is(buses, scope))
            if tx.execute(count).scalar_one() >= MOST_BUSES:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            self._add_bus(tx, scope, name, settings, tags)
        return self.bus(scope, name)

    def bus(self, scope: Scope, name: str) -> Bus:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self._bus(connection, scope, name)

    def buses(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[Bus]:
        """By name."""
        query = select(buses).where(_is(buses, scope), buses.c.name.startswith(prefix, autoescape=True))
        with self._state.reading() as connection:
            found = [_as_bus(row) for row in connection.execute(query)]
            if DEFAULT.startswith(prefix) and not any(each.name == DEFAULT for each in found):
                found.append(self._bus(connection, scope, DEFAULT))
        left = sorted((each for each in found if after is None or each.name > after), key=lambda each: each.name)
        return Page(left[:limit], left[limit - 1].name if len(left) > limit else None)

    def change_bus(
        self,
        scope: Scope,
        name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        policy: Sequence[Mapping[str, Any]] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Bus:
        """Raises NotFound."""
        given = {"settings": settings, "policy": policy, "tags": tags}
        values = {key: value for key, value in given.items() if value is not None}
        with self._state.transaction() as tx:
            self._bus(tx, scope, name)
            mine = _is(buses, scope, name=name)
            if name == DEFAULT and tx.execute(select(buses.c.name).where(mine)).first() is None:
                self._add_bus(tx, scope, name, {}, {})
            tx.execute(buses.update().where(mine).values(**values, changed=self.clock()))
        return self.bus(scope, name)

    def delete_bus(self, scope: Scope, name: str) -> None:
        """What is not there is deleted. Raises Invalid for one that has rules."""
        if name == DEFAULT:
            raise Invalid("Cannot delete event bus default.")
        with self._state.transaction() as tx:
            if tx.execute(select(rules.c.name).where(_is(rules, scope, bus=name)).limit(1)).first() is not None:
                raise Invalid(f"Cannot delete event bus {name}: it has rules, which must be deleted first.")
            tx.execute(buses.delete().where(_is(buses, scope, name=name)))

    # --- rules

    def put(
        self,
        scope: Scope,
        principal: Principal,
        bus: str,
        name: str,
        settings: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> Rule:
        """Add a rule, or change it, but for its tags. Raises NotFound for its bus, Invalid, LimitExceeded, Denied."""
        self._check(principal, bus, settings)
        present = self.clock()
        values = {"settings": dict(settings), "changed": present, "due": self._first(settings, present)}
        mine = _is(rules, scope, bus=bus, name=name)
        with self._state.transaction() as tx:
            self._bus(tx, scope, bus)
            if not tx.execute(rules.update().where(mine).values(values)).rowcount:
                count = select(func.count()).select_from(rules).where(_is(rules, scope, bus=bus))
                if tx.execute(count).scalar_one() >= MOST_RULES:
                    raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
                bound = {**_of(scope), "bus": bus, "name": name, "creator": scope.account, "tags": dict(tags)}
                tx.execute(rules.insert().values(**bound, **values))
        return self.get(scope, bus, name)

    def get(self, scope: Scope, bus: str, name: str) -> Rule:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self._rule(connection, scope, bus, name)

    def rules(self, scope: Scope, bus: str, prefix: str, after: str | None, limit: int) -> Page[Rule]:
        """By name. Raises NotFound for the bus."""
        query = select(rules).where(_is(rules, scope, bus=bus), rules.c.name.startswith(prefix, autoescape=True))
        with self._state.reading() as connection:
            self._bus(connection, scope, bus)
            found = page(connection, query, rules.c.name, after, limit)
        return Page([as_rule(row) for row in found.items], found.next)

    def switch(self, scope: Scope, bus: str, name: str, *, on: bool) -> None:
        """Enable a rule, or disable it. Raises NotFound."""
        present = self.clock()
        with self._state.transaction() as tx:
            settings = {**self._rule(tx, scope, bus, name).settings, "State": "ENABLED" if on else "DISABLED"}
            values = {"settings": settings, "changed": present, "due": self._first(settings, present)}
            tx.execute(rules.update().where(_is(rules, scope, bus=bus, name=name)).values(values))

    def delete(self, scope: Scope, bus: str, name: str) -> None:
        """What is not there is deleted. Raises Invalid for one that has targets."""
        with self._state.transaction() as tx:
            if tx.execute(select(targets.c.id).where(_is(targets, scope, bus=bus, rule=name)).limit(1)).first():
                raise Invalid("Rule can't be deleted since it has targets.")
            tx.execute(rules.delete().where(_is(rules, scope, bus=bus, name=name)))

    def tag(self, scope: Scope, bus: str, name: str, tags: Mapping[str, str]) -> None:
        """Give a rule these tags in place of those it had. Raises NotFound."""
        with self._state.transaction() as tx:
            self._rule(tx, scope, bus, name)
            tx.execute(rules.update().where(_is(rules, scope, bus=bus, name=name)).values(tags=dict(tags)))

    # --- targets

    def put_targets(
        self, scope: Scope, principal: Principal, bus: str, rule: str, given: Sequence[Mapping[str, Any]]
    ) -> None:
        """Add targets, or change those of these ids. Raises NotFound for the rule, Invalid, LimitExceeded, Denied."""
        for target in given:
            check_input(target)
            if role := target.get("RoleArn"):
                self._identity.pass_role(principal, role, SERVICE)
        with self._state.transaction() as tx:
            self._rule(tx, scope, bus, rule)
            for target in given:
                tx.execute(targets.delete().where(_is(targets, scope, bus=bus, rule=rule, id=target["Id"])))
                bound = {**_of(scope), "bus": bus, "rule": rule, "id": target["Id"], "arn": target["Arn"]}
                tx.execute(targets.insert().values(**bound, settings=dict(target)))
            count = select(func.count()).select_from(targets).where(_is(targets, scope, bus=bus, rule=rule))
            if tx.execute(count).scalar_one() > MOST_TARGETS:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")

    def targets(self, scope: Scope, bus: str, rule: str, after: str | None, limit: int) -> Page[Mapping[str, Any]]:
        """By id. Raises NotFound for the rule."""
        query = select(targets).where(_is(targets, scope, bus=bus, rule=rule))
        with self._state.reading() as connection:
            self._rule(connection, scope, bus, rule)
            found = page(connection, query, targets.c.id, after, limit)
        return Page([row.settings for row in found.items], found.next)

    def rules_of(self, scope: Scope, bus: str, arn: str, after: str | None, limit: int) -> Page[str]:
        """The names of the rules that have a target."""
        query = select(targets.c.rule).where(_is(targets, scope, bus=bus, arn=arn)).distinct()
        with self._state.reading() as connection:
            self._bus(connection, scope, bus)
            found = page(connection, query, targets.c.rule, after, limit)
        return Page([row.rule for row in found.items], found.next)

    def remove_targets(self, scope: Scope, bus: str, rule: str, identifiers: Sequence[str]) -> None:
        """Those that are not there are removed. Raises NotFound for the rule."""
        with self._state.transaction() as tx:
            self._rule(tx, scope, bus, rule)
            mine = _is(targets, scope, bus=bus, rule=rule) & targets.c.id.in_(identifiers)
            tx.execute(targets.delete().where(mine))

    # --- what they share

    def _check(self, principal: Principal, bus: str, settings: Mapping[str, Any]) -> None:
        pattern, schedule = settings.get("EventPattern"), settings.get("ScheduleExpression")
        if not pattern and not schedule:
            raise Invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if pattern:
            if len(pattern) > LONGEST_PATTERN:
                raise Invalid(f"An event pattern has at most {LONGEST_PATTERN} characters.")
            Pattern(pattern)
        if schedule:
            if bus != DEFAULT:
                raise Invalid("ScheduleExpression is supported only on the default event bus.")
            if not _PERIODS.fullmatch(schedule):
                raise Invalid("Parameter ScheduleExpression is not valid.")
            present = self.clock()
            try:
                due(schedule, None, present, present)
            except Invalid as error:
                raise Invalid(f"Parameter ScheduleExpression is not valid. {error}") from error
        if role := settings.get("RoleArn"):
            self._identity.pass_role(principal, role, SERVICE)

    @staticmethod
    def _first(settings: Mapping[str, Any], present: datetime) -> datetime | None:
        """A rate begins to count when its rule is made, or changed."""
        if not settings.get("ScheduleExpression") or settings["State"] == "DISABLED":
            return None
        return due(settings["ScheduleExpression"], None, present, present)

    def _add_bus(
        self, tx: Connection, scope: Scope, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> None:
        present = self.clock()
        row = {"settings": dict(settings), "policy": [], "tags": dict(tags), "created": present, "changed": present}
        tx.execute(buses.insert().values(**_of(scope), name=name, **row))

    def _bus(self, connection: Connection, scope: Scope, name: str) -> Bus:
        row = connection.execute(select(buses).where(_is(buses, scope, name=name))).first()
        if row is not None:
            return _as_bus(row)
        if name != DEFAULT:
            raise NotFound(f"Event bus {name} does not exist.")
        # It is as old as the account, which nobody has noted.
        epoch = datetime.fromtimestamp(0, self.clock().tzinfo)
        return Bus(scope, DEFAULT, {}, (), {}, epoch, epoch)

    @staticmethod
    def _rule(connection: Connection, scope: Scope, bus: str, name: str) -> Rule:
        row = connection.execute(select(rules).where(_is(rules, scope, bus=bus, name=name))).first()
        if row is None:
            raise NotFound(f"Rule {name} does not exist on EventBus {bus}.")
        return as_rule(row)


def _of(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}


def _is(table: Table, scope: Scope, **names: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (table.c.account == scope.account) & (table.c.region == scope.region)
    for column, value in names.items():
        found &= table.c[column] == value
    return found


def _as_bus(row: Row[Any]) -> Bus:
    return Bus(Scope(row.account, row.region), row.name, row.settings, row.policy, row.tags, row.created, row.changed)


def as_rule(row: Row[Any]) -> Rule:
    scope = Scope(row.account, row.region)
    return Rule(scope, row.bus, row.name, row.settings, row.creator, row.tags, row.changed, row.due)
