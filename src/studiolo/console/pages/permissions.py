"""Catalog: who is granted what of a table, and the filters that grants are on."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from studiolo.console.grants import PERMISSIONS
from studiolo.console.pages.page import Page
from studiolo.console.visit import Visit

FILTER = "filter:"


def grant(visit: Visit) -> Response:
    """With what is wrong with it in the words of Lake Formation, as for all forms."""
    form = visit.form
    permissions = [name for name in PERMISSIONS if form.get(name)]
    passed = {"PermissionsWithGrantOption": permissions} if form.get("grantable") else {}
    visit.client("lakeformation").grant_permissions(
        Principal={"DataLakePrincipalIdentifier": form.get("principal", "").strip()},
        Resource=_resource(visit, form.get("of", ""), _columns(form)),
        Permissions=permissions,
        **passed,
    )
    return _back(visit)


def revoke(visit: Visit) -> Response:
    """Take a grant back: a row of the page, which says what it is on as Lake Formation does."""
    form = visit.form
    visit.client("lakeformation").revoke_permissions(
        Principal={"DataLakePrincipalIdentifier": form["principal"]},
        Resource=json.loads(form["resource"]),
        Permissions=form["permissions"].split(),
        PermissionsWithGrantOption=form.get("grantable", "").split(),
    )
    return _back(visit)


def make_filter(visit: Visit) -> Response:
    form, columns = visit.form, _columns(visit.form)
    rows: dict[str, Any] = {"FilterExpression": form["rows"]} if form.get("rows") else {"AllRowsWildcard": {}}
    shown: dict[str, Any] = {"ColumnNames": columns} if columns else {"ColumnWildcard": {}}
    named = _filter(visit, form.get("name", ""))
    visit.client("lakeformation").create_data_cells_filter(TableData={**named, "RowFilter": rows, **shown})
    return _back(visit)


def delete_filter(visit: Visit) -> Response:
    visit.client("lakeformation").delete_data_cells_filter(**_filter(visit, visit.form["name"]))
    return _back(visit)


def _resource(visit: Visit, of: str, columns: list[str]) -> dict[str, Any]:
    named = {"DatabaseName": visit.path["database"], "Name": visit.path["table"]}
    if of.startswith(FILTER):
        return {"DataCellsFilter": _filter(visit, of.removeprefix(FILTER))}
    return {"TableWithColumns": {**named, "ColumnNames": columns}} if columns else {"Table": named}


def _columns(form: Mapping[str, str]) -> list[str]:
    return form.get("columns", "").replace(",", " ").split()


def _filter(visit: Visit, name: str) -> dict[str, str]:
    account = visit.signed_in.content["own"].split(":")[4]
    table = {"DatabaseName": visit.path["database"], "TableName": visit.path["table"]}
    return {"TableCatalogId": account, **table, "Name": name}


def _back(visit: Visit) -> Response:
    database, table = (quote(visit.path[name], safe="") for name in ("database", "table"))
    return visit.go(f"/catalog/{database}/{table}?tab=permissions")


PAGES = (
    Page("POST", "/catalog/{database}/{table}/grants", grant),
    Page("POST", "/catalog/{database}/{table}/grants/revoke", revoke),
    Page("POST", "/catalog/{database}/{table}/filters", make_filter),
    Page("POST", "/catalog/{database}/{table}/filters/delete", delete_filter),
)
