"""AWS Glue: partitions of tables."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Failure, Partition
from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.glue.common import (
    after,
    error_detail,
    given,
    next_token,
    refuse_transactions,
    scope_of,
    segment_of,
)
from studiolo.services.glue.service import glue
from studiolo.services.glue.storage import Asked, ReadColumns, SameColumns, as_storage, to_columns, to_storage

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 1000


@glue.operation
def batch_create_partition(call: Call, request: "shapes.BatchCreatePartitionRequestTypeDef") -> dict[str, Any]:
    failures = call.catalog.create_partitions(
        scope_of(call, request),
        request["DatabaseName"],
        request["TableName"],
        to_partitions(request["PartitionInputList"]),
    )
    return {"Errors": [_as_error(failure) for failure in failures]}


@glue.operation
def batch_delete_partition(call: Call, request: "shapes.BatchDeletePartitionRequestTypeDef") -> dict[str, Any]:
    gone = [each["Values"] for each in request["PartitionsToDelete"]]
    failures = call.catalog.delete_partitions(
        scope_of(call, request), request["DatabaseName"], request["TableName"], gone
    )
    return {"Errors": [_as_error(failure) for failure in failures]}


@glue.operation
def batch_get_partition(call: Call, request: "shapes.BatchGetPartitionRequestTypeDef") -> dict[str, Any]:
    """Partitions that do not exist are left out; none is ever left unprocessed."""
    scope = scope_of(call, request)
    sought = [each["Values"] for each in request["PartitionsToGet"]]
    found = call.catalog.partitions_of(scope, request["DatabaseName"], request["TableName"], sought)
    return {"Partitions": [as_partition(scope, partition) for partition in found], "UnprocessedKeys": []}


@glue.operation
def batch_update_partition(call: Call, request: "shapes.BatchUpdatePartitionRequestTypeDef") -> dict[str, Any]:
    values = [each["PartitionValueList"] for each in request["Entries"]]
    partitions = to_partitions(each["PartitionInput"] for each in request["Entries"])
    changes = zip(values, partitions, strict=True)
    failures = call.catalog.update_partitions(
        scope_of(call, request), request["DatabaseName"], request["TableName"], changes
    )
    return {
        "Errors": [
            {"PartitionValueList": list(failure.values), "ErrorDetail": error_detail(failure.error)}
            for failure in failures
        ]
    }


@glue.operation
def create_partition(call: Call, request: "shapes.CreatePartitionRequestTypeDef") -> dict[str, Any]:
    partition = to_partition(request["PartitionInput"])
    scope = scope_of(call, request)
    call.catalog.create_partition(scope, request["DatabaseName"], request["TableName"], partition)
    return {}


@glue.operation
def delete_partition(call: Call, request: "shapes.DeletePartitionRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_partition(
        scope_of(call, request), request["DatabaseName"], request["TableName"], request["PartitionValues"]
    )
    return {}


@glue.operation
def get_partition(call: Call, request: "shapes.GetPartitionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request)
    values = request["PartitionValues"]
    partition = call.catalog.partition(scope, request["DatabaseName"], request["TableName"], values)
    return {"Partition": as_partition(scope, partition)}


@glue.operation
def get_partitions(call: Call, request: "shapes.GetPartitionsRequestTypeDef") -> dict[str, Any]:
    refuse_transactions(request)
    scope = scope_of(call, request)
    columns = not request.get("ExcludeColumnSchema", False)
    page = call.catalog.partitions(
        scope,
        request["DatabaseName"],
        request["TableName"],
        request.get("Expression"),
        segment=segment_of(request),
        after=after(request),
        limit=request.get("MaxResults", DEFAULT_PAGE),
        columns=columns,
    )
    same: dict[int, list[Any]] = {}
    shown = [as_partition(scope, partition, columns=columns, shown_columns=same) for partition in page.items]
    return {"Partitions": shown, **next_token(page.next)}


@glue.operation
def update_partition(call: Call, request: "shapes.UpdatePartitionRequestTypeDef") -> dict[str, Any]:
    call.catalog.update_partition(
        scope_of(call, request),
        request["DatabaseName"],
        request["TableName"],
        request["PartitionValueList"],
        to_partition(request["PartitionInput"]),
    )
    return {}


def to_partitions(asked: Iterable[Asked]) -> list[Partition]:
    read_columns = SameColumns()
    return [to_partition(each, read_columns) for each in asked]


def to_partition(asked: Asked, read_columns: ReadColumns = to_columns) -> Partition:
    return Partition(
        values=tuple(asked.get("Values") or ()),
        last_access=asked.get("LastAccessTime"),
        last_analyzed=asked.get("LastAnalyzedTime"),
        storage=to_storage(asked.get("StorageDescriptor"), read_columns),
        parameters=asked.get("Parameters") or {},
    )


def as_partition(
    scope: Scope, partition: Partition, *, columns: bool = True, shown_columns: dict[int, list[Any]] | None = None
) -> dict[str, Any]:
    """`shown_columns`: as of `as_storage`."""
    shown = {
        "Values": list(partition.values),
        "DatabaseName": partition.database,
        "TableName": partition.table,
        "CreationTime": partition.created,
        "LastAccessTime": partition.last_access,
        "StorageDescriptor": as_storage(partition.storage, columns=columns, shown_columns=shown_columns),
        "Parameters": partition.parameters,
        "LastAnalyzedTime": partition.last_analyzed,
        "CatalogId": scope.account,
    }
    return given(shown)


def _as_error(failure: Failure) -> dict[str, Any]:
    return {"PartitionValues": list(failure.values), "ErrorDetail": error_detail(failure.error)}
