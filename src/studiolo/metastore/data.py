"""Changes of the catalog that move or delete files too: of managed tables the metastore owns the data.

Files are the caller's to make and to delete: what it may not do there is refused before the catalog is changed, as
Hive's metastore asks whether it may write before it drops a table. The catalog is changed first where files are deleted,
and last where they are made or moved: what stops half-way leaves files that no table knows, and no table without its
files.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from studiolo.catalog import Database, Partition, Table, partition_name, partition_values
from studiolo.domain import AlreadyExists, Denied, DomainError, NotFound, every
from studiolo.metastore.folders import Folders
from studiolo.metastore.room import House
from studiolo.metastore.translators import table_type

PAGE = 1000


class Data:
    """Tables and partitions together with their files."""

    def __init__(self, house: House, folders: Folders) -> None:
        self._files = folders
        self._catalog = house.catalog
        self._scope = house.scope
        self._warehouse = house.warehouse
        self._house = house

    def make(self, locations: Iterable[str]) -> None:
        """Make the folders that are not there. Raises Conflict where the object store refuses, and Denied."""
        wanted = list(dict.fromkeys(locations))
        for location in wanted[:1]:
            self._warehouse.prepare(self._scope, location)
        self._files.make(wanted)

    def drop_table(self, database: str, name: str, *, delete_data: bool) -> None:
        """Raises NotFound, Denied, and Conflict."""
        folders = self.owned(database, name) if delete_data else []
        self._files.check_removal(folders)
        self._drop(database, name, folders)

    def owned(self, database: str, name: str) -> list[str]:
        """The folders that go with the table. Raises NotFound."""
        table = self._catalog.table(self._scope, database, name)
        return self._folders(table) if owns_data(table) and table.target_table is None else []

    def drop_database(self, database: Database, tables: Sequence[str], *, delete_data: bool, cascade: bool) -> None:
        """Delete a database with these tables, all that it has, and its folder. Raises NotFound, Denied, and Conflict.

        A place out of the warehouse, which somebody else chose, may hold what is not the database's: it goes if empty.
        """
        place = self._house.place(database)
        own = delete_data and place.startswith(f"{self._warehouse.root(self._scope)}/")
        folders = {table: self.owned(database.name, table) if delete_data else [] for table in tables}
        self._files.check_removal([*chain.from_iterable(folders.values()), *([place] if own else [])])
        for table in tables:
            self._drop(database.name, table, folders[table])
        self._catalog.delete_database(self._scope, database.name, cascade=cascade)
        if own:
            self._files.remove(place)
        elif delete_data:
            with suppress(Denied):
                self._files.remove_if_empty(place)

    def _drop(self, database: str, name: str, folders: Iterable[str]) -> None:
        self._catalog.delete_table(self._scope, database, name)
        for folder in folders:
            self._files.remove(folder)

    def truncate(self, table: Table, partition_names: Sequence[str] | None) -> None:
        """Delete the files of a table, or of some of its partitions, and leave the folders."""
        if partition_names is None:
            folders, found = self._folders(table), list(self._partitions(table))
        else:
            sought = [partition_values(name, table.partition_keys) for name in partition_names]
            found = self._catalog.partitions_of(self._scope, table.database, table.name, sought)
            folders = [place for each in found if (place := location(each))]
        after = list(dict.fromkeys([*folders, *(place for each in found if (place := location(each)))]))
        self._files.check_removal(folders)
        self._files.check_making(after)
        for folder in folders:
            self._files.remove(folder)
        self._files.make(after)

    def rename(self, before: Table, after: Table) -> None:
        """Give a table another name; a managed one in its default place moves with it.

        Raises AlreadyExists, NotFound for the other database, Conflict, and ConcurrentModification.
        """
        try:
            self._catalog.table(self._scope, after.database, after.name)
        except NotFound:
            pass
        else:
            raise AlreadyExists(f"Table {after.database}.{after.name} already exists.")
        old, new = location(before), self._default_place(after)
        moves = (
            old is not None
            and table_type(before) == "MANAGED_TABLE"
            and old.rstrip("/") == self._default_place(before)
            and location(after) in (None, old)
            and after.storage is not None
        )
        if not moves or old is None or after.storage is None:
            self._rename(before, after)
            return
        self._files.check_removal([old])
        self._files.copy(old, new)
        try:
            self._rename(before, replace(after, storage=replace(after.storage, location=new)))
        except DomainError:
            self._files.undo(new)
            raise
        self._move_partitions(after, old, new)
        self._files.remove(old)

    def cascade(self, table: Table) -> None:
        """Give the table's columns to its partitions."""
        columns = table.storage.columns if table.storage else ()
        changes = [
            (each.values, replace(each, storage=replace(each.storage, columns=columns)))
            for each in self._partitions(table)
            if each.storage is not None
        ]
        self._catalog.update_partitions(self._scope, table.database, table.name, changes, together=True)

    def add_partitions(self, table: Table, partitions: Sequence[Partition], *, if_not_exists: bool) -> list[Partition]:
        """Add all, or none; those without a location get the table's. Raises AlreadyExists, Invalid and Conflict."""
        placed = [self.placed(table, partition) for partition in partitions]
        self.make(place for each in placed if (place := location(each)))
        return self._catalog.add_partitions(
            self._scope, table.database, table.name, placed, if_not_exists=if_not_exists
        )

    def placed(self, table: Table, partition: Partition) -> Partition:
        """The partition with a location: its own, or the one that Hive gives by default."""
        storage = partition.storage or table.storage
        if storage is None or len(partition.values) != len(table.partition_keys):
            return partition
        if partition.storage is not None and storage.location:
            return partition
        root = location(table)
        place = f"{root.rstrip('/')}/{partition_name(table.partition_keys, partition.values)}" if root else None
        return replace(partition, storage=replace(storage, location=place))

    def drop_partitions(self, table: Table, gone: Sequence[Sequence[str]], *, delete_data: bool) -> list[Partition]:
        """Delete partitions, and the files of those of a managed table; what they were. Raises NotFound and Denied."""
        found = self._catalog.partitions_of(self._scope, table.database, table.name, gone)
        if len(found) < len(gone):
            raise NotFound(f"Partition not found in table {table.name}: {list(map(list, gone))}")
        places = list(filter(None, map(location, found))) if delete_data and owns_data(table) else []
        self._files.check_removal(places)
        failures = self._catalog.delete_partitions(self._scope, table.database, table.name, gone)
        for failure in failures:
            raise failure.error
        for place in places:
            self._files.remove(place)
        return found

    def rename_partition(self, table: Table, values: Sequence[str], wanted: Partition) -> None:
        """Give a partition other values; one of a managed table, in its default place, moves with it."""
        present = self._catalog.partition(self._scope, table.database, table.name, values)
        old = location(present)
        new = location(self.placed(table, replace(wanted, storage=None)))
        in_place = old == location(self.placed(table, replace(present, storage=None)))
        moves = old and new and old != new and in_place and owns_data(table) and wanted.storage is not None
        if not moves or wanted.storage is None or old is None or new is None:
            self._catalog.update_partition(self._scope, table.database, table.name, values, wanted)
            return
        self._files.check_removal([old])
        self._files.copy(old, new)
        moved = replace(wanted, storage=replace(wanted.storage, location=new))
        try:
            self._catalog.update_partition(self._scope, table.database, table.name, values, moved)
        except DomainError:
            self._files.undo(new)
            raise
        self._files.remove(old)

    def _rename(self, before: Table, after: Table) -> None:
        renamed = replace(after, target_table=None)
        self._catalog.update_table(self._scope, before.database, renamed, version_id=before.version, name=before.name)

    def _move_partitions(self, table: Table, old: str, new: str) -> None:
        old, changes = f"{old.rstrip('/')}/", []
        for each in self._partitions(table):
            place = location(each)
            if place and each.storage and place.startswith(old):
                moved = replace(each.storage, location=f"{new}/{place[len(old) :]}")
                changes.append((each.values, replace(each, storage=moved)))
        self._catalog.update_partitions(self._scope, table.database, table.name, changes, together=True)

    def _default_place(self, table: Table) -> str:
        database = self._house.database(table.database)
        return f"{self._house.place(database).rstrip('/')}/{table.name}"

    def _folders(self, table: Table) -> list[str]:
        """The table's location, and those of its partitions that are elsewhere."""
        root = location(table)
        folders = [root] if root else []
        for each in self._partitions(table):
            place = location(each)
            if place and not (root and f"{place}/".startswith(f"{root.rstrip('/')}/")):
                folders.append(place)
        return folders

    def _partitions(self, table: Table) -> Iterator[Partition]:
        if table.partition_keys:
            yield from every(
                lambda after: self._catalog.partitions(self._scope, table.database, table.name, after=after, limit=PAGE)
            )


def owns_data(table: Table) -> bool:
    """Whether dropping the table drops its files: it is managed, or says so itself (Hive's external.table.purge)."""
    purge = table.parameters.get("external.table.purge", "").lower() == "true"
    return table_type(table) == "MANAGED_TABLE" or (table_type(table) == "EXTERNAL_TABLE" and purge)


def location(thing: Table | Partition) -> str | None:
    """Where its files are."""
    return thing.storage.location if thing.storage and thing.storage.location else None
