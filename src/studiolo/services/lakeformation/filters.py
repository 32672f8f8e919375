"""AWS Lake Formation: data cells filters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.domain import Denied, Invalid, Scope
from studiolo.governance import CellsFilter, Kind, Resource
from studiolo.services.call import Call
from studiolo.services.lakeformation.resources import as_columns, to_columns
from studiolo.services.lakeformation.service import lakeformation, next_token, numbered, scope_of

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes

DEFAULT_PAGE = 100
_SHOWING = ("DESCRIBE", "DROP")
"""The permissions on a filter that show it to who has one."""


@lakeformation.operation
def create_data_cells_filter(call: Call, request: "shapes.CreateDataCellsFilterRequestTypeDef") -> dict[str, Any]:
    scope, wanted = _to_filter(call, request["TableData"])
    _require(call, scope, wanted.database, wanted.table)
    call.studio.lake.create_filter(scope, wanted)
    return {}


@lakeformation.operation
def delete_data_cells_filter(call: Call, request: "shapes.DeleteDataCellsFilterRequestTypeDef") -> dict[str, Any]:
    scope, database, table, name = _named(call, request)
    if not _has(call, scope, database, table, name, "DROP"):
        _require(call, scope, database, table)
    call.studio.lake.delete_filter(scope, database, table, name)
    return {}


@lakeformation.operation
def get_data_cells_filter(call: Call, request: "shapes.GetDataCellsFilterRequestTypeDef") -> dict[str, Any]:
    scope, database, table, name = _named(call, request)
    if not _has(call, scope, database, table, name, *_SHOWING):
        _require(call, scope, database, table)
    return {"DataCellsFilter": _as_filter(scope, call.studio.lake.filter(scope, database, table, name))}


@lakeformation.operation
def list_data_cells_filter(call: Call, request: "shapes.ListDataCellsFilterRequestTypeDef") -> dict[str, Any]:
    """Those of tables whose permissions the caller may grant, and those that are shown to him by a grant on them."""
    table: Mapping[str, Any] = request.get("Table", {})
    scope, lake = scope_of(call, table.get("CatalogId")), call.studio.lake
    if table:
        found = tuple(lake.filters_of(scope, table["DatabaseName"].lower(), table.get("Name", "").lower()).values())
    else:
        found = lake.filters(scope)
    mine = [
        each
        for each in found
        if _may(call, scope, each.database, each.table)
        or _has(call, scope, each.database, each.table, each.name, *_SHOWING)
    ]
    page = numbered(mine, request, DEFAULT_PAGE)
    return {"DataCellsFilters": [_as_filter(scope, each) for each in page.items], **next_token(page)}


@lakeformation.operation
def update_data_cells_filter(call: Call, request: "shapes.UpdateDataCellsFilterRequestTypeDef") -> dict[str, Any]:
    scope, wanted = _to_filter(call, request["TableData"])
    _require(call, scope, wanted.database, wanted.table)
    call.studio.lake.update_filter(scope, wanted)
    return {}


def _may(call: Call, scope: Scope, database: str, table: str) -> bool:
    resource = Resource(Kind.TABLE, database, table)
    lake = call.studio.lake
    return lake.sees_all(scope, call.principal) or lake.may_grant(
        call.principal, scope, resource, frozenset({"SELECT"})
    )


def _has(call: Call, scope: Scope, database: str, table: str, name: str, *permissions: str) -> bool:
    """Whether the caller has one of these permissions on a filter."""
    resource, lake = Resource(Kind.FILTER, database, table, name=name), call.studio.lake
    return any(lake.has(call.principal, scope, resource, each) for each in permissions)


def _require(call: Call, scope: Scope, database: str, table: str) -> None:
    """Raise Denied for who may not grant SELECT on the table: a filter tells what is hidden."""
    resource = Resource(Kind.TABLE, database.lower(), table.lower())
    if not call.studio.lake.may_grant(call.principal, scope, resource, frozenset({"SELECT"})):
        raise Denied(
            f"Insufficient Lake Formation permission(s): Required Select with the grant option on {database}.{table}"
        )


def _named(call: Call, request: Mapping[str, Any]) -> tuple[Scope, str, str, str]:
    missing = [name for name in ("DatabaseName", "TableName", "Name") if not request.get(name)]
    if missing:
        raise Invalid(f"{', '.join(missing)} cannot be null")
    scope = scope_of(call, request.get("TableCatalogId"))
    return scope, request["DatabaseName"].lower(), request["TableName"].lower(), request["Name"]


def _to_filter(call: Call, asked: Mapping[str, Any]) -> tuple[Scope, CellsFilter]:
    """Raises Invalid."""
    rows = asked.get("RowFilter")
    if not rows or (("FilterExpression" in rows) == ("AllRowsWildcard" in rows)):
        raise Invalid("RowFilter must have either a FilterExpression or an AllRowsWildcard.")
    columns, excluded = to_columns(asked)
    return scope_of(call, asked["TableCatalogId"]), CellsFilter(
        asked["DatabaseName"].lower(),
        asked["TableName"].lower(),
        asked["Name"],
        rows.get("FilterExpression"),
        columns,
        excluded,
        asked.get("VersionId", ""),
    )


def _as_filter(scope: Scope, known: CellsFilter) -> dict[str, Any]:
    rows: dict[str, Any] = {"AllRowsWildcard": {}} if known.rows is None else {"FilterExpression": known.rows}
    return {
        "TableCatalogId": scope.account,
        "DatabaseName": known.database,
        "TableName": known.table,
        "Name": known.name,
        "RowFilter": rows,
        **as_columns(known.columns, known.excluded),
        "VersionId": known.version,
    }
