"""Log groups and streams in the database, the events of a stream in one file of JSON lines."""

import re
import uuid
from pathlib import Path

from sqlalchemy import Connection, Table

from studiolo.domain import Clock, Scope
from studiolo.logs.tables import groups, streams
from studiolo.state import State


class Logs:
    """The logs of one data folder; stream files are under `folder`."""

    def __init__(self, state: State, folder: Path, clock: Clock) -> None:
        self._state = state
        self._folder = folder
        self._clock = clock

    def writer_file(self, scope: Scope, group: str, stream: str) -> Path:
        """The file that a LogWriter of any process appends to; makes the group and the stream where missing."""
        with self._state.transaction() as tx:
            self._add_group(tx, scope, group)
            row = tx.execute(_these(streams, scope, group=group, name=stream)).first()
            file = self._folder / (row.file if row else self._add_stream(tx, scope, group, stream))
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _add_group(self, tx: Connection, scope: Scope, group: str) -> None:
        if tx.execute(_these(groups, scope, name=group)).first() is None:
            tx.execute(
                groups.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=group,
                    kind="STANDARD",
                    tags={},
                    created=self._clock(),
                )
            )

    def _add_stream(self, tx: Connection, scope: Scope, group: str, stream: str) -> str:
        file = f"{scope.account}/{scope.region}/{_slug(group)}/{_slug(stream)}-{uuid.uuid4().hex[:12]}.jsonl"
        tx.execute(
            streams.insert().values(
                account=scope.account,
                region=scope.region,
                group=group,
                name=stream,
                file=file,
                created=self._clock(),
            )
        )
        return file


def _these(table: Table, scope: Scope, **values: str):
    query = table.select().where(table.c.account == scope.account, table.c.region == scope.region)
    for column, value in values.items():
        query = query.where(table.c[column] == value)
    return query


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "_"
