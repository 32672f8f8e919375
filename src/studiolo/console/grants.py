"""Who may see what of a table, by Lake Formation's grants."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from studiolo.console.telling import told
from studiolo.console.visit import Refused, Visit

MOST_FILTERS = 50
MOST_GRANTS = 1000
"""Of one resource."""


@dataclass(frozen=True)
class Grant:
    """What a principal may do with what: the table, columns of it, the rows of a filter."""

    principal: str
    what: str
    permissions: tuple[str, ...]
    grantable: tuple[str, ...]


@dataclass(frozen=True)
class Grants:
    """The grants on a table; filters: their expressions, by name; tags: LF-tags by which others may be granted it."""

    grants: Sequence[Grant]
    filters: Mapping[str, str]
    tags: Sequence[tuple[str, str]]


def grants_on(visit: Visit, database: str, table: str, account: str) -> Grants:
    """The grants on a table itself, its columns, the filters of its rows, and on all tables of its database."""
    lake = visit.client("lakeformation")
    named = {"DatabaseName": database, "Name": table}
    filters = visit.every(
        "lakeformation", "list_data_cells_filter", "DataCellsFilters", MOST_FILTERS,
        Table={"CatalogId": account, **named},
    )  # fmt: skip
    resources: list[dict[str, Any]] = [
        {"Table": named},
        {"Table": {"DatabaseName": database, "TableWildcard": {}}},
        *(
            {
                "DataCellsFilter": {
                    "TableCatalogId": account,
                    "DatabaseName": database,
                    "TableName": table,
                    "Name": each["Name"],
                }
            }
            for each in filters
        ),
    ]
    found = list(itertools.chain.from_iterable(_listed(lake, resource) for resource in resources))
    tagged = lake.get_resource_lf_tags(Resource={"Table": named})
    tags = [*tagged.get("LFTagOnDatabase", []), *tagged.get("LFTagsOnTable", [])]
    return Grants(
        list(dict.fromkeys(found)),
        {each["Name"]: each.get("RowFilter", {}).get("FilterExpression") or "all rows" for each in filters},
        list(dict.fromkeys((each["TagKey"], ", ".join(each["TagValues"])) for each in tags)),
    )


def seen_by(visit: Visit, database: str, table: str, principal: str) -> dict[str, Any] | Refused:
    """What a principal may see of the table, and why, or why not: told to administrators of the data lake alone."""
    names = "/".join(quote(name, safe="") for name in (database, table))
    return told(visit, "lakeformation", f"data-access/{names}?{urlencode({'principal': principal})}")


def _listed(lake: Any, resource: Mapping[str, Any]) -> list[Grant]:
    answer = lake.list_permissions(Resource=resource, MaxResults=MOST_GRANTS)
    found: list[Grant] = [_grant(each) for each in answer["PrincipalResourcePermissions"]]
    while "NextToken" in answer and len(found) < MOST_GRANTS:
        answer = lake.list_permissions(Resource=resource, MaxResults=MOST_GRANTS, NextToken=answer["NextToken"])
        found += [_grant(each) for each in answer["PrincipalResourcePermissions"]]
    return found


def _grant(given: Mapping[str, Any]) -> Grant:
    principal = given["Principal"]["DataLakePrincipalIdentifier"]
    permissions, grantable = given.get("Permissions", []), given.get("PermissionsWithGrantOption", [])
    return Grant(principal, _what(given["Resource"]), tuple(permissions), tuple(grantable))


def _what(resource: Mapping[str, Any]) -> str:
    if "DataCellsFilter" in resource:
        return f"filter {resource['DataCellsFilter']['Name']}"
    columns = resource.get("TableWithColumns")
    if columns is None:
        return "all tables of the database" if "TableWildcard" in resource.get("Table", {}) else "the table"
    if columns.get("ColumnNames"):
        return f"columns {', '.join(columns['ColumnNames'])}"
    excluded = columns.get("ColumnWildcard", {}).get("ExcludedColumnNames", [])
    return f"all columns but {', '.join(excluded)}" if excluded else "all columns"
