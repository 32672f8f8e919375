"""The files of governed views: made of those raw objects that are asked for, kept as long as those stay as they are.

What is listed is what the raw objects were at the moment of the list: each file is known by the ETag of the object that it
was made of. A file that cannot be filtered exactly is refused, and the list with it.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import func, select

from studiolo.catalog import Catalog, Partition, partition_name, partition_values
from studiolo.domain import Clock, Conflict, Denied, Invalid, Scope
from studiolo.governance import expressions
from studiolo.governance.lake import Lake
from studiolo.governance.logs import Logs
from studiolo.governance.makers import Makers
from studiolo.governance.making.task import Refused, Task
from studiolo.governance.snapshots import Made, Snapshots
from studiolo.governance.store_client import StoreClient
from studiolo.governance.subject import of
from studiolo.governance.tables import view_files
from studiolo.governance.views import DELTA, ICEBERG, View, bucket_of, serde_parameters, written_alike
from studiolo.state import State

MOST_BYTES = 20 * 1024**3
"""Of all files of governed views together: beyond it those that were used longest ago go."""

STALE = timedelta(minutes=10)
"""How exactly it is kept when a file was last used."""

LINGERING = timedelta(hours=1)
"""So long files of an Iceberg table's view stay after its last use that are not of the present snapshot."""

AT_ONCE = 2
ASKED = 4
PREPARING = 30.0
"""Seconds that who asks for a table waits for its view at most: AWS's clients give up after 60."""

log = logging.getLogger("studiolo.s3")
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """Raw objects of a table: those below a place. folder: theirs in the view; values: of the partition's keys."""

    bucket: str
    prefix: str
    folder: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """A raw object, by the store's name of it."""

    name: str
    etag: str
    size: int


