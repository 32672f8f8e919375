"""AWS Glue: Iceberg tables whose metadata Glue itself writes (OpenTableFormatInput), in Iceberg's own words."""

from collections.abc import Iterable, Mapping
from typing import Any

from studiolo.catalog import Table
from studiolo.domain import Invalid
from studiolo.iceberg import Change, NewTable

EXTERNAL = "EXTERNAL_TABLE"
DEFAULT_VERSION = "2"
TWICE = "Table metadata information present at multiple parts of input request"


def to_new_table(table: Table | None, name: str | None, asked: Mapping[str, Any]) -> tuple[Table, NewTable]:
    """The catalog's half of a table to make, and Iceberg's: of a TableInput, or of a CreateIcebergTableInput by name.

    Raises Invalid.
    """
    version = asked.get("Version", DEFAULT_VERSION)
    if not version.isdecimal() or len(version) > 1:
        raise Invalid(f"{version!r} is not a version of Iceberg's format.")
    own = asked.get("CreateIcebergTableInput")
    if table is None:
        if own is None:
            raise Invalid("CreateIcebergTableInput cannot be equal to null")
        if name is None:
            raise Invalid("Name cannot be null while creating an iceberg table")
        return Table(name, type=EXTERNAL), _of_iceberg_input(own, int(version))
    if table.type != EXTERNAL:
        raise Invalid(f"Iceberg table type has to be {EXTERNAL}")
    if table.partition_keys:
        raise Invalid("Cannot create partitions in an iceberg table")
    location = table.storage.location if table.storage is not None else None
    if not location:
        raise Invalid("Location information cannot be null while creating an iceberg table")
    if own is not None:
        raise Invalid(TWICE)
    return table, NewTable(location, format_version=int(version))


def to_changes(asked: Mapping[str, Any]) -> list[Change]:
    """What an UpdateOpenTableFormatInput asks for. Raises Invalid."""
    iceberg = asked.get("UpdateIcebergInput")
    if iceberg is None:
        raise Invalid("UpdateIcebergInput cannot be equal to null")
    return [
        Change(
            action=each.get("Action"),
            schema=_schema(each["Schema"]),
            partition_spec=_spec(each.get("PartitionSpec")),
            sort_order=_order(each.get("SortOrder")),
            location=each["Location"],
            properties=_properties(each.get("Properties")),
        )
        for each in iceberg["UpdateIcebergTableInput"]["Updates"]
    ]


def as_iceberg_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """IcebergTableMetadata."""
    return {
        "FormatVersion": str(metadata["format-version"]),
        "TableUuid": metadata["table-uuid"],
        "Location": metadata["location"],
        "Properties": metadata.get("properties", {}),
        "Schemas": [_as_schema(each) for each in metadata["schemas"]],
        "CurrentSchemaId": metadata["current-schema-id"],
        "LastColumnId": metadata["last-column-id"],
        "PartitionSpecs": [
            {"SpecId": each["spec-id"], "Fields": _as_members(each["fields"])} for each in metadata["partition-specs"]
        ],
        "DefaultSpecId": metadata["default-spec-id"],
        "LastPartitionId": metadata["last-partition-id"],
        "SortOrders": [
            {"OrderId": each["order-id"], "Fields": _as_members(each["fields"])} for each in metadata["sort-orders"]
        ],
        "DefaultSortOrderId": metadata["default-sort-order-id"],
    }


def _as_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "SchemaId": schema["schema-id"],
        "IdentifierFieldIds": schema.get("identifier-field-ids", []),
        "Type": "struct",
        "Fields": _as_members(schema["fields"]),
    }


def _as_members(fields: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`source-id` is SourceId, and so on."""
    return [
        {"".join(word.capitalize() for word in name.split("-")): value for name, value in each.items()}
        for each in fields
    ]


def _of_iceberg_input(asked: Mapping[str, Any], version: int) -> NewTable:
    return NewTable(
        location=asked["Location"],
        schema=_schema(asked["Schema"]),
        partition_spec=_spec(asked.get("PartitionSpec")) or {},
        sort_order=_order(asked.get("WriteOrder")) or {},
        properties=_properties(asked.get("Properties")),
        format_version=version,
    )


def _schema(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "struct",
        "identifier-field-ids": asked.get("IdentifierFieldIds") or [],
        "fields": [
            {
                "id": each["Id"],
                "name": each["Name"],
                "type": each["Type"],
                "required": each["Required"],
                "doc": each.get("Doc"),
                "initial-default": each.get("InitialDefault"),
                "write-default": each.get("WriteDefault"),
            }
            for each in asked["Fields"]
        ],
    }


def _spec(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    fields = [
        {
            "source-id": each["SourceId"],
            "field-id": each.get("FieldId"),
            "transform": each["Transform"],
            "name": each["Name"],
        }
        for each in asked["Fields"]
    ]
    return {"fields": fields}


def _order(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    fields = [
        {
            "source-id": each["SourceId"],
            "transform": each["Transform"],
            "direction": each["Direction"],
            "null-order": each["NullOrder"],
        }
        for each in asked["Fields"]
    ]
    return {"fields": fields}


def _properties(asked: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: value or "" for key, value in (asked or {}).items()}
