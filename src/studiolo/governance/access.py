"""What Lake Formation opens in S3: the objects of tables that somebody may read, or write, as a whole."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.governance.auditing import Accessed
from studiolo.governance.deciding import Deciding
from studiolo.governance.model import SELECT, Location, within
from studiolo.governance.sights import Sight
from studiolo.governance.subject import LOCATION, Shelf
from studiolo.governance.tables import locations
from studiolo.identity import Answer, Layer, NotAuthorized, Principal, Question

DATA_ACCESS = Question("lakeformation:GetDataAccess", "*")
"""What whoever gets data by Lake Formation must be allowed by IAM."""

NEEDED = {
    "s3:GetObject": SELECT,
    "s3:ListBucket": SELECT,
    "s3:PutObject": "INSERT",
    "s3:AbortMultipartUpload": "INSERT",
    "s3:ListMultipartUploadParts": "INSERT",
    "s3:DeleteObject": "DELETE",
}
"""The permission on a table, beside SELECT on all of it, that lets its objects be used so."""

READS = ("s3:GetObject", "s3:ListBucket")
"""How the actions begin that tell of objects: of versions and attributes, too."""

REMEMBERED = 256
"""Of so many principals it is remembered where their tables lie."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table lies that somebody has a grant on: `bucket/folder`."""

    scope: Scope
    database: str
    table: str
    path: str


