"""The Data Catalog as somebody may see and change it: what the Glue API and the metastore show, and let be changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import Any

from studiolo.catalog import (
    Catalog,
    ColumnStatistics,
    Database,
    Failure,
    Partition,
    PartitionIndex,
    Property,
    Segment,
    Table,
)
from studiolo.catalog import Filter as PartitionFilter
from studiolo.domain import Clock, Denied, DomainError, Invalid, NotFound, Page, Scope
from studiolo.governance import expressions
from studiolo.governance.lake import Lake
from studiolo.governance.model import ALL, DESCRIBE, Kind, Resource, within
from studiolo.governance.redaction import partition_seen, table_seen
from studiolo.governance.sights import BY_IAM, Sight
from studiolo.governance.views import Views
from studiolo.identity import Principal
from studiolo.state import State

PAGE = 1000


class GovernedCatalog(Catalog):
    """The catalog for one principal; as long as nothing is governed, it is the catalog. everything: for nobody in it."""

    def __init__(self, state: State, clock: Clock, everything: Catalog, lake: Lake, views: Views) -> None:
        super().__init__(state, clock)
        self.everything = everything
        self._lake = lake
        self._views = views
        self._who: Callable[[], Principal] | None = None

    def of(self, who: Callable[[], Principal]) -> "GovernedCatalog":
        """The catalog as somebody sees it; `who` tells at each call who that is."""
        seen = copy(self)
        seen._who = who
        return seen

    @property
    def principal(self) -> Principal:
        assert self._who is not None, "a governed catalog is somebody's"
        return self._who()

    def sight(self, scope: Scope, database: str, name: str) -> tuple[Sight, Scope, Table]:
        """What may be seen of a table, and the table itself as it is, where it is. Raises NotFound."""
        place, inside, table = self.place_of(scope, database, name)
        found = super().table(place, inside, table)
        return self._lake.sight(self.principal, place, found), place, found

    def require(self, scope: Scope, database: str, name: str, *permissions: str, full: bool = True) -> None:
        """Raise Denied unless one of these permissions is there on a table; full: and its columns are not cut off.

        A table that is not there needs none.
        """
        if not self._lake.in_use:
            return
        with suppress(NotFound):
            sight, _, table = self.sight(scope, database, name)
            if not any(sight.may(each) for each in permissions) or (full and sight.partial):
                raise _insufficient(permissions[0], f"{table.database}.{table.name}" if sight.any else name)

    # Databases

    def create_database(self, scope: Scope, database: Database, tags: Mapping[str, str] | None = None) -> Database:
        lake = self._lake
        if not lake.may_create_database(self.principal, scope):
            raise _insufficient("Create Database", "Catalog")
        self._require_location(scope, database.location)
        settings = lake.settings(scope)
        if database.create_table_default_permissions is None and settings.table_defaults != _BY_IAM:
            told = tuple(
                {"Principal": {"DataLakePrincipalIdentifier": who}, "Permissions": list(may)}
                for who, may in settings.table_defaults
            )
            database = replace(database, create_table_default_permissions=told)
        governed = settings.database_defaults != _BY_IAM
        made = super().create_database(scope, replace(database, governed=governed), tags)
        if governed:
            resource = Resource(Kind.DATABASE, made.name)
            lake.settle(scope, self.principal, resource, settings.database_defaults)
        return made

    def database(self, scope: Scope, name: str) -> Database:
        found = super().database(scope, name)
        if self._lake.in_use and DESCRIBE not in self._on_database(scope, found):
            raise _insufficient("Describe", found.name)
        return found

    def databases(self, scope: Scope, after: str | None = None, limit: int = 100) -> Page[Database]:
        if not self._lake.in_use:
            return super().databases(scope, after, limit)
        return _filled(
            lambda place: super(GovernedCatalog, self).databases(scope, place, limit),
            lambda found: found if DESCRIBE in self._on_database(scope, found) else None,
            lambda found: found.name,
            after,
            limit,
        )

    def update_database(self, scope: Scope, name: str, database: Database) -> Database:
        self._require_on_database(scope, name, "ALTER")
        before = super().database(scope, name)
        if database.location != before.location:
            self._require_location(scope, database.location)
        return super().update_database(scope, name, database)

    def delete_database(self, scope: Scope, name: str, *, cascade: bool = True) -> None:
        self._require_on_database(scope, name, "DROP")
        if self._lake.in_use:
            # A resource link alone goes, and none of the tables that it leads to.
            linked = super().database(scope, name).target_database is not None
            for table in () if linked else super().table_names(scope, name):
                self.require(scope, name, table, "DROP", full=False)
            if not linked:
                self._lake.forget(scope, name.lower())
        super().delete_database(scope, name, cascade=cascade)

    # Tables

    def create_table(
        self, scope: Scope, database: str, table: Table, *, indexes: Sequence[PartitionIndex] = ()
    ) -> Table:
        self._require_on_database(scope, database, "CREATE_TABLE")
        place, inside = self.database_place(scope, database)
        known = super().database(place, inside)
        self._require_locations(scope, table, under=known.location)
        defaults = _defaults(known)
        governed = defaults is not None
        if governed:
            self._lake.begin(place)
        made = super().create_table(scope, database, replace(table, governed=governed), indexes=indexes)
        if defaults is not None:
            resource = Resource(Kind.TABLE, inside, made.name)
            self._lake.settle(place, self.principal, resource, defaults)
        return made

    def table(self, scope: Scope, database: str, name: str) -> Table:
        found = super().table(scope, database, name)
        return self._seen(scope, found) if self._lake.in_use else found

    def tables(
        self,
        scope: Scope,
        database: str,
        pattern: str | None = None,
        after: str | None = None,
        limit: int = 100,
        follow: bool = True,
    ) -> Page[Table]:
        if not self._lake.in_use:
            return super().tables(scope, database, pattern, after, limit, follow)
        return _filled(
            lambda place: super(GovernedCatalog, self).tables(scope, database, pattern, place, limit, follow),
            lambda found: self._seen_if_any(scope, found),
            lambda found: found.name,
            after,
            limit,
        )

    def table_names(self, scope: Scope, database: str, pattern: str | None = None) -> list[str]:
        if not self._lake.in_use:
            return super().table_names(scope, database, pattern)
        names: list[str] = []
        after = None
        while True:
            page = self.tables(scope, database, pattern, after, PAGE, follow=False)
            names += [table.name for table in page.items]
            after = page.next
            if after is None:
                return names

    def update_table(
        self,
        scope: Scope,
        database: str,
        table: Table,
        *,
        version_id: int | None = None,
        skip_archive: bool = False,
        expected_parameter: tuple[str, str | None] | None = None,
        name: str | None = None,
        view_action: str | None = None,
    ) -> Table:
        present = name or table.name
        # What engines write of every commit to an Iceberg table is a change of the table, too.
        changes = ("ALTER", "INSERT", "DELETE") if expected_parameter is not None else ("ALTER",)
        self.require(scope, database, present, *changes)
        moved = name is not None and (table.database or database, table.name) != (database, name)
        if moved:
            self.require(scope, database, present, "DROP")
            self._require_on_database(scope, table.database or database, "CREATE_TABLE")
        with suppress(NotFound):
            before = super().table(scope, database, present)
            self._require_locations(scope, table, under=_location(before))
        after = super().update_table(
            scope,
            database,
            table,
            version_id=version_id,
            skip_archive=skip_archive,
            expected_parameter=expected_parameter,
            name=name,
            view_action=view_action,
        )
        if moved:
            self._lake.rename(scope, (database.lower(), present.lower()), (after.database, after.name))
        return after

    def delete_table(self, scope: Scope, database: str, name: str, *, version_id: int | None = None) -> None:
        self.require(scope, database, name, "DROP", full=False)
        if self._lake.in_use:
            place, inside = self.database_place(scope, database)
            super().table(place, inside, name)
            # Before the table: one that is made in its place has nothing of it.
            self._lake.forget(place, inside, name.lower())
        super().delete_table(scope, database, name, version_id=version_id)

    def search_tables(
        self,
        scope: Scope,
        *,
        text: str | None = None,
        properties: Sequence[Property] = (),
        sort: Sequence[tuple[str, bool]] = (),
        after: int = 0,
        limit: int = 100,
        seen: Callable[[Table], Table | None] = lambda table: table,
    ) -> Page[Table]:
        if self._lake.in_use:

            def shown(table: Table) -> Table | None:
                found = self._seen_if_any(scope, table)
                return None if found is None else seen(found)

            return super().search_tables(
                scope, text=text, properties=properties, sort=sort, after=after, limit=limit, seen=shown
            )
        return super().search_tables(
            scope, text=text, properties=properties, sort=sort, after=after, limit=limit, seen=seen
        )

    # Versions: an earlier one is seen with what may be seen of the present one.

    def table_version(self, scope: Scope, database: str, table: str, version: int | None = None) -> Table:
        sight = self._required(scope, database, table)
        if sight.partial:
            raise _insufficient("Select", table)
        return super().table_version(scope, database, table, version)

    def table_versions(
        self, scope: Scope, database: str, table: str, before: int | None = None, limit: int = 100
    ) -> Page[Table]:
        sight = self._required(scope, database, table)
        if sight.partial:
            raise _insufficient("Select", table)
        return super().table_versions(scope, database, table, before, limit)

    def delete_table_version(self, scope: Scope, database: str, table: str, version: int) -> None:
        self.require(scope, database, table, "DROP")
        super().delete_table_version(scope, database, table, version)

    def delete_table_versions(
        self, scope: Scope, database: str, table: str, versions: Iterable[int]
    ) -> dict[int, DomainError]:
        self.require(scope, database, table, "DROP")
        return super().delete_table_versions(scope, database, table, versions)

    # Partitions

    def create_partition(self, scope: Scope, database: str, table: str, partition: Partition) -> Partition:
        self._require_partitions(scope, database, table, [partition])
        return super().create_partition(scope, database, table, partition)

    def create_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition]
    ) -> list[Failure]:
        self._require_partitions(scope, database, table, partitions)
        return super().create_partitions(scope, database, table, partitions)

    def add_partitions(
        self, scope: Scope, database: str, table: str, partitions: Sequence[Partition], *, if_not_exists: bool = False
    ) -> list[Partition]:
        self._require_partitions(scope, database, table, partitions)
        return super().add_partitions(scope, database, table, partitions, if_not_exists=if_not_exists)

    def partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> Partition:
        if not self._lake.in_use:
            return super().partition(scope, database, table, values)
        found = self.partitions_of(scope, database, table, [values])
        if not found:
            raise NotFound("Cannot find partition.")
        return found[0]

    def partitions_of(
        self, scope: Scope, database: str, table: str, sought: Sequence[Sequence[str]]
    ) -> list[Partition]:
        if not self._lake.in_use:
            return super().partitions_of(scope, database, table, sought)
        sight, place, whole = self.sight(scope, database, table)
        _require_any(sight, table)
        found = super().partitions_of(scope, database, table, sought)
        return self._partitions_seen(sight, place, whole, found) if sight.partial else found

    def partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        where: PartitionFilter | str | None = None,
        *,
        segment: Segment | None = None,
        after: str | None = None,
        limit: int | None = None,
        columns: bool = True,
    ) -> Page[Partition]:
        page = super().partitions(
            scope, database, table, where, segment=segment, after=after, limit=limit, columns=columns
        )
        if not self._lake.in_use:
            return page
        sight, place, whole = self.sight(scope, database, table)
        _require_any(sight, table)
        return Page(self._partitions_seen(sight, place, whole, page.items), page.next) if sight.partial else page

    def partition_values(
        self,
        scope: Scope,
        database: str,
        table: str,
        where: PartitionFilter | str | None = None,
        *,
        limit: int | None = None,
    ) -> list[tuple[str, ...]]:
        if not self._lake.in_use:
            return super().partition_values(scope, database, table, where, limit=limit)
        sight, _, whole = self.sight(scope, database, table)
        _require_any(sight, table)
        if not sight.partial:
            return super().partition_values(scope, database, table, where, limit=limit)
        _require_keys(sight, whole)
        rows = sight.rows
        found = [
            values
            for values in super().partition_values(scope, database, table, where)
            if not expressions.never(expressions.bound(rows, whole.partition_keys, values))
        ]
        return found[:limit]

    def update_partition(
        self, scope: Scope, database: str, table: str, values: Sequence[str], partition: Partition
    ) -> Partition:
        self._require_partitions(scope, database, table, [partition])
        return super().update_partition(scope, database, table, values, partition)

    def update_partitions(
        self,
        scope: Scope,
        database: str,
        table: str,
        changes: Iterable[tuple[Sequence[str], Partition]],
        *,
        together: bool = False,
    ) -> list[Failure]:
        changes = list(changes)
        self._require_partitions(scope, database, table, [partition for _, partition in changes])
        return super().update_partitions(scope, database, table, changes, together=together)

    def delete_partition(self, scope: Scope, database: str, table: str, values: Sequence[str]) -> None:
        self.require(scope, database, table, "DELETE", "ALTER")
        super().delete_partition(scope, database, table, values)

    def delete_partitions(
        self, scope: Scope, database: str, table: str, gone: Iterable[Sequence[str]]
    ) -> list[Failure]:
        self.require(scope, database, table, "DELETE", "ALTER")
        return super().delete_partitions(scope, database, table, gone)

    def create_partition_index(self, scope: Scope, database: str, table: str, index: PartitionIndex) -> None:
        self.require(scope, database, table, "ALTER")
        super().create_partition_index(scope, database, table, index)

    def partition_indexes(self, scope: Scope, database: str, table: str) -> list[PartitionIndex]:
        sight = self._required(scope, database, table)
        found = super().partition_indexes(scope, database, table)
        return [each for each in found if all(sight.shows(key) for key in each.keys)]

    def delete_partition_index(self, scope: Scope, database: str, table: str, name: str) -> None:
        self.require(scope, database, table, "ALTER")
        super().delete_partition_index(scope, database, table, name)

    # Statistics tell of all rows: who may not see those is told none.

    def column_statistics(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], values: Sequence[str] | None = None
    ) -> list[ColumnStatistics]:
        return super().column_statistics(scope, database, table, self._told(scope, database, table, columns), values)

    def column_statistics_of(
        self, scope: Scope, database: str, table: str, columns: Sequence[str], sought: Sequence[Sequence[str]]
    ) -> dict[tuple[str, ...], list[ColumnStatistics]]:
        told = self._told(scope, database, table, columns)
        return super().column_statistics_of(scope, database, table, told, sought)

    def set_column_statistics(
        self,
        scope: Scope,
        database: str,
        table: str,
        known: Sequence[ColumnStatistics],
        values: Sequence[str] | None = None,
        *,
        combine: Callable[[ColumnStatistics, ColumnStatistics], ColumnStatistics] | None = None,
    ) -> list[tuple[ColumnStatistics, DomainError]]:
        self.require(scope, database, table, "ALTER", "INSERT")
        return super().set_column_statistics(scope, database, table, known, values, combine=combine)

    def delete_column_statistics(
        self, scope: Scope, database: str, table: str, column: str, values: Sequence[str] | None = None
    ) -> None:
        self.require(scope, database, table, "ALTER", "INSERT")
        super().delete_column_statistics(scope, database, table, column, values)

    def _told(self, scope: Scope, database: str, table: str, columns: Sequence[str]) -> Sequence[str]:
        """Those of the columns whose statistics may be told."""
        sight = self._required(scope, database, table)
        if any(each.rows is not None for each in sight.cells) and not sight.full:
            return []
        return [column for column in columns if sight.shows(column)]

    def _required(self, scope: Scope, database: str, name: str) -> Sight:
        if not self._lake.in_use:
            return BY_IAM
        sight, _, _ = self.sight(scope, database, name)
        _require_any(sight, name)
        return sight

    def _seen(self, scope: Scope, found: Table) -> Table:
        """A table as it may be seen, by its name in the scope. Raises Denied."""
        if found.target_table is None and not found.governed and not self._lake.opt_ins(scope):
            return found
        if found.target_table is not None and found.storage is None:
            # The link alone, as lists have it.
            return found
        try:
            sight, place, whole = self.sight(scope, found.database, found.name)
        except (NotFound, Invalid):
            # A resource link to nothing is the link alone.
            return found
        _require_any(sight, found.name)
        if not sight.partial:
            return found
        seen = table_seen(whole, sight, self._views.location(place, whole, sight))
        return replace(seen, database=found.database, name=found.name, target_table=found.target_table)

    def _seen_if_any(self, scope: Scope, found: Table) -> Table | None:
        try:
            return self._seen(scope, found)
        except Denied:
            return None

    def _partitions_seen(self, sight: Sight, place: Scope, table: Table, found: Sequence[Partition]) -> list[Partition]:
        _require_keys(sight, table)
        rows, root = sight.rows, self._views.location(place, table, sight)
        return [
            partition_seen(each, sight, self._views.partition_location(root, table, each))
            for each in found
            if not expressions.never(expressions.bound(rows, table.partition_keys, each.values))
        ]

    def _require_partitions(self, scope: Scope, database: str, table: str, partitions: Sequence[Partition]) -> None:
        """Raise Denied unless partitions may be written, where they are to lie."""
        self.require(scope, database, table, "INSERT", "ALTER")
        if not self._lake.locations(scope):
            return
        root = _location(super().table(scope, database, table))
        for partition in partitions:
            self._require_locations(scope, partition, under=root)

    def _require_locations(self, scope: Scope, thing: Table | Partition, under: str | None) -> None:
        for place in (_location(thing), *(thing.storage.additional_locations if thing.storage is not None else ())):
            self._require_location(scope, place, under)

    def _require_location(self, scope: Scope, location: str | None, under: str | None = None) -> None:
        """Raise Denied for a place in a registered location that the principal may not give to a table.

        under: what is in there is the principal's already.
        """
        path = "" if location is None else location.partition("://")[2].rstrip("/")
        if not path or (under and within(path, under.partition("://")[2])):
            return
        bucket, _, key = path.partition("/")
        if self._lake.location_of(scope, bucket, key) is None:
            return
        if not self._lake.may_use_location(self.principal, scope, bucket, key):
            raise _insufficient("Data Location Access", f"arn:aws:s3:::{path}")

    def _on_database(self, scope: Scope, database: Database) -> frozenset[str]:
        """What may be done with a database: everything where Lake Formation has no say."""
        place, inside = scope, database
        if database.target_database is not None:
            with suppress(NotFound):
                place, name = self.database_place(scope, database.name)
                inside = super().database(place, name)
        may = self._lake.on_database(self.principal, place, inside)
        # Who may do anything with it may know that it is there.
        return _ANY if ALL in may else may | {DESCRIBE} if may else may

    def _require_on_database(self, scope: Scope, name: str, permission: str) -> None:
        if not self._lake.in_use:
            return
        with suppress(NotFound):
            if permission not in self._on_database(scope, super().database(scope, name)):
                raise _insufficient(permission.replace("_", " ").title(), name)


_ANY = frozenset({ALL, "ALTER", "CREATE_TABLE", DESCRIBE, "DROP"})
_BY_IAM = (("IAM_ALLOWED_PRINCIPALS", (ALL,)),)


def _defaults(database: Database) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """What a new table of a database is granted; None where IAM alone decides about it."""
    if database.create_table_default_permissions is None:
        return None
    told: Sequence[Mapping[str, Any]] = database.create_table_default_permissions
    defaults = tuple(
        (str(each.get("Principal", {}).get("DataLakePrincipalIdentifier", "")), tuple(each.get("Permissions", ())))
        for each in told
    )
    return None if defaults == _BY_IAM else defaults


def _location(thing: Table | Partition) -> str | None:
    return thing.storage.location if thing.storage is not None else None


def _require_any(sight: Sight, name: str) -> None:
    if not sight.any:
        raise _insufficient("Describe", name)


def _require_keys(sight: Sight, table: Table) -> None:
    """Raise Denied where a partition key is hidden: it stands in the names of partitions."""
    hidden = [key.name for key in table.partition_keys if not sight.shows(key.name)]
    if hidden:
        raise Denied(
            f"Insufficient Lake Formation permission(s): Required Select on the partition keys of {table.name}, "
            "which its partitions are named by"
        )


def _insufficient(permission: str, what: str) -> Denied:
    return Denied(f"Insufficient Lake Formation permission(s): Required {permission.capitalize()} on {what}")


def _filled(page: Any, seen: Any, name: Any, after: str | None, limit: int) -> Page[Any]:
    """A page of what may be seen, filled from as many pages as that takes."""
    items: list[Any] = []
    while True:
        found = page(after)
        for number, each in enumerate(found.items):
            shown = seen(each)
            if shown is None:
                continue
            items.append(shown)
            if len(items) == limit:
                more = number + 1 < len(found.items) or found.next is not None
                return Page(items, name(each) if more else None)
        after = found.next
        if after is None:
            return Page(items)
