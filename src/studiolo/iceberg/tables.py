"""Iceberg tables that are made and changed through the Data Catalog: their metadata files are written here."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.catalog import Column, StorageDescriptor, Table, require_version
from studiolo.domain import AlreadyExists, Clock, Denied, DomainError, Invalid, NotFound, Scope
from studiolo.governance import GovernedCatalog, Lake, is_for_views
from studiolo.iceberg.model import LARGEST, Change, NewTable
from studiolo.identity import Identity, NotAuthorized, Principal, Question
from studiolo.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.io import FileIO
    from pyiceberg.table.metadata import TableMetadata

TYPE, LOCATION, PREVIOUS = "table_type", "metadata_location", "previous_metadata_location"
_PLACE = re.compile(r"s3[an]?://([^/]+)/(.+)", re.DOTALL)


class IcebergTables:
    """Iceberg tables in the catalog, with their metadata in the object store, where the caller must be let write.

    PyIceberg is imported with the first of them: the server starts without it.
    """

    def __init__(
        self, catalog: GovernedCatalog, lake: Lake, storage: Storage, identity: Identity, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._lake = lake
        self._storage = storage
        self._identity = identity
        self._clock = clock

    def create(self, principal: Principal, scope: Scope, database: str, table: Table, asked: NewTable) -> Table:
        """Write the first metadata of a table, and enter it; one that has columns of its own keeps them as they are.

        Raises NotFound, AlreadyExists, Invalid and Denied.
        """
        from studiolo.iceberg import metadata as files

        catalog = self._catalog.of(lambda: principal)
        self._require_free(scope, database, table.name)
        _split(asked.location)
        columns = table.storage.columns if table.storage is not None else ()
        metadata = files.first(asked, columns, self._clock())
        place = files.next_place(metadata)
        self._write(principal, place, files.write(metadata, place))
        try:
            made = table if asked.schema is None else _described(table, metadata, asked.location)
            return catalog.create_table(scope, database, _entered(made, place))
        except DomainError:
            self._remove(place)
            raise

    def change(
        self,
        principal: Principal,
        scope: Scope,
        database: str,
        name: str,
        changes: Sequence[Change],
        *,
        version_id: int | None = None,
        skip_archive: bool = False,
    ) -> Table:
        """Write metadata with the changes, and make them the table's; nothing where nothing changes.

        version_id: the version the caller read. Raises NotFound, Invalid, Denied, and ConcurrentModification where
        somebody else has changed the table.
        """
        from studiolo.iceberg import metadata as files
        from studiolo.iceberg.changes import changed

        catalog = self._catalog.of(lambda: principal)
        catalog.require(scope, database, name, "ALTER")
        table = catalog.table(scope, database, name)
        require_version(table, version_id)
        before = _place_of(table)
        base = files.read(self._read(principal, before), before)
        metadata = changed(base, changes, before)
        if metadata is base:
            return table
        return self._commit(catalog, principal, scope, database, table, metadata, skip_archive=skip_archive)

    def append(
        self, principal: Principal, scope: Scope, database: str, name: str, rows: "pa.Table", mark: str, io: "FileIO"
    ) -> None:
        """Append rows once for each mark. rows: as of `appended`; io: writes their files as the principal.

        Raises NotFound, Invalid, Denied, and ConcurrentModification where somebody else has changed the table.
        """
        from studiolo.iceberg import metadata as files
        from studiolo.iceberg.writing import appended

        catalog = self._catalog.of(lambda: principal)
        catalog.require(scope, database, name, "INSERT")
        table = catalog.table(scope, database, name)
        place = _place_of(table)
        base = files.read(self._read(principal, place), place)
        metadata = appended(base, place, rows, mark, io)
        if metadata is not base:
            self._commit(catalog, principal, scope, database, table, metadata, skip_archive=True)

    def add_columns(
        self, principal: Principal, scope: Scope, database: str, name: str, columns: Iterable[Column]
    ) -> None:
        """Add those that the table lacks. Raises NotFound, Invalid, Denied and ConcurrentModification."""
        from studiolo.iceberg import metadata as files
        from studiolo.iceberg.writing import extended

        catalog = self._catalog.of(lambda: principal)
        catalog.require(scope, database, name, "ALTER")
        table = catalog.table(scope, database, name)
        place = _place_of(table)
        base = files.read(self._read(principal, place), place)
        metadata = extended(base, place, columns)
        if metadata is not base:
            self._commit(catalog, principal, scope, database, table, metadata, skip_archive=False)

    def _commit(
        self,
        catalog: GovernedCatalog,
        principal: Principal,
        scope: Scope,
        database: str,
        table: Table,
        metadata: "TableMetadata",
        *,
        skip_archive: bool,
    ) -> Table:
        """Write later metadata, and make them the table's. Raises Invalid, Denied and ConcurrentModification."""
        from studiolo.iceberg import metadata as files

        before = _place_of(table)
        place = files.next_place(metadata, before)
        self._write(principal, place, files.write(metadata, place))
        try:
            return catalog.update_table(
                scope,
                database,
                _entered(_described(table, metadata, metadata.location), place),
                version_id=table.version,
                skip_archive=skip_archive,
                expected_parameter=(LOCATION, before),
            )
        except DomainError:
            self._remove(place)
            raise

    def metadata(self, principal: Principal, scope: Scope, database: str, name: str) -> Mapping[str, Any]:
        """A table's present metadata as Iceberg's JSON words them. Raises NotFound, Invalid and Denied."""
        from studiolo.iceberg import metadata as files

        catalog = self._catalog.of(lambda: principal)
        # The metadata tell of all columns, and of the values in them.
        catalog.require(scope, database, name, "SELECT")
        place = _place_of(catalog.table(scope, database, name))
        described: dict[str, Any] = files.read(self._read(principal, place), place).model_dump(mode="json")
        return described

    def _require_free(self, scope: Scope, database: str, name: str) -> None:
        """Raises AlreadyExists, and NotFound for the database."""
        self._catalog.everything.database(scope, database)
        with suppress(NotFound):
            self._catalog.everything.table(scope, database, name)
            raise AlreadyExists("Table already exists.")

    def _write(self, principal: Principal, place: str, body: bytes) -> None:
        bucket, key = self._opened(principal, "s3:PutObject", place)
        with _store_errors(place):
            self._storage.client().put_object(Bucket=bucket, Key=self._storage.name_of(key), Body=body)

    def _read(self, principal: Principal, place: str) -> bytes:
        bucket, key = self._opened(principal, "s3:GetObject", place)
        with _store_errors(place):
            # One byte more than can be taken tells that it is too much.
            written: bytes = (
                self._storage.client()
                .get_object(Bucket=bucket, Key=self._storage.name_of(key))["Body"]
                .read(LARGEST + 1)
            )
            return written

    def _remove(self, place: str) -> None:
        bucket, key = _split(place)
        with _store_errors(place):
            self._storage.client().delete_object(Bucket=bucket, Key=self._storage.name_of(key))

    def _opened(self, principal: Principal, action: str, place: str) -> tuple[str, str]:
        """The bucket and key of a place that IAM, or Lake Formation, lets the caller use so. Raises Denied and Invalid."""
        bucket, key = _split(place)
        if is_for_views(bucket):
            raise Denied("Access Denied: governed views are read by the S3 door alone.")
        owner, policy = self._identity.bucket(bucket)
        question = Question(action, self._identity.s3_arn(f"{bucket}/{key}"), account=owner)
        try:
            self._identity.authorize(principal, [question], policy=policy)
        except NotAuthorized as denied:
            if not self._lake.opens_despite(denied, principal, action, bucket, key):
                raise
        else:
            if self._lake.strict and self._lake.closes(principal, action, bucket, key):
                raise Denied(f"Access Denied: {place} is registered with Lake Formation, which does not open it.")
        return bucket, key


