"""AWS Glue: catalogs, the account's own and those within it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.catalog import ChildCatalog
from studiolo.domain import Denied, Invalid
from studiolo.services.call import Call
from studiolo.services.glue.common import account_of, after, given, next_token, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100


@glue.operation
def create_catalog(call: Call, request: "shapes.CreateCatalogRequestTypeDef") -> dict[str, Any]:
    catalog = ChildCatalog(request["Name"], properties=dict(request["CatalogInput"]))
    call.catalog.create_catalog(call.scope, catalog, request.get("Tags"))
    return {}


@glue.operation
def delete_catalog(call: Call, request: "shapes.DeleteCatalogRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_catalog(call.scope, _child(call, request))
    return {}


@glue.operation
def get_catalog(call: Call, request: "shapes.GetCatalogRequestTypeDef") -> dict[str, Any]:
    if scope_of(call, request) == call.scope:
        return {"Catalog": as_root(call)}
    return {"Catalog": as_catalog(call, call.catalog.catalog(call.scope, _child(call, request)))}


@glue.operation
def get_catalog_import_status(call: Call, request: "shapes.GetCatalogImportStatusRequestTypeDef") -> dict[str, Any]:
    """There is no older catalog of Athena's to import: it is as if that were done."""
    scope_of(call, request)
    return {"ImportStatus": {"ImportCompleted": True}}


@glue.operation
def get_catalogs(call: Call, request: "shapes.GetCatalogsRequestTypeDef") -> dict[str, Any]:
    """The catalogs within the account's, which have none within them; with IncludeRoot the account's own first."""
    parent = scope_of(call, {"CatalogId": request.get("ParentCatalogId")})
    if account_of(parent) != call.scope.account:
        raise Denied(f"The catalogs of account {account_of(parent)} are looked at by that account alone.")
    if parent != call.scope:
        return {"CatalogList": []}
    place = after(request)
    page = call.catalog.catalogs(call.scope, place, request.get("MaxResults", DEFAULT_PAGE))
    root = [as_root(call)] if request.get("IncludeRoot") and place is None else []
    return {"CatalogList": [*root, *(as_catalog(call, each) for each in page.items)], **next_token(page.next)}


@glue.operation
def update_catalog(call: Call, request: "shapes.UpdateCatalogRequestTypeDef") -> dict[str, Any]:
    catalog = ChildCatalog(_child(call, request), properties=dict(request["CatalogInput"]))
    call.catalog.update_catalog(call.scope, catalog)
    return {}


def as_root(call: Call) -> dict[str, Any]:
    account, region = call.scope.account, call.scope.region
    return {"CatalogId": account, "Name": account, "ResourceArn": arn("glue", region, account, "catalog")}


def as_catalog(call: Call, catalog: ChildCatalog) -> dict[str, Any]:
    shown = {
        **catalog.properties,
        "CatalogId": catalog.id,
        "Name": catalog.name,
        "ResourceArn": arn("glue", call.scope.region, call.scope.account, f"catalog/{catalog.name}"),
        "CreateTime": catalog.created,
        "UpdateTime": catalog.updated,
    }
    shown.pop("OverwriteChildResourcePermissionsWithDefault", None)
    return given(shown)


def _child(call: Call, request: Mapping[str, Any]) -> str:
    """The name of the catalog that a request is about. Raises NotFound, Denied, and Invalid for the account's own."""
    scope = scope_of(call, request)
    if account_of(scope) != call.scope.account:
        raise Denied(f"The catalogs of account {account_of(scope)} are looked at by that account alone.")
    if scope == call.scope:
        raise Invalid("The account's own catalog can be neither changed nor deleted.")
    return scope.account.partition(":")[2]
