"""Resources, principals and permissions: Lake Formation's words and the domain's, both ways."""

from collections.abc import Callable, Mapping
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.governance import ALL, Grant, Kind, Resource
from studiolo.services.call import Call
from studiolo.services.lakeformation.service import scope_of, shared_scope_of

ALL_TABLES = "ALL_TABLES"
_ORDER = ("ALL", "SUPER_USER")

Asked = Mapping[str, Any]


def to_principal(asked: Asked | None) -> str:
    """Raises Invalid."""
    found = (asked or {}).get("DataLakePrincipalIdentifier")
    if not found:
        raise Invalid("Principal must have a DataLakePrincipalIdentifier.")
    return str(found)


def as_principal(principal: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": principal}


def to_resource(
    call: Call, asked: Asked, catalog: str | None = None, *, shared: bool = False
) -> tuple[Scope, Resource]:
    """A resource, and whose it is; shared: it may be another account's. Raises Invalid, NotFound, Denied."""
    if len(asked) != 1:
        raise Invalid("Resource must have exactly one member.")
    ((name, own),) = asked.items()
    find = shared_scope_of if shared else scope_of
    scope = find(call, own.get("TableCatalogId") or own.get("CatalogId") or own.get("Id") or catalog)
    read = _READERS.get(name)
    if read is None:
        raise Invalid(f"Permissions on {name} are not supported by Studiolo.")
    return scope, read(own)


def as_resource(scope: Scope, resource: Resource) -> dict[str, Any]:
    catalog = scope.account
    of_database = {"CatalogId": catalog, "DatabaseName": resource.database}
    if resource.kind is Kind.CATALOG:
        return {"Catalog": {"Id": catalog}}
    if resource.kind is Kind.DATABASE:
        return {"Database": {"CatalogId": catalog, "Name": resource.database}}
    if resource.kind is Kind.TABLE:
        own = {"Name": resource.table} if resource.table else {"Name": ALL_TABLES, "TableWildcard": {}}
        return {"Table": {**of_database, **own}}
    if resource.kind is Kind.COLUMNS:
        columns = _as_columns(resource.columns, resource.excluded)
        return {"TableWithColumns": {**of_database, "Name": resource.table or ALL_TABLES, **columns}}
    if resource.kind is Kind.LOCATION:
        return {"DataLocation": {"CatalogId": catalog, "ResourceArn": resource.name}}
    if resource.kind is Kind.FILTER:
        named = {"DatabaseName": resource.database, "TableName": resource.table, "Name": resource.name}
        return {"DataCellsFilter": {"TableCatalogId": catalog, **named}}
    if resource.kind is Kind.TAG:
        return {"LFTag": {"CatalogId": catalog, "TagKey": resource.name, "TagValues": list(resource.values)}}
    if resource.kind is Kind.EXPRESSION:
        return {"LFTagExpression": {"CatalogId": catalog, "Name": resource.name}}
    said: dict[str, Any] = {"CatalogId": catalog, "ResourceType": resource.type}
    if resource.name:
        return {"LFTagPolicy": {**said, "ExpressionName": resource.name}}
    return {"LFTagPolicy": {**said, "Expression": as_expression(resource.expression)}}


def as_grant(scope: Scope, grant: Grant) -> dict[str, Any]:
    shown = {
        "Principal": as_principal(grant.principal),
        "Resource": as_resource(scope, grant.resource),
        "Permissions": _sorted(grant.permissions),
        "PermissionsWithGrantOption": _sorted(grant.grantable),
        "LastUpdated": grant.updated,
        "LastUpdatedBy": grant.updated_by,
    }
    return {name: value for name, value in shown.items() if value is not None}


def to_columns(own: Asked) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Columns by name, or all but some. Raises Invalid for both at once."""
    wildcard, names = own.get("ColumnWildcard"), own.get("ColumnNames")
    if wildcard is not None and names:
        raise Invalid("Give either ColumnNames or a ColumnWildcard.")
    if wildcard is not None:
        return (), _lower(wildcard.get("ExcludedColumnNames"))
    return _lower(names), None


def _as_columns(columns: tuple[str, ...], excluded: tuple[str, ...] | None) -> dict[str, Any]:
    if excluded is None:
        return {"ColumnNames": list(columns)}
    return {"ColumnWildcard": {"ExcludedColumnNames": list(excluded)} if excluded else {}}


as_columns = _as_columns


def to_expression(asked: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """An expression of LF-tags, whose order says nothing."""
    return tuple(sorted((each["TagKey"].lower(), _lower(each["TagValues"])) for each in asked or ()))


def as_expression(expression: tuple[tuple[str, tuple[str, ...]], ...]) -> list[dict[str, Any]]:
    return [{"TagKey": key, "TagValues": list(values)} for key, values in expression]


def _table(own: Asked) -> Resource:
    database, name = own["DatabaseName"].lower(), own.get("Name")
    if own.get("TableWildcard") is not None or name == ALL_TABLES:
        return Resource(Kind.TABLE, database)
    if not name:
        raise Invalid("Table must have a Name or a TableWildcard.")
    return Resource(Kind.TABLE, database, name.lower())


def _columns(own: Asked) -> Resource:
    columns, excluded = to_columns(own)
    if excluded is None and not columns:
        raise Invalid("TableWithColumns must have ColumnNames or a ColumnWildcard.")
    name = "" if own["Name"] == ALL_TABLES else own["Name"].lower()
    return Resource(Kind.COLUMNS, own["DatabaseName"].lower(), name, columns, excluded)


def _filter(own: Asked) -> Resource:
    missing = [name for name in ("DatabaseName", "TableName", "Name") if not own.get(name)]
    if missing:
        raise Invalid(f"DataCellsFilter must have {', '.join(missing)}.")
    return Resource(Kind.FILTER, own["DatabaseName"].lower(), own["TableName"].lower(), name=own["Name"])


def _policy(own: Asked) -> Resource:
    expression, name = to_expression(own.get("Expression")), own.get("ExpressionName", "")
    if bool(expression) == bool(name):
        raise Invalid("LFTagPolicy must have either an Expression or an ExpressionName.")
    return Resource(Kind.POLICY, name=name, type=own["ResourceType"], expression=expression)


_READERS: Mapping[str, Callable[[Asked], Resource]] = {
    "Catalog": lambda _own: Resource(Kind.CATALOG),
    "Database": lambda own: Resource(Kind.DATABASE, own["Name"].lower()),
    "Table": _table,
    "TableWithColumns": _columns,
    "DataLocation": lambda own: Resource(Kind.LOCATION, name=own["ResourceArn"].rstrip("/")),
    "DataCellsFilter": _filter,
    "LFTag": lambda own: Resource(Kind.TAG, name=own["TagKey"].lower(), values=_lower(own["TagValues"])),
    "LFTagPolicy": _policy,
    "LFTagExpression": lambda own: Resource(Kind.EXPRESSION, name=own["Name"]),
}


def _lower(values: Any) -> tuple[str, ...]:
    return tuple(sorted({str(value).lower() for value in values or ()}))


def _sorted(permissions: frozenset[str]) -> list[str]:
    return sorted(permissions, key=lambda each: (each != ALL, each))
