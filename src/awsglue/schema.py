"""Glue's schemas and Spark's: one from the other, and as people read them.

A choice is stored as a struct with one member a type, named as the type; at most one of them is not null.
"""

from functools import lru_cache

from pyspark.sql import types as spark
from pyspark.sql.types import _parse_datatype_string

from awsglue import gluetypes as glue

PAIRS: tuple[tuple[type[glue.AtomicType], type[spark.DataType]], ...] = (
    (glue.BinaryType, spark.BinaryType),
    (glue.BooleanType, spark.BooleanType),
    (glue.ByteType, spark.ByteType),
    (glue.ShortType, spark.ShortType),
    (glue.IntegerType, spark.IntegerType),
    (glue.LongType, spark.LongType),
    (glue.FloatType, spark.FloatType),
    (glue.DoubleType, spark.DoubleType),
    (glue.DateType, spark.DateType),
    (glue.TimestampType, spark.TimestampType),
    (glue.NullType, spark.NullType),
    (glue.StringType, spark.StringType),
    (glue.EnumType, spark.StringType),
    (glue.UnknownType, spark.NullType),
)
"""The types without parts: Glue's and Spark's."""

SAME = frozenset({"struct", "array", "map"})
"""Target types that name a kind without its parts: what is there stays as it is."""


def to_spark(kind: glue.DataType) -> spark.DataType:
    """Spark's type for one of Glue's."""
    if isinstance(kind, glue.StructType):
        return spark.StructType([spark.StructField(field.name, to_spark(field.dataType)) for field in kind])
    if isinstance(kind, glue.ArrayType):
        return spark.ArrayType(to_spark(kind.elementType))
    if isinstance(kind, glue.MapType):
        return spark.MapType(to_spark(kind.keyType), to_spark(kind.valueType))
    if isinstance(kind, glue.ChoiceType):
        members = kind.choices.items()
        return spark.StructType([spark.StructField(name, to_spark(member)) for name, member in members])
    if isinstance(kind, glue.DecimalType):
        return spark.DecimalType(kind.precision, kind.scale)
    return next(theirs for ours, theirs in PAIRS if isinstance(kind, ours))()


def from_spark(kind: spark.DataType) -> glue.DataType:
    """Glue's type for one of Spark's. Raises ValueError for one that Glue does not have."""
    if isinstance(kind, spark.StructType):
        return glue.StructType([glue.Field(field.name, from_spark(field.dataType)) for field in kind.fields])
    if isinstance(kind, spark.ArrayType):
        return glue.ArrayType(from_spark(kind.elementType))
    if isinstance(kind, spark.MapType):
        return glue.MapType(from_spark(kind.valueType), keyType=from_spark(kind.keyType))
    if isinstance(kind, spark.DecimalType):
        return glue.DecimalType(kind.precision, kind.scale)
    if isinstance(kind, (spark.TimestampNTZType, spark.VarcharType, spark.CharType)):
        return glue.TimestampType() if isinstance(kind, spark.TimestampNTZType) else glue.StringType()
    for ours, theirs in PAIRS:
        if isinstance(kind, theirs):
            return ours()
    raise ValueError(f"A DynamicFrame has no type for Spark's {kind.simpleString()}: cast the column first.")


def struct_from_spark(schema: spark.StructType) -> glue.StructType:
    """The Glue schema of a DataFrame's."""
    return glue.StructType([glue.Field(field.name, from_spark(field.dataType)) for field in schema.fields])


@lru_cache(maxsize=4096)
def _parsed(text: str) -> spark.DataType:
    """A type of Spark's by its name, which the JVM reads: thousands of fields have a few types between them."""
    return _parse_datatype_string(text)


def parse_type(text: str, source: glue.DataType) -> glue.DataType:
    """The type named by a mapping or an action: Glue's, Hive's and Spark's names, in any case.

    `struct`, `array` and `map` alone mean the source's own type. Raises ValueError when it is no type's name.
    """
    name = text.strip().lower()
    if name in SAME:
        return source
    if name == "decimal":
        return glue.DecimalType()
    if name in ("null", "void"):
        return glue.NullType()
    try:
        return from_spark(_parsed(text.strip()))
    except Exception as error:
        raise ValueError(f"{text!r} is not a type.") from error


def tree(schema: glue.StructType) -> str:
    """The schema as `printSchema` shows it."""
    return "\n".join(["root", *_fields(schema, "")])


def _fields(schema: glue.StructType, indent: str) -> list[str]:
    return [line for field in schema for line in _lines(field.name, field.dataType, indent)]


def _lines(name: str, kind: glue.DataType, indent: str) -> list[str]:
    return [f"{indent}|-- {name}: {type_name(kind)}", *_parts(kind, indent + "|    ")]


def _parts(kind: glue.DataType, indent: str) -> list[str]:
    if isinstance(kind, glue.StructType):
        return _fields(kind, indent)
    if isinstance(kind, glue.ArrayType):
        return _lines("element", kind.elementType, indent)
    if isinstance(kind, glue.MapType):
        return [*_lines("keyType", kind.keyType, indent), *_lines("valueType", kind.valueType, indent)]
    lines = []
    if isinstance(kind, glue.ChoiceType):
        for member in kind.choices.values():
            lines += [f"{indent}|-- {type_name(member)}", *_parts(member, indent + "|    ")]
    return lines


def type_name(kind: glue.DataType) -> str:
    """A type's name as people read it."""
    if isinstance(kind, glue.DecimalType):
        return f"decimal({kind.precision},{kind.scale})"
    return kind.typeName()
