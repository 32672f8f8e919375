"""The records of sessions and statements: every change of state is one transaction that names the states it is from."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from studiolo.domain import AlreadyExists, Clock, Conflict, Invalid, NotFound, Page, Scope
from studiolo.engine.model import LIVING, UNFINISHED, Key, Language, Session, SessionState, StatementState
from studiolo.engine.tables import sessions, statements
from studiolo.state import Remembered, State, page


@dataclass(frozen=True)
class Record:
    """A statement's row; what it printed is in the journal of `message`."""

    id: int
    code: str
    language: Language
    state: StatementState
    message: str
    created: datetime
    started: datetime | None
    completed: datetime | None
    error: str | None


class Store:
    """Sessions and statements in the database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._sessions = Remembered(state, self._session)
        self._clock = clock

    def add(self, key: Key, asked: Mapping[str, Any], tags: Mapping[str, str]) -> Session:
        """Record a session that is to be provisioned. Raises AlreadyExists."""
        moment = self._clock()
        with self._state.transaction() as tx:
            if tx.execute(select(sessions.c.id).where(_session(key))).first():
                raise AlreadyExists(f"Session {key.id} already exists.")
            tx.execute(
                sessions.insert().values(
                    service=key.service,
                    account=key.scope.account,
                    region=key.scope.region,
                    id=key.id,
                    asked=dict(asked),
                    tags=dict(tags),
                    state="PROVISIONING",
                    created=moment,
                    active=moment,
                    statements=0,
                )
            )
        return Session(key, asked, tags, "PROVISIONING", moment)

    def session(self, key: Key) -> Session:
        """Raises NotFound."""
        return self._sessions.get(key)

    def _session(self, key: Key) -> Session:
        with self._state.reading() as connection:
            return _as_session(_row(connection, key))

    def sessions(
        self, service: str, scope: Scope, tags: Mapping[str, str], after: str | None, limit: int, prefix: str = ""
    ) -> Page[Session]:
        """Those of a service whose ids begin so and that carry all the tags, in the order of their ids."""
        query = sessions.select().where(_of_service(service, scope), sessions.c.id.startswith(prefix, autoescape=True))
        for name, value in tags.items():
            query = query.where(sessions.c.tags[name].as_string() == value)
        with self._state.reading() as connection:
            found = page(connection, query, sessions.c.id, after, limit)
        return Page([_as_session(row) for row in found.items], found.next)

    def in_state(self, *states: SessionState) -> list[Session]:
        """The sessions of every scope in one of these states."""
        with self._state.reading() as connection:
            rows = connection.execute(sessions.select().where(sessions.c.state.in_(states))).all()
        return [_as_session(row) for row in rows]

    def count(self, state: SessionState) -> int:
        """How many sessions of all scopes are in that state."""
        with self._state.reading() as connection:
            query = select(func.count()).select_from(sessions).where(sessions.c.state == state)
            return int(connection.execute(query).scalar_one())

    def idle_since(self, key: Key) -> datetime | None:
        """When the session last had something to do; None while it has."""
        with self._state.reading() as connection:
            row = _row(connection, key)
            query = select(statements.c.id).where(_of(key), statements.c.state.in_(UNFINISHED)).limit(1)
            return None if connection.execute(query).first() else row.active

    def touch(self, key: Key) -> None:
        """The session is in use."""
        with self._state.transaction() as tx:
            tx.execute(sessions.update().where(_session(key)).values(active=self._clock()))

    def change(self, key: Key, before: tuple[SessionState, ...], after: SessionState, error: str | None = None) -> bool:
        """Change the session's state if it is one of `before`; whether it was."""
        moment = self._clock()
        values: dict[str, Any] = {"state": after, "active": moment}
        if after not in (*LIVING, "STOPPING"):
            values["completed"] = moment
        if error is not None:
            values["error"] = error
        with self._state.transaction(key.thing) as tx:
            done = tx.execute(sessions.update().where(_session(key), sessions.c.state.in_(before)).values(values))
            return done.rowcount == 1

    def give_kernel(self, key: Key, kernel: str) -> bool:
        """Note which kernel is the session's, before it is started or claimed; False if the session is not wanted."""
        with self._state.transaction() as tx:
            query = sessions.update().where(_session(key), sessions.c.state == "PROVISIONING")
            return tx.execute(query.values(kernel=kernel)).rowcount == 1

    def remove(self, key: Key) -> None:
        """Forget the session and its statements."""
        with self._state.transaction(key.thing) as tx:
            tx.execute(statements.delete().where(_of(key)))
            tx.execute(sessions.delete().where(_session(key)))

    def set_tags(self, key: Key, add: Mapping[str, str], remove: Collection[str]) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            tags = {**_row(tx, key).tags, **add}
            kept = {name: value for name, value in tags.items() if name not in remove}
            tx.execute(sessions.update().where(_session(key)).values(tags=kept))

    def add_statement(self, key: Key, code: str, language: Language = "python") -> int:
        """Queue a statement; its number. Raises NotFound, Invalid when the session's time is over, else Conflict when
        it takes none."""
        moment = self._clock()
        with self._state.transaction() as tx:
            row = _row(tx, key)
            if row.state == "TIMEOUT":
                # By this error the Glue kernel knows that it needs a new session.
                raise Invalid(f"Session {key.id} is over (TIMEOUT): create a new one.")
            if row.state != "READY":
                raise Conflict(f"Session {key.id} is {row.state}, and takes statements only when it is READY.")
            number: int = row.statements
            tx.execute(
                statements.insert().values(
                    service=key.service,
                    account=key.scope.account,
                    region=key.scope.region,
                    session=key.id,
                    id=number,
                    code=code,
                    language=language,
                    state="WAITING",
                    message=uuid.uuid4().hex,
                    created=moment,
                )
            )
            tx.execute(sessions.update().where(_session(key)).values(statements=number + 1, active=moment))
        return number

    def statement(self, key: Key, number: int) -> Record:
        """Raises NotFound."""
        with self._state.reading() as connection:
            _row(connection, key)
            row = connection.execute(_STATEMENT, {**_bound(key), "number": number}).first()
        if row is None:
            raise NotFound(f"Session {key.id} has no statement {number}.")
        return _as_record(row)

    def statements(self, key: Key, after: int, limit: int) -> Page[Record]:
        """Those after the number, in their order. Raises NotFound for the session."""
        query = statements.select().where(_of(key), statements.c.id > after).order_by(statements.c.id)
        with self._state.reading() as connection:
            _row(connection, key)
            rows = connection.execute(query.limit(limit + 1)).all()
        more = len(rows) > limit
        found = [_as_record(row) for row in rows[:limit]]
        return Page(found, next=str(found[-1].id) if more else None)

    def begin_next(self, key: Key) -> Record | None:
        """The statement to be with the kernel now: the one that was, else the first that waits, now RUNNING."""
        with self._state.transaction() as tx:
            query = statements.select().where(_of(key), statements.c.state.in_(UNFINISHED))
            # A running statement came before those that wait.
            row = tx.execute(query.order_by(statements.c.id).limit(1)).first()
            if row is None:
                return None
            if row.state == "WAITING":
                change = statements.update().where(_of(key), statements.c.id == row.id)
                tx.execute(change.values(state="RUNNING", started=self._clock()))
            return _as_record(row)

    def unfinished(self, key: Key) -> list[Record]:
        """The statements that wait or run, in their order."""
        query = statements.select().where(_of(key), statements.c.state.in_(UNFINISHED)).order_by(statements.c.id)
        with self._state.reading() as connection:
            return [_as_record(row) for row in connection.execute(query).all()]

    def current(self, key: Key) -> Record | None:
        """The statement that was handed to the kernel and has not ended."""
        query = statements.select().where(_of(key), statements.c.state.in_(("RUNNING", "CANCELLING")))
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _as_record(row)

    def anything_unfinished(self) -> bool:
        """Whether any session of any scope is being provisioned or has a statement to run."""
        provisioning = select(sessions.c.id).where(sessions.c.state == "PROVISIONING").limit(1)
        running = select(statements.c.id).where(statements.c.state.in_(UNFINISHED)).limit(1)
        with self._state.reading() as connection:
            return any(connection.execute(query).first() for query in (provisioning, running))

    def kernels(self) -> dict[str, Key]:
        """Every kernel that a session has or had."""
        with self._state.reading() as connection:
            rows = connection.execute(sessions.select().where(sessions.c.kernel.is_not(None))).all()
        return {row.kernel: _key(row) for row in rows}

    def change_statement(
        self,
        key: Key,
        number: int,
        before: tuple[StatementState, ...],
        after: StatementState,
        error: str | None = None,
    ) -> bool:
        """Change the statement's state if it is one of `before`; whether it was."""
        moment = self._clock()
        values: dict[str, Any] = {"state": after, "error": error}
        if after not in UNFINISHED:
            values["completed"] = moment
        with self._state.transaction(key.thing) as tx:
            this = and_(_of(key), statements.c.id == number, statements.c.state.in_(before))
            done = tx.execute(statements.update().where(this).values(values))
            tx.execute(sessions.update().where(_session(key)).values(active=moment))
            return done.rowcount == 1

    def fail(self, key: Key, reason: str) -> None:
        """The session has failed, and with it every statement that has not ended."""
        moment = self._clock()
        failed = {"state": "FAILED", "error": reason, "active": moment, "completed": moment}
        with self._state.transaction(key.thing) as tx:
            tx.execute(sessions.update().where(_session(key), sessions.c.state.in_(LIVING)).values(failed))
            self._finish_all(tx, key, "ERROR", reason)

    def finish_all(self, key: Key, after: StatementState, error: str) -> None:
        """End every statement that has not ended."""
        with self._state.transaction(key.thing) as tx:
            self._finish_all(tx, key, after, error)

    def _finish_all(self, tx: Connection, key: Key, after: StatementState, error: str) -> None:
        unfinished = and_(_of(key), statements.c.state.in_(UNFINISHED))
        tx.execute(statements.update().where(unfinished).values(state=after, error=error, completed=self._clock()))


