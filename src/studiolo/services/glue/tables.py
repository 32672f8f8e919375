"""AWS Glue: tables of the Data Catalog."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.catalog import PartitionIndex, Table
from studiolo.domain import Denied, Invalid, Scope
from studiolo.identity import Question
from studiolo.services.call import Call
from studiolo.services.glue.common import (
    account_of,
    after,
    error_detail,
    given,
    next_token,
    refuse_transactions,
    scope_of,
)
from studiolo.services.glue.iceberg import TWICE, as_iceberg_metadata, to_changes, to_new_table
from studiolo.services.glue.service import glue
from studiolo.services.glue.storage import as_columns, as_storage, to_columns, to_storage
from studiolo.services.rights.glue import RIGHTS

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
DEFAULT, ICEBERG_METADATA = TABLE_ATTRIBUTES = ("DEFAULT", "LATEST_ICEBERG_METADATA")
LISTED: Mapping[str, str] = {"NAME": "Name", "TABLE_TYPE": "TableType"}


@glue.operation
def batch_delete_table(call: Call, request: "shapes.BatchDeleteTableRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    failures = call.catalog.delete_tables(scope_of(call, request), request["DatabaseName"], request["TablesToDelete"])
    return {"Errors": [{"TableName": name, "ErrorDetail": error_detail(error)} for name, error in failures.items()]}


@glue.operation
def create_table(call: Call, request: "shapes.CreateTableRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    scope, database = scope_of(call, request), request["DatabaseName"]
    iceberg = request.get("OpenTableFormatInput", {}).get("IcebergInput")
    if iceberg is not None:
        if request.get("PartitionIndexes"):
            raise Invalid("An Iceberg table has no partition indexes: it keeps account of its partitions itself.")
        asked = None if "TableInput" not in request else to_table(request["TableInput"])
        table, new = to_new_table(asked, request.get("Name"), iceberg)
        table = replace(table, created_by=call.principal.arn)
        call.studio.iceberg.create(call.principal, scope, database, table, new)
        return {}
    indexes = [PartitionIndex(each["IndexName"], tuple(each["Keys"])) for each in request.get("PartitionIndexes", ())]
    table = to_table(_input(request), created_by=call.principal.arn)
    call.catalog.create_table(scope, database, table, indexes=indexes)
    return {}


@glue.operation
def delete_table(call: Call, request: "shapes.DeleteTableRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    call.catalog.delete_table(scope_of(call, request), request["DatabaseName"], request["Name"])
    return {}


@glue.operation
def get_table(call: Call, request: "shapes.GetTableRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    scope, database, name = scope_of(call, request), request["DatabaseName"], request["Name"]
    wanted = _attributes(request, TABLE_ATTRIBUTES) or (DEFAULT,)
    table = call.catalog.table(scope, database, name)
    names = {"Name": table.name, "DatabaseName": table.database}
    registered = _is_registered(call, scope, table)
    shown: dict[str, Any] = as_table(scope, table, registered=registered) if DEFAULT in wanted else names
    if ICEBERG_METADATA in wanted:
        metadata = call.studio.iceberg.metadata(call.principal, scope, database, name)
        shown["IcebergTableMetadata"] = as_iceberg_metadata(metadata)
    return {"Table": shown}


@glue.operation
def get_tables(call: Call, request: "shapes.GetTablesRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    scope = scope_of(call, request)
    page = call.catalog.tables(
        scope,
        request["DatabaseName"],
        request.get("Expression"),
        after(request),
        request.get("MaxResults", DEFAULT_PAGE),
        follow=False,
    )
    names = {LISTED[each] for each in _attributes(request, LISTED)}
    if names and "Name" not in names:
        raise Invalid("AttributesToGet must include NAME.")
    shown = [
        as_table(scope, _seen(call, scope, table), registered=_is_registered(call, scope, table))
        for table in page.items
    ]
    if names:
        shown = [{name: each[name] for name in ("DatabaseName", *names) if name in each} for each in shown]
    return {"TableList": shown, **next_token(page.next)}


def _seen(call: Call, scope: Scope, table: Table) -> Table:
    """A table of a list: what a resource link leads to is shown to who may read that, to others the link alone."""
    if table.target_table is None:
        return table
    behind = call.catalog.behind(scope, "glue:GetTable", f"table/{table.database}/{table.name}")
    for each in behind:
        question = Question("glue:GetTable", each)
        policy = RIGHTS.policy(call, {"CatalogId": question.owner(account_of(scope))})
        if not call.studio.identity.decide(call.principal, question, policy=policy).allowed:
            return table
    try:
        return call.catalog.table(scope, table.database, table.name)
    except Denied:
        return table


@glue.operation
def update_table(call: Call, request: "shapes.UpdateTableRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    scope, database = scope_of(call, request), request["DatabaseName"]
    version = None if "VersionId" not in request else version_of(request["VersionId"])
    skip_archive = request.get("SkipArchive", False)
    if "UpdateOpenTableFormatInput" in request:
        if "TableInput" in request:
            raise Invalid(TWICE)
        changes = to_changes(request["UpdateOpenTableFormatInput"])
        call.studio.iceberg.change(
            call.principal, scope, database, _name(request), changes, version_id=version, skip_archive=skip_archive
        )
        return {}
    table = to_table(_input(request))
    if request.get("Name", table.name).lower() != table.name.lower():
        raise Invalid("Table cannot be renamed")
    call.catalog.update_table(
        scope,
        database,
        table,
        version_id=version,
        skip_archive=skip_archive,
        view_action=request.get("ViewUpdateAction"),
    )
    return {}


def _is_registered(call: Call, scope: Scope, table: Table) -> bool:
    # Of a part of a table, its view's location is Lake Formation's own.
    return call.studio.lake.is_registered(scope, table.storage.location if table.storage is not None else None)


def version_of(text: str) -> int:
    """A version's number. Raises Invalid."""
    if not text.isdecimal() or len(text) > 9:
        raise Invalid(f"Version {text!r} is not a number.")
    return int(text)


