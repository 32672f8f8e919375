"""Granting and revoking."""

import re
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, select

from studiolo.domain import Denied, Invalid, NotFound, Scope
from studiolo.governance.deciding import Deciding, account_named, passing, still_held
from studiolo.governance.filters import require_columns
from studiolo.governance.model import ALL, GRANTABLE, IAM_ALLOWED, OF_TABLE, SELECT, SUPER, Grant, Kind, Resource
from studiolo.governance.subject import FILTER, GRANT, of, put
from studiolo.governance.tables import filters as _filters
from studiolo.governance.tables import grants
from studiolo.governance.tables import tagged as _tagged
from studiolo.identity import Principal, root_user

_NO_CHANGE = "Permissions modification is invalid."
_ACCOUNT = re.compile(r"\d{12}(:IAMPrincipals)?")

Part = tuple[Resource, frozenset[str]]


class Granting(Deciding):
    """Grants on the things of one catalog."""

    def grant(
        self,
        scope: Scope,
        by: Principal,
        principal: str,
        resource: Resource,
        permissions: Iterable[str],
        grantable: Iterable[str] = (),
    ) -> None:
        """Let a principal do something with a resource, and pass it on.

        Raises Denied where `by` may not grant that, NotFound for the resource, Invalid.
        """
        given, passed = frozenset(permissions), frozenset(grantable)
        # Before it is looked at, which would tell what there is; and as what it is found to be.
        self._require_grantor(scope, by, resource, given | passed)
        resource = self._checked(scope, principal, resource, given | passed)
        self._require_grantor(scope, by, resource, given | passed)
        kept = self._keeping(scope, by, principal)
        if passed and principal == IAM_ALLOWED:
            raise Invalid("IAM_ALLOWED_PRINCIPALS cannot be given permissions with the grant option.")
        if passed and resource.kind is Kind.COLUMNS and resource.excluded:
            raise Invalid("The grant option on columns is for those that are included by name.")
        if principal == IAM_ALLOWED and self._left_to_iam_again(scope, resource, given):
            return
        with self._shelf.changing() as tx:
            options = dict(_parts(resource, passed))
            for part, own in _parts(resource, given | passed):
                known = self._row(tx, kept, principal, part)
                self._write(tx, kept, by, _added(known, principal, part, own, options.get(part, frozenset())))
        self._shelf.tell(scope, resource.database, resource.table)

    def revoke(
        self,
        scope: Scope,
        by: Principal,
        principal: str,
        resource: Resource,
        permissions: Iterable[str],
        grantable: Iterable[str] = (),
    ) -> None:
        """Take back what a principal may do with a resource; grantable: what it may no longer pass on, either.

        Raises Denied, NotFound, and Invalid where it may not do that anyway.
        """
        taken, unpassed = frozenset(permissions), frozenset(grantable)
        self._require_grantor(scope, by, resource, taken | unpassed)
        resource = self._checked(scope, principal, resource, taken | unpassed, there=False)
        self._require_grantor(scope, by, resource, taken | unpassed)
        kept = self._keeping(scope, by, principal)
        if principal == IAM_ALLOWED and self._given_to_lake_formation(scope, by, resource, taken):
            return
        changed = False
        with self._shelf.changing() as tx:
            gone, options = dict(_parts(resource, taken)), dict(_parts(resource, unpassed))
            for part in {**gone, **options}:
                reduced = self._reduced(
                    tx, kept, principal, part, gone.get(part, frozenset()), options.get(part, frozenset())
                )
                for before, after in reduced:
                    changed = True
                    self._delete(tx, kept, before)
                    if after.permissions:
                        self._write(tx, kept, by, after)
            if principal == account_named(principal):
                self._take_back_passed_on(tx, scope, principal)
            if not changed:
                raise Invalid(
                    "No permissions revoked. Grantee has no permissions and no grantable permissions on resource."
                )
        self._shelf.tell(scope, resource.database, resource.table)

    def forget(self, scope: Scope, database: str, table: str | None = None) -> None:
        """Drop what is granted on a database and all in it, or on a table: it is to be deleted."""
        name = {} if table is None else {"table": table}
        with self._shelf.changing() as tx:
            for place in (scope, *_passed_on(tx, scope)):
                tx.execute(grants.delete().where(of(grants, place, database=database, **name)))
            for kept in (_filters, _tagged):
                tx.execute(kept.delete().where(of(kept, scope, database=database, **name)))
        self._shelf.tell(scope, database, table or "")

    def rename(self, scope: Scope, before: tuple[str, str], after: tuple[str, str]) -> None:
        """Let what is kept about a table be about it under its new name."""
        with self._shelf.changing() as tx:
            mine = {"database": before[0], "table": before[1]}
            for place in (scope, *_passed_on(tx, scope)):
                for row in tx.execute(grants.select().where(of(grants, place, **mine))).all():
                    grant = GRANT.validate_json(row.document)
                    moved = replace(grant.resource, database=after[0], table=after[1])
                    self._delete(tx, place, grant)
                    beside = {"database": after[0], "table": after[1]}
                    kept = replace(grant, resource=moved)
                    put(tx, grants, place, GRANT, kept, beside, principal=grant.principal, resource=moved.key)
            for found in tx.execute(_filters.select().where(of(_filters, scope, **mine))).all():
                told = replace(FILTER.validate_json(found.document), database=after[0], table=after[1])
                tx.execute(_filters.delete().where(of(_filters, scope, **mine, name=found.name)))
                put(tx, _filters, scope, FILTER, told, database=after[0], table=after[1], name=told.name)
            to = {"database": after[0], "table": after[1]}
            tx.execute(_tagged.update().where(of(_tagged, scope, **mine)).values(to))

    def settle(
        self, scope: Scope, by: Principal, resource: Resource, defaults: tuple[tuple[str, tuple[str, ...]], ...]
    ) -> None:
        """Grant what a new database or table begins with: everything to who made it, and the default permissions."""
        every = frozenset({ALL, *SUPER[resource.kind], *([SELECT] if resource.kind is Kind.TABLE else [])})
        self.begin(scope)
        with self._shelf.changing() as tx:
            for part, own in _parts(resource, every):
                self._write(tx, scope, by, _added(None, by.identity_arn, part, own, own))
            for principal, permissions in defaults:
                for part, own in _parts(resource, frozenset(permissions) & (every | {ALL})):
                    known = self._row(tx, scope, principal, part)
                    self._write(tx, scope, by, _added(known, principal, part, own, frozenset()))

    def _checked(
        self, scope: Scope, principal: str, resource: Resource, permissions: frozenset[str], *, there: bool = True
    ) -> Resource:
        """The resource, which is there and can have these permissions. Raises NotFound and Invalid."""
        if not permissions <= GRANTABLE[resource.kind] or not permissions:
            raise Invalid(f"{_NO_CHANGE} There are no permissions {', '.join(sorted(permissions))} on this resource.")
        if there:
            self._require_principal(scope, principal)
        if resource.kind is Kind.POLICY:
            if resource.type == "DATABASE" and not permissions <= GRANTABLE[Kind.DATABASE]:
                raise Invalid(_NO_CHANGE)
            if resource.type == "TABLE" and "CREATE_TABLE" in permissions:
                raise Invalid(_NO_CHANGE)
            if resource.name:
                self.expression(scope, resource.name)
            else:
                self.check_expression(scope, resource.expression)
        if resource.kind is Kind.TAG:
            known = self.tag(scope, resource.name).values
            if missing := set(resource.values) - {"*"} - set(known):
                raise NotFound(f"Tag values not found: {', '.join(sorted(missing))}")
        if resource.kind is Kind.LOCATION and there:
            bucket, _, key = resource.name.partition(":::")[2].partition("/")
            if self.location_of(scope, bucket, key) is None:
                raise NotFound(f"Resource is not registered: {resource.name}")
        return self._checked_table(scope, resource, there=there)

    def _checked_table(self, scope: Scope, resource: Resource, *, there: bool) -> Resource:
        if not resource.database:
            return resource
        catalog = self._shelf.catalog
        database = catalog.database(scope, resource.database)
        if resource.kind is Kind.DATABASE or not resource.table:
            return replace(resource, database=database.name)
        table = self._shelf.table(scope, resource.database, resource.table)
        if resource.kind is Kind.FILTER and there:
            self.filter(scope, table.database, table.name, resource.name)
        if resource.kind is Kind.COLUMNS:
            if table.target_table is not None:
                raise Invalid("Permissions on columns are granted on the table that a resource link leads to.")
            if there:
                require_columns(table, resource.columns, resource.excluded or ())
        return replace(resource, database=table.database, table=table.name)

    def _take_back_passed_on(self, tx: Connection, scope: Scope, account: str) -> None:
        """Drop what an account has passed on to its own and does not have any more: it is not to come back with it."""
        mine = of(grants, scope, principal=account)
        given = [GRANT.validate_json(each) for each in tx.execute(select(grants.c.document).where(mine)).scalars()]
        place = passing(scope, account)
        for row in tx.execute(grants.select().where(of(grants, place))).all():
            passed = GRANT.validate_json(row.document)
            left = still_held(given, passed)
            if left != passed:
                self._delete(tx, place, passed)
                if left is not None:
                    beside = {"database": row.database, "table": row.table}
                    put(tx, grants, place, GRANT, left, beside, principal=row.principal, resource=row.resource)

    def _keeping(self, scope: Scope, by: Principal, principal: str) -> Scope:
        """Where a grant is kept: what another account was given it passes on to its own. Raises Invalid."""
        if by.account == scope.account.partition(":")[0]:
            return scope
        if principal == by.account or account_named(principal) != by.account:
            raise Invalid(
                f"Invalid principal, {principal}: what is shared with account {by.account} it passes on to its own "
                "users and roles alone."
            )
        return passing(scope, by.account)

    def _require_principal(self, scope: Scope, principal: str) -> None:
        """Raise Invalid for a principal that nobody can be."""
        if principal == IAM_ALLOWED or _ACCOUNT.fullmatch(principal):
            return
        identity, account = self._shelf.identity, scope.account.partition(":")[0]
        mine = principal.startswith("arn:") and f":iam::{account}:" in principal
        if principal.startswith("arn:") and not mine:
            # Of other accounts, organizations and QuickSight: recorded, for nobody here is one of those.
            return
        if principal == root_user(account, identity.partition).arn:
            return
        if not mine or identity.caller_of(principal).holder is None:
            raise Invalid(f"Invalid principal, {principal}")

    def _require_grantor(self, scope: Scope, by: Principal, resource: Resource, permissions: frozenset[str]) -> None:
        if not self.may_grant(by, scope, resource, permissions):
            what = ".".join(filter(None, (resource.database, resource.table))) or resource.name or "the catalog"
            raise Denied(f"Insufficient Lake Formation permission(s): Required {', '.join(sorted(permissions))} "
                         f"with the grant option on {what}")  # fmt: skip

    def _left_to_iam_again(self, scope: Scope, resource: Resource, given: frozenset[str]) -> bool:
        """Give a thing back to IAM's decision; False where that is not what is granted."""
        if resource.kind is Kind.CATALOG:
            self._let_iam_create(scope, True)
            return True
        named = resource.kind is Kind.DATABASE or (resource.kind is Kind.TABLE and resource.table)
        if not named:
            return False
        if not self._is_governed(scope, resource):
            return True
        if ALL in given:
            with self._shelf.changing() as tx:
                for part, _ in _parts(resource, frozenset({ALL})):
                    tx.execute(grants.delete().where(of(grants, scope, principal=IAM_ALLOWED, resource=part.key)))
            self._govern(scope, resource, False)
            return True
        return False

    def _given_to_lake_formation(self, scope: Scope, by: Principal, resource: Resource, taken: frozenset[str]) -> bool:
        """Take a thing out of IAM's sole decision; False where it is out already."""
        if resource.kind is Kind.CATALOG:
            self._let_iam_create(scope, False)
            return True
        whole = replace(resource, kind=Kind.TABLE, columns=(), excluded=None) if resource.table else resource
        if whole.kind not in (Kind.DATABASE, Kind.TABLE) or (whole.kind is Kind.TABLE and not whole.table):
            return False
        if self._is_governed(scope, whole):
            return False
        every = {*SUPER[whole.kind], *([SELECT] if whole.kind is Kind.TABLE else [])}
        rest = frozenset() if ALL in taken else frozenset(every - taken)
        # First what stays, then the change: nobody may more in between than before.
        with self._shelf.changing() as tx:
            for part, own in _parts(whole, rest):
                self._write(tx, scope, by, _added(None, IAM_ALLOWED, part, own, frozenset()))
        self._govern(scope, whole, True)
        return True

    def _is_governed(self, scope: Scope, resource: Resource) -> bool:
        catalog = self._shelf.catalog
        if resource.kind is Kind.DATABASE:
            return catalog.database(scope, resource.database).governed
        return catalog.table(scope, resource.database, resource.table).governed

    def _govern(self, scope: Scope, resource: Resource, governed: bool) -> None:
        self.begin(scope)
        self._shelf.catalog.govern(scope, resource.database, resource.table or None, governed)
        with self._shelf.changing():
            # What was decided under the earlier count is asked anew.
            pass

    def _let_iam_create(self, scope: Scope, may: bool) -> None:
        self._keep_settings(scope, replace(self.settings(scope), iam_may_create=may, in_use=True))

    def _row(self, tx: Connection, scope: Scope, principal: str, resource: Resource) -> Grant | None:
        row = tx.execute(grants.select().where(of(grants, scope, principal=principal, resource=resource.key))).first()
        return None if row is None else GRANT.validate_json(row.document)

    def _reduced(
        self,
        tx: Connection,
        scope: Scope,
        principal: str,
        resource: Resource,
        taken: frozenset[str],
        unpassed: frozenset[str],
    ) -> list[tuple[Grant, Grant]]:
        """The grants that a revocation changes, each with what is left of it."""
        found = []
        known = self._row(tx, scope, principal, resource)
        if known is not None and (known.permissions & taken or known.grantable & (taken | unpassed)):
            found.append((known, _less(known, resource, taken, unpassed)))
        if resource.kind is Kind.COLUMNS and resource.excluded is None:
            # All columns but those are left of a grant on all.
            every = self._row(tx, scope, principal, replace(resource, columns=(), excluded=()))
            if every is not None:
                excluded = tuple(sorted({*(every.resource.excluded or ()), *resource.columns}))
                left = replace(every, resource=replace(every.resource, excluded=excluded), grantable=frozenset())
                found.append((every, left))
        return found

    def _write(self, tx: Connection, scope: Scope, by: Principal, grant: Grant) -> None:
        made = replace(grant, updated=self._shelf.clock(), updated_by=by.arn)
        resource = grant.resource
        beside = {"database": resource.database, "table": resource.table}
        put(tx, grants, scope, GRANT, made, beside, principal=grant.principal, resource=resource.key)

    def _delete(self, tx: Connection, scope: Scope, grant: Grant) -> None:
        mine = of(grants, scope, principal=grant.principal, resource=grant.resource.key)
        tx.execute(grants.delete().where(mine))


