"""Connections that only read a SQLite database, kept open from one reading to the next."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

KEPT = 8
"""So many are kept at most; further ones are opened and closed."""


class Readers:
    """Takes a connection out of those that are idle, and puts it back.

    Making a Connection of SQLAlchemy's, and giving its driver's connection back to the pool, takes longer than most
    readings do. To SQLAlchemy, which is told of none, such a connection has one transaction without end; SQLite has one
    for each reading.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Connection] = deque()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction of its own."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        driver = connection.connection.driver_connection
        assert driver is not None
        try:
            driver.execute("BEGIN")
            yield connection
        finally:
            try:
                driver.rollback()
            except driver.Error:
                connection.invalidate()
            if len(self._idle) < KEPT and not connection.invalidated:
                self._idle.append(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().close()
