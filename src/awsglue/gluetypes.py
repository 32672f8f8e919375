"""The types of a DynamicFrame's schema ("PySpark extension types" of the AWS Glue Developer Guide).

They are Spark's types and one more: a `ChoiceType`, of a field that has values of several types.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.properties})"


class AtomicType(DataType):
    """The base of the types without parts."""

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "AtomicType":
        """The type that `jsonValue` gave."""
        return cls(json_value.get("properties"))


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
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "DecimalType":
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
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> "EnumType":
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
        return self.getField(field) is not None

    def getField(self, field: "str | Field") -> Field | None:
        """The field of this name, or None."""
        return self.field_map.get(field.name if isinstance(field, Field) else field)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def jsonValue(self) -> dict[str, Any]:
        return {**super().jsonValue(), "fields": [field.jsonValue() for field in self.fields]}

    def __repr__(self) -> str:
        return f"StructType({self.fields!r}, {self.properties})"


ATOMIC: dict[str, type[AtomicType]] = {
    kind.typeName(): kind
    for kind in (
        BinaryType, BooleanType, ByteType, ShortType, IntegerType, LongType, FloatType, DoubleType, StringType,
        DateType, TimestampType, NullType, UnknownType, DecimalType, EnumType,
    )
}  # fmt: skip
"""The types without parts, by their names."""


def fromJsonValue(value: Mapping[str, Any]) -> DataType:
    """The type that `DataType.jsonValue` gave. Raises ValueError for a name that is no type's."""
    name, properties = value["dataType"], value.get("properties")
    if name == "struct":
        fields = [Field(f["name"], fromJsonValue(f["container"]), f.get("properties")) for f in value["fields"]]
        return StructType(fields, properties)
    if name == "array":
        return ArrayType(fromJsonValue(value["elementType"]), properties)
    if name == "map":
        key = value.get("keyType")
        return MapType(fromJsonValue(value["valueType"]), properties, fromJsonValue(key) if key else None)
    if name == "choice":
        return ChoiceType([fromJsonValue(choice) for choice in value["choices"]], properties)
    if name not in ATOMIC:
        raise ValueError(f"{name} is not a Glue type.")
    return ATOMIC[name].fromJsonValue(value)
