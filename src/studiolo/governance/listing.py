"""Lists of permissions: what was granted, and what IAM_ALLOWED_PRINCIPALS has where nobody took it away."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import literal, select, tuple_

from studiolo.catalog import Database, Table
from studiolo.domain import NotFound, Page, Scope, every
from studiolo.governance.deciding import account_named, passing
from studiolo.governance.granting import Granting
from studiolo.governance.model import ALL, IAM_ALLOWED, Grant, Kind, Resource, within
from studiolo.governance.subject import GRANT, of
from studiolo.governance.tables import grants
from studiolo.identity import Principal

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which permissions a list is to have. kinds: of resources; resource: that one, of a table with its columns'.

    related: of a table those on its data cells filters, too.
    """

    principal: str | None = None
    kinds: frozenset[Kind] | None = None
    policy_type: str | None = None
    resource: Resource | None = None
    related: bool = False

    def has(self, grant: Grant) -> bool:
        """Whether a grant is one of them."""
        mine, wanted = grant.resource, self.resource
        if self.principal is not None and grant.principal != self.principal:
            return False
        if self.kinds is not None and mine.kind not in self.kinds:
            return False
        if self.policy_type is not None and mine.type != self.policy_type:
            return False
        if wanted is None:
            return True
        if wanted.kind in (Kind.TABLE, Kind.COLUMNS):
            same = (mine.database, mine.table) == (wanted.database, wanted.table)
            return same and (mine.kind in (Kind.TABLE, Kind.COLUMNS) or (self.related and mine.kind is Kind.FILTER))
        if wanted.kind is Kind.LOCATION:
            return mine.kind is Kind.LOCATION and mine.name == wanted.name
        return mine.key == wanted.key


