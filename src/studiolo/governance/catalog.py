"""The Data Catalog as somebody may see and change it: what the Glue API and the metastore show, and let be changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from studiolo.catalog import (
    Database,
    PartitionIndex,
    Property,
    Table,
)
from studiolo.domain import Denied, Invalid, NotFound, Page, Scope
from studiolo.governance.model import ALL, DESCRIBE, Kind, Resource
from studiolo.governance.parts import GovernedParts
from studiolo.governance.redaction import table_seen
from studiolo.governance.seeing import insufficient, location_of, require_any

PAGE = 1000


class GovernedCatalog(GovernedParts):
    """The catalog for one principal; as long as nothing is governed, it is the catalog."""

    # Databases

    def create_database(self, scope: Scope, database: Database, tags: Mapping[str, str] | None = None) -> Database:
        lake = self._lake
        if not lake.may_create_database(self.principal, scope):
            raise insufficient("Create Database", "Catalog")
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
            raise insufficient("Describe", found.name)
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

    def databases_shared(self, scope: Scope) -> Iterator[tuple[Scope, Database]]:
        """The databases of other accounts of which something is shared with who asks, each with whose it is."""
        for place, name in self._lake.shared_with(self.principal, scope.region):
            with suppress(NotFound, Denied):
                yield place, self.database(place, name)

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
                self.require_itself(scope, name, table, "DROP")
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
        self._require_locations(place, table, under=known.location)
        self._require_apart(place, table)
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
        return self._seen(scope, found, ask=True) if self._lake.in_use else found

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
        inside = self.database_place(scope, database)
        return _filled(
            lambda place: super(GovernedCatalog, self).tables(scope, database, pattern, place, limit, follow),
            lambda found: self._seen_if_any(scope, found, inside),
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
        if table.target_table is None:
            self.require(scope, database, present, *changes)
        else:
            self.require_itself(scope, database, present, "ALTER")
        moved = name is not None and (table.database or database, table.name) != (database, name)
        if moved:
            self.require_itself(scope, database, present, "DROP")
            self._require_on_database(scope, table.database or database, "CREATE_TABLE")
        with suppress(NotFound):
            before = super().table(scope, database, present)
            place, _, _ = self.place_of(scope, database, present)
            self._require_locations(place, table, under=location_of(before), before=before)
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
        self.require_itself(scope, database, name, "DROP")
        if self._lake.in_use:
            place, inside = self.database_place(scope, database)
            super().table(place, inside, name)
            # Before the table: one that is made in its place has nothing of it.
            self._lake.forget(place, inside, name.lower())
        super().delete_table(scope, database, name, version_id=version_id)

    def search_tables(
        self,
        scopes: Sequence[Scope],
        *,
        text: str | None = None,
        properties: Sequence[Property] = (),
        sort: Sequence[tuple[str, bool]] = (),
        after: int = 0,
        limit: int = 100,
        seen: Callable[[Scope, Table], Table | None] = lambda _scope, table: table,
    ) -> Page[tuple[Scope, Table]]:
        def shown(scope: Scope, table: Table) -> Table | None:
            found = self._seen_if_any(scope, table, (scope, table.database))
            return None if found is None else seen(scope, found)

        return super().search_tables(
            scopes,
            text=text,
            properties=properties,
            sort=sort,
            after=after,
            limit=limit,
            seen=shown if self._lake.in_use else seen,
        )

    def _seen(self, scope: Scope, found: Table, inside: tuple[Scope, str] | None = None, *, ask: bool = False) -> Table:
        """A table as it may be seen, by its name in the scope. Raises Denied.

        inside: where its database is; ask: whether it is to be read, and its view made.
        """
        if found.target_table is None and not found.governed and not self._lake.opt_ins(scope):
            return found
        if found.target_table is not None and found.storage is None:
            # The link alone, as lists have it.
            return found
        if inside is not None and found.target_table is None:
            place, whole = inside[0], found if found.database == inside[1] else replace(found, database=inside[1])
            sight = self._lake.sight(self.principal, place, whole)
        else:
            try:
                sight, place, whole = self.sight(scope, found.database, found.name)
            except (NotFound, Invalid):
                # A resource link to nothing is the link alone.
                return found
        require_any(sight, found.name)
        if not sight.partial:
            return found
        if ask:
            self._views.ask(place, whole, sight)
        own = self._views.parameters(place, whole, sight)
        seen = table_seen(whole, sight, self._views.location(place, whole, sight), own)
        return replace(seen, database=found.database, name=found.name, target_table=found.target_table)

    def _seen_if_any(self, scope: Scope, found: Table, inside: tuple[Scope, str]) -> Table | None:
        if not found.governed and not self._lists_all(*inside):
            return None
        try:
            return self._seen(scope, found, inside)
        except Denied:
            return None

    def _lists_all(self, scope: Scope, database: str) -> bool:
        return self._lake.lists_all(self.principal, scope, database, super().resource_policy(scope))

    def resource_policy(self, scope: Scope) -> str | None:
        """The policy of a catalog, with what Lake Formation has shared of it."""
        return self._lake.with_shares(scope, super().resource_policy(scope))

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
                raise insufficient(permission.replace("_", " ").title(), name)


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