@contextmanager
def _store_errors(place: str) -> Iterator[None]:
    """Turns what the object store refuses into Invalid, with its words."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Invalid(f"The Iceberg metadata {place}: {error}") from error


def _split(place: str) -> tuple[str, str]:
    found = _PLACE.fullmatch(place)
    if found is None:
        raise Invalid(f"The location {place!r} of an Iceberg table is not of the form s3://bucket/folder.")
    if {".", ".."} & set(found[2].split("/")):
        raise Invalid(f"The location {place!r} of an Iceberg table is not one in S3: it has . or .. in it.")
    return found[1], found[2]


def _place_of(table: Table) -> str:
    """Where the metadata of a table are. Raises Invalid."""
    place = table.parameters.get(LOCATION)
    if not table.is_iceberg or place is None:
        raise Invalid(f"Table {table.name} is not an Iceberg table.")
    return place


def _described(table: Table, metadata: "TableMetadata", location: str) -> Table:
    """The table with its columns and location as Iceberg has them."""
    from studiolo.iceberg.types import columns_of

    storage = replace(table.storage or StorageDescriptor(), columns=columns_of(metadata), location=location)
    return replace(table, storage=storage)


def _entered(table: Table, place: str) -> Table:
    """The table with its metadata where they are now."""
    before = table.parameters.get(LOCATION)
    previous = {} if before is None else {PREVIOUS: before}
    parameters = {**table.parameters, TYPE: "ICEBERG", LOCATION: place, **previous}
    # A resource link is not given as one, so that what it leads to is changed.
    return replace(table, parameters=parameters, target_table=None)
