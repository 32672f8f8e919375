"""AWS Lake Formation: LF-tags, what has them, and expressions of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Table
from studiolo.domain import Denied, DomainError, Invalid, NotFound, Scope
from studiolo.governance import Kind, NamedExpression, Resource, Tagged
from studiolo.services.call import Call
from studiolo.services.lakeformation.resources import as_expression, to_expression, to_resource
from studiolo.services.lakeformation.service import lakeformation, next_token, numbered, scope_of

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes

DEFAULT_PAGE = 100


@lakeformation.operation
def add_lf_tags_to_resource(call: Call, request: "shapes.AddLFTagsToResourceRequestTypeDef") -> dict[str, Any]:
    scope, things = _mine(call, request["Resource"], request.get("CatalogId"))

    def add(key: str, values: Sequence[str]) -> None:
        if len(values) != 1:
            raise Invalid(f"A resource has one value of an LF-tag: give one of {key}.")
        for thing in things:
            call.studio.lake.set_tags(scope, thing, {key: values[0]})

    return {"Failures": _each(call, scope, request["LFTags"], add)}


@lakeformation.operation
def create_lf_tag(call: Call, request: "shapes.CreateLFTagRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.CATALOG), "CREATE_LF_TAG")
    call.studio.lake.create_tag(scope, request["TagKey"], request["TagValues"])
    return {}


@lakeformation.operation
def create_lf_tag_expression(call: Call, request: "shapes.CreateLFTagExpressionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.CATALOG), "CREATE_LF_TAG_EXPRESSION")
    call.studio.lake.put_expression(scope, _to_named(request), new=True)
    return {}


@lakeformation.operation
def delete_lf_tag(call: Call, request: "shapes.DeleteLFTagRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.TAG, name=request["TagKey"].lower()), "DROP")
    call.studio.lake.delete_tag(scope, request["TagKey"])
    return {}


@lakeformation.operation
def delete_lf_tag_expression(call: Call, request: "shapes.DeleteLFTagExpressionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.EXPRESSION, name=request["Name"]), "DROP")
    call.studio.lake.delete_expression(scope, request["Name"])
    return {}


@lakeformation.operation
def get_lf_tag(call: Call, request: "shapes.GetLFTagRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    tag = call.studio.lake.tag(scope, request["TagKey"])
    return {"CatalogId": scope.account, "TagKey": tag.key, "TagValues": list(tag.values)}


@lakeformation.operation
def get_lf_tag_expression(call: Call, request: "shapes.GetLFTagExpressionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    return _as_named(scope, call.studio.lake.expression(scope, request["Name"]))


@lakeformation.operation
def get_resource_lf_tags(call: Call, request: "shapes.GetResourceLFTagsRequestTypeDef") -> dict[str, Any]:
    scope, resource = _tagged(call, request["Resource"], request.get("CatalogId"))
    lake, catalog = call.studio.lake, call.studio.catalog
    if resource.kind is Kind.DATABASE:
        own = lake.tags_of_database(scope, resource.database)
        if not lake.on_database(call.principal, scope, catalog.database(scope, resource.database)):
            raise Denied(f"Insufficient Lake Formation permission(s): Required Describe on {resource.database}")
        return {"LFTagOnDatabase": as_tags(scope, own)} if own else {}
    table = lake.table(scope, resource.database, resource.table)
    sight = lake.sight(call.principal, scope, table)
    if not sight.any:
        raise Denied(f"Insufficient Lake Formation permission(s): Required Describe on {table.database}.{table.name}")
    _things(table, resource, sight.shows)
    inherited = not request.get("ShowAssignedLFTags", False)
    wanted = sight.shows if resource.kind is Kind.TABLE else lambda name: name in resource.columns
    return tags_shown(call, scope, table, wanted, inherited=inherited)


def tags_shown(
    call: Call, scope: Scope, table: Table, shows: Callable[[str], bool], *, inherited: bool = True
) -> dict[str, Any]:
    """The tags of a table, its database and those of its columns that show."""
    lake, named = call.studio.lake, (table.database, table.name)
    of_table = lake.tags_of_table(scope, *named) if inherited else lake.own_tags(scope, Tagged(*named))
    columns = [
        {"Name": name, "LFTags": as_tags(scope, {**(of_table if inherited else {}), **tags})}
        for name, tags in lake.tags_of_columns(scope, *named).items()
        if shows(name)
    ]
    shown = {
        "LFTagOnDatabase": as_tags(scope, lake.tags_of_database(scope, table.database)),
        "LFTagsOnTable": as_tags(scope, of_table),
        "LFTagsOnColumns": columns,
    }
    return {name: tags for name, tags in shown.items() if tags}


@lakeformation.operation
def list_lf_tag_expressions(call: Call, request: "shapes.ListLFTagExpressionsRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    page = numbered(call.studio.lake.expressions(scope), request, DEFAULT_PAGE)
    return {"LFTagExpressions": [_as_named(scope, each) for each in page.items], **next_token(page)}


@lakeformation.operation
def list_lf_tags(call: Call, request: "shapes.ListLFTagsRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    page = numbered(call.studio.lake.tags(scope), request, DEFAULT_PAGE)
    shown = [{"CatalogId": scope.account, "TagKey": tag.key, "TagValues": list(tag.values)} for tag in page.items]
    return {"LFTags": shown, **next_token(page)}


@lakeformation.operation
def remove_lf_tags_from_resource(
    call: Call, request: "shapes.RemoveLFTagsFromResourceRequestTypeDef"
) -> dict[str, Any]:
    scope, things = _mine(call, request["Resource"], request.get("CatalogId"))

    def remove(key: str, _values: Sequence[str]) -> None:
        for thing in things:
            if call.studio.lake.take_tags(scope, thing, [key]):
                raise NotFound(f"The resource does not have the LF-tag {key}.")

    return {"Failures": _each(call, scope, request["LFTags"], remove)}


@lakeformation.operation
def update_lf_tag(call: Call, request: "shapes.UpdateLFTagRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.TAG, name=request["TagKey"].lower()), "ALTER")
    call.studio.lake.update_tag(
        scope, request["TagKey"], request.get("TagValuesToAdd", ()), request.get("TagValuesToDelete", ())
    )
    return {}


@lakeformation.operation
def update_lf_tag_expression(call: Call, request: "shapes.UpdateLFTagExpressionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    _require(call, scope, Resource(Kind.EXPRESSION, name=request["Name"]), "ALTER")
    call.studio.lake.put_expression(scope, _to_named(request), new=False)
    return {}


def _tagged(call: Call, asked: Mapping[str, Any], catalog: str | None) -> tuple[Scope, Resource]:
    """What can have tags: a database, a table, or columns of one, by name. Raises Invalid."""
    scope, resource = to_resource(call, asked, catalog)
    of_table = resource.kind in (Kind.TABLE, Kind.COLUMNS) and resource.table and resource.excluded is None
    if resource.kind is not Kind.DATABASE and not of_table:
        raise Invalid("LF-tags are for databases, tables and columns by name.")
    return scope, resource


def _mine(call: Call, asked: Mapping[str, Any], catalog: str | None) -> tuple[Scope, list[Tagged]]:
    """What is to be tagged, by who may pass on every permission on it. Raises Denied, Invalid and NotFound.

    With a tag it is given to all who have a grant on that ("Requirements for managing tags assigned to resources").
    """
    scope, resource = _tagged(call, asked, catalog)
    whole = resource if resource.kind is Kind.DATABASE else Resource(Kind.TABLE, resource.database, resource.table)
    if not call.studio.lake.may_tag(call.principal, scope, whole):
        named = ".".join(filter(None, (whole.database, whole.table)))
        raise Denied(f"Insufficient Lake Formation permission(s): Required Super with the grant option on {named}")
    if whole.kind is Kind.DATABASE:
        return scope, [Tagged(call.studio.catalog.database(scope, whole.database).name)]
    return scope, _things(call.studio.lake.table(scope, whole.database, whole.table), resource)


def _things(table: Table, resource: Resource, shows: Callable[[str], bool] = lambda _: True) -> list[Tagged]:
    """A table, or columns of it. Raises NotFound, as well for columns that do not show."""
    columns = (*(table.storage.columns if table.storage is not None else ()), *table.partition_keys)
    there = {column.name.lower() for column in columns if shows(column.name)}
    if missing := set(resource.columns) - there:
        raise NotFound(f"Columns not found in table {table.name}: {', '.join(sorted(missing))}")
    if resource.kind is Kind.TABLE:
        return [Tagged(resource.database, resource.table)]
    return [Tagged(resource.database, resource.table, column) for column in resource.columns]


def _each(call: Call, scope: Scope, tags: Sequence[Mapping[str, Any]], change: Any) -> list[dict[str, Any]]:
    """Change each tag by itself; what could not be changed, with why."""
    failures = []
    for tag in tags:
        try:
            key, values = tag["TagKey"].lower(), tag["TagValues"]
            _require(call, scope, Resource(Kind.TAG, name=key), "ASSOCIATE")
            change(key, values)
        except DomainError as error:
            said = lakeformation.error(error)
            failures.append({"LFTag": tag, "Error": {"ErrorCode": said.code, "ErrorMessage": said.message}})
    return failures


def _require(call: Call, scope: Scope, resource: Resource, permission: str) -> None:
    """Raise Denied for who has not that permission, and is no administrator."""
    if not call.studio.lake.has(call.principal, scope, resource, permission):
        what = resource.name or "the catalog"
        raise Denied(f"Insufficient Lake Formation permission(s): Required {permission} on {what}")


def as_tags(scope: Scope, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"CatalogId": scope.account, "TagKey": key, "TagValues": [value]} for key, value in sorted(tags.items())]


def _to_named(request: Mapping[str, Any]) -> NamedExpression:
    return NamedExpression(request["Name"], to_expression(request.get("Expression")), request.get("Description"))


def _as_named(scope: Scope, known: NamedExpression) -> dict[str, Any]:
    shown = {
        "Name": known.name,
        "Description": known.description,
        "CatalogId": scope.account,
        "Expression": as_expression(known.expression),
    }
    return {name: value for name, value in shown.items() if value is not None}
