"""AWS Lake Formation: which databases and tables an expression of LF-tags stands for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.domain import Scope
from studiolo.governance import Expression, holds
from studiolo.services.call import Call
from studiolo.services.lakeformation.resources import to_expression
from studiolo.services.lakeformation.service import lakeformation, next_token, numbered, scope_of
from studiolo.services.lakeformation.tags import DEFAULT_PAGE, as_tags, tags_shown

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes


@lakeformation.operation
def search_databases_by_lf_tags(call: Call, request: "shapes.SearchDatabasesByLFTagsRequestTypeDef") -> dict[str, Any]:
    """Those that the caller may see."""
    scope, expression, databases = _meant(call, request)
    lake = call.studio.lake
    found = []
    for name in databases:
        tags = lake.tags_of_database(scope, name)
        database = call.studio.catalog.database(scope, name)
        if holds(expression, tags) and lake.on_database(call.principal, scope, database):
            found.append({"Database": {"CatalogId": scope.account, "Name": name}, "LFTags": as_tags(scope, tags)})
    page = numbered(found, request, DEFAULT_PAGE)
    return {"DatabaseList": page.items, **next_token(page)}


@lakeformation.operation
def search_tables_by_lf_tags(call: Call, request: "shapes.SearchTablesByLFTagsRequestTypeDef") -> dict[str, Any]:
    """Those that the caller may see, by their own tags or those of columns that he may see."""
    scope, expression, databases = _meant(call, request)
    lake = call.studio.lake
    found = []
    for database in databases:
        for name in call.catalog.table_names(scope, database):
            table = call.studio.catalog.table(scope, database, name)
            if table.target_table is not None:
                # A resource link has no tags.
                continue
            sight = lake.sight(call.principal, scope, table)
            of_table = lake.tags_of_table(scope, database, name)
            of_columns = [
                own for column, own in lake.tags_of_columns(scope, database, name).items() if sight.shows(column)
            ]
            if any(holds(expression, {**of_table, **own}) for own in ({}, *of_columns)):
                named = {"CatalogId": scope.account, "DatabaseName": database, "Name": name}
                found.append({"Table": named, **tags_shown(call, scope, table, sight.shows)})
    page = numbered(found, request, DEFAULT_PAGE)
    return {"TableList": page.items, **next_token(page)}


def _meant(call: Call, request: Mapping[str, Any]) -> tuple[Scope, Expression, list[str]]:
    """The catalog that is searched, the expression, and the databases there that have, or hold, what has its tags."""
    scope, lake = scope_of(call, request.get("CatalogId")), call.studio.lake
    expression = to_expression(request["Expression"])
    lake.check_expression(scope, expression)
    return scope, expression, sorted({database for database, _ in lake.tagged_with(scope, expression)})
