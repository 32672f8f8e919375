"""What a principal may: see of a table, do with a database, the catalog, or a place in S3."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import select

from studiolo.catalog import Database, Table
from studiolo.domain import Scope
from studiolo.governance.filters import Filters
from studiolo.governance.locations import Locations
from studiolo.governance.model import ALL, GRANTABLE, IAM_ALLOWED, SELECT, SUPER, Grant, Kind, Resource, within
from studiolo.governance.opt_ins import OptIns
from studiolo.governance.setting import is_root_of
from studiolo.governance.sights import BY_IAM, OF_ROOT, Sight, Told, decide, holds
from studiolo.governance.subject import GRANT, Shelf, Thing
from studiolo.governance.tables import grants
from studiolo.governance.tagging import Tagging
from studiolo.identity import Principal, anonymous, root_user

EVERYTHING = frozenset({ALL})


class Deciding(OptIns, Locations, Filters, Tagging):
    """Decisions about the things of one catalog."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf)
        self._by_table = lru_cache(maxsize=256)(self._read_by_table)

    def sight(self, principal: Principal, scope: Scope, table: Table) -> Sight:
        """What a principal may see of a table, which is as the catalog has it, and no resource link."""
        if is_root_of(scope, principal):
            return OF_ROOT
        names = self.names_of(principal, scope)
        if not table.governed and not self.has_opted_in(scope, names, table.database, table.name):
            return BY_IAM
        given = self._grants_on(scope, names, table)
        if not table.governed:
            # Who has opted in is no longer one of all whom IAM allows.
            given = [each for each in given if each.principal != IAM_ALLOWED]
        elif _left_to_iam(given):
            return BY_IAM
        admin, sees_all = self.is_admin(scope, principal), self.sees_all(scope, principal)
        return decide(table, given, self._told(scope, table, given), admin=admin, reads_all=sees_all)

    def _grants_on(self, scope: Scope, names: frozenset[str], table: Table) -> list[Grant]:
        """What these principals are granted that may be on a table."""
        known = self._by_table(scope, names, self._shelf.revision)
        places = ((table.database, table.name), (table.database, ""), ("", ""))
        return [grant for place in places for grant in known.get(place, ())]

    def _read_by_table(
        self, scope: Scope, names: frozenset[str], _revision: int
    ) -> Mapping[tuple[str, str], list[Grant]]:
        found: dict[tuple[str, str], list[Grant]] = {}
        for grant in self.grants_of(scope, names):
            found.setdefault((grant.resource.database, grant.resource.table), []).append(grant)
        return found

    def _told(self, scope: Scope, table: Table, given: Sequence[Grant]) -> Told:
        """What of the table these grants need to be decided."""
        kinds, named = {each.resource.kind for each in given}, (table.database, table.name)
        filters = self.filters_of(scope, *named) if Kind.FILTER in kinds else {}
        if Kind.POLICY not in kinds:
            return Told(filters)
        return Told(filters, self.tags_of_table(scope, *named), self.tags_of_columns(scope, *named))

    def on_database(self, principal: Principal, scope: Scope, database: Database) -> frozenset[str]:
        """What a principal may do with a database: permissions, or all of them; none on its tables follow."""
        name = database.name
        if is_root_of(scope, principal):
            return EVERYTHING
        names = self.names_of(principal, scope)
        if not database.governed and not self.has_opted_in(scope, names, name, ""):
            return EVERYTHING
        found: set[str] = set()
        if self.is_admin(scope, principal):
            found |= {"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"}
        elif self.sees_all(scope, principal):
            found.add("DESCRIBE")
        tags = self.tags_of_database(scope, name)
        for grant in self.grants_of(scope, names):
            if grant.principal == IAM_ALLOWED and not database.governed:
                continue
            resource = grant.resource
            of_policy = (
                resource.kind is Kind.POLICY and resource.type == "DATABASE" and holds(resource.expression, tags)
            )
            if of_policy or (resource.kind is Kind.DATABASE and resource.database == name):
                found |= grant.permissions
            elif resource.database == name and resource.kind in (Kind.TABLE, Kind.COLUMNS, Kind.FILTER):
                # Who may anything with a table of it may know that the database is there.
                found.add("DESCRIBE")
            elif resource.kind is Kind.POLICY and resource.type == "TABLE" and self.has_tagged(scope, name, resource):
                found.add("DESCRIBE")
        return frozenset(found | set(SUPER[Kind.DATABASE])) if ALL in found else frozenset(found)

    def may_create_database(self, principal: Principal, scope: Scope) -> bool:
        """Whether a principal may make databases."""
        if self.is_admin(scope, principal) or self.settings(scope).iam_may_create:
            return True
        wanted = {ALL, "CREATE_DATABASE"}
        return any(
            each.resource.kind is Kind.CATALOG and wanted & each.permissions
            for each in self.grants_of(scope, self.names_of(principal, scope))
        )

    def may_use_location(self, principal: Principal, scope: Scope, bucket: str, key: str) -> bool:
        """Whether a principal may make databases and tables in a registered location."""
        if self.is_admin(scope, principal):
            return True
        place = f"{bucket}/{key}"
        return any(
            each.resource.kind is Kind.LOCATION and within(place, each.resource.name.partition(":::")[2])
            for each in self.grants_of(scope, self.names_of(principal, scope))
        )

    def names_of(self, principal: Principal, scope: Scope) -> frozenset[str]:
        """The principals that somebody is one of, as grants on a catalog name them.

        What another account is granted is its administrators', who pass it on.
        """
        own = Scope(principal.account, scope.region)
        names = {principal.identity_arn, IAM_ALLOWED, f"{principal.account}:IAMPrincipals"}
        if principal.account != scope.account.partition(":")[0] and self.is_admin(own, principal):
            names.add(principal.account)
        return frozenset(names)

    def grants_of(self, scope: Scope, names: frozenset[str]) -> tuple[Grant, ...]:
        """What these principals are granted in a catalog, and of what it has given another account passed on there."""
        own = (each for name in sorted(names) for each in self._granted_to(scope, name))
        return (*own, *(each for name in sorted(names) for each in self._passed_on(scope, name)))

    def _granted_to(self, scope: Scope, name: str) -> list[Grant]:
        known = self._shelf.documents(grants, GRANT, scope, principal=name)
        return [self._resolved(scope, each) for each in known]

    def _passed_on(self, scope: Scope, name: str) -> Iterator[Grant]:
        """What a principal was granted in its own account of the things of another's catalog.

        As long as, and as far as, the account has it with the grant option.
        """
        account = account_named(name)
        if account in (None, name, scope.account.partition(":")[0]):
            return
        given = self._granted_to(scope, str(account))
        kept = passing(scope, str(account))
        for passed in self._shelf.documents(grants, GRANT, kept, principal=name) if given else ():
            left = still_held(given, self._resolved(scope, passed))
            if left is not None:
                yield left

    def _resolved(self, scope: Scope, grant: Grant) -> Grant:
        """A grant by a named expression of LF-tags, with what that says now."""
        if grant.resource.kind is not Kind.POLICY or not grant.resource.name:
            return grant
        expression = self.expression(scope, grant.resource.name).expression
        return replace(grant, resource=replace(grant.resource, expression=expression))

    def may_grant(self, principal: Principal, scope: Scope, resource: Resource, permissions: frozenset[str]) -> bool:
        """Whether a principal may pass on, or take back, all these permissions on a resource."""
        if self.is_admin(scope, principal):
            return True
        held: set[str] = set()
        for grant in self.grants_of(scope, self.names_of(principal, scope)):
            held |= _passed_by(grant, resource)
        return ALL in held or permissions <= held

    def may_tag(self, principal: Principal, scope: Scope, resource: Resource) -> bool:
        """Whether a principal may give LF-tags to a database or table: who may pass on everything on it."""
        return self.may_grant(principal, scope, resource, GRANTABLE[resource.kind] - EVERYTHING)

    def has(self, principal: Principal, scope: Scope, resource: Resource, permission: str) -> bool:
        """Whether a principal has a permission on the catalog, an LF-tag, or an expression."""
        if self.is_admin(scope, principal):
            return True
        return any(
            each.resource.key == resource.key and (permission in each.permissions or ALL in each.permissions)
            for each in self.grants_of(scope, self.names_of(principal, scope))
        )

    def tables_granted(self, principal: Principal, scope: Scope) -> Mapping[str, frozenset[str] | None]:
        """The tables, by database, that grants name which a principal has; None for all tables of a database."""
        return self.tables_of(self.grants_of(scope, self.names_of(principal, scope)), scope)

    def tables_of(self, given: Sequence[Grant], scope: Scope) -> Mapping[str, frozenset[str] | None]:
        """The tables, by database, that grants name; None for all tables of a database."""
        found: dict[str, frozenset[str] | None] = {}
        for grant in given:
            resource = grant.resource
            if resource.kind in (Kind.TABLE, Kind.COLUMNS, Kind.FILTER):
                before = found.get(resource.database, frozenset())
                found[resource.database] = None if not resource.table or before is None else before | {resource.table}
            elif resource.kind is Kind.POLICY and resource.type == "TABLE":
                for database, table in self.tagged_with(scope, resource.expression):
                    before = found.get(database, frozenset())
                    found[database] = None if not table or before is None else before | {table}
        return found

    def catalogs(self, region: str) -> tuple[str, ...]:
        """The catalogs of a region that have grants."""
        query = select(grants.c.catalog).where(grants.c.region == region).distinct()
        with self._shelf.state.reading() as connection:
            found = connection.execute(query).scalars()
            # What is passed on is of the catalog that it was given of.
            return tuple(sorted({each.rpartition("@")[2] for each in found}))

    def listen(self, listener: Callable[[Thing], None]) -> None:
        """Have `listener` called with what of it another may be seen since a change."""
        self._shelf.listeners.append(listener)

    def principal(self, holder: str) -> Principal:
        """Who would call as the principal of a grant: of a group, one who is in no other; of an account, its root user.

        Raises Invalid.
        """
        identity = self._shelf.identity
        if holder == account_named(holder):
            return root_user(holder, identity.partition)
        if holder == IAM_ALLOWED or not holder.startswith("arn:"):
            arn = f"arn:{identity.partition}:iam::{identity.account}:user/anybody"
            return replace(anonymous(identity.account), arn=arn)
        return identity.caller_of(holder)

    def holders(self, scope: Scope, database: str, table: str) -> list[str]:
        """The principals with a grant that may be on a table."""
        mine = (grants.c.catalog == scope.account) | grants.c.catalog.endswith(f"@{scope.account}", autoescape=True)
        query = select(grants.c.principal).where(mine, grants.c.region == scope.region)
        query = query.where(
            (grants.c.database == "") | ((grants.c.database == database) & grants.c.table.in_(["", table]))
        )
        with self._shelf.state.reading() as connection:
            return sorted(set(connection.execute(query).scalars()))


