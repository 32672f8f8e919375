"""AWS Glue: metadata for engines that enforce Lake Formation's permissions. No table is registered: all columns show."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.catalog import Table
from studiolo.services.call import Call
from studiolo.services.glue.common import after, next_token, scope_of, segment_of
from studiolo.services.glue.partitions import DEFAULT_PAGE, as_partition
from studiolo.services.glue.service import glue
from studiolo.services.glue.tables import as_table

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes


@glue.operation
def get_unfiltered_partition_metadata(
    call: Call, request: "shapes.GetUnfilteredPartitionMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope = scope_of(call, request)
    names = request["DatabaseName"], request["TableName"]
    partition = call.studio.catalog.partition(scope, *names, request["PartitionValues"])
    return {
        "Partition": as_partition(scope, partition),
        "AuthorizedColumns": _columns(call.studio.catalog.table(scope, *names)),
        "IsRegisteredWithLakeFormation": False,
    }


@glue.operation
def get_unfiltered_partitions_metadata(
    call: Call, request: "shapes.GetUnfilteredPartitionsMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope = scope_of(call, request)
    names = request["DatabaseName"], request["TableName"]
    columns = _columns(call.studio.catalog.table(scope, *names))
    page = call.studio.catalog.partitions(
        scope,
        *names,
        request.get("Expression"),
        segment=segment_of(request),
        after=after(request),
        limit=request.get("MaxResults", DEFAULT_PAGE),
    )
    return {
        "UnfilteredPartitions": [
            {
                "Partition": as_partition(scope, partition),
                "AuthorizedColumns": columns,
                "IsRegisteredWithLakeFormation": False,
            }
            for partition in page.items
        ],
        **next_token(page.next),
    }


@glue.operation
def get_unfiltered_table_metadata(
    call: Call, request: "shapes.GetUnfilteredTableMetadataRequestTypeDef"
) -> dict[str, Any]:
    scope = scope_of(call, request)
    table = call.studio.catalog.table(scope, request["DatabaseName"], request["Name"])
    return {
        "Table": as_table(scope, table),
        "AuthorizedColumns": _columns(table),
        "IsRegisteredWithLakeFormation": False,
        "CellFilters": [],
        "ResourceArn": arn("glue", scope.region, call.scope.account, f"table/{table.database}/{table.name}"),
    }


def _columns(table: Table) -> list[str]:
    columns = table.storage.columns if table.storage is not None else ()
    return [column.name for column in (*columns, *table.partition_keys)]
