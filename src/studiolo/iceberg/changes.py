"""Changes of a table's metadata (Iceberg REST Catalog Spec, table updates), and what an Iceberg table may become."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pydantic
from pyiceberg.exceptions import ValidationError
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec, validate_partition_name
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import SortOrder
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSortOrderUpdate,
    RemovePropertiesUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    TableUpdate,
    update_table_metadata,
)
from pyiceberg.types import DecimalType, DoubleType, FloatType, IcebergType, IntegerType, LongType

from studiolo.domain import Invalid
from studiolo.iceberg.model import Change

UNSORTED = 0


@contextmanager
def iceberg_errors() -> Iterator[None]:
    """Turns what PyIceberg refuses, or cannot unpack, into Invalid, with its words."""
    try:
        yield
    except pydantic.ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Invalid(f"This is not an Iceberg table: {told}.") from error
    except RecursionError as error:
        raise Invalid("This is not an Iceberg table: its types are too deep within each other.") from error
    except (ValidationError, ValueError, TypeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Invalid(f"This is not an Iceberg table: {error}") from error


def changed(base: TableMetadata, changes: Sequence[Change], written_at: str) -> TableMetadata:
    """The metadata after the changes; `written_at`: where those before are. Raises Invalid."""
    with iceberg_errors():
        evolution = _Evolution(base)
        for change in changes:
            evolution.apply(change)
        if not evolution.updates:
            return base
        made = update_table_metadata(base, tuple(evolution.updates), metadata_location=written_at)
        check(made, base.schema())
        return made


def check(metadata: TableMetadata, before: Schema | None = None) -> None:
    """Raise Invalid or ValueError unless the parts fit together, and the schema may follow the one before."""
    schema = metadata.schema()
    ids = [field.field_id for field in schema.columns]
    if len(set(ids)) < len(ids):
        raise Invalid("The fields of an Iceberg schema must have different ids.")
    metadata.spec().check_compatible(schema)
    metadata.sort_order().check_compatible(schema)
    names: set[str] = set()
    for each in metadata.spec().fields:
        validate_partition_name(each.name, each.transform, each.source_id, schema, names)
        names.add(each.name)
    if before is not None:
        _check_evolution(before, schema)


def partition_spec(asked: Mapping[str, Any], number: int, known: Sequence[PartitionField], last: int) -> PartitionSpec:
    """A spec whose fields have ids: given, those of the same fields in earlier specs, or new ones after `last`."""
    fields = []
    for each in asked.get("fields") or ():
        made = PartitionField(**{**each, "field-id": each.get("field-id") or PARTITION_FIELD_ID_START})
        there = [old for old in known if (old.source_id, old.transform) == (made.source_id, made.transform)]
        if not each.get("field-id"):
            last += 0 if there else 1
            made = made.model_copy(update={"field_id": there[-1].field_id if there else last})
        fields.append(made)
    return PartitionSpec(*fields, spec_id=number)


def sort_order(asked: Mapping[str, Any], number: int) -> SortOrder:
    """An order with a number; the one without fields is always 0."""
    fields = asked.get("fields") or ()
    return SortOrder(**{"order-id": number if fields else UNSORTED, "fields": fields})


class _Evolution:
    """The updates that changes come to, with the numbers that are free in the table."""

    def __init__(self, base: TableMetadata) -> None:
        self._base = base
        self._schemas = list(base.schemas)
        self._specs = list(base.partition_specs)
        self._orders = list(base.sort_orders)
        self.updates: list[TableUpdate] = []

    def apply(self, change: Change) -> None:
        """Raises Invalid and ValueError."""
        if change.action is None:
            self._become(change)
            return
        act = {
            "add-schema": self._add_schema,
            "set-current-schema": self._set_schema,
            "add-spec": self._add_spec,
            "set-default-spec": self._set_spec,
            "add-sort-order": self._add_order,
            "set-default-sort-order": self._set_order,
            "set-location": self._set_location,
            "set-properties": self._set_properties,
            "remove-properties": self._remove_properties,
        }.get(change.action)
        if act is None:
            raise Invalid(f"{change.action} is not possible: the tables that are made here have no encryption keys.")
        act(change)

    def _become(self, change: Change) -> None:
        if change.schema is not None and self._schema(change) != self._base.schema():
            self._set_schema(change)
        if change.partition_spec is not None and self._spec(change).fields != self._base.spec().fields:
            self._set_spec(change)
        if change.sort_order is not None and self._order(change).fields != self._base.sort_order().fields:
            self._set_order(change)
        if change.location is not None and change.location.rstrip("/") != self._base.location.rstrip("/"):
            self._set_location(change)
        if any(self._base.properties.get(key) != value for key, value in change.properties.items()):
            self._set_properties(change)

    def _schema(self, change: Change) -> Schema:
        number = max(each.schema_id for each in self._schemas) + 1
        asked = Schema(**{**_needed(change.schema, "Schema"), "schema-id": number})
        return next((each for each in self._schemas if each == asked), asked)

    def _add_schema(self, change: Change) -> None:
        schema = self._schema(change)
        if schema not in self._schemas:
            self._schemas.append(schema)
            self.updates.append(AddSchemaUpdate(schema=schema))

    def _set_schema(self, change: Change) -> None:
        self._add_schema(change)
        self.updates.append(SetCurrentSchemaUpdate.model_validate({"schema-id": self._schema(change).schema_id}))

    def _spec(self, change: Change) -> PartitionSpec:
        number = max(each.spec_id for each in self._specs) + 1
        known = [each for spec in self._specs for each in spec.fields]
        last = max([PARTITION_FIELD_ID_START - 1, *(each.field_id for each in known)])
        asked = partition_spec(_needed(change.partition_spec, "PartitionSpec"), number, known, last)
        return next((each for each in self._specs if each.fields == asked.fields), asked)

    def _add_spec(self, change: Change) -> None:
        spec = self._spec(change)
        if spec not in self._specs:
            self._specs.append(spec)
            self.updates.append(AddPartitionSpecUpdate(spec=spec))

    def _set_spec(self, change: Change) -> None:
        self._add_spec(change)
        self.updates.append(SetDefaultSpecUpdate.model_validate({"spec-id": self._spec(change).spec_id}))

    def _order(self, change: Change) -> SortOrder:
        number = max([UNSORTED, *(each.order_id for each in self._orders)]) + 1
        asked = sort_order(_needed(change.sort_order, "SortOrder"), number)
        return next((each for each in self._orders if each.fields == asked.fields), asked)

    def _add_order(self, change: Change) -> None:
        order = self._order(change)
        if order not in self._orders:
            self._orders.append(order)
            self.updates.append(AddSortOrderUpdate.model_validate({"sort-order": order}))

    def _set_order(self, change: Change) -> None:
        self._add_order(change)
        self.updates.append(SetDefaultSortOrderUpdate.model_validate({"sort-order-id": self._order(change).order_id}))

    def _set_location(self, change: Change) -> None:
        self.updates.append(SetLocationUpdate(location=_needed(change.location, "Location").rstrip("/")))

    def _set_properties(self, change: Change) -> None:
        self.updates.append(SetPropertiesUpdate(updates=dict(change.properties)))

    def _remove_properties(self, change: Change) -> None:
        self.updates.append(RemovePropertiesUpdate(removals=list(change.properties)))


def _needed(value: Any, name: str) -> Any:
    if value is None:
        raise Invalid(f"The update of the Iceberg table needs {name}.")
    return value


def _check_evolution(before: Schema, after: Schema) -> None:
    """Files that are there must still be readable (Iceberg Table Spec, Schema Evolution). Raises Invalid."""
    for number in after.field_ids:
        new = after.find_field(number)
        if number not in before.field_ids:
            if new.required and new.initial_default is None:
                raise Invalid(f"Field {new.name} is new, and so cannot be required: the rows that are there lack it.")
            continue
        old = before.find_field(number)
        if new.required and old.optional:
            raise Invalid(f"Field {new.name} is optional, and cannot become required.")
        if not _may_become(old.field_type, new.field_type):
            raise Invalid(f"Field {new.name} is of the type {old.field_type}, and cannot become {new.field_type}.")


def _may_become(old: IcebergType, new: IcebergType) -> bool:
    if not (old.is_primitive and new.is_primitive):
        # The fields within are looked at by themselves.
        return type(old) is type(new)
    if isinstance(old, DecimalType) and isinstance(new, DecimalType):
        return old.scale == new.scale and old.precision <= new.precision
    return old == new or (type(old), type(new)) in ((IntegerType, LongType), (FloatType, DoubleType))
