"""AWS Glue: searching tables."""

from typing import TYPE_CHECKING, Any

from studiolo.catalog import Property, Table
from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.glue.common import denied, next_token, number_after, scope_of
from studiolo.services.glue.service import glue
from studiolo.services.glue.tables import as_table

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
EQUALS = "EQUALS"


@glue.operation
def search_tables(call: Call, request: "shapes.SearchTablesRequestTypeDef") -> dict[str, Any]:
    """Those of a catalog, or by ResourceShareType those that other accounts share (FOREIGN), or both (ALL)."""
    own, kind = scope_of(call, request), request.get("ResourceShareType")
    shared = call.catalog.databases_shared(own) if kind is not None else ()
    scopes = {*(place for place, _ in shared), *([] if kind in ("FOREIGN", "FEDERATED") else [own])}
    page = call.catalog.search_tables(
        sorted(scopes, key=lambda scope: scope.account),
        text=request.get("SearchText"),
        properties=[
            Property(each.get("Key", ""), each.get("Value", ""), each.get("Comparator", EQUALS))
            for each in request.get("Filters", ())
        ],
        sort=[(each.get("FieldName", "Name"), each.get("Sort") == "DESC") for each in request.get("SortCriteria", ())],
        after=number_after(request) or 0,
        limit=request.get("MaxResults", DEFAULT_PAGE),
    )
    shown = [
        as_table(scope, table)
        for scope, table in page.items
        if _is_for(call, scope, table) and (kind != "FEDERATED" or table.federated_table is not None)
    ]
    return {"TableList": shown, **next_token(page.next)}


def _is_for(call: Call, scope: Scope, table: Table) -> bool:
    """Whether the caller is not kept from a table, or its database, that it finds.

    "You can only get tables that you have access to based on the security policies defined" (SearchTables).
    """
    catalog = scope.account.partition(":")[2]
    within = f"{catalog}/{table.database}" if catalog else table.database
    names = (f"database/{within}", f"table/{within}/{table.name}")
    return not any(denied(call, scope, action, name) for action in ("SearchTables", "GetTable") for name in names)
