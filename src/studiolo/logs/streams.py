"""Log streams: which there are, and the file of each."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from studiolo.domain import AlreadyExists, Clock, Invalid, NotFound, Page, Scope
from studiolo.logs.groups import require, these
from studiolo.logs.reading import first_event, last_event
from studiolo.logs.tables import streams
from studiolo.state import State, page


@dataclass(frozen=True, slots=True)
class LogStream:
    """A log stream; times of events are in milliseconds since 1970, None where there is none."""

    name: str
    created: datetime
    first_event: int | None
    last_event: int | None
    last_ingestion: int | None


class LogStreams:
    """The log streams of a data folder."""

    def __init__(self, state: State, folder: Path, clock: Clock) -> None:
        self._state = state
        self._folder = folder
        self._clock = clock

    def create(self, scope: Scope, group: str, name: str) -> None:
        """Add a stream. Raises NotFound for the group, AlreadyExists, Invalid."""
        with self._state.transaction() as tx:
            require(tx, scope, group)
            if tx.execute(select(streams.c.name).where(these(streams, scope, group=group, name=name))).first():
                raise AlreadyExists("The specified log stream already exists")
            self._add(tx, scope, group, name)

    def delete(self, scope: Scope, group: str, name: str) -> None:
        """Delete a stream with its events. Raises NotFound."""
        with self._state.transaction() as tx:
            file = self.file(tx, scope, group, name)
            tx.execute(streams.delete().where(these(streams, scope, group=group, name=name)))
        file.unlink(missing_ok=True)

    def list(
        self,
        scope: Scope,
        group: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = 50,
        descending: bool = False,
    ) -> Page[LogStream]:
        """Streams whose names begin so, by name. Raises NotFound for the group."""
        begins = streams.c.name.startswith(prefix, autoescape=True)
        query = select(streams).where(these(streams, scope, group=group), begins)
        with self._state.reading() as connection:
            require(connection, scope, group)
            rows = page(connection, query, streams.c.name, after, limit, descending=descending)
        return Page([self._stream(row) for row in rows.items], rows.next)

    def list_by_last_event(
        self, scope: Scope, group: str, *, after: str | None = None, limit: int = 50, descending: bool = False
    ) -> Page[LogStream]:
        """Streams by the time of their last event, those without events first. Raises NotFound for the group."""
        with self._state.reading() as connection:
            require(connection, scope, group)
            rows = connection.execute(select(streams).where(these(streams, scope, group=group))).all()
        keyed = {f"{stream.last_event or 0:020d}/{stream.name}": stream for stream in map(self._stream, rows)}
        keys = sorted(keyed, reverse=descending)
        if after is not None:
            keys = [key for key in keys if (key < after if descending else key > after)]
        taken = keys[:limit]
        return Page([keyed[key] for key in taken], taken[-1] if len(keys) > limit else None)

    def add(self, tx: Connection, scope: Scope, group: str, name: str) -> Path:
        """The stream's file, within a transaction; adds the stream where it is not there. Raises Invalid."""
        row = tx.execute(select(streams.c.file).where(these(streams, scope, group=group, name=name))).first()
        return self._folder / (row.file if row is not None else self._add(tx, scope, group, name))

    def file(self, connection: Connection, scope: Scope, group: str, name: str) -> Path:
        """The stream's file. Raises NotFound."""
        require(connection, scope, group)
        row = connection.execute(select(streams.c.file).where(these(streams, scope, group=group, name=name))).first()
        if row is None:
            raise NotFound("The specified log stream does not exist.")
        return self._folder / str(row.file)

    def files(self, connection: Connection, scope: Scope, group: str) -> dict[str, Path]:
        """The file of every stream of a group, by the stream's name."""
        rows = connection.execute(select(streams.c.name, streams.c.file).where(these(streams, scope, group=group)))
        return {row.name: self._folder / row.file for row in rows}

    def _add(self, tx: Connection, scope: Scope, group: str, name: str) -> str:
        if not re.fullmatch(r"[^:*\x00]{1,512}", name):
            raise Invalid(f"The log stream name {name!r} has a colon or an asterisk, or more than 512 characters.")
        # A file of its own even where the name was used before: a writer of the deleted stream may still live.
        file = f"{scope.account}/{scope.region}/{_slug(group)}/{_slug(name)}-{uuid.uuid4().hex[:12]}.jsonl"
        row = {"group": group, "name": name, "file": file, "created": self._clock()}
        tx.execute(streams.insert().values(account=scope.account, region=scope.region, **row))
        return file

    def _stream(self, row: Row[Any]) -> LogStream:
        path = f"{self._folder}/{row.file}"
        try:
            now = Path(path).stat()
        except FileNotFoundError:
            return LogStream(row.name, row.created, None, None, None)
        return LogStream(row.name, row.created, *_ends(path, now.st_mtime_ns, now.st_size))


@lru_cache(maxsize=10_000)
def _ends(path: str, changed: int, size: int) -> tuple[Any, Any, Any]:
    """When a file's first and last events were, and when the last was taken. changed, size: how it is now.

    Kept, because of thousands of streams in a group all are asked for, to be put in their order.
    """
    first, last = first_event(Path(path)), last_event(Path(path))
    return (None, None, None) if first is None or last is None else (first.timestamp, last.timestamp, last.ingested)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "_"
