"""AWS Glue: databases of the Data Catalog."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Database
from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.glue.common import after, given, next_token, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
SHARED = "\n"
"""What the place of a shared database in a list begins with; no name of a database has it."""

# What Lake Formation gives the tables of a database of which nothing else is said: IAM alone decides.
IAM_ALONE = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


@glue.operation
def create_database(call: Call, request: "shapes.CreateDatabaseRequestTypeDef") -> dict[str, Any]:
    database = to_database(request["DatabaseInput"])
    call.catalog.create_database(scope_of(call, request), database, request.get("Tags"))
    return {}


@glue.operation
def delete_database(call: Call, request: "shapes.DeleteDatabaseRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_database(scope_of(call, request), request["Name"])
    return {}


@glue.operation
def get_database(call: Call, request: "shapes.GetDatabaseRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request)
    return {"Database": as_database(scope, call.catalog.database(scope, request["Name"]))}


@glue.operation
def get_databases(call: Call, request: "shapes.GetDatabasesRequestTypeDef") -> dict[str, Any]:
    """Those of a catalog, or by ResourceShareType those that other accounts share (FOREIGN), or both (ALL)."""
    found, place = _listed(call, scope_of(call, request), request)
    shown = [as_database(scope, database) for scope, database in found]
    if "AttributesToGet" in request:
        names = {"Name", *({"TargetDatabase"} if "TARGET_DATABASE" in request["AttributesToGet"] else ())}
        shown = [{name: each[name] for name in names if name in each} for each in shown]
    return {"DatabaseList": shown, **next_token(place)}


def _listed(
    call: Call, scope: Scope, request: Mapping[str, Any]
) -> tuple[Sequence[tuple[Scope, Database]], str | None]:
    """A page of databases, each with whose it is, and the place of the next page: of those that are shared numbered."""
    place, limit = after(request), request.get("MaxResults", DEFAULT_PAGE)
    kind = request.get("ResourceShareType")
    own: list[tuple[Scope, Database]] = []
    start = 0
    if place is not None and place[:1] == SHARED and place[1:].isdecimal():
        start = int(place[1:])
    elif kind in (None, "ALL"):
        page = call.catalog.databases(scope, place, limit)
        own = [(scope, database) for database in page.items]
        if kind is None or page.next is not None:
            return own, page.next
    shared = (
        pair
        for pair in call.catalog.databases_shared(scope)
        if kind != "FEDERATED" or pair[1].federated_database is not None
    )
    end = start + limit - len(own)
    found = list(islice(shared, end + 1))
    return [*own, *found[start:end]], f"{SHARED}{end}" if len(found) > end else None


@glue.operation
def update_database(call: Call, request: "shapes.UpdateDatabaseRequestTypeDef") -> dict[str, Any]:
    database = to_database(request["DatabaseInput"])
    call.catalog.update_database(scope_of(call, request), request["Name"], database)
    return {}


def to_database(asked: Mapping[str, Any]) -> Database:
    permissions = asked.get("CreateTableDefaultPermissions")
    return Database(
        name=asked["Name"],
        description=asked.get("Description"),
        location=asked.get("LocationUri"),
        parameters=asked.get("Parameters") or {},
        create_table_default_permissions=None if permissions is None else tuple(permissions),
        target_database=asked.get("TargetDatabase"),
        federated_database=asked.get("FederatedDatabase"),
    )


def as_database(scope: Scope, database: Database) -> dict[str, Any]:
    permissions = database.create_table_default_permissions
    shown = {
        "Name": database.name,
        "Description": database.description,
        "LocationUri": database.location,
        "Parameters": database.parameters,
        "CreateTime": database.created,
        "CreateTableDefaultPermissions": IAM_ALONE if permissions is None else list(permissions),
        "TargetDatabase": database.target_database,
        "CatalogId": scope.account,
        "FederatedDatabase": database.federated_database,
    }
    return given(shown)
