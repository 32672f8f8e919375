"""Monitoring as the server keeps it: job definitions, schedules that are kept to, and executions followed to their end."""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from studiolo.background import Background
from studiolo.containers.images import Images
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import Clock, DomainError, Invalid, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.errors import NameInUse, RecordMissing
from studiolo.ml.jobs import job as jobs
from studiolo.ml.listing import Listing
from studiolo.ml.monitoring import alerts, store, tables
from studiolo.ml.monitoring.alerts import Alert, Change
from studiolo.ml.monitoring.model import (
    COMPLETED,
    FAILED,
    KINDS,
    OPEN,
    PENDING,
    QUALITY,
    SCHEDULE,
    SCHEDULED,
    STOPPED,
    VIOLATED,
    Analysis,
    Definition,
    Execution,
    Plan,
    Schedule,
)
from studiolo.ml.monitoring.running import Runs, captured
from studiolo.ml.monitoring.tables import definitions, executions, schedules
from studiolo.ml.monitoring.timetable import NOW, Timetable, duration
from studiolo.ml.names import arn, checked_name
from studiolo.ml.processing.jobs import ProcessingJobs
from studiolo.ml.serving.endpoints import Endpoints
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.state import State

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LONGEST_REASON = 1024


class Monitoring:
    """The job definitions, schedules and executions of every scope."""

    def __init__(
        self,
        state: State,
        surroundings: Surroundings,
        images: Images,
        processing: ProcessingJobs,
        endpoints: Endpoints,
        flush: Callable[[], None],
        tags: Tags,
        clock: Clock,
    ) -> None:
        """flush: brings the calls that were captured, and are not in S3 yet, there."""
        self._state = state
        self._surroundings = surroundings
        self._images = images
        self._processing = processing
        self._endpoints = endpoints
        self._flush = flush
        self._runs = Runs(surroundings, processing, endpoints)
        self._clock = clock
        self._looking = threading.Lock()
        self._background = Background("monitoring", self.look, LOOK_SECONDS)
        for kind, resource in KINDS.items():
            tags.know(resource, partial(_is_definition, kind))
        tags.know(SCHEDULE, _is_schedule)

    def start(self) -> None:
        """Keep to the schedules, and go on with the executions that a server before has begun."""
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        self._background.close()

    def empty(self) -> None:
        """Forget everything."""
        with self._looking, self._state.transaction() as tx:
            for table in (executions, schedules, definitions, tables.alerts, tables.alert_changes):
                tx.execute(table.delete())

    # --- job definitions

    def define(
        self, scope: Scope, principal: Principal, name: str, analysis: Analysis, tags: Mapping[str, str]
    ) -> Definition:
        """Add a job definition. Raises NameInUse, Invalid, NotFound and Denied."""
        checked_name(name, "jobDefinitionName")
        self._check(scope, principal, analysis)
        made = Definition(scope, name, analysis, self._clock())
        with self._state.transaction() as tx:
            if store.definition(tx, scope, analysis.kind, name) is not None:
                raise NameInUse(f"The job definition {made.arn} exists already.")
            store.add_definition(tx, made)
            set_tags(tx, made.arn, tags)
        return made

    def definition(self, scope: Scope, kind: str, name: str) -> Definition:
        """Raises RecordMissing."""
        with self._state.reading() as connection:
            found = store.definition(connection, scope, kind, name)
        if found is None:
            raise RecordMissing(f"The job definition {arn(scope, KINDS[kind], name)} cannot be found.")
        return found

    def definitions(self, scope: Scope, kind: str, endpoint: str | None, listing: Listing) -> Page[Definition]:
        with self._state.reading() as connection:
            return store.definition_page(connection, scope, kind, endpoint, listing)

    def undefine(self, scope: Scope, kind: str, name: str) -> None:
        """Forget a job definition; what is scheduled of it fails from then on. Raises RecordMissing."""
        found = self.definition(scope, kind, name)
        with self._state.transaction() as tx:
            tx.execute(definitions.delete().where(store.of(definitions, scope, name), definitions.c.kind == kind))
            drop_tags(tx, found.arn)

    # --- schedules

    def create(self, scope: Scope, principal: Principal, name: str, plan: Plan, tags: Mapping[str, str]) -> Schedule:
        """Add a schedule, which is kept to from now on. Raises NameInUse, Invalid, NotFound and Denied."""
        checked_name(name, "monitoringScheduleName")
        analysis, moment = self._planned(scope, principal, plan), self._clock()
        due = _first(plan, moment)
        made = Schedule(scope, name, plan, SCHEDULED, analysis.calls.endpoint, moment, moment, due)
        with self._state.transaction() as tx:
            if _is_schedule(tx, scope, name):
                raise NameInUse(f"The monitoring schedule {made.arn} exists already.")
            store.put_schedule(tx, made, known=False)
            alerts.add(tx, scope, name, moment)
            set_tags(tx, made.arn, tags)
        self._background.wake()
        return made

    def update(self, scope: Scope, principal: Principal, name: str, plan: Plan) -> Schedule:
        """Let a schedule be another from now on. Raises RecordMissing, Invalid, NotFound and Denied."""
        analysis, moment = self._planned(scope, principal, plan), self._clock()
        with self._state.transaction() as tx:
            found = store.schedule(tx, scope, name)
            due = _first(plan, moment) if found.status == SCHEDULED else None
            changed = replace(found, plan=plan, endpoint=analysis.calls.endpoint, changed=moment, due=due)
            store.put_schedule(tx, changed, known=True)
        self._background.wake()
        return changed

    def begin(self, scope: Scope, name: str) -> None:
        """Keep to a schedule again: one of NOW runs again. Raises RecordMissing."""
        moment = self._clock()
        with self._state.transaction() as tx:
            found = store.schedule(tx, scope, name)
            if found.status != SCHEDULED:
                changed = replace(found, status=SCHEDULED, changed=moment, due=_first(found.plan, moment))
                store.put_schedule(tx, changed, known=True)
        self._background.wake()

    def stop(self, scope: Scope, name: str) -> None:
        """Keep to a schedule no more; what runs goes on. Raises RecordMissing."""
        with self._state.transaction() as tx:
            found = store.schedule(tx, scope, name)
            changed = replace(found, status=STOPPED, changed=self._clock(), due=None)
            store.put_schedule(tx, changed, known=True)

    def schedule(self, scope: Scope, name: str) -> Schedule:
        """Raises RecordMissing."""
        with self._state.reading() as connection:
            return store.schedule(connection, scope, name)

    def schedules(self, scope: Scope, listing: Listing, **equal: str | None) -> Page[Schedule]:
        """equal: what columns are to be, of `endpoint`, `kind` and `definition`."""
        with self._state.reading() as connection:
            return store.schedule_page(connection, scope, listing, equal)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a schedule; its executions stay. Raises RecordMissing."""
        with self._state.transaction() as tx:
            found = store.schedule(tx, scope, name)
            alerts.drop(tx, scope, name)
            tx.execute(schedules.delete().where(store.of(schedules, scope, name)))
            drop_tags(tx, found.arn)

    # --- alerts

    def alerts(self, scope: Scope, schedule: str, listing: Listing) -> Page[Alert]:
        """Raises RecordMissing."""
        self._follow()
        with self._state.reading() as connection:
            store.schedule(connection, scope, schedule)
            return alerts.page(connection, scope, schedule, listing)

    def change_alert(self, scope: Scope, schedule: str, name: str, datapoints: int, period: int) -> Schedule:
        """Let it be on from so many wrong executions of the last so many. Raises RecordMissing and Invalid."""
        with self._state.transaction() as tx:
            found = store.schedule(tx, scope, schedule)
            alerts.change(tx, scope, schedule, name, datapoints, period, self._clock())
        return found

    def alert_history(self, scope: Scope, listing: Listing, schedule: str | None, name: str | None) -> Page[Change]:
        """Each status that alerts have taken, of all schedules or of one."""
        self._follow()
        with self._state.reading() as connection:
            return alerts.history(connection, scope, listing, schedule, name)

    # --- executions

    def executions(
        self,
        scope: Scope,
        listing: Listing,
        scheduled: tuple[datetime | None, datetime | None] = (None, None),
        **equal: str | None,
    ) -> Page[Execution]:
        """scheduled: after and before. equal: columns of `schedule`, `endpoint`, `kind` and `definition`."""
        self._follow()
        with self._state.reading() as connection:
            return store.execution_page(connection, scope, listing, equal, scheduled)

    def look(self) -> None:
        """Begin what is due, and follow what runs. What was due while no server ran is done once."""
        with self._looking:
            if self._background.ended:
                return
            present = self._clock()
            with self._state.reading() as connection:
                due = store.due(connection, present)
            for schedule in due:
                try:
                    self._note_due(schedule, present)
                except Exception:
                    log.exception("the monitoring schedule %s could not be kept to", schedule.arn)
            with self._state.reading() as connection:
                waiting = store.open_executions(connection)
            for execution, plan in waiting:
                if execution.status == PENDING and not execution.begun:
                    self._begin(execution, plan)
        self._follow()

    def _note_due(self, schedule: Schedule, present: datetime) -> None:
        """Write an execution down, and when the next is due, in one: a server that is killed runs none twice."""
        table = _timetable(schedule.plan)
        scheduled = schedule.due or present
        while (later := table.due(scheduled)) is not None and later <= present:
            scheduled = later
        name = f"model-monitoring-{scheduled:%Y%m%d%H%M}-{uuid.uuid4().hex[:12]}"
        plan = schedule.plan
        made = Execution(
            schedule.scope, name, schedule.name, schedule.endpoint, plan.kind, plan.definition,
            scheduled, PENDING, None, False, present, present,
        )  # fmt: skip
        with self._state.transaction() as tx:
            same = store.of(schedules, schedule.scope, schedule.name) & (schedules.c.due == schedule.due)
            # Somebody may have stopped it meanwhile.
            if tx.execute(schedules.update().where(same).values(due=table.due(scheduled))).rowcount:
                store.add_execution(tx, made, plan)

    def _begin(self, execution: Execution, plan: Plan) -> None:
        try:
            analysis = plan.analysis or self.definition(execution.scope, plan.kind, plan.definition or "").analysis
            resource = arn(execution.scope, SCHEDULE, execution.schedule)
            self._flush()
            self._runs.begin(execution, analysis, _timetable(plan), resource)
        except NameInUse:
            pass  # a server before this one began it, and could not say so any more
        except DomainError as error:
            self._change(execution, status=FAILED, failure=str(error)[:LONGEST_REASON])
            return
        except Exception as error:
            log.exception("the monitoring execution %s could not be begun", execution.name)
            self._change(execution, status=FAILED, failure=f"InternalServerError: {error}"[:LONGEST_REASON])
            return
        self._change(execution, begun=True)

    def _follow(self) -> None:
        """Write down what has become of the executions that were begun."""
        with self._state.reading() as connection:
            waiting = [each for each, _ in store.open_executions(connection) if each.begun]
        for execution in waiting:
            try:
                found = self._processing.describe(execution.scope, execution.name)
            except NotFound:
                self._change(execution, status=FAILED, failure="Its processing job is not there any more.")
                continue
            status = found.progress.status
            if status == jobs.COMPLETED:
                status = VIOLATED if (found.progress.message or "").startswith(VIOLATED) else COMPLETED
            if status != execution.status:
                self._change(execution, status=status, failure=(found.progress.failure or "")[:LONGEST_REASON] or None)

    def _change(self, execution: Execution, **values: object) -> None:
        with self._state.transaction() as tx:
            store.change_execution(tx, execution, changed=self._clock(), **values)
            if values.get("status", PENDING) not in OPEN:
                alerts.judge(tx, execution.scope, execution.schedule, self._clock())

    def _planned(self, scope: Scope, principal: Principal, plan: Plan) -> Analysis:
        """What a plan is to run, checked."""
        _timetable(plan)
        if plan.analysis is not None:
            self._check(scope, principal, plan.analysis)
            return plan.analysis
        return self.definition(scope, plan.kind, plan.definition or "").analysis

    def _check(self, scope: Scope, principal: Principal, analysis: Analysis) -> None:
        """Raise Invalid, NotFound or Denied for what could never run."""
        self._surroundings.check_role(principal, analysis.role)
        image = self._images.resolve(analysis.image, "process", scripted=True)
        image.command("process", analysis.entrypoint)
        self._surroundings.check_output(analysis.role, analysis.output)
        if analysis.kind == QUALITY and not (analysis.problem and analysis.labels):
            raise Invalid("A model quality job needs a ProblemType and a GroundTruthS3Input.")
        start, end = (None if each is None else duration(each) for each in (analysis.calls.start, analysis.calls.end))
        for offset in (start, end):
            if offset is not None and offset > timedelta():
                raise Invalid("An offset after the moment that monitoring runs at is of calls that are not there yet.")
        if start is not None and start >= (end or timedelta()):
            raise Invalid("StartTimeOffset must be before EndTimeOffset.")
        if analysis.calls.batch is None:
            captured(self._endpoints, scope, analysis.calls.endpoint)
        else:
            self._surroundings.check_output(analysis.role, analysis.calls.batch)


def _is_definition(kind: str, connection: Connection, scope: Scope, name: str) -> bool:
    return store.definition(connection, scope, kind, name) is not None


def _is_schedule(connection: Connection, scope: Scope, name: str) -> bool:
    return connection.execute(schedules.select().where(store.of(schedules, scope, name))).first() is not None


def _timetable(plan: Plan) -> Timetable:
    """Raises Invalid."""
    return Timetable.of(plan.expression, plan.start, plan.end)


def _first(plan: Plan, moment: datetime) -> datetime | None:
    """When a plan that is made then runs first; one of NOW at the end of that second, of which all calls are."""
    if plan.expression == NOW:
        return moment.replace(microsecond=0) + timedelta(seconds=1)
    return _timetable(plan).due(moment)