class ViewFiles:
    """Makes and drops the files of views. client: of the object store, with names of keys as it has them."""

    def __init__(
        self, state: State, catalog: Catalog, lake: Lake, client: StoreClient, makers: Makers, clock: Clock
    ) -> None:
        self._state = state
        self._catalog = catalog
        self._lake = lake
        self._client = client
        self._makers = makers
        self._clock = clock
        self._snapshots = {ICEBERG: Snapshots(lake, client, makers), DELTA: Logs(lake, client, makers)}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="governed-views")
        self._asked = ThreadPoolExecutor(ASKED, thread_name_prefix="asked-views")

    def close(self) -> None:
        self._asked.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown(cancel_futures=True)
        self._makers.close()

    def has(self, view: View, key: str) -> bool:
        """Whether a file of a view, by its key within it, has been made."""
        mine = of(view_files, view.scope, view=view.id, key=key)
        with self._state.reading() as connection:
            size = connection.execute(select(view_files.c.size).where(mine)).scalar()
        return size is not None and size >= 0

    def prepare(self, view: View) -> None:
        """Make the view of an Iceberg table, and wait for it a while. Who reads it is told what is wrong with it."""
        if not self.has(view, view.entry):
            wait([self._asked.submit(self.make, view, view.entry)], PREPARING)

    def make(self, view: View, prefix: str) -> None:
        """Make what is not there yet of the files whose keys within the view begin so, and drop what is no more.

        Raises Denied where a file cannot be filtered exactly, or the location is not one of Lake Formation's.
        """
        with self._lock:
            lock = self._locks.setdefault(view.id, threading.Lock())
        with lock:
            if view.format in self._snapshots:
                self._make_table(view, prefix)
            else:
                for source in self._sources(view, prefix):
                    self._make_of(view, source)
        self._evict(view.scope)

    def drop(self, scope: Scope, identifiers: Sequence[str]) -> None:
        """Drop the files of views; where somebody sees one again they are made again."""
        for identifier in identifiers:
            with self._state.reading() as connection:
                keys = (
                    connection.execute(select(view_files.c.key).where(of(view_files, scope, view=identifier)))
                    .scalars()
                    .all()
                )
            self._remove(scope, identifier, keys)

    def _sources(self, view: View, prefix: str) -> Iterator[Source]:
        """The places whose objects make up that part of a view."""
        table = view.table
        if not table.partition_keys:
            yield self._source(view, table.storage.location if table.storage else None, "", None)
            return
        for partition in self._partitions(view, prefix):
            folder = f"{partition_name(table.partition_keys, partition.values)}/"
            if not (folder.startswith(prefix) or prefix.startswith(folder)):
                continue
            if expressions.never(expressions.bound(view.rows, table.partition_keys, partition.values)):
                continue
            storage = partition.storage
            if storage is not None and not written_alike(table, storage):
                log.warning("%s.%s: partition %s is written in another way", table.database, table.name, folder)
                raise Denied(f"{_cannot(view)}: a partition is written in another way than the table.")
            place = storage.location if storage is not None else None
            yield self._source(view, place, folder, partition.values)

    def _partitions(self, view: View, prefix: str) -> Iterator[Partition]:
        table, names = view.table, (view.table.database, view.table.name)
        whole = prefix.split("/")[: len(table.partition_keys)]
        if prefix.count("/") >= len(table.partition_keys):
            try:
                values = partition_values("/".join(whole), table.partition_keys)
            except Invalid:
                return
            yield from self._catalog.partitions_of(view.scope, *names, [values])
            return
        after = None
        while True:
            page = self._catalog.partitions(view.scope, *names, after=after, limit=PAGE)
            yield from page.items
            after = page.next
            if after is None:
                return

    def _source(self, view: View, location: str | None, folder: str, values: tuple[str, ...] | None) -> Source:
        bucket, _, key = (location or "").partition("://")[2].rstrip("/").partition("/")
        found = self._lake.location_of(view.scope, bucket, key) if bucket else None
        if found is None:
            log.warning("%s.%s: its location %s is not registered", view.table.database, view.table.name, location)
            raise Denied(f"{_cannot(view)}: its location is not registered with Lake Formation.")
        if not self._lake.role_may(found, bucket, key):
            log.warning("the role %s, with which %s is registered, may not read %s", found.role, found.arn, location)
            raise Denied(f"{_cannot(view)}: the role that its location is registered with may not read it.")
        return Source(bucket, f"{key}/" if key else "", folder, values)

    def _make_of(self, view: View, source: Source) -> None:
        known = self._known(view, source.folder)
        there: dict[str, Object] = {}
        for each in self._objects(source):
            key = source.folder + view.file_name(f"{source.bucket}/{each.name}")
            there[key] = each
        new = [key for key, each in there.items() if known.get(key, ("", None))[0] != each.etag]
        self._remove(view.scope, view.id, [key for key in known if key not in there])
        failures = list(self._pool.map(lambda key: self._attempt(view, source, key, there[key]), new))
        for failure in failures:
            if failure is not None:
                raise failure
        self._note_use(view, [key for key in there if key not in new], known)

    def _known(self, view: View, folder: str) -> dict[str, tuple[str, Any]]:
        """The files of a folder: of which ETags they were made, and when they were last used."""
        mine = of(view_files, view.scope, view=view.id)
        if folder:
            mine &= view_files.c.key.startswith(folder, autoescape=True)
        with self._state.reading() as connection:
            rows = connection.execute(select(view_files.c.key, view_files.c.etag, view_files.c.used).where(mine)).all()
        return {row.key: (row.etag, row.used) for row in rows}

    def _objects(self, source: Source) -> Iterator[Object]:
        """The raw objects that engines would read."""
        prefix = self._client.prefix(source.prefix)
        pages = self._client.s3().get_paginator("list_objects_v2").paginate(Bucket=source.bucket, Prefix=prefix)
        try:
            for page in pages:
                for each in page.get("Contents", ()):
                    parts = each["Key"][len(prefix) :].split("/")
                    if each["Size"] > 0 and not any(part.startswith(("_", ".")) or not part for part in parts):
                        yield Object(each["Key"], each["ETag"], each["Size"])
        except (ClientError, BotoCoreError) as error:
            raise Conflict(f"The location s3://{source.bucket}/{source.prefix} cannot be listed: {error}") from error

    def _attempt(self, view: View, source: Source, key: str, raw: Object) -> Exception | None:
        try:
            with _refusing(view, f"s3://{source.bucket}/{raw.name}"):
                self._make_one(view, source, key, raw)
        except (Denied, Conflict) as error:
            return error
        return None

    def _make_table(self, view: View, prefix: str) -> None:
        """Make the table of its own that a view of an Iceberg or Delta table is, of the present snapshot."""
        known, snapshots = self._known(view, ""), self._snapshots[view.format]
        place = snapshots.source(view)
        with _refusing(view, place):
            state = snapshots.state(view)
        present = view.entry in known and known[view.entry][0] == state
        if present and (prefix in known or not prefix.startswith("data/")):
            self._note_use(view, [view.entry], known)
            return
        counted = self._counted(view)
        with _refusing(view, place):
            plan = snapshots.plan(view)

        def made(data: Mapping[str, Any]) -> Made | Exception:
            key, fingerprint = snapshots.key_of(view, data)
            if key in counted:
                return counted[key]
            try:
                with _refusing(view, data["path"]):
                    file = snapshots.make_data(view, key, data, plan)
            except (Denied, Conflict) as error:
                return error
            self._enter(view, file, data["path"], fingerprint)
            return file

        files = []
        for file in self._pool.map(made, plan["data"]):
            if isinstance(file, Exception):
                raise file
            files.append(file)
        with _refusing(view, place):
            described = snapshots.describe(view, plan, files)
        for each in described:
            self._enter(view, each, place, state)
        there = {each.key for each in (*files, *described)}
        # Readers may still be at those that were there before.
        old = [key for key, (_, used) in known.items() if key not in there and self._clock() - used > LINGERING]
        self._note_use(view, [key for key in known if key in there], known)
        self._remove(view.scope, view.id, old)

    def _counted(self, view: View) -> dict[str, Made]:
        with self._state.reading() as connection:
            rows = connection.execute(view_files.select().where(of(view_files, view.scope, view=view.id))).all()
        return {row.key: Made(row.key, row.size, row.rows or 0) for row in rows}

    def _enter(self, view: View, made: Made, source: str, etag: str) -> None:
        row = {"source": source, "etag": etag, "size": made.size, "used": self._clock(), "rows": made.rows}
        named = {"catalog": view.scope.account, "region": view.scope.region, "view": view.id, "key": made.key}
        with self._state.transaction() as tx:
            tx.execute(view_files.delete().where(of(view_files, view.scope, view=view.id, key=made.key)))
            tx.execute(view_files.insert().values(**named, **row))

    def _make_one(self, view: View, source: Source, key: str, raw: Object) -> None:
        keys = view.table.partition_keys if source.values is not None else ()
        cells = tuple((expressions.bound(rows, keys, source.values or ()), names) for rows, names in view.cells)
        s3, bucket = self._client.s3(), bucket_of(view.scope)
        size = -1
        with self._makers.place() as folder:
            task = Task(
                source=str(folder / "raw"),
                target=str(folder / "seen"),
                name=raw.name.rpartition("/")[2],
                format=view.format,
                columns=view.table.storage.columns if view.table.storage is not None else (),
                shown=tuple(column.name.lower() for column in view.columns),
                cells=tuple((rows, names) for rows, names in cells if not expressions.never(rows)),
                serde=serde_parameters(view.table),
            )
            if task.cells:
                body = s3.get_object(Bucket=source.bucket, Key=raw.name, IfMatch=raw.etag)["Body"]
                with (folder / "raw").open("wb") as file:
                    for piece in body.iter_chunks(1024 * 1024):
                        file.write(piece)
                if self._makers.make(task):
                    self._require_bucket(view.scope)
                    s3.upload_file(task.target, bucket, f"{view.id}/{key}")
                    size = (folder / "seen").stat().st_size
        self._enter(view, Made(key, size, 0), raw.name, raw.etag)
        if size < 0:
            s3.delete_object(Bucket=bucket, Key=f"{view.id}/{key}")

    def _require_bucket(self, scope: Scope) -> None:
        self._client.require_bucket(bucket_of(scope))

    def _remove(self, scope: Scope, view: str, keys: Sequence[str]) -> None:
        """Drop files of a view: first the objects, so that none is left that nothing knows of."""
        for start in range(0, len(keys), PAGE):
            some = keys[start : start + PAGE]
            objects = [{"Key": f"{view}/{key}"} for key in some]
            self._client.s3().delete_objects(Bucket=bucket_of(scope), Delete={"Objects": objects, "Quiet": True})
            with self._state.transaction() as tx:
                mine = of(view_files, scope, view=view) & view_files.c.key.in_(some)
                tx.execute(view_files.delete().where(mine))

    def _note_use(self, view: View, keys: Sequence[str], known: dict[str, tuple[str, Any]]) -> None:
        present = self._clock()
        late = [key for key in keys if present - known[key][1] > STALE]
        for start in range(0, len(late), PAGE):
            mine = of(view_files, view.scope, view=view.id) & view_files.c.key.in_(late[start : start + PAGE])
            with self._state.transaction() as tx:
                tx.execute(view_files.update().where(mine).values(used=present))

    def _evict(self, scope: Scope) -> None:
        """Drop what was used longest ago where all files together are too large."""
        with self._state.reading() as connection:
            total = connection.execute(select(func.sum(view_files.c.size)).where(of(view_files, scope))).scalar() or 0
            if total <= MOST_BYTES:
                return
            query = view_files.select().where(of(view_files, scope), view_files.c.size > 0).order_by(view_files.c.used)
            rows = connection.execute(query).all()
        for row in rows:
            if total <= MOST_BYTES:
                return
            self._remove(scope, row.view, [row.key])
            total -= row.size


@contextmanager
def _refusing(view: View, source: str) -> Iterator[None]:
    """Turns what is refused into Denied, and errors of the store into Conflict."""
    try:
        yield
    except Refused as refused:
        # Why tells of columns that who asks may not know of.
        log.warning("%s, of %s.%s: %s", source, view.table.database, view.table.name, refused)
        raise Denied(f"{_cannot(view)}: a file cannot be filtered exactly. The log of the S3 door says why.") from None
    except (ClientError, BotoCoreError) as error:
        raise Conflict(f"A file of a governed view could not be made: {error}") from error


def _cannot(view: View) -> str:
    return f"Lake Formation cannot give a part of {view.table.database}.{view.table.name}"