_ACCOUNT = re.compile(r"(arn:[\w-]+:iam::)?(?P<account>\d{12})(?(1):.+|(?::IAMPrincipals)?)")


def account_named(principal: str) -> str | None:
    """The account that the principal of a grant is one of, or is; None for what is of none."""
    found = _ACCOUNT.fullmatch(principal)
    return None if found is None else found["account"]


def passing(scope: Scope, account: str) -> Scope:
    """Where it is kept what an account passes on to its own principals of another's catalog."""
    return Scope(f"{account}@{scope.account}", scope.region)


def still_held(given: Sequence[Grant], passed: Grant) -> Grant | None:
    """What is left of a grant that somebody passed on who has these; None where nothing is."""
    held = {each for one in given for each in _passed_by(one, passed.resource)}
    left = passed.permissions if ALL in held else passed.permissions & held
    return replace(passed, permissions=left, grantable=passed.grantable & left) if left else None


def _left_to_iam(given: Sequence[Grant]) -> bool:
    """Whether, of grants on a table, one leaves it to IAM."""
    return any(
        each.principal == IAM_ALLOWED and ALL in each.permissions and each.resource.kind is Kind.TABLE for each in given
    )


def _passed_by(grant: Grant, wanted: Resource) -> frozenset[str]:
    """What of a resource a grant lets be passed on."""
    if not _reaches(grant.resource, wanted):
        return frozenset()
    if wanted.kind is Kind.FILTER and grant.resource.kind is not Kind.FILTER:
        # A filter tells what is hidden of a table: it is for who may give all of that.
        return GRANTABLE[Kind.FILTER] if {ALL, SELECT} & grant.grantable else frozenset()
    return grant.grantable


def _reaches(held: Resource, wanted: Resource) -> bool:
    """Whether a grant on one thing is one on another, as far as grant options go."""
    if held.kind is Kind.TABLE and wanted.kind in (Kind.TABLE, Kind.COLUMNS, Kind.FILTER):
        return held.database == wanted.database and held.table in ("", wanted.table)
    if held.kind is Kind.COLUMNS and wanted.kind in (Kind.COLUMNS, Kind.FILTER, Kind.TABLE):
        if held.database != wanted.database or held.table not in ("", wanted.table):
            return False
        if held.excluded == ():
            return True
        return (
            wanted.kind is Kind.COLUMNS
            and wanted.excluded is None
            and held.excluded is None
            and set(wanted.columns) <= set(held.columns)
        )
    return held.key == wanted.key
