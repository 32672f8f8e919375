"""Column types in Hive's words, which the Data Catalog keeps, and in Iceberg's (Iceberg Table Spec, Data Types)."""

import re
from collections.abc import Iterable, Mapping
from itertools import count

from pyiceberg.schema import Schema, SchemaVisitor, assign_fresh_schema_ids, visit
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    PrimitiveType,
    StringType,
    StructType,
    TimestampNanoType,
    TimestampType,
    TimestamptzNanoType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from studiolo.catalog import Column
from studiolo.domain import Invalid

DEEPEST = 50
_TOKEN = re.compile(r"\s*([<>(),:]|`[^`]*`|[^<>(),:`]+)")
_FROM_HIVE: Mapping[str, PrimitiveType] = {
    "boolean": BooleanType(),
    "tinyint": IntegerType(),
    "smallint": IntegerType(),
    "int": IntegerType(),
    "integer": IntegerType(),
    "bigint": LongType(),
    "long": LongType(),
    "float": FloatType(),
    "double": DoubleType(),
    "string": StringType(),
    "char": StringType(),
    "varchar": StringType(),
    "date": DateType(),
    "time": TimeType(),
    "timestamp": TimestampType(),
    "timestamptz": TimestamptzType(),
    "timestamp with local time zone": TimestamptzType(),
    "binary": BinaryType(),
    "uuid": UUIDType(),
}
_TO_HIVE: Mapping[type[IcebergType], str] = {
    BooleanType: "boolean",
    IntegerType: "int",
    LongType: "bigint",
    FloatType: "float",
    DoubleType: "double",
    DateType: "date",
    TimeType: "string",
    StringType: "string",
    UUIDType: "string",
    TimestampType: "timestamp",
    TimestamptzType: "timestamp",
    TimestampNanoType: "timestamp",
    TimestamptzNanoType: "timestamp",
    FixedType: "binary",
    BinaryType: "binary",
}


def schema_of(columns: Iterable[Column]) -> Schema:
    """The schema of columns as Hive describes them, all optional, with ids from 1 on. Raises Invalid."""
    ids = count(1)
    fields = [
        NestedField(next(ids), each.name, _Reader(each, ids).whole(), required=False, doc=each.comment)
        for each in columns
    ]
    return assign_fresh_schema_ids(Schema(*fields))


def columns_of(metadata: TableMetadata) -> tuple[Column, ...]:
    """The columns as engines write them into the catalog: the present ones first, then those of earlier schemas."""
    found: dict[str, Column] = {}
    earlier = [schema for schema in metadata.schemas if schema.schema_id != metadata.current_schema_id]
    for schema in (metadata.schema(), *earlier):
        current = schema.schema_id == metadata.current_schema_id
        for field in schema.columns:
            parameters = {
                "iceberg.field.id": str(field.field_id),
                "iceberg.field.optional": str(field.optional).lower(),
                "iceberg.field.current": str(current).lower(),
            }
            kind: str = visit(field.field_type, _HiveType())
            found.setdefault(field.name, Column(field.name, kind, field.doc, parameters))
    return tuple(found.values())


class _HiveType(SchemaVisitor[str]):
    """A type as Hive writes it."""

    def schema(self, schema: Schema, struct_result: str) -> str:
        return struct_result

    def struct(self, struct: StructType, field_results: list[str]) -> str:
        return f"struct<{','.join(field_results)}>"

    def field(self, field: NestedField, field_result: str) -> str:
        return f"{field.name}:{field_result}"

    def list(self, list_type: ListType, element_result: str) -> str:
        return f"array<{element_result}>"

    def map(self, map_type: MapType, key_result: str, value_result: str) -> str:
        return f"map<{key_result},{value_result}>"

    def primitive(self, primitive: PrimitiveType) -> str:
        return _TO_HIVE.get(type(primitive)) or f"{primitive}".replace(" ", "")


class _Reader:
    """Reads a type: a name, `decimal(10,2)`, `array<type>`, `map<type,type>` or `struct<name:type,…>`."""

    def __init__(self, column: Column, ids: "count[int]") -> None:
        self._column = column
        self._ids = ids
        tokens: list[str] = [token.strip().strip("`") for token in _TOKEN.findall(column.type or "string")]
        # Backward: the next one is the last.
        self._tokens = tokens[::-1]

    def whole(self) -> IcebergType:
        """Raises Invalid."""
        kind = self._type(0)
        if self._tokens:
            raise self._unreadable()
        return kind

    def _type(self, depth: int) -> IcebergType:
        name = self._take().lower()
        if depth > DEEPEST:
            raise self._unreadable()
        if name in ("array", "map", "struct"):
            self._expect("<")
            kind = self._nested(name, depth + 1)
            self._expect(">")
            return kind
        numbers = self._numbers()
        if name == "decimal":
            return self._decimal(numbers)
        if name not in _FROM_HIVE:
            raise self._unreadable()
        return _FROM_HIVE[name]

    def _nested(self, name: str, depth: int) -> IcebergType:
        if name == "array":
            return ListType(element_id=next(self._ids), element=self._type(depth), element_required=False)
        if name == "map":
            key = self._type(depth)
            self._expect(",")
            value = self._type(depth)
            return MapType(next(self._ids), key, next(self._ids), value, value_required=False)
        fields = [self._field(depth)]
        while self._tokens[-1:] == [","]:
            self._take()
            fields.append(self._field(depth))
        return StructType(*fields)

    def _field(self, depth: int) -> NestedField:
        name = self._take()
        self._expect(":")
        return NestedField(next(self._ids), name, self._type(depth), required=False)

    def _numbers(self) -> list[str]:
        found: list[str] = []
        if self._tokens[-1:] == ["("]:
            self._take()
            while self._tokens[-1:] != [")"]:
                found.append(self._take())
            self._take()
        return [each for each in found if each != ","]

    def _decimal(self, numbers: list[str]) -> IcebergType:
        try:
            precision, scale = (int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 0) if numbers else (10, 0)
        except ValueError:
            raise self._unreadable() from None
        if not 1 <= precision <= 38 or not 0 <= scale <= precision:
            raise self._unreadable()
        return DecimalType(precision, scale)

    def _expect(self, mark: str) -> None:
        if self._take() != mark:
            raise self._unreadable()

    def _take(self) -> str:
        if not self._tokens:
            raise self._unreadable()
        return self._tokens.pop()

    def _unreadable(self) -> Invalid:
        return Invalid(f"Column {self._column.name} has the type {self._column.type!r}, which Iceberg does not have.")
