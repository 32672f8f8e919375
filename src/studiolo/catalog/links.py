"""Resource links: databases and tables that stand for others (Lake Formation Developer Guide, Resource link handling).

They are followed into other accounts of the server, too: that who asks may read what is there is for IAM in both accounts
to say, and for Lake Formation of the account that has it. Lists follow within the account alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studiolo.catalog.model import Database, Table
from studiolo.domain import NotFound, Scope


def scope_of_target(scope: Scope, target: Mapping[str, Any]) -> Scope:
    """Whose catalog a link leads to. Raises NotFound for that of another region."""
    catalog, region = target.get("CatalogId", scope.account), target.get("Region", scope.region)
    if region != scope.region:
        raise NotFound(f"What the resource link leads to is in the catalog {catalog} of {region}, and so not here.")
    return Scope(catalog.lower(), region)


def leads_away(scope: Scope, target: Mapping[str, Any]) -> bool:
    """Whether a link leads to another account."""
    return bool(target.get("CatalogId", scope.account).partition(":")[0] != scope.account.partition(":")[0])


def database_of_target(target: Mapping[str, Any]) -> str:
    return str(target.get("DatabaseName", "")).lower()


def seen_through_database(link: Database, target: Database) -> Database:
    """A link with the properties of the database that it leads to."""
    return replace(target, name=link.name, target_database=link.target_database)


def seen_through_table(link: Table, target: Table) -> Table:
    """A link with the properties of the table that it leads to."""
    return replace(target, name=link.name, database=link.database, target_table=link.target_table)
