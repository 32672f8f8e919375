"""Resource links: databases and tables that stand for others (Lake Formation Developer Guide, Resource link handling).

Only what lies in the same account and region can be followed to.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studiolo.catalog.model import Database, Table
from studiolo.domain import NotFound, Scope


def scope_of_target(scope: Scope, target: Mapping[str, Any]) -> Scope:
    """Whose catalog a link leads to. Raises NotFound for that of another account or region."""
    catalog, region = target.get("CatalogId", scope.account), target.get("Region", scope.region)
    if catalog.partition(":")[0] != scope.account.partition(":")[0] or region != scope.region:
        raise NotFound(f"What the resource link leads to is in the catalog {catalog} of {region}, and so not here.")
    return Scope(catalog.lower(), region)


def database_of_target(target: Mapping[str, Any]) -> str:
    return str(target.get("DatabaseName", "")).lower()


def seen_through_database(link: Database, target: Database) -> Database:
    """A link with the properties of the database that it leads to."""
    return replace(target, name=link.name, target_database=link.target_database)


def seen_through_table(link: Table, target: Table) -> Table:
    """A link with the properties of the table that it leads to."""
    return replace(target, name=link.name, database=link.database, target_table=link.target_table)
