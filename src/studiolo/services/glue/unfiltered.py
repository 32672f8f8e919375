"""AWS Glue: metadata for engines that enforce Lake Formation's permissions themselves."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.catalog import Table
from studiolo.domain import Scope
from studiolo.governance import Sight
from studiolo.services.call import Call
from studiolo.services.glue.common import account_of, after, next_token, scope_of, segment_of
from studiolo.services.glue.partitions import DEFAULT_PAGE, as_partition
from studiolo.services.glue.service import glue
from studiolo.services.glue.tables import as_table

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes


@glue.operation
def get_unfiltered_partition_metadata(
    call: Call, request: "shapes.GetUnfilteredPartitionMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope, table, sight = _permitted(call, request, request["TableName"])
    partition = call.studio.catalog.partition(scope, table.database, table.name, request["PartitionValues"])
    return {
        "Partition": as_partition(scope, partition),
        "AuthorizedColumns": _columns(table, sight),
        "IsRegisteredWithLakeFormation": _is_registered(call, scope, table),
    }


@glue.operation
def get_unfiltered_partitions_metadata(
    call: Call, request: "shapes.GetUnfilteredPartitionsMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope, table, sight = _permitted(call, request, request["TableName"])
    registered = _is_registered(call, scope, table)
    page = call.studio.catalog.partitions(
        scope,
        table.database,
        table.name,
        request.get("Expression"),
        segment=segment_of(request),
        after=after(request),
        limit=request.get("MaxResults", DEFAULT_PAGE),
    )
    return {
        "UnfilteredPartitions": [
            {
                "Partition": as_partition(scope, partition),
                "AuthorizedColumns": _columns(table, sight),
                "IsRegisteredWithLakeFormation": registered,
            }
            for partition in page.items
        ],
        **next_token(page.next),
    }


@glue.operation
def get_unfiltered_table_metadata(
    call: Call, request: "shapes.GetUnfilteredTableMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope, table, sight = _permitted(call, request, request["Name"])
    columns = _columns(table, sight)
    shown: dict[str, Any] = {
        "Table": as_table(scope, table, registered=_is_registered(call, scope, table)),
        "AuthorizedColumns": columns,
        "IsRegisteredWithLakeFormation": _is_registered(call, scope, table),
        "CellFilters": _cell_filters(sight, columns),
        "QueryAuthorizationId": str(uuid.uuid4()),
        "ResourceArn": arn("glue", scope.region, account_of(scope), f"table/{table.database}/{table.name}"),
        "Permissions": sorted({*(["SELECT"] if sight.cells or sight.full else []), *sight.permissions}),
    }
    row_filter = _row_filter(sight)
    return shown if row_filter is None else {**shown, "RowFilter": row_filter}


def _permitted(call: Call, request: Mapping[str, Any], name: str) -> tuple[Scope, Table, Sight]:
    """The table, where it is, and what an engine must keep to. Raises NotFound, Denied and PermissionTypeMismatch."""
    scope = scope_of(call, request)
    place, inside, own = call.catalog.place_of(scope, request["DatabaseName"], name)
    table = call.studio.catalog.table(place, inside, own)
    sight = call.studio.vending.permitted(call.principal, place, table, request["SupportedPermissionTypes"])
    return place, table, sight


def _is_registered(call: Call, scope: Scope, table: Table) -> bool:
    return call.studio.lake.is_registered(scope, table.storage.location if table.storage is not None else None)


def _columns(table: Table, sight: Sight) -> list[str]:
    columns = table.storage.columns if table.storage is not None else ()
    return [column.name for column in sight.shown((*columns, *table.partition_keys))]


def _row_filter(sight: Sight) -> str | None:
    """The rows of which anything shows, as an expression; None where that is all."""
    if sight.full or not sight.cells or any(each.rows is None for each in sight.cells):
        return None
    return " OR ".join(f"({rows})" for rows in dict.fromkeys(each.rows for each in sight.cells))


def _cell_filters(sight: Sight, columns: list[str]) -> list[dict[str, str]]:
    """For columns that show in some of the rows alone: in which."""
    if sight.full:
        return []
    found = []
    every = {each.rows for each in sight.cells}
    for column in columns:
        rows = {each.rows for each in sight.cells if each.has(column.lower())}
        if rows and None not in rows and rows != every:
            told = " OR ".join(f"({each})" for each in sorted(filter(None, rows)))
            found.append({"ColumnName": column, "RowFilterExpression": told})
    return found
