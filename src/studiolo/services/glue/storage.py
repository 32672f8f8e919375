"""Storage descriptors and columns: the API's words and the catalog's, both ways."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from studiolo.catalog import Column, Order, SerDe, SkewedInfo, StorageDescriptor
from studiolo.services.glue.common import given

Asked = Mapping[str, Any]
ReadColumns = Callable[[Sequence[Asked] | None], tuple[Column, ...]]


class SameColumns:
    """Reads the columns of a batch's entries as `to_columns`; those that are as the last entry's are not read anew."""

    def __init__(self) -> None:
        self._asked: Sequence[Asked] | None = None
        self._read: tuple[Column, ...] = ()

    def __call__(self, asked: Sequence[Asked] | None) -> tuple[Column, ...]:
        if asked != self._asked:
            self._asked, self._read = asked, to_columns(asked)
        return self._read


def to_columns(asked: Iterable[Asked] | None) -> tuple[Column, ...]:
    return tuple(
        Column(each["Name"], each.get("Type"), each.get("Comment"), each.get("Parameters") or {})
        for each in asked or ()
    )


def as_columns(columns: Iterable[Column]) -> list[dict[str, Any]]:
    return [as_column(column) for column in columns]


def as_column(column: Column) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": column.name}
    if column.type is not None:
        shown["Type"] = column.type
    if column.comment is not None:
        shown["Comment"] = column.comment
    if column.parameters:
        shown["Parameters"] = column.parameters
    return shown


def to_storage(asked: Asked | None, read_columns: ReadColumns = to_columns) -> StorageDescriptor | None:
    if asked is None:
        return None
    serde, skewed = asked.get("SerdeInfo"), asked.get("SkewedInfo")
    return StorageDescriptor(
        columns=read_columns(asked.get("Columns")),
        location=asked.get("Location"),
        additional_locations=tuple(asked.get("AdditionalLocations") or ()),
        input_format=asked.get("InputFormat"),
        output_format=asked.get("OutputFormat"),
        compressed=asked.get("Compressed") or False,
        buckets=asked.get("NumberOfBuckets") or 0,
        serde=None if serde is None else _to_serde(serde),
        bucket_columns=tuple(asked.get("BucketColumns") or ()),
        sort_columns=tuple(Order(each["Column"], each["SortOrder"]) for each in asked.get("SortColumns") or ()),
        parameters=asked.get("Parameters") or {},
        skewed=None if skewed is None else _to_skewed(skewed),
        stored_as_subdirectories=asked.get("StoredAsSubDirectories") or False,
        schema_reference=asked.get("SchemaReference"),
    )


def as_storage(
    storage: StorageDescriptor | None, *, columns: bool = True, shown_columns: dict[int, list[Any]] | None = None
) -> dict[str, Any] | None:
    """`shown_columns` are those of a list's other descriptors, by the identity of what they show: most have the same."""
    if storage is None:
        return None
    known = {} if shown_columns is None else shown_columns
    if columns and id(storage.columns) not in known:
        known[id(storage.columns)] = as_columns(storage.columns)
    shown: dict[str, Any] = {
        "Columns": known[id(storage.columns)] if columns else None,
        "Location": storage.location,
        "AdditionalLocations": list(storage.additional_locations) or None,
        "InputFormat": storage.input_format,
        "OutputFormat": storage.output_format,
        "Compressed": storage.compressed,
        "NumberOfBuckets": storage.buckets,
        "SerdeInfo": None if storage.serde is None else _as_serde(storage.serde),
        "BucketColumns": list(storage.bucket_columns),
        "SortColumns": [{"Column": each.column, "SortOrder": each.sort_order} for each in storage.sort_columns],
        "Parameters": storage.parameters,
        "SkewedInfo": None if storage.skewed is None else _as_skewed(storage.skewed),
        "StoredAsSubDirectories": storage.stored_as_subdirectories,
        "SchemaReference": storage.schema_reference,
    }
    return given(shown)


def _to_serde(asked: Asked) -> SerDe:
    return SerDe(asked.get("Name"), asked.get("SerializationLibrary"), asked.get("Parameters") or {})


def _as_serde(serde: SerDe) -> dict[str, Any]:
    shown = {"Name": serde.name, "SerializationLibrary": serde.library, "Parameters": serde.parameters}
    return given(shown)


def _to_skewed(asked: Asked) -> SkewedInfo:
    return SkewedInfo(
        tuple(asked.get("SkewedColumnNames") or ()),
        tuple(asked.get("SkewedColumnValues") or ()),
        asked.get("SkewedColumnValueLocationMaps") or {},
    )


def _as_skewed(skewed: SkewedInfo) -> dict[str, Any]:
    return {
        "SkewedColumnNames": list(skewed.column_names),
        "SkewedColumnValues": list(skewed.column_values),
        "SkewedColumnValueLocationMaps": skewed.locations,
    }