class Listing(Granting):
    """The permissions of one catalog."""

    def permissions(
        self, scope: Scope, wanted: Wanted, by: Principal, after: str | None = None, limit: int = PAGE
    ) -> Page[Grant]:
        """The permissions that `by` may know of: an administrator all, others their own and those they may grant."""
        return self._page(self._all(scope, wanted, by, after), self._knows(scope, by), limit)

    def permissions_for_path(
        self, scope: Scope, arn: str, by: Principal, after: str | None = None, limit: int = PAGE
    ) -> Page[Grant]:
        """The permissions on what lies at a place in S3, or around it: the place, tables and databases."""
        place = arn.partition(":::")[2].rstrip("/")
        there = dict.fromkeys(self._at(scope, place))

        def about(grant: Grant) -> bool:
            resource = grant.resource
            if resource.kind is Kind.LOCATION:
                return within(place, resource.name.partition(":::")[2])
            return (resource.database, resource.table) in there

        found = (pair for pair in self._all(scope, Wanted(), by, after) if about(pair[1]))
        return self._page(found, self._knows(scope, by), limit)

    def tables_around(self, scope: Scope, place: str) -> Iterator[Table]:
        """The tables that the objects at a place in S3 are of."""
        for database, name in self._at(scope, place):
            table = self._shelf.catalog.table(scope, database, name) if name else None
            location = table.storage.location if table is not None and table.storage is not None else None
            if table is not None and location and within(place, location.partition("://")[2].rstrip("/")):
                yield table

    def _knows(self, scope: Scope, by: Principal) -> Callable[[Grant], bool]:
        """Whether somebody may know of a grant."""
        if self.sees_all(scope, by):
            return lambda _grant: True
        names = self.names_of(by, scope)
        away = by.account != scope.account.partition(":")[0]
        # What is left to IAM is not shared by that; of what is, administrators see who of theirs has it.
        names -= {IAM_ALLOWED} if away else set()
        heads = away and self.is_admin(Scope(by.account, scope.region), by)

        def knows(grant: Grant) -> bool:
            mine = grant.principal in names or (heads and account_named(grant.principal) == by.account)
            return mine or self.may_grant(by, scope, grant.resource, grant.permissions)

        return knows

    def _page(self, found: Iterator[tuple[str, Grant]], knows: Callable[[Grant], bool], limit: int) -> Page[Grant]:
        items: list[Grant] = []
        last = None
        for place, grant in found:
            if not knows(grant):
                continue
            if len(items) == limit:
                return Page(items, last)
            items.append(grant)
            last = place
        return Page(items)

    def _all(self, scope: Scope, wanted: Wanted, by: Principal, after: str | None) -> Iterator[tuple[str, Grant]]:
        """The permissions behind a place of the list, each with its place."""
        start = ["", "", "", ""] if after is None else json.loads(after)
        if start[0] == "":
            for behind, grant in self._granted(scope, wanted, by, *start[1:]):
                if wanted.has(grant):
                    yield json.dumps(["", *behind]), grant
            start = ["catalog", "", ""]
        if wanted.principal not in (None, IAM_ALLOWED):
            return
        if start[0] == "catalog" and self.settings(scope).iam_may_create:
            may_create = Grant(IAM_ALLOWED, Resource(Kind.CATALOG), frozenset({"CREATE_DATABASE"}))
            if wanted.has(may_create):
                yield json.dumps(["things", "", ""]), may_create
        for grant in self._of_iam(scope, wanted, start[1], start[2]):
            if wanted.has(grant):
                yield json.dumps(["things", grant.resource.database, grant.resource.table]), grant

    def _granted(
        self, scope: Scope, wanted: Wanted, by: Principal, principal: str, resource: str, catalog: str
    ) -> Iterator[tuple[tuple[str, str, str], Grant]]:
        """What was granted behind a place, each with its own: of two that are alike one may have been passed on."""
        mine = of(grants, scope)
        if by.account != scope.account.partition(":")[0]:
            mine |= of(grants, passing(scope, by.account))
        places = (grants.c.principal, grants.c.resource, grants.c.catalog)
        query = select(*places, grants.c.document).where(mine)
        if wanted.principal is not None:
            query = query.where(grants.c.principal == wanted.principal)
        if wanted.resource is not None and wanted.resource.database:
            query = query.where(grants.c.database == wanted.resource.database)
        query = query.where(tuple_(*places) > tuple_(*map(literal, (principal, resource, catalog)))).order_by(*places)
        with self._shelf.state.reading() as connection:
            found = connection.execute(query).all()
        for row in found:
            yield (row.principal, row.resource, row.catalog), GRANT.validate_json(row.document)

    def _of_iam(self, scope: Scope, wanted: Wanted, database: str, table: str) -> Iterator[Grant]:
        """What IAM_ALLOWED_PRINCIPALS has from the beginning, behind a database and a table of it.

        Of a resource link to a database that is the link: the tables are another's.
        """
        about = wanted.resource

        def of_tables(inside: str, behind: str | None = None) -> Iterator[Grant]:
            for each in self._tables(scope, inside, behind):
                if not each.governed:
                    yield Grant(IAM_ALLOWED, Resource(Kind.TABLE, inside, each.name), frozenset({ALL}))

        if database:
            with suppress(NotFound):
                if self._shelf.catalog.database(scope, database).target_database is None:
                    yield from of_tables(database, table)
        for each in self._databases(scope, database or None):
            if about is not None and about.database not in ("", each.name):
                continue
            if not each.governed:
                yield Grant(IAM_ALLOWED, Resource(Kind.DATABASE, each.name), frozenset({ALL}))
            if each.target_database is None and (about is None or about.kind is not Kind.DATABASE):
                yield from of_tables(each.name)

    def _databases(self, scope: Scope, behind: str | None = None) -> Iterator[Database]:
        return every(lambda after: self._shelf.catalog.databases(scope, after or behind, PAGE))

    def _tables(self, scope: Scope, database: str, behind: str | None = None) -> Iterator[Table]:
        read = partial(self._shelf.catalog.tables, scope, database, limit=PAGE, follow=False)
        return every(lambda after: read(after=after or behind))

    def _at(self, scope: Scope, place: str) -> Iterator[tuple[str, str]]:
        """The databases and tables whose location is a place, in it or around it."""
        for database in self._databases(scope):
            if _meet(database.location, place):
                yield database.name, ""
            if database.target_database is not None:
                continue
            for table in self._tables(scope, database.name):
                if table.storage is not None and _meet(table.storage.location, place):
                    yield database.name, table.name


def _meet(location: str | None, place: str) -> bool:
    if not location:
        return False
    mine = location.partition("://")[2].rstrip("/")
    return within(mine, place) or within(place, mine)
