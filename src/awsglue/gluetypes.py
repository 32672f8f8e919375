"""The types of a DynamicFrame's schema ("PySpark extension types" of the AWS Glue Developer Guide).

They are Spark's types and one more: a `ChoiceType`, of a field that has values of several types.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from awsglue.records import DynamicRecord as DynamicRecord

if TYPE_CHECKING:
    from typing_extensions import Self


class DataType:
    """The base of all types. `properties` are free-form remarks on a type."""

    def __init__(self, properties: Mapping[str, Any] | None = None) -> None:
        self.properties = dict(properties or {})

    @classmethod
    def typeName(cls) -> str:
        """The class's name in lower case, without `Type`, and with Glue's short names: `int`, not `integer`."""
        name = cls.__name__.removesuffix("Type").lower()
        return {"integer": "int"}.get(name, name)

    def jsonValue(self) -> dict[str, Any]:
        """The type as a JSON object: `{"dataType": name, "properties": {}}` and what the type has besides."""
        return {"dataType": self.typeName(), "properties": self.properties}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        """The type that `jsonValue` gave."""
        return cls(json_value.get("properties"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.properties})"


class AtomicType(DataType):
    """The base of the types without parts."""


class BinaryType(AtomicType):
    """Bytes."""


class BooleanType(AtomicType):
    """True or false."""


class ByteType(AtomicType):
    """An 8-bit integer."""


class ShortType(AtomicType):
    """A 16-bit integer."""


class IntegerType(AtomicType):
    """A 32-bit integer."""


class LongType(AtomicType):
    """A 64-bit integer."""


class FloatType(AtomicType):
    """A 32-bit floating-point number."""


class DoubleType(AtomicType):
    """A 64-bit floating-point number."""


class StringType(AtomicType):
    """Text."""


class DateType(AtomicType):
    """A day."""


class TimestampType(AtomicType):
    """A moment."""


class NullType(AtomicType):
    """The type of a field in which every value is null."""


class UnknownType(AtomicType):
    """A type that was not identified."""


class DecimalType(AtomicType):
    """A number of `precision` decimal digits, `scale` of them after the point."""

    def __init__(self, precision: int = 10, scale: int = 2, properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.precision = precision
        self.scale = scale

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        return cls(json_value.get("precision", 10), json_value.get("scale", 2), json_value.get("properties"))

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "precision": self.precision, "scale": self.scale}

    def __repr__(self) -> str:
        return f"DecimalType({self.precision}, {self.scale}, {self.properties})"


class EnumType(AtomicType):
    """Text of which all values are known."""

    def __init__(self, options: Iterable[str], properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.options = list(options)

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        return cls(json_value["options"], json_value.get("properties"))

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "options": self.options}


class ArrayType(DataType):
    """A list of values of one type."""

    def __init__(self, elementType: DataType | None = None, properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.elementType = elementType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "elementType": self.elementType.jsonValue()}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        return cls(fromJsonValue(json_value["elementType"]), json_value.get("properties"))

    def __repr__(self) -> str:
        return f"ArrayType({self.elementType!r}, {self.properties})"


class MapType(DataType):
    """Values of one type by keys; Glue's keys are text, Spark's may be of another type."""

    def __init__(
        self,
        valueType: DataType | None = None,
        properties: Mapping[str, Any] | None = None,
        keyType: DataType | None = None,
    ) -> None:
        super().__init__(properties)
        self.keyType = keyType or StringType()
        self.valueType = valueType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "keyType": self.keyType.jsonValue(), "valueType": self.valueType.jsonValue()}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        key = json_value.get("keyType")
        kinds = (fromJsonValue(json_value["valueType"]), json_value.get("properties"))
        return cls(*kinds, fromJsonValue(key) if key else None)

    def __repr__(self) -> str:
        return f"MapType({self.valueType!r}, {self.properties})"


class ChoiceType(DataType):
    """Several types, one of which each value has: one a kind, in the order of their names."""

    def __init__(self, choices: Iterable[DataType] = (), properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.choices: dict[str, DataType] = {}
        self.merge(choices)

    def add(self, new_choice: DataType) -> None:
        """One more possible type. Raises ValueError when there is one of its kind."""
        name = new_choice.typeName()
        if name in self.choices:
            raise ValueError(f"The choice has a type {name} already.")
        self.choices = dict(sorted({**self.choices, name: new_choice}.items()))

    def merge(self, new_choices: Iterable[DataType]) -> None:
        """More possible types; those of a choice among them are added one by one, and known kinds are left."""
        for choice in new_choices:
            if isinstance(choice, ChoiceType):
                self.merge(choice.choices.values())
            elif choice.typeName() not in self.choices:
                self.add(choice)

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "choices": [choice.jsonValue() for choice in self.choices.values()]}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        return cls([fromJsonValue(choice) for choice in json_value["choices"]], json_value.get("properties"))

    def __repr__(self) -> str:
        return f"ChoiceType({list(self.choices.values())!r}, {self.properties})"


class Field:
    """A named type in a struct."""

    def __init__(self, name: str, dataType: DataType, properties: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.dataType = dataType
        self.properties = dict(properties or {})

    def jsonValue(self) -> dict[str, Any]:
        """`{"name": name, "container": the type, "properties": {}}`"""
        return {"name": self.name, "container": self.dataType.jsonValue(), "properties": self.properties}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        """The field that `jsonValue` gave."""
        return cls(json_value["name"], fromJsonValue(json_value["container"]), json_value.get("properties"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.dataType!r}, {self.properties})"


class StructType(DataType):
    """Named fields, in order."""

    def __init__(self, fields: Iterable[Field] = (), properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.fields = list(fields)

    @property
    def field_map(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    def add(self, field: Field) -> None:
        """One more field. Raises ValueError when there is one of its name."""
        if self.hasField(field):
            raise ValueError(f"The struct has a field {field.name} already.")
        self.fields.append(field)

    def hasField(self, field: "str | Field") -> bool:
        """Whether there is a field of this name."""
        return (field.name if isinstance(field, Field) else field) in self.field_map

    def getField(self, field: "str | Field") -> Field:
        """The field of this name. Raises KeyError."""
        return self.field_map[field.name if isinstance(field, Field) else field]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "fields": [field.jsonValue() for field in self.fields]}

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "Self":
        return cls([Field.fromJsonValue(field) for field in json_value["fields"]], json_value.get("properties"))

    def __repr__(self) -> str:
        return f"StructType({self.fields!r}, {self.properties})"


KINDS: dict[str, type[DataType]] = {
    kind.typeName(): kind
    for kind in (
        BinaryType, BooleanType, ByteType, ShortType, IntegerType, LongType, FloatType, DoubleType, StringType,
        DateType, TimestampType, NullType, UnknownType, DecimalType, EnumType, ArrayType, MapType, ChoiceType, StructType,
    )
}  # fmt: skip
"""The types by their names."""


def fromJsonValue(value: Mapping[str, Any]) -> DataType:
    """The type that `DataType.jsonValue` gave. Raises ValueError for a name that is no type's."""
    if value["dataType"] not in KINDS:
        raise ValueError(f"{value['dataType']} is not a Glue type.")
    return KINDS[value["dataType"]].fromJsonValue(value)


