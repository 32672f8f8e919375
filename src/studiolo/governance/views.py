"""Governed views: where those who may see a part of a table read that part, and what makes up each.

A view is named by what may be seen of which table: principals who may see the same read the same view, and whoever may
see something else reads another. Its files lie in a bucket of Studiolo's own, which nobody reaches but by the S3 door.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy.exc import IntegrityError

from studiolo.catalog import Catalog, Column, Partition, StorageDescriptor, Table, partition_name
from studiolo.domain import Clock, Denied, Invalid, NotFound, Scope
from studiolo.governance.auditing import Accessed
from studiolo.governance.expressions import Filter, Truth, check, either
from studiolo.governance.lake import Lake
from studiolo.governance.locations import VIEWS
from studiolo.governance.making.log_files import FIRST, FOLDER
from studiolo.governance.redaction import PROVIDER, SERDE_PARAMETERS
from studiolo.governance.sights import Sight
from studiolo.governance.subject import of
from studiolo.governance.tables import views
from studiolo.identity import Principal
from studiolo.state import State

DELTA = "delta"
ICEBERG = "iceberg"
METADATA = "metadata_location"
"""The parameter of an Iceberg table that says where its metadata are."""

_SERDES = {
    "parquet": "parquet",
    "orcserde": "orc",
    "avroserde": "avro",
    "lazysimpleserde": "lines",
    "opencsvserde": "csv",
    "jsonserde": "json",
}

_INPUTS = (".TextInputFormat", ".MapredParquetInputFormat", ".OrcInputFormat", ".AvroContainerInputFormat")
_DECIDING = ("avro.schema.", "mapping.", "serialization.encoding")
"""Parameters of SerDes that are not shown, and by which files are refused."""

_ODD = frozenset(
    {
        "dots.in.keys", "orc.column.index.access", "parquet.column.index.access", "serialization.last.column.takes.rest",
        "skip.footer.line.count", "textinputformat.record.delimiter",
    }
)  # fmt: skip
"""Parameters by which readers take columns by their place, keys for others, or lines for none."""

_ENDINGS = frozenset(
    {"avro", "bz2", "csv", "gz", "json", "jsonl", "orc", "parquet", "snappy", "tsv", "txt", "xz", "zstd"}
)
"""What engines tell formats and compression by: other parts of a name are no part of a view's."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a table. cells: rows as filters, and the columns of each; columns: all that show, in their order."""

    id: str
    scope: Scope
    table: Table
    format: str
    columns: tuple[Column, ...]
    cells: tuple[tuple[Filter, frozenset[str]], ...]
    file_key: bytes = b""

    @property
    def rows(self) -> Filter:
        """The rows of which anything shows."""
        return either([rows for rows, _ in self.cells])

    @property
    def entry(self) -> str:
        """The key of what readers find the files by of a view that is a table of its own.

        Of an Iceberg table it is another for each of its metadata, of a Delta table the first commit.
        """
        if self.format == DELTA:
            return f"{FOLDER}{FIRST}"
        place = self.table.parameters.get(METADATA, "")
        return f"metadata/{self.file_name(place, ('metadata', 'json'))}"

    def file_name(self, source: str, endings: Sequence[str] | None = None) -> str:
        """What the file is called that is made of an object, whose name may tell something itself."""
        if endings is None:
            endings = [part for part in source.rpartition("/")[2].lower().split(".")[-2:] if part in _ENDINGS]
        return ".".join([hmac.new(self.file_key, source.encode(), hashlib.sha256).hexdigest()[:24], *endings])


def bucket_of(scope: Scope) -> str:
    """Where the views of an account lie that are of a region."""
    return f"{VIEWS}{scope.account.partition(':')[0]}-{scope.region}"


def is_for_views(bucket: str) -> bool:
    """Whether a bucket is one of those."""
    return bucket.startswith(VIEWS)


