"""Schedules kept, and what they ask for done when it is due, as their targets' roles."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from studiolo.background import Background
from studiolo.calling import Refused, Services
from studiolo.domain import AlreadyExists, Clock, DomainError, Invalid, NotFound, Page, Scope
from studiolo.identity import Identity, Principal
from studiolo.scheduler import targets
from studiolo.scheduler.model import GROUP, Group, Schedule
from studiolo.scheduler.tables import groups, schedules
from studiolo.state import State, page
from studiolo.timetables import check_zone, due

log = logging.getLogger(__name__)

SERVICE = "scheduler.amazonaws.com"
LOOK_SECONDS = 1.0
"""Between two looks for what is due."""

BEFORE = timedelta(microseconds=1)


class Scheduler:
    """The schedules of every account and region."""

    def __init__(self, state: State, identity: Identity, clock: Clock) -> None:
        self._state = state
        self._identity = identity
        self._clock = clock
        self._services: Services | None = None
        self._background = Background("schedules", self.look, LOOK_SECONDS)

    def start(self, services: Services) -> None:
        """Keep to the schedules from now on. What was due while no server ran is done once."""
        self.serve(services)
        self._background.start()

    def serve(self, services: Services) -> None:
        """Who does what is due."""
        self._services = services

    def close(self) -> None:
        self._background.close()

    # --- groups

    def create_group(self, scope: Scope, name: str, tags: Mapping[str, str]) -> Group:
        """Raises AlreadyExists."""
        present = self._clock()
        row = {"name": name, "tags": dict(tags), "created": present, "changed": present}
        with self._state.transaction() as tx:
            if name == GROUP or tx.execute(select(groups).where(_is(groups, scope, name=name))).first() is not None:
                raise AlreadyExists(f"Schedule group {name} already exists.")
            tx.execute(groups.insert().values(**_of(scope), **row))
        return self.group(scope, name)

    def group(self, scope: Scope, name: str) -> Group:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self._group(connection, scope, name)

    def groups(self, scope: Scope, prefix: str | None, after: str | None, limit: int) -> Page[Group]:
        """Those that were made, by name; the default group is there without that, and comes first."""
        query = select(groups).where(_is(groups, scope))
        if prefix:
            query = query.where(groups.c.name.startswith(prefix, autoescape=True))
        with self._state.reading() as connection:
            found = page(connection, query, groups.c.name, after, limit)
        default = [self._default(scope)] if after is None and GROUP.startswith(prefix or "") else []
        items = [*default, *(_as_group(row) for row in found.items)]
        if len(items) <= limit:
            return Page(items, found.next)
        return Page(items[:limit], items[limit - 1].name if limit > 1 else "")

    def delete_group(self, scope: Scope, name: str) -> None:
        """Delete a group with its schedules. Raises NotFound, and Invalid for the default one."""
        if name == GROUP:
            raise Invalid("The default schedule group cannot be deleted.")
        with self._state.transaction() as tx:
            self._group(tx, scope, name)
            tx.execute(schedules.delete().where(_is(schedules, scope, group=name)))
            tx.execute(groups.delete().where(_is(groups, scope, name=name)))

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], gone: frozenset[str] = frozenset()) -> None:
        """Add tags to a group that was made, and take others away. Raises NotFound, and Invalid for the default one."""
        if name == GROUP:
            raise Invalid("The default schedule group has no tags.")
        with self._state.transaction() as tx:
            before = self._group(tx, scope, name).tags
            after = {key: value for key, value in {**before, **tags}.items() if key not in gone}
            tx.execute(groups.update().where(_is(groups, scope, name=name)).values(tags=after))

    # --- schedules

    def create(
        self, scope: Scope, principal: Principal, group: str, name: str, settings: Mapping[str, Any]
    ) -> Schedule:
        """Raises AlreadyExists, NotFound for its group or role, Invalid, Denied."""
        present = self._clock()
        made = Schedule(scope, group, name, settings, present, present, None)
        self._check(principal, made)
        row = {"settings": dict(settings), "created": present, "changed": present, "due": self._first(made, present)}
        with self._state.transaction() as tx:
            self._group(tx, scope, group)
            if tx.execute(select(schedules).where(_is(schedules, scope, group=group, name=name))).first() is not None:
                raise AlreadyExists(f"Schedule {name} already exists.")
            tx.execute(schedules.insert().values(**_of(scope), group=group, name=name, **row))
        return self.get(scope, group, name)

    def get(self, scope: Scope, group: str, name: str) -> Schedule:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self._get(connection, scope, group, name)

    def update(
        self, scope: Scope, principal: Principal, group: str, name: str, settings: Mapping[str, Any]
    ) -> Schedule:
        """Put settings in the place of all that a schedule had. Raises NotFound, Invalid, Denied."""
        present, before = self._clock(), self.get(scope, group, name)
        made = Schedule(scope, group, name, settings, before.created, present, None)
        self._check(principal, made)
        values = {"settings": dict(settings), "changed": present, "due": self._first(made, present)}
        with self._state.transaction() as tx:
            self._get(tx, scope, group, name)
            tx.execute(schedules.update().where(_is(schedules, scope, group=group, name=name)).values(values))
        return self.get(scope, group, name)

    def delete(self, scope: Scope, group: str, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            self._get(tx, scope, group, name)
            tx.execute(schedules.delete().where(_is(schedules, scope, group=group, name=name)))

    def schedules(
        self, scope: Scope, group: str | None, prefix: str | None, state: str | None, after: str | None, limit: int
    ) -> Page[Schedule]:
        """Schedules by group and name. Raises NotFound for a group that is not there."""
        query = select(schedules).where(_is(schedules, scope))
        if prefix:
            query = query.where(schedules.c.name.startswith(prefix, autoescape=True))
        if state:
            query = query.where(schedules.c.settings["State"].as_string() == state)
        with self._state.reading() as connection:
            if group is not None:
                self._group(connection, scope, group)
                query = query.where(schedules.c.group == group)
            found = page(connection, query, schedules.c.group + "/" + schedules.c.name, after, limit)
        return Page([_as_schedule(row) for row in found.items], found.next)

    # --- their times

    def look(self) -> None:
        """Do what is due."""
        present = self._clock()
        with self._state.reading() as connection:
            rows = connection.execute(select(schedules).where(schedules.c.due <= present)).all()
        for row in rows:
            self._do(_as_schedule(row), present)

    def _do(self, schedule: Schedule, present: datetime) -> None:
        """Do it, then note when it is due next: a crash between has it done again, as the same execution."""
        assert schedule.due is not None
        what = targets.doing(schedule, schedule.due)
        try:
            assert self._services is not None, "it was started"
            principal = self._identity.session_of(schedule.role, f"schedule-{schedule.name}"[:64])
            self._services(principal, what.region, what.service, what.operation, what.parameters)
        except (Refused, DomainError) as error:
            log.warning("the schedule %s: %s was refused: %s", schedule.arn, what.operation, error)
        following = self._after(schedule, present)
        scope, is_it = schedule.scope, {"group": schedule.group, "name": schedule.name}
        with self._state.transaction() as tx:
            this = _is(schedules, scope, **is_it) & (schedules.c.due == schedule.due)
            if following is None and schedule.goes_when_done:
                tx.execute(schedules.delete().where(this))
            else:
                tx.execute(schedules.update().where(this).values(due=following))

    def _first(self, schedule: Schedule, present: datetime) -> datetime | None:
        """When it is due for the first time from now on: a rate begins at once, or at its start."""
        begin = max(schedule.start or present, present)
        if not schedule.enabled:
            return None
        return self._within(schedule, due(schedule.expression, schedule.zone, begin, begin - BEFORE))

    def _after(self, schedule: Schedule, moment: datetime) -> datetime | None:
        begin = schedule.start or schedule.changed
        return self._within(schedule, due(schedule.expression, schedule.zone, begin, moment))

    @staticmethod
    def _within(schedule: Schedule, moment: datetime | None) -> datetime | None:
        return None if moment is not None and schedule.end is not None and moment > schedule.end else moment

    def _check(self, principal: Principal, schedule: Schedule) -> None:
        check_zone(schedule.zone)
        present = self._clock()
        if schedule.end is not None and schedule.end <= max(present, schedule.start or present):
            raise Invalid("The EndDate must be after the StartDate, and after now.")
        is_once = schedule.expression.startswith("at(")
        if due(schedule.expression, schedule.zone, present, present) is None and is_once and schedule.enabled:
            raise Invalid(f"The schedule {schedule.expression} is in the past.")
        targets.check(schedule.target)
        self._identity.pass_role(principal, schedule.role, SERVICE)

    def _group(self, connection: Connection, scope: Scope, name: str) -> Group:
        if name == GROUP:
            return self._default(scope)
        row = connection.execute(select(groups).where(_is(groups, scope, name=name))).first()
        if row is None:
            raise NotFound(f"Schedule group {name} does not exist.")
        return _as_group(row)

    def _default(self, scope: Scope) -> Group:
        # It is as old as the account, which nobody has noted.
        epoch = datetime.fromtimestamp(0, self._clock().tzinfo)
        return Group(scope, GROUP, {}, epoch, epoch)

    @staticmethod
    def _get(connection: Connection, scope: Scope, group: str, name: str) -> Schedule:
        row = connection.execute(select(schedules).where(_is(schedules, scope, group=group, name=name))).first()
        if row is None:
            raise NotFound(f"Schedule {name} does not exist.")
        return _as_schedule(row)


def _of(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}


def _is(table: Table, scope: Scope, **names: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (table.c.account == scope.account) & (table.c.region == scope.region)
    for column, value in names.items():
        found &= table.c[column] == value
    return found


def _as_group(row: Row[Any]) -> Group:
    return Group(Scope(row.account, row.region), row.name, row.tags, row.created, row.changed)


def _as_schedule(row: Row[Any]) -> Schedule:
    scope = Scope(row.account, row.region)
    return Schedule(scope, row.group, row.name, row.settings, row.created, row.changed, row.due)