def choices_of(kind: DataType) -> list[DataType]:
    """The types that a value may have: a choice's, or the one."""
    return list(kind.choices.values()) if isinstance(kind, ChoiceType) else [kind]


def mergeDataTypes(s1: DataType, s2: DataType) -> DataType:
    """The type of a field that has values of both: structs and arrays merge, what else differs is a choice."""
    members: dict[str, DataType] = {}
    for kind in (*choices_of(s1), *choices_of(s2)):
        name = kind.typeName()
        members[name] = _merge(members[name], kind) if name in members else kind
    if len(members) > 1:
        members = {name: kind for name, kind in members.items() if not isinstance(kind, (NullType, UnknownType))}
    if len(members) == 1:
        return next(iter(members.values()))
    return ChoiceType(members.values()) if members else NullType()


def _merge(first: DataType, second: DataType) -> DataType:
    """Two types of one kind as one."""
    if isinstance(first, StructType) and isinstance(second, StructType):
        return merge_structs(first, second)
    if isinstance(first, ArrayType) and isinstance(second, ArrayType):
        return ArrayType(mergeDataTypes(first.elementType, second.elementType))
    if isinstance(first, MapType) and isinstance(second, MapType):
        return MapType(mergeDataTypes(first.valueType, second.valueType), keyType=first.keyType)
    if isinstance(first, DecimalType) and isinstance(second, DecimalType):
        scale = max(first.scale, second.scale)
        whole = max(first.precision - first.scale, second.precision - second.scale)
        return DecimalType(min(38, whole + scale), scale)
    return first


def merge_structs(first: StructType, second: StructType) -> StructType:
    """The fields of both, the first's first."""
    fields = {field.name: field.dataType for field in first}
    for field in second:
        known = fields.get(field.name)
        fields[field.name] = mergeDataTypes(known, field.dataType) if known is not None else field.dataType
    return StructType([Field(name, kind) for name, kind in fields.items()])
