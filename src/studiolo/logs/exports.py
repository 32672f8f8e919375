"""Export tasks: the events of a group, written to a bucket as gzipped text.

After "Exporting log data to Amazon S3" (CloudWatch Logs User Guide): an object `PREFIX/aws-logs-write-test` when a task is
made, then `PREFIX/TASK/STREAM/000000.gz`, 000001.gz, … of lines `2015-08-01T00:00:00.000Z message`.
"""

import gzip
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol

from sqlalchemy import Row, select

from studiolo.background import UNTIL_WOKEN, Background
from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.logs.events import Event, forward
from studiolo.logs.groups import LogGroups, require, these
from studiolo.logs.reading import Span
from studiolo.logs.streams import LogStreams
from studiolo.logs.tables import export_tasks
from studiolo.state import State, page

PENDING, RUNNING, PENDING_CANCEL = "PENDING", "RUNNING", "PENDING_CANCEL"
COMPLETED, FAILED, CANCELLED = "COMPLETED", "FAILED", "CANCELLED"
ACTIVE = (PENDING, RUNNING, PENDING_CANCEL)

DEFAULT_PREFIX = "exportedlogs"
FILE_BYTES = 64 * 1024 * 1024
"""Of text, after which a stream goes on in its next file."""
RETRY_SECONDS = 15.0
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Ended(Conflict):
    """The task has ended: there is nothing to cancel."""


class _Cancelled(Exception):
    """The task is not to go on."""


@dataclass(frozen=True, slots=True)
class ExportTask:
    """A task for the events from `start` to `end`, both of them (milliseconds since 1970), of streams named so."""

    scope: Scope
    id: str
    name: str | None
    group: str
    stream_prefix: str
    start: int
    end: int
    bucket: str
    prefix: str
    status: str
    message: str | None
    created: datetime
    completed: datetime | None


class Destination(Protocol):
    """The buckets that exports go to, as CloudWatch Logs may use them."""

    def put(self, scope: Scope, group: str, bucket: str, key: str, body: bytes | BinaryIO) -> None:
        """Write an object. Raises Invalid with the reason, where the bucket or its policy is."""


