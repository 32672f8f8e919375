"""Shapes, which workers speak, and Glue's types: one from the other."""

from pyspark import cloudpickle

from awsglue import gluetypes as glue
from awsglue import records
from awsglue.records import Shape

# Workers may lack this package: what runs there goes with what is sent to them.
cloudpickle.register_pickle_by_value(records)

ATOMIC: dict[str, glue.DataType] = {
    kind.typeName(): kind
    for kind in (
        glue.BinaryType(),
        glue.BooleanType(),
        glue.ByteType(),
        glue.ShortType(),
        glue.IntegerType(),
        glue.LongType(),
        glue.FloatType(),
        glue.DoubleType(),
        glue.StringType(),
        glue.DateType(),
        glue.TimestampType(),
    )
}


def type_of(shape: Shape) -> glue.DataType:
    """The type of values of this shape: a choice when there are several kinds."""
    kinds = [_kind(name, detail) for name, detail in shape.items()]
    if not kinds:
        return glue.NullType()
    return kinds[0] if len(kinds) == 1 else glue.ChoiceType(kinds)


def _kind(name: str, detail: object) -> glue.DataType:
    if name == "struct":
        assert isinstance(detail, dict)
        return glue.StructType([glue.Field(field, type_of(shape)) for field, shape in detail.items()])
    if name == "array":
        assert isinstance(detail, dict)
        return glue.ArrayType(type_of(detail))
    if name == "map":
        assert isinstance(detail, dict)
        return glue.MapType(type_of(detail))
    if name == "decimal":
        assert isinstance(detail, tuple)
        return glue.DecimalType(*detail)
    return ATOMIC[name]


def struct_of(shape: Shape) -> glue.StructType:
    """The schema of records of this shape."""
    kind = type_of(shape)
    return kind if isinstance(kind, glue.StructType) else glue.StructType()


def shape_of_type(kind: glue.DataType) -> Shape:
    """The shape of all values of a type."""
    if isinstance(kind, glue.ChoiceType):
        return {name: shape_of_type(member)[name] for name, member in kind.choices.items()}
    if isinstance(kind, glue.StructType):
        return {"struct": {field.name: shape_of_type(field.dataType) for field in kind}}
    if isinstance(kind, glue.ArrayType):
        return {"array": shape_of_type(kind.elementType)}
    if isinstance(kind, glue.MapType):
        return {"map": shape_of_type(kind.valueType)}
    if isinstance(kind, glue.DecimalType):
        return {"decimal": (kind.precision, kind.scale)}
    if isinstance(kind, (glue.NullType, glue.UnknownType)):
        return {}
    return {"string" if isinstance(kind, glue.EnumType) else kind.typeName(): None}


def settle(shape: Shape, hint: Shape) -> Shape:
    """What a function made, and where it left nothing but nulls, the kinds that were there before."""
    if not shape:
        return hint
    settled = dict(shape)
    for kind in ("struct", "array", "map"):
        if kind in shape and kind in hint:
            settled[kind] = (
                {name: settle(part, hint[kind].get(name, {})) for name, part in shape[kind].items()}
                if kind == "struct"
                else settle(shape[kind], hint[kind])
            )
    return settled
