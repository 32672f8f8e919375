"""Subscription filters of log groups: who is handed the events that a pattern lets through, and how far that has come."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from studiolo.domain import Clock, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.logs.filters import compile_filter
from studiolo.logs.following import come, ends
from studiolo.logs.groups import require, these
from studiolo.logs.reading import Found, event_id
from studiolo.logs.streams import LogStreams
from studiolo.logs.tables import subscription_filters
from studiolo.state import State, page

MOST_FILTERS = 2
"""Of one group, as CloudWatch Logs has it."""
_NAME = re.compile(r"[^:*]{1,512}")


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """destination: an ARN; positions: by stream, the byte up to which its events have been handed on."""

    scope: Scope
    group: str
    name: str
    pattern: str
    destination: str
    distribution: str
    positions: Mapping[str, int]
    created: datetime

    @property
    def source(self) -> str:
        """The group's ARN, as policies know it."""
        scope = self.scope
        return f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{self.group}:*"


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of a stream that a filter lets through, and the byte after all that were looked through."""

    stream: str
    events: Sequence[Found]
    after: int


class SubscriptionFilters:
    """The subscription filters of a data folder."""

    def __init__(self, state: State, streams: LogStreams, clock: Clock) -> None:
        self._state = state
        self._streams = streams
        self._clock = clock

    def put(self, scope: Scope, group: str, name: str, pattern: str, destination: str, distribution: str) -> None:
        """Add a filter, for the events that come from now on, or change it. Raises NotFound, Invalid, LimitExceeded."""
        if not _NAME.fullmatch(name):
            raise Invalid(f"The filter name {name!r} has a colon or an asterisk, or more than 512 characters.")
        compile_filter(pattern)
        mine = these(subscription_filters, scope, group=group, name=name)
        values: dict[str, Any] = {"pattern": pattern, "destination": destination, "distribution": distribution}
        with self._state.transaction() as tx:
            require(tx, scope, group)
            if tx.execute(subscription_filters.update().where(mine).values(values)).rowcount:
                return
            count = select(func.count()).select_from(subscription_filters)
            if tx.execute(count.where(these(subscription_filters, scope, group=group))).scalar_one() >= MOST_FILTERS:
                raise LimitExceeded("Resource limit exceeded.")
            values["positions"] = ends(self._streams.files(tx, scope, group))
            bound = {"account": scope.account, "region": scope.region, "group": group, "name": name}
            tx.execute(subscription_filters.insert().values(created=self._clock(), **bound, **values))

    def delete(self, scope: Scope, group: str, name: str) -> None:
        """Raises NotFound."""
        mine = these(subscription_filters, scope, group=group, name=name)
        with self._state.transaction() as tx:
            require(tx, scope, group)
            if not tx.execute(subscription_filters.delete().where(mine)).rowcount:
                raise NotFound("The specified subscription filter does not exist.")

    def list(
        self, scope: Scope, group: str, *, prefix: str = "", after: str | None = None, limit: int = 50
    ) -> Page[SubscriptionFilter]:
        """Filters of a group, by name. Raises NotFound for the group."""
        query = select(subscription_filters).where(
            these(subscription_filters, scope, group=group),
            subscription_filters.c.name.startswith(prefix, autoescape=True),
        )
        with self._state.reading() as connection:
            require(connection, scope, group)
            found = page(connection, query, subscription_filters.c.name, after, limit)
        return Page([_as_filter(row) for row in found.items], found.next)

    def everywhere(self) -> Sequence[SubscriptionFilter]:
        """Those of every scope."""
        with self._state.reading() as connection:
            return [_as_filter(row) for row in connection.execute(select(subscription_filters))]

    def batches(self, subscription: SubscriptionFilter) -> Sequence[Batch]:
        """What has come to its group since it was looked at last: one batch a stream."""
        with self._state.reading() as connection:
            files = self._streams.files(connection, subscription.scope, subscription.group)
        accepts = compile_filter(subscription.pattern)

        found = []
        for each in come(files, subscription.positions):
            fitting = [event for event in each.events if accepts(event.message)]
            events = [Found(each.stream, event_id(each.file, event), event) for event in fitting]
            found.append(Batch(each.stream, events, each.after))
        return found

    def done(self, subscription: SubscriptionFilter, batch: Batch) -> None:
        """Remember that a batch has been handed on."""
        mine = these(subscription_filters, subscription.scope, group=subscription.group, name=subscription.name)
        with self._state.transaction() as tx:
            row = tx.execute(select(subscription_filters.c.positions).where(mine)).first()
            if row is not None:
                positions = {**row.positions, batch.stream: batch.after}
                tx.execute(subscription_filters.update().where(mine).values(positions=positions))


def _as_filter(row: Row[Any]) -> SubscriptionFilter:
    return SubscriptionFilter(
        Scope(row.account, row.region),
        row.group,
        row.name,
        row.pattern,
        row.destination,
        row.distribution,
        row.positions,
        row.created,
    )