def _passed_on(tx: Connection, scope: Scope) -> list[Scope]:
    """Where it is kept what accounts have passed on of a catalog."""
    theirs = grants.c.catalog.endswith(f"@{scope.account}", autoescape=True)
    found = tx.execute(select(grants.c.catalog).where(theirs, grants.c.region == scope.region).distinct()).scalars()
    return [Scope(each, scope.region) for each in found]


def _parts(resource: Resource, permissions: frozenset[str]) -> list[Part]:
    """What is kept of permissions, and on what: SELECT on a table is one on all its columns."""
    if resource.kind is Kind.TABLE:
        own = permissions - {SELECT}
        if ALL in permissions:
            own |= frozenset(OF_TABLE)
        found: list[Part] = [(resource, own)] if own else []
        if permissions & {SELECT, ALL}:
            found.append((Resource(Kind.COLUMNS, resource.database, resource.table, excluded=()), frozenset({SELECT})))
        return found
    if ALL in permissions and resource.kind is not Kind.POLICY:
        permissions = permissions | frozenset(SUPER[resource.kind])
    return [(resource, permissions)] if permissions else []


def _added(
    known: Grant | None, principal: str, resource: Resource, permissions: frozenset[str], options: frozenset[str]
) -> Grant:
    """A grant with what is granted now, on the columns or values of both."""
    if known is None:
        return Grant(principal, resource, permissions, options)
    merged = replace(
        resource,
        columns=tuple(sorted({*known.resource.columns, *resource.columns})),
        values=tuple(sorted({*known.resource.values, *resource.values})),
        excluded=None if resource.excluded is None else _common(known.resource.excluded, resource.excluded),
    )
    return replace(
        known, resource=merged, permissions=known.permissions | permissions, grantable=known.grantable | options
    )


def _common(one: tuple[str, ...] | None, other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(one or ()) & set(other)))


def _less(known: Grant, resource: Resource, taken: frozenset[str], unpassed: frozenset[str]) -> Grant:
    """What is left of a grant."""
    if resource.kind is Kind.COLUMNS and resource.excluded is None and taken:
        columns = tuple(each for each in known.resource.columns if each not in resource.columns)
        kept = known.permissions if columns else frozenset[str]()
        return replace(known, resource=replace(known.resource, columns=columns), permissions=kept)
    if resource.kind is Kind.TAG and taken and set(known.resource.values) - set(resource.values):
        values = tuple(each for each in known.resource.values if each not in resource.values)
        return replace(known, resource=replace(known.resource, values=values))
    if taken or unpassed:
        # Who may no longer do one of them, or pass it on, has no longer all.
        taken |= {ALL} if taken else frozenset()
        unpassed |= {ALL}
    return replace(known, permissions=known.permissions - taken, grantable=known.grantable - taken - unpassed)