class Access(Deciding):
    """Decisions about objects."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf)
        self._places: OrderedDict[tuple[str, int], tuple[object, list[Place]]] = OrderedDict()

    def opens(self, principal: Principal, action: str, bucket: str, key: str) -> bool:
        """Whether Lake Formation lets somebody do that to an object, or list a prefix, whom IAM does not let.

        It does where a table that the object is of may be used so as a whole. Explicit denials of IAM come before this.
        """
        found = self._registered(bucket, key) if action in NEEDED else []
        if not found or not self.has_data_access(principal):
            return False
        path, who = f"s3://{bucket}/{key}", principal.arn
        for scope, location in found:
            place = self._opening(principal, scope, location, action, bucket, key)
            if place is not None:
                table = f"{place.database}.{place.table}"
                self.note(Accessed(scope, who, "table", path, allowed=True, action=action, table=table))
                return True
        self.note(Accessed(found[0][0], who, "table", path, allowed=False, action=action))
        return False

    def opens_despite(self, denied: NotAuthorized, principal: Principal, action: str, bucket: str, key: str) -> bool:
        """The same of what IAM has not let somebody do, if it is not that it explicitly denies it."""
        decision = denied.decision
        lacking = decision.answer is not Answer.DENIED and decision.layer in (Layer.IDENTITY, Layer.RESOURCE)
        return lacking and self.opens(principal, action, bucket, key)

    def note(self, accessed: Accessed) -> None:
        """Keep an event of data access, where such are kept."""
        self._shelf.note(accessed)

    def note_by(self, note: Callable[[Accessed], None]) -> None:
        """Have events of data access kept."""
        self._shelf.note = note

    def _opening(
        self, principal: Principal, scope: Scope, location: Location, action: str, bucket: str, key: str
    ) -> Place | None:
        """The table by which somebody may do that with an object of a registered location."""
        needed = NEEDED[action]
        if not self.role_may(location, bucket, key, action):
            return None
        path, root = f"{bucket}/{key}", location.arn.partition(":::")[2]
        listing = action == "s3:ListBucket"
        for fresh in (False, True):
            for place in self._places_of(principal, scope.region, fresh=fresh):
                # A prefix without its slash would list what lies beside the table, too.
                inside = path.startswith(f"{place.path}/") if listing else within(path, place.path)
                # A table around the location is not one of it, nor is another account's that says it is there.
                mine = place.scope.account.partition(":")[0] == scope.account
                if mine and inside and within(place.path, root) and self._may_use(principal, place, needed):
                    return place
        return None

    def closes(self, principal: Principal | None, action: str, bucket: str, key: str) -> bool:
        """Whether a read that IAM allows is of a registered location, and not for who asks (strict mode).

        It is for administrators, for the role that the location is registered with, and where Lake Formation opens it.
        """
        if not action.startswith(READS):
            return False
        owner = self._shelf.identity.buckets.of(bucket)
        # What is closed is one's own: others may register it, too.
        found = next((pair for pair in self._registered(bucket, key) if pair[0].account == owner), None)
        if found is None and action.startswith("s3:ListBucket"):
            found = self._below(bucket, key, owner)
        if found is None:
            return False
        scope, location = found
        if principal is None:
            return True
        mine = self.is_admin(scope, principal) or principal.role_arn == location.role
        return not (mine or self.opens(principal, action, bucket, key))

    def _below(self, bucket: str, prefix: str, owner: str) -> tuple[Scope, Location] | None:
        """A location that an account has registered whose objects a list of a prefix has."""
        path, all_of_it = f"{bucket}/{prefix}", (pair for pair in self._all_locations() if pair[0].account == owner)
        found = (pair for pair in all_of_it if f"{pair[1].arn.partition(':::')[2]}/".startswith(path))
        return next(found, None)

    def has_data_access(self, principal: Principal) -> bool:
        """Whether IAM lets somebody get data by Lake Formation."""
        try:
            self._shelf.identity.authorize(principal, [DATA_ACCESS])
        except NotAuthorized:
            return False
        return True

    def role_may(self, location: Location, bucket: str, key: str, action: str = "s3:GetObject") -> bool:
        """Whether the role that a location is registered with may do that there, and Lake Formation may take it."""
        identity = self._shelf.identity
        if not self.usable(location):
            return False
        session = identity.session_of(location.role, "AWSLF-00-Studiolo")
        owner, policy = identity.bucket(bucket)
        if action == "s3:ListBucket":
            question = Question(action, identity.s3_arn(bucket), {"s3:prefix": key}, account=owner)
        else:
            question = Question(action, identity.s3_arn(f"{bucket}/{key}"), account=owner)
        return identity.decide(session, question, policy=policy).allowed

    def _registered(self, bucket: str, key: str) -> list[tuple[Scope, Location]]:
        """The innermost registered location of any region that an object is in, of each account that has one."""
        found: dict[str, tuple[Scope, Location]] = {}
        for pair in self._all_locations():
            account = pair[0].account
            inner = account not in found or len(pair[1].arn) > len(found[account][1].arn)
            if inner and pair[1].covers(bucket, key):
                found[account] = pair
        return list(found.values())

    def _all_locations(self) -> Iterator[tuple[Scope, Location]]:
        for scope in self._shelf.remembered(self._read_registering, ""):
            for location in self._shelf.documents(locations, LOCATION, scope):
                yield scope, location

    def _read_registering(self, _all: str) -> tuple[Scope, ...]:
        """The accounts, each in a region, that have registered locations."""
        query = select(locations.c.catalog, locations.c.region).distinct()
        with self._shelf.state.reading() as connection:
            rows = connection.execute(query.order_by(locations.c.catalog, locations.c.region)).all()
        return tuple(Scope(row.catalog, row.region) for row in rows)

    def _may_use(self, principal: Principal, place: Place, needed: str) -> bool:
        """Whether a table is still there, and its objects may be used so."""
        try:
            table = self._shelf.catalog.table(place.scope, place.database, place.table)
        except (NotFound, Invalid):
            return False
        location = table.storage.location if table.storage is not None else None
        if table.target_table is not None or _path(location) != place.path:
            return False
        return may_use(self.sight(principal, place.scope, table), needed)

    def _places_of(self, principal: Principal, region: str, *, fresh: bool) -> list[Place]:
        """Where the tables lie that somebody has grants on; fresh: as it is now, if anything was written since."""
        key = (f"{principal.identity_arn} {region}", self._shelf.revision)
        mark = self._shelf.state.mark()
        known = self._places.get(key)
        if known is not None and not fresh:
            return known[1]
        if known is not None and mark is not None and known[0] == mark:
            return []
        found = list(self._read_places(principal, region))
        self._places[key] = mark, found
        self._places.move_to_end(key)
        while len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        return found

    def _read_places(self, principal: Principal, region: str) -> Iterator[Place]:
        catalog = self._shelf.catalog
        for account in self._shelf.remembered(self.catalogs, region):
            scope = Scope(account, region)
            for database, names in self.tables_granted(principal, scope).items():
                with suppress(NotFound):
                    for table in catalog.table_names(scope, database) if names is None else sorted(names):
                        with suppress(NotFound, Invalid):
                            found = catalog.table(scope, database, table)
                            path = _path(found.storage.location if found.storage is not None else None)
                            if path is not None and found.target_table is None:
                                yield Place(scope, database, table, path)


def may_use(sight: Sight, needed: str) -> bool:
    """Whether the objects of a table may be used by who sees that of it, in a way that needs that permission."""
    return not sight.by_iam and sight.full and sight.may(needed)


def _path(location: str | None) -> str | None:
    """`bucket/folder` of a location in S3."""
    scheme, found, path = (location or "").partition("://")
    return path.rstrip("/") if found and scheme in ("s3", "s3a", "s3n") else None