# These two are asked for each second by every client that waits: built once, they take half the time.
_SESSION = sessions.select().where(
    sessions.c.service == bindparam("service"),
    sessions.c.account == bindparam("account"),
    sessions.c.region == bindparam("region"),
    sessions.c.id == bindparam("id"),
)
_STATEMENT = statements.select().where(
    statements.c.service == bindparam("service"),
    statements.c.account == bindparam("account"),
    statements.c.region == bindparam("region"),
    statements.c.session == bindparam("id"),
    statements.c.id == bindparam("number"),
)


def _bound(key: Key) -> dict[str, Any]:
    return {"service": key.service, "account": key.scope.account, "region": key.scope.region, "id": key.id}


def _of_service(service: str, scope: Scope) -> Any:
    table = sessions.c
    return and_(table.service == service, table.account == scope.account, table.region == scope.region)


def _session(key: Key) -> Any:
    return and_(_of_service(key.service, key.scope), sessions.c.id == key.id)


def _of(key: Key) -> Any:
    table, scope = statements.c, key.scope
    of_scope = and_(table.service == key.service, table.account == scope.account, table.region == scope.region)
    return and_(of_scope, table.session == key.id)


def _row(connection: Connection, key: Key) -> Row[Any]:
    row = connection.execute(_SESSION, _bound(key)).first()
    if row is None:
        raise NotFound(f"Session {key.id} does not exist.")
    return row


def _key(row: Row[Any]) -> Key:
    return Key(row.service, Scope(row.account, row.region), row.id)


def _as_session(row: Row[Any]) -> Session:
    state = cast(SessionState, row.state)
    return Session(_key(row), row.asked, row.tags, state, row.created, row.error, row.completed, row.kernel)


def _as_record(row: Row[Any]) -> Record:
    return Record(
        row.id, row.code, row.language, row.state, row.message, row.created, row.started, row.completed, row.error
    )
