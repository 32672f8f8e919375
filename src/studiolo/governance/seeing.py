"""The Data Catalog as somebody sees it: who that is, and what of a table that is."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from functools import partial
from typing import TypeVar

from studiolo.catalog import (
    Catalog,
    Partition,
    Table,
)
from studiolo.domain import Clock, Denied, Invalid, NotFound, Page, Scope, every
from studiolo.governance.lake import Lake
from studiolo.governance.model import within
from studiolo.governance.sights import BY_IAM, Sight
from studiolo.governance.views import Views
from studiolo.identity import Principal
from studiolo.state import State

Self = TypeVar("Self", bound="Seeing")

PAGE = 1000


class Seeing(Catalog):
    """The catalog for one principal. everything: for nobody in it, as it is."""

    def __init__(self, state: State, clock: Clock, everything: Catalog, lake: Lake, views: Views) -> None:
        super().__init__(state, clock)
        self.everything = everything
        self._lake = lake
        self._views = views
        self._who: Callable[[], Principal] | None = None

    def of(self: Self, who: Callable[[], Principal]) -> Self:
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
                raise insufficient(permissions[0], f"{table.database}.{table.name}" if sight.any else name)

    def require_itself(self, scope: Scope, database: str, name: str, permission: str) -> None:
        """Raise Denied unless the permission is there on what a name is itself: of a resource link, on the link."""
        if not self._lake.in_use:
            return
        with suppress(NotFound):
            link = super().link(scope, database, name)
            if link is None:
                self.require(scope, database, name, permission, full=permission != "DROP")
            elif not self._lake.sight(self.principal, self.database_place(scope, database)[0], link).may(permission):
                raise insufficient(permission, name)

    def _required(self, scope: Scope, database: str, name: str) -> Sight:
        if not self._lake.in_use:
            return BY_IAM
        sight, _, _ = self.sight(scope, database, name)
        require_any(sight, name)
        return sight

    def _require_locations(
        self, scope: Scope, thing: Table | Partition, under: str | None, before: Table | None = None
    ) -> None:
        """Raise Denied unless the principal may give these places to it. before: what has its places already."""
        known = () if before is None else _places(before)
        for place in _places(thing):
            if place not in known:
                self._require_location(scope, place, under)

    def _require_location(self, scope: Scope, location: str | None, under: str | None = None) -> None:
        """Raise Denied for a place in a registered location that the principal may not give to a table.

        under: what is in there is the principal's already.
        """
        path = "" if location is None else location.partition("://")[2].rstrip("/")
        if not path or not self._lake.locations(scope):
            return
        bucket, _, key = path.partition("/")
        if {".", ".."} & set(key.split("/")):
            raise Invalid(f"The location {location} is not one in S3: it has . or .. in it.")
        if not self._lake.reaches(scope, path):
            return
        # What is around a registered location is nobody's by that.
        if under and self._lake.is_registered(scope, under) and within(path, under.partition("://")[2]):
            return
        if not self._lake.may_use_location(self.principal, scope, bucket, key):
            raise insufficient("Data Location Access", f"arn:{scope.partition}:s3:::{path}")

    def _require_apart(self, scope: Scope, thing: Table) -> None:
        """Raise Denied where a new table would have objects of one that the principal may not read as a whole.

        Who may make tables in a database may do so at its location, but not read by them what is there already.
        """
        principal, lake = self.principal, self._lake
        for place in filter(None, _places(thing)):
            path = place.partition("://")[2].rstrip("/")
            bucket, _, key = path.partition("/")
            if not lake.reaches(scope, path) or lake.may_use_location(principal, scope, bucket, key):
                continue
            for where, known in self._all_tables(scope):
                other = (location_of(known) or "").partition("://")[2].rstrip("/")
                if other and (within(path, other) or within(other, path)):
                    sight = lake.sight(principal, where, known)
                    if not (sight.full or sight.by_iam):
                        raise insufficient("Data Location Access", f"arn:{scope.partition}:s3:::{path}")

    def _all_tables(self, scope: Scope) -> Iterator[tuple[Scope, Table]]:
        """Those of all catalogs of the account, which have its locations in common; each with where it is."""
        account = Scope(scope.account.partition(":")[0], scope.region)
        within_it = every(lambda after: self.everything.catalogs(account, after, PAGE))
        for place in (account, *(Scope(each.id, scope.region) for each in within_it)):
            for database in every(partial(self.everything.databases, place, limit=PAGE)):
                if database.target_database is None:
                    for table in every(partial(_tables, self.everything, place, database.name)):
                        yield place, table


def _tables(catalog: Catalog, scope: Scope, database: str, after: str | None) -> Page[Table]:
    return catalog.tables(scope, database, after=after, limit=PAGE, follow=False)


def _places(thing: Table | Partition) -> tuple[str | None, ...]:
    return (location_of(thing), *(thing.storage.additional_locations if thing.storage is not None else ()))


def location_of(thing: Table | Partition) -> str | None:
    return thing.storage.location if thing.storage is not None else None


def require_any(sight: Sight, name: str) -> None:
    if not sight.any:
        raise insufficient("Describe", name)


def insufficient(permission: str, what: str) -> Denied:
    return Denied(f"Insufficient Lake Formation permission(s): Required {permission.capitalize()} on {what}")
