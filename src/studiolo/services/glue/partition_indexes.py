"""AWS Glue: partition indexes."""

from typing import TYPE_CHECKING, Any

from studiolo.catalog import PartitionIndex
from studiolo.services.call import Call
from studiolo.services.glue.common import scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes


@glue.operation
def create_partition_index(call: Call, request: "shapes.CreatePartitionIndexRequestTypeDef") -> dict[str, Any]:
    asked = request["PartitionIndex"]
    index = PartitionIndex(asked["IndexName"], tuple(asked["Keys"]))
    scope = scope_of(call, request)
    call.catalog.create_partition_index(scope, request["DatabaseName"], request["TableName"], index)
    return {}


@glue.operation
def delete_partition_index(call: Call, request: "shapes.DeletePartitionIndexRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_partition_index(
        scope_of(call, request), request["DatabaseName"], request["TableName"], request["IndexName"]
    )
    return {}


@glue.operation
def get_partition_indexes(call: Call, request: "shapes.GetPartitionIndexesRequestTypeDef") -> dict[str, Any]:
    """An index is filled before CreatePartitionIndex answers, and so is always ACTIVE."""
    scope = scope_of(call, request)
    table = call.catalog.table(scope, request["DatabaseName"], request["TableName"])
    types = {key.name.lower(): key.type or "string" for key in table.partition_keys}
    indexes = call.catalog.partition_indexes(scope, request["DatabaseName"], request["TableName"])
    return {
        "PartitionIndexDescriptorList": [
            {
                "IndexName": index.name,
                "Keys": [{"Name": key, "Type": types[key.lower()]} for key in index.keys],
                "IndexStatus": "ACTIVE",
            }
            for index in indexes
        ]
    }
