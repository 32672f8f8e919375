"""Targets registered, policies and schedules kept, and what they ask for done, one change of a target at a time."""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from studiolo.background import Background
from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.metrics import Alarm, CompositeAlarm, Metrics, State
from studiolo.scaling import deciding, store, tracking
from studiolo.scaling.model import (
    FAILED,
    IN,
    IN_PROGRESS,
    OUT,
    SCHEDULED,
    SUCCESSFUL,
    UNFULFILLED,
    Activity,
    Policy,
    Resource,
    ScheduledAction,
    Steps,
    Target,
    Tracking,
)
from studiolo.scaling.tables import activities, policies, schedules, targets
from studiolo.scaling.variants import Scalable
from studiolo.state import State as Database
from studiolo.timetables import check_zone, due

log = logging.getLogger(__name__)

MOST_POLICIES = 50
MOST_SCHEDULES = 200
"""Of one target."""
LOOK_SECONDS = 1.0
FOLLOW_SECONDS = 0.1


class Scaling:
    """The scalable targets of every scope."""

    def __init__(self, database: Database, metrics: Metrics, scalable: Mapping[str, Scalable], clock: Clock) -> None:
        """scalable: what there is, by its dimension."""
        self._database = database
        self._metrics = metrics
        self._scalable = scalable
        self._clock = clock
        self._changing = threading.RLock()
        self._ended = threading.Event()
        self._schedules = Background("scaling schedules", self.look, LOOK_SECONDS)

    def start(self) -> None:
        """Follow what was under way when the last server ended, do what alarms ask for, and keep to the schedules."""
        self._metrics.alarms.acts("autoscaling", self.act, repeated=True)
        with self._database.reading() as connection:
            under_way = store.in_progress(connection)
        for row in under_way:
            self._in_background(self._follow, row.id, store.resource_of(row), row.wanted)
        self._schedules.start()

    def close(self) -> None:
        self._ended.set()
        self._schedules.close()

    def register(
        self,
        resource: Resource,
        *,
        least: int | None,
        most: int | None,
        role: str | None,
        suspended: Mapping[str, bool] | None,
    ) -> Target:
        """Add a target, or change what is given of it; its capacity comes within the bounds. Raises Invalid."""
        scalable = self._of(resource)
        try:
            scalable.count(resource.scope, resource.id)
        except NotFound as error:
            raise Invalid(f"There is nothing to scale at {resource.id}: {error}") from error
        with self._changing:
            with self._database.transaction() as tx:
                row = tx.execute(select(targets).where(store.of(targets, resource))).first()
                known = None if row is None else store.as_target(row)
                if known is not None:
                    least, most = known.least if least is None else least, known.most if most is None else most
                if least is None or most is None:
                    raise Invalid("MinCapacity and MaxCapacity are required to register a scalable target.")
                _check_bounds(scalable.least, least, most)
                role = role or (known.role if known else tracking.service_role(resource.scope))
                if suspended is None:
                    suspended = known.suspended if known else {}
                values = {"least": least, "most": most, "role": role, "suspended": dict(suspended)}
                if known is None:
                    bound = store.bound(resource)
                    tx.execute(targets.insert().values(created=self._clock(), **bound, **values))
                else:
                    tx.execute(targets.update().where(store.of(targets, resource)).values(values))
                target = store.target_of(tx, resource)
            self._come_within(target)
        return target

    def deregister(self, resource: Resource) -> None:
        """Forget a target with its policies, their alarms, and its scheduled actions. Raises NotFound."""
        with self._changing:
            with self._database.reading() as connection:
                store.target_of(connection, resource)
                rows = connection.execute(select(policies).where(store.of(policies, resource))).all()
            for row in rows:
                self._metrics.alarms.delete(resource.scope, row.alarms)
            with self._database.transaction() as tx:
                for table in (targets, policies, schedules):
                    tx.execute(table.delete().where(store.of(table, resource)))

    def targets(self, scope: Scope, resources: Sequence[str] | None, after: str | None, limit: int) -> Page[Target]:
        found = store.select_page(self._database, targets, scope, "resource", {"resource": resources}, after, limit)
        return Page([store.as_target(row) for row in found.items], found.next)

    def put_policy(self, resource: Resource, name: str, how: Tracking | Steps) -> Policy:
        """Add or change a policy, with the alarms of target tracking. Raises Invalid, LimitExceeded and NotFound."""
        if isinstance(how, Steps):
            deciding.check_steps(how)
        elif how.value <= 0:
            raise Invalid("TargetValue must be greater than 0.")
        with self._changing:
            with self._database.reading() as connection:
                store.target_of(connection, resource)
                rows = connection.execute(select(policies).where(store.of(policies, resource))).all()
            before = next((store.as_policy(row) for row in rows if row.name == name), None)
            if before is None and len(rows) >= MOST_POLICIES:
                raise LimitExceeded(f"A scalable target has at most {MOST_POLICIES} scaling policies.")
            policy = Policy(
                resource,
                name,
                tracking.policy_arn(resource, name) if before is None else before.arn,
                how,
                (),
                self._clock() if before is None else before.created,
            )
            policy = replace(policy, alarms=tracking.put_alarms(self._metrics.alarms, policy, how))
            outdated = set(before.alarms if before else ()) - set(policy.alarms)
            self._metrics.alarms.delete(resource.scope, sorted(outdated))
            self._keep(policy, known=before is not None)
        return policy

    def delete_policy(self, resource: Resource, name: str) -> None:
        """Forget a policy and its alarms. Raises NotFound."""
        with self._changing:
            is_it = store.of(policies, resource) & (policies.c.name == name)
            with self._database.transaction() as tx:
                row = tx.execute(select(policies).where(is_it)).first()
                if row is None:
                    raise NotFound(f"No scaling policy found for the name {name} and the resource ID {resource.id}.")
                tx.execute(policies.delete().where(is_it))
            self._metrics.alarms.delete(resource.scope, row.alarms)

    def policies(
        self, scope: Scope, resource: str | None, names: Sequence[str] | None, after: str | None, limit: int
    ) -> Page[Policy]:
        wanted = {"resource": [resource] if resource else None, "name": names}
        found = store.select_page(self._database, policies, scope, "arn", wanted, after, limit)
        return Page([store.as_policy(row) for row in found.items], found.next)

    def put_schedule(self, action: ScheduledAction) -> None:
        """Add or change a scheduled action, of which the ARN is given here. Raises Invalid, LimitExceeded, NotFound."""
        check_zone(action.timezone)
        if action.least is None and action.most is None:
            raise Invalid("A ScalableTargetAction needs a MinCapacity, a MaxCapacity or both.")
        if action.least is not None and action.most is not None:
            _check_bounds(self._of(action.resource).least, action.least, action.most)
        present = self._clock()
        if action.start and action.end and action.start >= action.end:
            raise Invalid("StartTime must be before EndTime.")
        next_due = due(action.schedule, action.timezone, action.start or present, present)
        if next_due is None:
            raise Invalid(f"The schedule {action.schedule} is in the past.")
        resource, is_it = action.resource, store.of(schedules, action.resource) & (schedules.c.name == action.name)
        with self._database.transaction() as tx:
            store.target_of(tx, resource)
            names = ("schedule", "timezone", "start", "end", "least", "most")
            values = {"due": next_due, **{name: getattr(action, name) for name in names}}
            if tx.execute(select(schedules.c.name).where(is_it)).first() is not None:
                tx.execute(schedules.update().where(is_it).values(values))
                return
            if len(tx.execute(select(schedules.c.name).where(store.of(schedules, resource))).all()) >= MOST_SCHEDULES:
                raise LimitExceeded(f"A scalable target has at most {MOST_SCHEDULES} scheduled actions.")
            arn = tracking.schedule_arn(resource, action.name)
            own = {"name": action.name, "arn": arn, "created": present}
            tx.execute(schedules.insert().values(**store.bound(resource), **own, **values))

    def delete_schedule(self, resource: Resource, name: str) -> None:
        """Raises NotFound."""
        with self._database.transaction() as tx:
            is_it = store.of(schedules, resource) & (schedules.c.name == name)
            if tx.execute(schedules.delete().where(is_it)).rowcount == 0:
                raise NotFound(f"No scheduled action found for the name {name} and the resource ID {resource.id}.")

    def schedules(
        self, scope: Scope, resource: str | None, names: Sequence[str] | None, after: str | None, limit: int
    ) -> Page[ScheduledAction]:
        wanted = {"resource": [resource] if resource else None, "name": names}
        found = store.select_page(self._database, schedules, scope, "arn", wanted, after, limit)
        return Page([store.as_schedule(row) for row in found.items], found.next)

    def activities(self, scope: Scope, resource: str | None, after: str | None, limit: int) -> Page[Activity]:
        """What was done, the newest first."""
        return store.newest_activities(self._database, scope, resource, after, limit)

    def act(self, alarm: Alarm | CompositeAlarm, action: str, _before: State) -> None:
        """Scale as the policy says that the ARN names. Raises DomainError."""
        arn = action.partition(":createdBy/")[0]
        with self._changing:
            with self._database.reading() as connection:
                policy = store.policy_of(connection, arn)
                target = store.target_of(connection, policy.resource)
                if store.in_progress(connection, policy.resource):
                    raise Conflict(f"{policy.resource.id} is still on its way to the last capacity that was asked for")
            if policy.resource.scope != alarm.scope or not isinstance(alarm, Alarm):
                raise Invalid("A scaling policy acts for metric alarms of its account and region")
            current = self._count(policy.resource)
            wanted = min(max(self._wanted(policy, alarm, current), target.least), target.most)
            if wanted == current or target.suspended.get(OUT if wanted > current else IN, False):
                return
            cause = f"monitor alarm {alarm.name} in state {alarm.state.value.value} triggered policy {policy.name}"
            self._scale(target, current, wanted, cause, policy)

    def _wanted(self, policy: Policy, alarm: Alarm, current: int) -> int:
        """The capacity that a policy asks for, and its cool-downs allow."""
        how, last, present = policy.how, policy.last, self._clock()
        values = tracking.measured(self._metrics, alarm, present)
        upwards = alarm.watch.comparison.startswith("Greater")
        if isinstance(how, Tracking):
            if alarm.state.value is not State.ALARM:
                return current
            out_cooldown, in_cooldown = how.out_cooldown, how.in_cooldown
            out = upwards
            reckoned = deciding.base(last, current, out_cooldown, present) if out else current
            value = (values[-1] if out else max(values)) if values else None
            wanted = deciding.tracked(how, reckoned, value, out=out)
        else:
            out_cooldown = in_cooldown = how.cooldown
            distance = values[-1] - alarm.watch.threshold if values else 0.0
            wanted = deciding.stepped(how, current, distance, upwards=upwards)
            out = wanted > current
            if out:
                reckoned = deciding.base(last, current, out_cooldown, present)
                wanted = deciding.stepped(how, reckoned, distance, upwards=upwards)
        if out:
            return max(wanted, current)
        return wanted if deciding.may_scale_in(last, out_cooldown, in_cooldown, present) else current

    def _come_within(self, target: Target) -> None:
        """Bring the capacity within the target's bounds, where it is not."""
        current = self._count(target.resource)
        wanted = min(max(current, target.least), target.most)
        if wanted != current:
            bound = "minimum" if wanted > current else "maximum"
            # Why it could not be is told by its activity.
            try:
                self._scale(target, current, wanted, f"{bound} capacity was set to {wanted}", None)
            except DomainError as error:
                log.warning("%s could not be scaled: %s", target.resource.id, error)

    def _scale(self, target: Target, current: int, wanted: int, cause: str, policy: Policy | None) -> None:
        """Begin to change the capacity, and note it. Raises DomainError."""
        resource, scalable = target.resource, self._of(target.resource)
        activity = self._activity(resource, f"Setting desired {scalable.capacity} to {wanted}.", cause)
        try:
            scalable.scale(resource.scope, resource.id, wanted)
        except DomainError as error:
            failed = replace(activity, status=FAILED, ended=activity.started)
            failed = replace(failed, message=f"Failed to set desired {scalable.capacity} to {wanted}. Reason: {error}")
            with self._database.transaction() as tx:
                store.note(tx, failed)
            raise
        arn = None if policy is None else policy.arn
        with self._database.transaction() as tx:
            store.note(tx, activity, wanted=wanted, before=current, policy=arn)
        self._in_background(self._follow, activity.id, resource, wanted)

    def _follow(self, activity: str, resource: Resource, wanted: int) -> None:
        """Note how a change has ended; a policy's cool-down begins then."""
        scalable = self._of(resource)
        while (why_not := scalable.outcome(resource.scope, resource.id, wanted)) is None:
            if self._ended.wait(FOLLOW_SECONDS):
                return
        done = f"set desired {scalable.capacity} to {wanted}."
        status, message = SUCCESSFUL, f"Successfully {done} Change successfully fulfilled by sagemaker."
        if why_not:
            status, message = UNFULFILLED, f"Could not {done} Reason: {why_not}"
        present = self._clock()
        with self._database.transaction() as tx:
            is_it = activities.c.id == activity
            row = tx.execute(select(activities).where(is_it)).one()
            tx.execute(activities.update().where(is_it).values(status=status, message=message, ended=present))
            if row.policy is not None and not why_not:
                last = {"last_at": present, "last_before": row.before, "last_after": wanted}
                tx.execute(policies.update().where(policies.c.arn == row.policy).values(last))

    def look(self) -> None:
        """Do the scheduled actions that are due. What was due while no server ran is done once."""
        present = self._clock()
        with self._database.reading() as connection:
            rows = store.due_schedules(connection, present)
        for row in rows:
            try:
                self._do_scheduled(row, present)
            except Exception:
                log.exception("the scheduled action %s could not be done", row.arn)

    def _do_scheduled(self, row: Any, present: datetime) -> None:
        action = store.as_schedule(row)
        resource = action.resource
        following = due(action.schedule, action.timezone, action.start or row.created, present)
        if following is not None and action.end is not None and following >= action.end:
            following = None
        with self._changing:
            with self._database.transaction() as tx:
                if store.in_progress(tx, resource):
                    return  # it stays due
                tx.execute(schedules.update().where(schedules.c.arn == action.arn).values(due=following))
                target = store.target_of(tx, resource)
                if target.suspended.get(SCHEDULED, False) or (action.end is not None and row.due >= action.end):
                    return
                target = self._rebound(tx, target, action)
            self._come_within(target)

    def _rebound(self, tx: Connection, target: Target, action: ScheduledAction) -> Target:
        """Give a target the bounds of a scheduled action; the one that is not given makes way where it must."""
        least = target.least if action.least is None else action.least
        most = target.most if action.most is None else action.most
        least, most = (least, max(least, most)) if action.least is not None else (min(least, most), most)
        tx.execute(targets.update().where(store.of(targets, target.resource)).values(least=least, most=most))
        words = f"min capacity to {least} and max capacity to {most}"
        activity = self._activity(
            target.resource, f"Setting {words}", f"scheduled action name {action.name} was triggered"
        )
        message = f"Successfully set {words}"
        store.note(tx, replace(activity, status=SUCCESSFUL, message=message, ended=activity.started))
        return replace(target, least=least, most=most)

    def _activity(self, resource: Resource, description: str, cause: str) -> Activity:
        message = f"{description} Change is in progress."
        return Activity(str(uuid.uuid4()), resource, description, cause, IN_PROGRESS, message, self._clock(), None)

    def _count(self, resource: Resource) -> int:
        """The capacity that it has, or is on its way to. Raises Invalid and NotFound."""
        return self._of(resource).count(resource.scope, resource.id)

    def _of(self, resource: Resource) -> Scalable:
        """What scales the resource's dimension. Raises Invalid."""
        found = self._scalable.get(resource.dimension)
        if found is None:
            raise Invalid(f"Studiolo scales {' and '.join(self._scalable)}, not {resource.dimension}.")
        return found

    def _keep(self, policy: Policy, *, known: bool) -> None:
        kind = "TargetTrackingScaling" if isinstance(policy.how, Tracking) else "StepScaling"
        values = {"kind": kind, "how": policy.how.to_json(), "alarms": list(policy.alarms)}
        with self._database.transaction() as tx:
            if known:
                tx.execute(policies.update().where(policies.c.arn == policy.arn).values(values))
                return
            own = {"name": policy.name, "arn": policy.arn, "created": policy.created}
            tx.execute(policies.insert().values(**store.bound(policy.resource), **own, **values))

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                work(*arguments)
            except Exception:
                log.exception("auto scaling's work in the background failed")

        threading.Thread(target=run, name="auto-scaling", daemon=True).start()


def _check_bounds(smallest: int, least: int, most: int) -> None:
    if least < smallest:
        raise Invalid(f"MinCapacity must be at least {smallest}: there is no smaller capacity.")
    if most < least:
        raise Invalid("Maximum capacity cannot be less than minimum capacity.")
