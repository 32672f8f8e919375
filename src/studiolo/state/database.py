"""The one door to the database: SQLite (WAL) by default, PostgreSQL by URL."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from studiolo.state.changes import Changes, Thing
from studiolo.state.migrations import UnknownRevision, upgrade
from studiolo.state.readers import Readers
from studiolo.state.tables import metadata

log = logging.getLogger(__name__)

BUSY_SECONDS = 30


class StateUnavailable(Exception):
    """The database cannot be opened or written, with the reason in the database's words."""


class State:
    """Transactions on the database. What a transaction wrote when its block ended survives `kill -9`."""

    def __init__(self, url: str) -> None:
        self.changes = Changes()
        self.note: Callable[[Connection, Thing], None] = lambda _tx, _thing: None
        """What else is written of what a transaction changes, in the same one."""
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise StateUnavailable(f"STUDIOLO_DATABASE_URL is not a SQLAlchemy URL: {error}.") from error
        self._sqlite = self._url.get_backend_name() == "sqlite"
        if self._sqlite and self._url.database:
            _prepare(Path(self._url.database))
        if self._url.get_backend_name() == "postgresql" and "+" not in self._url.drivername:
            self._url = self._url.set(drivername="postgresql+psycopg")
        try:
            self._engine = create_engine(self._url, pool_size=20, max_overflow=40, pool_pre_ping=not self._sqlite)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise StateUnavailable(
                f"There is no driver for {self._url!r} here ({error}); for PostgreSQL: psycopg."
            ) from error
        self._readers = Readers(self._engine)
        # SQLite has one writer at a time: waiting here is fair, waiting in SQLite polls.
        self._writing = threading.RLock()
        self._watching: sqlite3.Connection | None = None
        self._watch = threading.Lock()
        if self._sqlite:
            event.listen(self._engine, "connect", _configure_sqlite)
        try:
            self.fresh = not upgrade(self._migrating())
            """Whether the database was begun now, and so tells nothing of what there was before."""
        except UnknownRevision as error:
            raise StateUnavailable(
                f"The database {self._name} was written by a newer Studiolo ({error}): "
                "start that version, or put back a copy from before it."
            ) from error
        except DBAPIError as error:
            raise self._unavailable("opened", error) from error

    @contextmanager
    def transaction(self, *changed: Thing) -> Iterator[Connection]:
        """A transaction that may write: commits when the block ends, rolls back when it raises.

        Who waits for `changed` is told when it is committed. Raises StateUnavailable where the database cannot
        write (a full disk, a lost connection) or is damaged.
        """
        waiting = self._writing if self._sqlite else nullcontext()
        try:
            with waiting, self._engine.connect() as connection, connection.begin():
                if self._sqlite:
                    # Taking the write lock at the start keeps a read-then-write from failing half-way.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                for thing in changed:
                    self.note(connection, thing)
        except DatabaseError as error:
            if isinstance(error, OperationalError) or _is_damage(error):
                raise self._unavailable("written", error) from error
            raise
        for thing in changed:
            self.changes.tell(thing)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading one consistent state. Raises StateUnavailable where the database is damaged."""
        try:
            with self._readers.reading() if self._sqlite else self._engine.connect() as connection:
                yield connection
        except DatabaseError as error:
            if _is_damage(error):
                raise self._unavailable("read", error) from error
            raise

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine, where a row is read in the time that handing over to a thread takes."""
        return self._sqlite

    def mark(self) -> int | None:
        """A number that is another one once any process has written; None where the database cannot tell cheaply."""
        if not self._sqlite:
            return None
        with self._watch:
            if self._watching is None:
                # It tells what other connections wrote, so it writes nothing itself.
                self._watching = sqlite3.connect(str(self._url.database), check_same_thread=False)
            version: int = self._watching.execute("PRAGMA data_version").fetchone()[0]
        return version

    def empty(self) -> None:
        """Delete every row of every table, but for those that tell what runs (their info has `runs`)."""
        with self.transaction() as tx:
            for table in reversed(metadata.sorted_tables):
                if not table.info.get("runs"):
                    tx.execute(table.delete())

    def close(self) -> None:
        self._readers.close()
        self._engine.dispose()
        with self._watch:
            # SQLite does not bear that a connection is closed while another thread asks by it.
            if self._watching is not None:
                self._watching.close()

    @property
    def _name(self) -> str:
        return self._url.database or "" if self._sqlite else repr(self._url)

    def _unavailable(self, done: str, error: DBAPIError) -> StateUnavailable:
        if self._sqlite and _is_damage(error):
            return _damaged(self._name, str(error.orig))
        return StateUnavailable(f"The state cannot be {done}: {error.orig} ({self._name}).")

    def _migrating(self) -> Engine:
        """The engine for Alembic, which begins transactions by itself: an event says so to SQLite.

        Were it the engine's own event, every statement of every request would go through SQLAlchemy's dispatch.
        """
        engine = self._engine.execution_options()
        if self._sqlite:
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine


def _prepare(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # To SQLite no bytes are a new database, and it makes one. Where there was another before, nobody should wonder.
    if file.exists() and file.stat().st_size == 0:
        log.warning("The database %s is empty, and is begun anew: put a copy of it back if it should not be.", file)
    elif file.exists() and (missing := _bytes_missing(file)) > 0:
        raise _damaged(str(file), f"{missing} bytes at its end are missing")


def _bytes_missing(file: Path) -> int:
    """How many bytes a SQLite file lacks of the pages that its header counts (https://www.sqlite.org/fileformat.html).

    SQLite itself notices when it comes to such a page. After a crash the pages may still be in the -wal file.
    """
    log_file = file.with_name(f"{file.name}-wal")
    if log_file.exists() and log_file.stat().st_size:
        return 0
    with file.open("rb") as opened:
        header = opened.read(100)
    page = int.from_bytes(header[16:18], "big")
    sized = header.startswith(b"SQLite format 3\0") and header[24:28] == header[92:96]
    return int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page) - file.stat().st_size if sized else 0


def _damaged(name: str, how: str) -> StateUnavailable:
    return StateUnavailable(
        f"The database {name} is damaged ({how}): put a copy of it back, or move it away, "
        "with its -wal and -shm files, to begin with an empty one."
    )


def _is_damage(error: DBAPIError) -> bool:
    """Whether SQLite says that the file is none of its own, or is malformed: of its classes of errors, the bare one."""
    return type(error) is DatabaseError


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # Autocommit mode: transactions begin where State says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL keeps every committed transaction over the death of the process.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