class Exports:
    """The export tasks of a data folder. One of an account runs at a time, and goes on after a restart."""

    def __init__(self, state: State, groups: LogGroups, streams: LogStreams, clock: Clock) -> None:
        self._state = state
        self._groups = groups
        self._streams = streams
        self._clock = clock
        self._background = Background("log exports", self._look, RETRY_SECONDS)
        self._destination: Destination | None = None

    def start(self, destination: Destination) -> None:
        """Go on with what an earlier server left."""
        self._destination = destination
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        """Stop in the middle: the next server begins such a task again, which writes the same objects."""
        self._background.close(30)

    def create(
        self,
        scope: Scope,
        group: str,
        start: int,
        end: int,
        bucket: str,
        *,
        name: str | None = None,
        prefix: str | None = None,
        stream_prefix: str = "",
    ) -> str:
        """Begin a task; its id. Raises NotFound, Invalid for the times or the bucket, LimitExceeded for a second one."""
        prefix = (DEFAULT_PREFIX if prefix is None else prefix).strip("/")
        with self._state.reading() as connection:
            since = require(connection, scope, group).created
            self._check_free(connection, scope)
        if start > end:
            raise Invalid("The start of the time range must not be later than its end.")
        if end < int(since.timestamp() * 1000):
            raise Invalid("The end of the time range is earlier than when the log group was created.")
        assert self._destination is not None
        self._destination.put(scope, group, bucket, _key(prefix, "aws-logs-write-test"), b"Permission Check Successful")
        identifier = str(uuid.uuid4())
        row = {
            "account": scope.account,
            "region": scope.region,
            "id": identifier,
            "name": name,
            "group": group,
            "stream_prefix": stream_prefix,
            "since": start,
            "until": end,
            "bucket": bucket,
            "prefix": prefix,
            "status": PENDING,
            "message": None,
            "created": self._clock(),
            "completed": None,
        }
        with self._state.transaction() as tx:
            self._check_free(tx, scope)
            tx.execute(export_tasks.insert().values(row))
        self._background.wake()
        return identifier

    def cancel(self, scope: Scope, identifier: str) -> None:
        """Raises NotFound, Ended."""
        mine = these(export_tasks, scope, id=identifier)
        with self._state.transaction() as tx:
            row = tx.execute(select(export_tasks.c.status).where(mine)).first()
            if row is None:
                raise NotFound("The specified export task does not exist.")
            if row.status not in ACTIVE:
                raise Ended(f"The specified export task has already ended: it is {row.status}.")
            if row.status == PENDING:
                values = {"status": CANCELLED, "message": "Cancelled by user", "completed": self._clock()}
                tx.execute(export_tasks.update().where(mine).values(values))
            else:
                tx.execute(export_tasks.update().where(mine).values(status=PENDING_CANCEL))

    def list(
        self,
        scope: Scope,
        *,
        identifier: str | None = None,
        status: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[ExportTask]:
        """The tasks, by id; of that id; of that status."""
        query = select(export_tasks).where(these(export_tasks, scope))
        if identifier is not None:
            query = query.where(export_tasks.c.id == identifier)
        if status is not None:
            query = query.where(export_tasks.c.status == status)
        with self._state.reading() as connection:
            found = page(connection, query, export_tasks.c.id, after, limit)
        return Page([_as_task(row) for row in found.items], found.next)

    def _check_free(self, connection: Any, scope: Scope) -> None:
        active = these(export_tasks, scope) & export_tasks.c.status.in_(ACTIVE)
        if connection.execute(select(export_tasks.c.id).where(active)).first() is not None:
            raise LimitExceeded("Resource limit exceeded.")

    def _look(self) -> float:
        while not self._background.ended and (task := self._next()) is not None:
            self._run(task)
        return UNTIL_WOKEN

    def _next(self) -> ExportTask | None:
        query = select(export_tasks).where(export_tasks.c.status.in_(ACTIVE)).order_by(export_tasks.c.created).limit(1)
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _as_task(row)

    def _run(self, task: ExportTask) -> None:
        try:
            self._become(task, RUNNING, "Started successfully")
            self._write(task)
        except _Cancelled:
            self._become(task, CANCELLED, "Cancelled by user")
        except DomainError as error:
            self._become(task, FAILED, str(error))
        else:
            if not self._background.ended:
                self._become(task, COMPLETED, "Completed successfully")

    def _become(self, task: ExportTask, status: str, message: str) -> None:
        """Raises _Cancelled where it is to be cancelled, rather than to run."""
        values: dict[str, Any] = {"status": status, "message": message}
        if status != RUNNING:
            values["completed"] = self._clock()
        mine = these(export_tasks, task.scope, id=task.id)
        with self._state.transaction() as tx:
            at_present = tx.execute(select(export_tasks.c.status).where(mine)).scalar()
            if status == RUNNING and at_present not in (PENDING, RUNNING):
                raise _Cancelled
            tx.execute(export_tasks.update().where(mine).values(values))

    def _write(self, task: ExportTask) -> None:
        """Raises _Cancelled, NotFound where the group is gone, Invalid where the bucket does not take it."""
        with self._state.reading() as connection:
            kept_since = self._groups.oldest(require(connection, task.scope, task.group).retention_days)
            files = self._streams.files(connection, task.scope, task.group)
        span = Span(max(task.start, kept_since), task.end + 1)
        numbers: Counter[str] = Counter()
        for stream, file in sorted(files.items()):
            if stream.startswith(task.stream_prefix):
                # Streams whose folders are of the same name share it.
                folder = stream.replace("/", "-")
                events = (event for event in forward(file, 0) if span.holds(event))
                numbers[folder] = self._write_stream(task, folder, events, numbers[folder])

    def _write_stream(self, task: ExportTask, folder: str, events: Iterator[Event], number: int) -> int:
        """Write the events of a stream; the number of the file that is next."""
        assert self._destination is not None
        while (first := next(events, None)) is not None:
            self._check_running(task)
            if self._background.ended:
                break
            with TemporaryFile() as text:
                with gzip.GzipFile(fileobj=text, mode="wb", mtime=0) as packed:
                    size = packed.write(_line(first))
                    for event in events:
                        size += packed.write(_line(event))
                        if size >= FILE_BYTES:
                            break
                text.seek(0)
                key = _key(task.prefix, f"{task.id}/{folder}/{number:06d}.gz")
                self._destination.put(task.scope, task.group, task.bucket, key, text)
            number += 1
        return number

    def _check_running(self, task: ExportTask) -> None:
        mine = these(export_tasks, task.scope, id=task.id)
        with self._state.reading() as connection:
            if connection.execute(select(export_tasks.c.status).where(mine)).scalar() != RUNNING:
                raise _Cancelled


def _key(prefix: str, rest: str) -> str:
    return f"{prefix}/{rest}" if prefix else rest


def _line(event: Event) -> bytes:
    moment = (EPOCH + event.timestamp * MILLISECOND).isoformat(timespec="milliseconds")
    return f"{moment.removesuffix('+00:00')}Z {event.message}\n".encode()


def _as_task(row: Row[Any]) -> ExportTask:
    return ExportTask(
        Scope(row.account, row.region),
        row.id,
        row.name,
        row.group,
        row.stream_prefix,
        row.since,
        row.until,
        row.bucket,
        row.prefix,
        row.status,
        row.message,
        row.created,
        row.completed,
    )
