"""The Data Catalog as somebody sees it: who that is, and what of a table that is."""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import TypeVar

from studiolo.catalog import (
    Catalog,
    Partition,
    Table,
)
from studiolo.domain import Clock, Denied, NotFound, Scope
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

    def _required(self, scope: Scope, database: str, name: str) -> Sight:
        if not self._lake.in_use:
            return BY_IAM
        sight, _, _ = self.sight(scope, database, name)
        require_any(sight, name)
        return sight

    def _require_locations(self, scope: Scope, thing: Table | Partition, under: str | None) -> None:
        for place in (location_of(thing), *(thing.storage.additional_locations if thing.storage is not None else ())):
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
            raise insufficient("Data Location Access", f"arn:aws:s3:::{path}")


def location_of(thing: Table | Partition) -> str | None:
    return thing.storage.location if thing.storage is not None else None


def require_any(sight: Sight, name: str) -> None:
    if not sight.any:
        raise insufficient("Describe", name)


def insufficient(permission: str, what: str) -> Denied:
    return Denied(f"Insufficient Lake Formation permission(s): Required {permission.capitalize()} on {what}")