def to_table(asked: Mapping[str, Any], *, created_by: str | None = None) -> Table:
    return Table(
        name=asked["Name"],
        description=asked.get("Description"),
        owner=asked.get("Owner"),
        last_access=asked.get("LastAccessTime"),
        last_analyzed=asked.get("LastAnalyzedTime"),
        retention=asked.get("Retention") or 0,
        storage=to_storage(asked.get("StorageDescriptor")),
        partition_keys=to_columns(asked.get("PartitionKeys")),
        view_original_text=asked.get("ViewOriginalText"),
        view_expanded_text=asked.get("ViewExpandedText"),
        type=asked.get("TableType"),
        parameters=asked.get("Parameters") or {},
        created_by=created_by,
        target_table=asked.get("TargetTable"),
        federated_table=asked.get("FederatedTable"),
        view_definition=asked.get("ViewDefinition"),
    )


def as_table(scope: Scope, table: Table, *, registered: bool = False) -> dict[str, Any]:
    """registered: whether its location is, with Lake Formation."""
    shown = {
        "Name": table.name,
        "DatabaseName": table.database,
        "Description": table.description,
        "Owner": table.owner,
        "CreateTime": table.created,
        "UpdateTime": table.updated,
        "LastAccessTime": table.last_access,
        "LastAnalyzedTime": table.last_analyzed,
        "Retention": table.retention,
        "StorageDescriptor": as_storage(table.storage),
        "PartitionKeys": as_columns(table.partition_keys),
        "ViewOriginalText": table.view_original_text,
        "ViewExpandedText": table.view_expanded_text,
        "TableType": table.type,
        "Parameters": table.parameters,
        "CreatedBy": table.created_by,
        "IsRegisteredWithLakeFormation": registered,
        "TargetTable": table.target_table,
        "CatalogId": scope.account,
        "VersionId": str(table.version),
        "FederatedTable": table.federated_table,
        "ViewDefinition": table.view_definition,
        "IsMultiDialectView": table.view_definition is not None,
    }
    return given(shown)


def _input(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a table is to be. Raises Invalid."""
    table: Mapping[str, Any] | None = request.get("TableInput")
    if table is None:
        raise Invalid("TableInput cannot be null")
    if any(key.get("Parameters") for key in table.get("PartitionKeys", ())):
        raise Invalid("Parameters not supported for partition columns")
    storage = table.get("StorageDescriptor", {})
    if storage.get("SchemaReference") and storage.get("Columns"):
        raise Invalid("Both SchemaReference and Columns are populated, only one of them should be populated.")
    return table


def _name(request: Mapping[str, Any]) -> str:
    """Raises Invalid."""
    if "Name" not in request:
        raise Invalid("Name cannot be null")
    return str(request["Name"])


def _attributes(request: Mapping[str, Any], known: Collection[str]) -> Collection[str]:
    """What of tables is asked for; nothing where it is not told. Raises Invalid."""
    if "AttributesToGet" not in request:
        return ()
    asked: Collection[str] = request["AttributesToGet"]
    if not asked or not set(asked) <= set(known):
        raise Invalid(f"AttributesToGet must have one or more of {', '.join(known)}.")
    return asked
