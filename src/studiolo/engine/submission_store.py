"""The records of submissions: every change of state is one transaction that names the states it is from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, func, select

from studiolo.domain import AlreadyExists, Clock, NotFound, Page, Scope
from studiolo.engine.model import Key
from studiolo.engine.tables import submissions
from studiolo.state import State, Thing, page

SubmissionState = Literal["PENDING", "RUNNING", "SUCCESS", "FAILED", "CANCELLING", "CANCELLED"]
ACTIVE: tuple[SubmissionState, ...] = ("PENDING", "RUNNING", "CANCELLING")


@dataclass(frozen=True)
class Submission:
    """An application that was, is, or will be run by spark-submit; `program` is its process."""

    key: Key
    asked: Mapping[str, Any]
    tags: Mapping[str, str]
    state: SubmissionState
    created: datetime
    error: str | None = None
    program: str | None = None
    started: datetime | None = None
    completed: datetime | None = None


def thing(key: Key) -> Thing:
    """What those wait for who wait for a submission."""
    return Thing(f"{key.service} submission", key.scope.account, key.scope.region, key.id)


class SubmissionStore:
    """Submissions in the database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def add(self, key: Key, asked: Mapping[str, Any], tags: Mapping[str, str]) -> Submission:
        """Record one that is to be run. Raises AlreadyExists."""
        moment = self._clock()
        with self._state.transaction() as tx:
            if tx.execute(select(submissions.c.id).where(_this(key))).first():
                raise AlreadyExists(f"{key.id} already exists.")
            tx.execute(
                submissions.insert().values(
                    service=key.service,
                    account=key.scope.account,
                    region=key.scope.region,
                    id=key.id,
                    asked=dict(asked),
                    tags=dict(tags),
                    state="PENDING",
                    created=moment,
                )
            )
        return Submission(key, asked, tags, "PENDING", moment)

    def get(self, key: Key) -> Submission:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(submissions.select().where(_this(key))).first()
        if row is None:
            raise NotFound(f"{key.id} does not exist.")
        return _as_submission(row)

    def of_service(self, service: str, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[Submission]:
        """Those of a service whose ids begin so, in the order of their ids."""
        begins = submissions.c.id.startswith(prefix, autoescape=True)
        query = submissions.select().where(_of_service(service, scope), begins)
        with self._state.reading() as connection:
            found = page(connection, query, submissions.c.id, after, limit)
        return Page([_as_submission(row) for row in found.items], found.next)

    def in_state(self, states: tuple[SubmissionState, ...]) -> list[Submission]:
        """Those of every service and scope in one of these states."""
        with self._state.reading() as connection:
            rows = connection.execute(submissions.select().where(submissions.c.state.in_(states))).all()
        return [_as_submission(row) for row in rows]

    def programs(self) -> set[str]:
        """The processes that submissions have or had."""
        with self._state.reading() as connection:
            query = select(submissions.c.program).where(submissions.c.program.is_not(None))
            return set(connection.execute(query).scalars())

    def count(self, state: SubmissionState) -> int:
        with self._state.reading() as connection:
            query = select(func.count()).select_from(submissions).where(submissions.c.state == state)
            return int(connection.execute(query).scalar_one())

    def change(
        self, key: Key, before: tuple[SubmissionState, ...], after: SubmissionState, error: str | None = None
    ) -> bool:
        """Change its state if it is one of `before`; whether it was."""
        values: dict[str, Any] = {"state": after}
        if after == "RUNNING":
            values["started"] = self._clock()
        if after not in ACTIVE:
            values["completed"] = self._clock()
        if error is not None:
            values["error"] = error
        with self._state.transaction(thing(key)) as tx:
            change = submissions.update().where(_this(key), submissions.c.state.in_(before))
            return tx.execute(change.values(values)).rowcount == 1

    def give(self, key: Key, program: str) -> bool:
        """Note which process is to be its, before that is started; False if it is not wanted any more."""
        with self._state.transaction() as tx:
            change = submissions.update().where(_this(key), submissions.c.state == "PENDING")
            return tx.execute(change.values(program=program)).rowcount == 1

    def set_tags(self, key: Key, add: Mapping[str, str], remove: Collection[str]) -> None:
        """Raises NotFound."""
        tags = {**self.get(key).tags, **add}
        kept = {name: value for name, value in tags.items() if name not in remove}
        with self._state.transaction() as tx:
            tx.execute(submissions.update().where(_this(key)).values(tags=kept))

    def remove(self, key: Key) -> None:
        with self._state.transaction(thing(key)) as tx:
            tx.execute(submissions.delete().where(_this(key)))


def _of_service(service: str, scope: Scope) -> Any:
    table = submissions.c
    return and_(table.service == service, table.account == scope.account, table.region == scope.region)


def _this(key: Key) -> Any:
    return and_(_of_service(key.service, key.scope), submissions.c.id == key.id)


def _as_submission(row: Row[Any]) -> Submission:
    key = Key(row.service, Scope(row.account, row.region), row.id)
    return Submission(
        key, row.asked, row.tags, row.state, row.created, row.error, row.program, row.started, row.completed
    )
