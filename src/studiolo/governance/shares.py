"""What other accounts may ask of a catalog by grants to them, as AWS RAM adds it to a catalog's resource policy.

After "Cross-account data sharing in Lake Formation": a grant to a principal of another account, or to that account, is a
share. It lets them ask of the Glue API; what they are shown is decided by the grant.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from studiolo.domain import NotFound, Scope
from studiolo.governance.deciding import Deciding, account_named
from studiolo.governance.model import ALL, IAM_ALLOWED, Grant, Kind, Resource
from studiolo.governance.subject import GRANT, of
from studiolo.governance.tables import grants
from studiolo.identity import Principal, Question

_READS = ("BatchGetPartition", "GetColumnStatistics*", "GetDatabase", "GetPartition*", "GetTable", "GetTableVersion*")
_WRITES = ("*ColumnStatistics*", "*Partition", "DeleteTable", "UpdateTable")
_CHANGING = frozenset({ALL, "ALTER", "DELETE", "DROP", "INSERT"})


class Shares(Deciding):
    """The shares of one catalog."""

    def with_shares(self, scope: Scope, document: str | None) -> str | None:
        """The resource policy of an account's catalog, with what its grants to other accounts let these ask for."""
        shared = self._shelf.remembered(self._read_shares, f"{scope.account} {scope.region}")
        if not shared:
            return document
        told = {"Version": "2012-10-17", "Statement": []} if document is None else json.loads(document)
        own = told["Statement"] if isinstance(told["Statement"], list) else [told["Statement"]]
        return json.dumps({**told, "Statement": [*own, *shared]})

    def lists_all(self, principal: Principal, scope: Scope, database: str, document: str | None) -> bool:
        """Whether somebody may list what IAM is left to decide of a database: of another account, by its own policy."""
        if principal.account == scope.account.partition(":")[0]:
            return True
        identity = self._shelf.identity
        account, _, catalog = scope.account.partition(":")
        above = f"arn:{scope.partition}:glue:{scope.region}:{account}:table/{f'{catalog}/' if catalog else ''}"
        policy = None if document is None else identity.compiled(document, "catalog")
        return identity.decide(principal, Question("glue:GetTables", f"{above}{database}/*"), policy=policy).allowed

    def shared_with(self, principal: Principal, region: str) -> Iterator[tuple[Scope, str]]:
        """The databases of other accounts that somebody may know of by what is shared with him, each with whose it is."""
        for catalog in self._shelf.remembered(self.catalogs, region):
            scope = Scope(catalog, region)
            if principal.account == catalog.partition(":")[0]:
                continue
            given = self.grants_of(scope, self.names_of(principal, scope) - {IAM_ALLOWED})
            of_databases = {database for grant in given for database in self._databases_of(scope, grant.resource)}
            for database in sorted(of_databases.union(self.tables_of(given, scope))):
                yield scope, database

    def _read_shares(self, of_catalog: str) -> list[dict[str, Any]]:
        scope = Scope(*of_catalog.split(" "))
        with self._shelf.state.reading() as connection:
            query = select(grants.c.principal, grants.c.document).where(of(grants, scope)).order_by(grants.c.principal)
            rows = connection.execute(query).all()
        found: list[dict[str, Any]] = []
        for holder, written in rows:
            account = account_named(holder)
            if account is not None and account != scope.account.partition(":")[0]:
                who = holder if holder.startswith("arn:") else account
                grant = self._resolved(scope, GRANT.validate_json(written))
                found += (_statement(scope, who, *each) for each in self._shared(scope, grant))
        return found

    def _shared(self, scope: Scope, grant: Grant) -> Iterator[tuple[str, Iterable[str], tuple[str, ...]]]:
        """A database, those of its tables, and the actions of Glue, of each thing that a grant is on.

        Tables that are left to IAM are shared with nobody: all of them would show.
        """
        resource, may = grant.resource, grant.permissions
        for database in self._databases_of(scope, resource):
            yield database, (), ("GetDatabase",)
            if {ALL, "CREATE_TABLE"} & may:
                yield database, ("*",), ("CreateTable",)
        for database, names in self.tables_of([grant], scope).items():
            known: Iterable[str] = names or ()
            if names is None:
                with suppress(NotFound):
                    known = self._shelf.catalog.table_names(scope, database)
            actions = (*_READS, *_WRITES) if may & _CHANGING else _READS
            # Of all tables they are told of those alone that they have (GovernedCatalog.tables).
            yield database, ("*",), ("GetTables",)
            yield database, [name for name in known if self._is_shared(scope, database, name)], actions

    def _databases_of(self, scope: Scope, resource: Resource) -> Iterable[str]:
        """The databases that a grant is on itself."""
        if resource.kind is Kind.DATABASE:
            return (resource.database,)
        if resource.kind is not Kind.POLICY or resource.type != "DATABASE":
            return ()
        return {database for database, table in self.tagged_with(scope, resource.expression) if not table}

    def _is_shared(self, scope: Scope, database: str, name: str) -> bool:
        with suppress(NotFound):
            return self._shelf.catalog.table(scope, database, name).governed
        return False


def _statement(scope: Scope, who: str, database: str, names: Iterable[str], actions: tuple[str, ...]) -> dict[str, Any]:
    catalog = f"arn:{scope.partition}:glue:{scope.region}:{scope.account}"
    tables = [f"{catalog}:table/{database}/{name}" for name in names]
    return {
        "Effect": "Allow",
        "Principal": {"AWS": who},
        "Action": [f"glue:{action}" for action in actions],
        "Resource": [f"{catalog}:catalog", f"{catalog}:database/{database}", *tables],
    }