class Views:
    """The governed views of one account. secret: what their names are made with, so that nobody can tell them.

    prepare: makes one before who asks for a table is told where it is, where that is done in this process.
    """

    def __init__(self, state: State, catalog: Catalog, lake: Lake, secret: bytes, clock: Clock) -> None:
        self._state = state
        self._catalog = catalog
        self._lake = lake
        self._secret = hmac.new(secret, b"governed views", hashlib.sha256).digest()
        self._clock = clock
        self.prepare: Callable[[View], None] = lambda view: None
        self._known = lru_cache(maxsize=8192)(self._enter)

    def location(self, scope: Scope, table: Table, sight: Sight) -> str | None:
        """Where who sees that of a table reads it; None where nothing can be read of it but all.

        table: as it is in the catalog, in that scope.
        """
        view = self.view(scope, table, sight)
        if view is None:
            return None
        self._known(scope, view.id, table.database, table.name)
        return f"s3://{bucket_of(scope)}/{view.id}"

    def ask(self, scope: Scope, table: Table, sight: Sight) -> None:
        """Have a view of an Iceberg table made, whose readers ask for one object and wait for it but shortly."""
        view = self.view(scope, table, sight) if table.is_iceberg and sight.partial else None
        if view is not None:
            self.prepare(view)

    def parameters(self, scope: Scope, table: Table, sight: Sight) -> dict[str, str]:
        """What engines know a view by that is a table of its own."""
        kind = format_of(table)
        view = self.view(scope, table, sight) if kind in (DELTA, ICEBERG) else None
        if view is None:
            return {}
        if kind == DELTA:
            return {PROVIDER: DELTA}
        return {"table_type": "ICEBERG", METADATA: f"s3://{bucket_of(scope)}/{view.id}/{view.entry}"}

    def partition_location(self, root: str | None, table: Table, partition: Partition) -> str | None:
        """Where a partition lies in a view whose location is `root`: as Hive calls it, wherever it is itself."""
        return None if root is None else f"{root}/{partition_name(table.partition_keys, partition.values)}"

    def view(self, scope: Scope, table: Table, sight: Sight) -> View | None:
        """The view of who sees that of a table; None where there can be none."""
        storage = table.storage
        kind = format_of(table)
        if storage is None or kind is None or not sight.partial:
            return None
        if not all(sight.shows(key.name) for key in table.partition_keys):
            # They stand in the names of folders.
            return None
        try:
            for each in sight.cells:
                check(each.filter, storage.columns, table.partition_keys)
        except Invalid:
            # The table has changed since the filter was made.
            return None
        columns = sight.shown(storage.columns)
        cells = _cells(sight, (*storage.columns, *table.partition_keys))
        told: list[Any] = [
            [scope.account, scope.region, table.database, table.name, kind, storage.location],
            [[column.name, column.type] for column in storage.columns],
            [[column.name, column.type] for column in table.partition_keys],
            sorted(serde_parameters(table).items()),
            [[repr(rows), sorted(names)] for rows, names in cells],
            table.created.isoformat() if table.created is not None else "",
        ]
        made = hmac.new(self._secret, json.dumps(told).encode(), hashlib.sha256)
        return View(made.hexdigest()[:32], scope, table, kind, columns, cells, made.digest()[16:])

    def opened(self, principal: Principal, region: str, identifier: str, action: str, path: str) -> View:
        """The view of that name, if what the principal may see is what it shows. Raises Denied.

        action, path: what is read of it, which is noted.
        """
        with self._state.reading() as connection:
            query = views.select().where(views.c.id == identifier, views.c.region == region)
            row = connection.execute(query).first()
        if row is None:
            raise Denied("Access Denied")
        scope = Scope(row.catalog, row.region)
        try:
            table = self._catalog.table(scope, row.database, row.table)
        except NotFound:
            raise Denied("Access Denied") from None
        sight = self._lake.sight(principal, scope, table)
        view = self.view(scope, table, sight)
        allowed = view is not None and view.id == identifier
        names = [column.name for column in (*(table.storage.columns if table.storage else ()), *table.partition_keys)]
        cells = [(each.rows or "TRUE", tuple(name for name in names if each.has(name.lower()))) for each in sight.cells]
        named = f"{table.database}.{table.name}"
        self._lake.note(Accessed(scope, principal.arn, "view", path, allowed, action, named, tuple(cells)))
        if view is None or view.id != identifier:
            raise Denied("Access Denied: Lake Formation does not let this view be read (any more).")
        return view

    def _enter(self, scope: Scope, identifier: str, database: str, table: str) -> None:
        """Remember which table a view is of."""
        with self._state.reading() as connection:
            if connection.execute(views.select().where(of(views, scope, id=identifier))).first() is not None:
                return
        row = {"catalog": scope.account, "region": scope.region, "id": identifier, "database": database}
        try:
            with self._state.transaction() as tx:
                tx.execute(views.insert().values(**row, table=table, made=self._clock()))
        except IntegrityError:
            # Somebody else has entered it meanwhile.
            return


