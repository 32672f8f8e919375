"""Credential vending: keys of the role that a location is registered with, for the objects of a table and no more."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from studiolo.catalog import Catalog, Table
from studiolo.domain import Denied, Invalid, NotFound, Scope
from studiolo.governance.access import DATA_ACCESS
from studiolo.governance.auditing import Accessed
from studiolo.governance.lake import Lake
from studiolo.governance.locations import policy
from studiolo.governance.model import ALL, SELECT, Location, within
from studiolo.governance.sights import Sight
from studiolo.identity import AccessKey, Identity, Principal

SHORTEST, LONGEST = 900, 43200
HOUR = 3600
CALLER_TAG = "LakeFormationAuthorizedCaller"
"""The session tag by whose value engines are known that are trusted to show no more than is permitted."""

COLUMN, CELL, NESTED, NESTED_CELL = (
    "COLUMN_PERMISSION",
    "CELL_FILTER_PERMISSION",
    "NESTED_PERMISSION",
    "NESTED_CELL_PERMISSION",
)
WRITES = frozenset({"INSERT", "DELETE", ALL})
_OF_ARN = re.compile(r"\Aarn:aws[\w-]*:s3:::")
_PATTERN = re.compile(r"[*?]|\$\{")


class PermissionTypeMismatch(Invalid):
    """The engine does not say that it keeps to a kind of permission that there is on the table."""


@dataclass(frozen=True, slots=True)
class Vended:
    """A key, and the places in S3 whose objects it opens."""

    key: AccessKey
    places: tuple[str, ...]


class Vending:
    """Gives keys out, as far as the data lake settings let engines have them."""

    def __init__(self, catalog: Catalog, lake: Lake, identity: Identity) -> None:
        self._catalog = catalog
        self._lake = lake
        self._identity = identity

    def for_table(
        self,
        principal: Principal,
        scope: Scope,
        database: str,
        name: str,
        *,
        permissions: Sequence[str] = (),
        types: Sequence[str] = (),
        seconds: int | None = None,
        path: str | None = None,
        values: Sequence[str] | None = None,
    ) -> Vended:
        """A key for a table's objects, or those of one of its partitions.

        permissions: what is to be done, SELECT where nothing is said; types: the kinds of permissions that the engine
        keeps to; path: a place within, for which alone the key is to be. Raises Denied, NotFound, Invalid and
        PermissionTypeMismatch.
        """
        away = principal.account != scope.account.partition(":")[0]
        try:
            table = self._catalog.table(scope, database, name)
        except NotFound:
            if away:
                raise _unshared(principal, scope, database, name) from None
            raise
        sight = self._lake.sight(principal, scope, table)
        if away and (sight.by_iam or not sight.any or table.target_table is not None):
            raise _unshared(principal, scope, database, name)
        if table.target_table is not None:
            raise Invalid("Credentials are given for the table that a resource link leads to.")
        wanted = frozenset(permissions) or frozenset({SELECT})
        self._require(principal, scope, table, sight, wanted, types)
        location = table.storage.location if table.storage is not None else None
        if values is not None:
            partition = self._catalog.partition(scope, database, name, values)
            location = partition.storage.location if partition.storage is not None else None
        place = _place(location)
        if path is not None:
            inner = _place(path)
            if not within(inner, place):
                raise Denied(f"The path {path} is not one of the table {database}.{name}.")
            place = inner
        named = f"{table.database}.{table.name}"
        return self._vended(principal, scope, [place], write=bool(wanted & WRITES), seconds=seconds, table=named)

    def for_locations(
        self, principal: Principal, scope: Scope, places: Sequence[str], *, write: bool, seconds: int | None = None
    ) -> Vended:
        """A key for places that are of tables which the principal may read, or write, as a whole.

        Raises Denied, Invalid, and NotFound for places that are not registered or of no table.
        """
        if not places:
            raise Invalid("DataLocations must name a location.")
        self._require_data_access(principal)
        found = [_place(_OF_ARN.sub("s3://", place)) for place in places]
        if not self._lake.settings(scope).full_table_access:
            raise Denied(
                "Access is not allowed: keys for locations are given where the data lake settings have "
                "AllowFullTableExternalDataAccess."
            )
        for place in found:
            self._require_table(principal, scope, place, write=write)
        return self._vended(principal, scope, found, write=write, seconds=seconds)

    def permitted(self, principal: Principal, scope: Scope, table: Table, types: Sequence[str]) -> Sight:
        """What an engine must keep to that is shown all of a table's metadata.

        Raises Denied where nothing is for who asks, or the engine is not trusted to, and PermissionTypeMismatch.
        """
        sight = self._lake.sight(principal, scope, table)
        if not sight.any:
            raise Denied(f"Insufficient Lake Formation permission(s): Required Select on {table.name}")
        if not sight.full:
            self.require_trusted(principal, scope, sight)
            self.require_types(sight, types)
        return sight

    def require_trusted(self, principal: Principal, scope: Scope, sight: Sight) -> None:
        """Raise Denied unless data that are not filtered may go to the engine that asks.

        After "Application integration": engines that filter are known by a session tag, others get whole tables.
        """
        settings = self._lake.settings(scope)
        trusted = (
            settings.external_filtering
            and principal.account in settings.filtering_accounts
            and dict(principal.tags).get(CALLER_TAG) in settings.session_tags
        )
        if not trusted and not (settings.full_table_access and sight.full):
            raise Denied(
                "Access is not allowed: the data lake settings let no external engine have these data. Either "
                "AllowFullTableExternalDataAccess is on and the caller may read the whole table, or "
                f"AllowExternalDataFiltering is, and its session has the tag {CALLER_TAG} with a value that is listed."
            )

    def require_types(self, sight: Sight, types: Sequence[str]) -> None:
        """Raise PermissionTypeMismatch where an engine does not keep to what there is on a table."""
        cells = not sight.full and any(each.rows is not None for each in sight.cells)
        if cells and not {CELL, NESTED_CELL} & set(types):
            raise PermissionTypeMismatch(
                f"The table has cell filters, and the engine supports {', '.join(types) or 'none'}: {CELL} is needed."
            )
        if sight.partial and not {COLUMN, CELL, NESTED, NESTED_CELL} & set(types):
            raise PermissionTypeMismatch(
                f"The table has column permissions, and the engine supports none: {COLUMN} is needed."
            )

    def _require(
        self,
        principal: Principal,
        scope: Scope,
        table: Table,
        sight: Sight,
        wanted: frozenset[str],
        types: Sequence[str],
    ) -> None:
        self._require_data_access(principal)
        if not sight.full and not sight.cells:
            raise Denied(f"Insufficient Lake Formation permission(s): Required Select on {table.name}")
        for permission in sorted(wanted - {SELECT}):
            if sight.partial or not (sight.may(permission) or (permission == ALL and sight.by_iam)):
                raise Denied(
                    f"Insufficient Lake Formation permission(s): Required {permission.capitalize()} on {table.name}"
                )
        self.require_trusted(principal, scope, sight)
        self.require_types(sight, types)

    def _require_table(self, principal: Principal, scope: Scope, place: str, *, write: bool) -> None:
        """Raise Denied unless a place is of a table that the principal may use as a whole, NotFound if it is of none."""
        needed = (SELECT, "INSERT", "DELETE") if write else (SELECT,)
        sights = [self._lake.sight(principal, scope, table) for table in self._lake.tables_around(scope, place)]
        if not sights:
            raise NotFound(f"No table of the Data Catalog is associated with the data location s3://{place}.")
        if not any(all(sight.may(each) for each in needed) for sight in sights):
            raise Denied(
                f"Insufficient Lake Formation permission(s): Required {', '.join(needed)} on the table at s3://{place}"
            )

    def _require_data_access(self, principal: Principal) -> None:
        self._identity.authorize(principal, [DATA_ACCESS])

    def _vended(
        self,
        principal: Principal,
        scope: Scope,
        places: Sequence[str],
        *,
        write: bool,
        seconds: int | None,
        table: str = "",
    ) -> Vended:
        lifetime = HOUR if seconds is None else seconds
        if not SHORTEST <= lifetime <= LONGEST:
            raise Invalid(f"DurationSeconds must be from {SHORTEST} to {LONGEST}.")
        registered = {self._registered(scope, place).role for place in places}
        if len(registered) > 1:
            raise Invalid("The locations are registered with several roles: ask for those of one at a time.")
        (role,) = registered
        session = self._identity.session_of(role, f"AWSLF-00-{principal.account}-{principal.name}"[:64])
        narrowed = json.dumps(policy([self._identity.s3_arn(place) for place in places], write=write))
        for place in places:
            done = Accessed(
                scope, principal.arn, "credentials", f"s3://{place}", True, "lakeformation:GetDataAccess", table
            )
            self._lake.note(done)
        key = self._identity.issue(replace(session, session_policies=(narrowed,)), timedelta(seconds=lifetime))
        return Vended(key, tuple(f"s3://{place}" for place in places))

    def _registered(self, scope: Scope, place: str) -> Location:
        bucket, _, key = place.partition("/")
        found = self._lake.location_of(scope, bucket, key)
        if found is None:
            raise NotFound(f"The location s3://{place} is not registered with Lake Formation.")
        if not self._lake.usable(found):
            raise Denied(f"Lake Formation cannot assume the role {found.role}: its trust policy must let it.")
        return found


def _unshared(principal: Principal, scope: Scope, database: str, name: str) -> Denied:
    return Denied(
        f"User: {principal.arn} is not authorized: account {scope.account} shares no table {database}.{name} with it."
    )


def _place(location: str | None) -> str:
    """`bucket/folder` of a place in S3. Raises Invalid, for one that a policy would take for a pattern, too."""
    scheme, found, path = (location or "").partition("://")
    if not found or scheme not in ("s3", "s3a", "s3n") or not path.strip("/"):
        raise Invalid(f"{location} is not a place in S3.")
    if _PATTERN.search(path):
        raise Invalid(f"Keys are not given for {location}: in a policy its *, ? or ${{ would stand for other places.")
    return path.rstrip("/")