def format_of(table: Table) -> str | None:
    """In which of the formats that can be filtered a table's files are; None for another, or none at all."""
    storage = table.storage
    if storage is None or not (storage.location or "").startswith(("s3://", "s3a://", "s3n://")):
        return None
    if table.is_iceberg:
        return ICEBERG if table.parameters.get(METADATA) else None
    if _is_delta(table):
        return DELTA
    # Of other formats that Spark alone reads, the catalog has no true columns.
    provider = table.parameters.get(PROVIDER, "hive").lower()
    if table.type == "VIRTUAL_VIEW" or provider not in ("hive", "parquet", "orc", "avro"):
        return None
    if storage.input_format and not storage.input_format.endswith(_INPUTS):
        # What others read at the location is no file of rows: a manifest of symbolic links, say.
        return None
    if not _is_plain(table, storage):
        return None
    library = ((storage.serde.library if storage.serde is not None else None) or "").rpartition(".")[2].lower()
    return next((kind for name, kind in _SERDES.items() if name in library), None)


def _is_plain(table: Table, storage: StorageDescriptor) -> bool:
    """Whether nothing is said of the table that lets readers find other rows or columns in its files than are filtered."""
    serde = storage.serde.parameters if storage.serde is not None else {}
    said = [(name.lower(), value.strip().lower()) for name, value in (*table.parameters.items(), *serde.items())]
    odd = any(name in _ODD and value not in ("", "0", "false") for name, value in said)
    return not odd and ("case.insensitive", "false") not in said


def _is_delta(table: Table) -> bool:
    """Whether a Delta table can be filtered: its partitions are told by its log alone, and its columns by the catalog."""
    reads = (table.storage.input_format or "") if table.storage is not None else ""
    links = reads.endswith("SymlinkTextInputFormat")
    return table.parameters.get(PROVIDER, "").lower() == DELTA and not table.partition_keys and not links


def written_alike(table: Table, storage: StorageDescriptor) -> bool:
    """Whether the rows of a partition are written as those of its table, which its files are filtered as."""
    alike = storage.serde is None or format_of(replace(table, storage=storage)) == format_of(table)
    if format_of(table) in ("parquet", "orc") or not alike:
        return alike
    own, whole = (serde_parameters(each) for each in (replace(table, storage=storage), table))
    # Fields have no names: those of a partition with other columns would be taken for others.
    names = [[column.name for column in each.columns] for each in (storage, table.storage or storage)]
    return (storage.serde is None or own == whole) and names[0] in ([], names[1])


def serde_parameters(table: Table) -> dict[str, str]:
    """How the rows of a table are written."""
    storage = table.storage
    parameters = storage.serde.parameters if storage is not None and storage.serde is not None else {}
    header = table.parameters.get("skip.header.line.count")
    known = {
        name: value for name, value in parameters.items() if name in SERDE_PARAMETERS or name.startswith(_DECIDING)
    }
    # Hive takes the place of a schema from the table, too.
    known.update({name: value for name, value in table.parameters.items() if name.startswith("avro.schema.")})
    return known if header is None else {**known, "skip.header.line.count": header}


def _cells(sight: Sight, columns: tuple[Column, ...]) -> tuple[tuple[Filter, frozenset[str]], ...]:
    """The rows that show, each with the columns that do: those of the same rows together."""
    found: dict[Filter, frozenset[str]] = {}
    for each in sight.cells:
        rows = Truth(True) if each.rows is None else each.filter
        names = frozenset(column.name.lower() for column in columns if each.has(column.name.lower()))
        if names:
            found[rows] = found.get(rows, frozenset()) | names
    return tuple(sorted(found.items(), key=lambda pair: repr(pair[0])))
