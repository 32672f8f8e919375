"""Columns of a DynamicFrame and what transforms do to them: find a path, change it, cast, fit another type."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType as SparkType
from pyspark.sql.types import StringType as SparkString

from awsglue import gluetypes as glue
from awsglue.schema import to_spark, type_name


@dataclass(frozen=True)
class Node:
    """A named value in a record: the expression that gives it, and its type.

    The expression is SQL where it can be, which costs nothing until Spark reads it: each Column that Python makes is a
    dozen calls of the JVM, and a record may have thousands of fields.
    """

    name: str
    expression: Column | str
    kind: glue.DataType

    @cached_property
    def column(self) -> Column:
        """The expression as Spark's."""
        return F.expr(self.expression) if isinstance(self.expression, str) else self.expression

    @property
    def sql(self) -> str | None:
        """The expression as SQL, if it is such."""
        return self.expression if isinstance(self.expression, str) else None


Edit = Callable[[Node], Sequence[Node]]
"""What becomes of a node: nothing, another, or several in its place."""

CAST = "try_cast" if hasattr(Column, "try_cast") else "cast"
"""Gives null for what is no such value: `cast` does where Spark's SQL is not ANSI's, and raises in Spark 4, where it is."""
NUMBERS = (glue.ByteType, glue.ShortType, glue.IntegerType, glue.LongType, glue.FloatType, glue.DoubleType,
           glue.DecimalType)  # fmt: skip
COMPLEX = (glue.StructType, glue.ArrayType, glue.MapType)


def split_path(path: str) -> list[str]:
    """The names along a path: dots part them, backticks hold a name with dots together, `[]` after an array is optional."""
    names = re.findall(r"`((?:[^`]|``)*)`|([^.`]+)", path)
    found = [quoted.replace("``", "`") or plain.removesuffix("[]") for quoted, plain in names]
    return [name for name in found if name]


def top(name: str) -> Column:
    """The column of this very name, whatever characters it has."""
    return F.col(quoted(name))


def quoted(name: str) -> str:
    """A name in SQL."""
    return "`" + name.replace("`", "``") + "`"


def nodes_of(schema: glue.StructType) -> list[Node]:
    """A frame's columns."""
    return [Node(field.name, quoted(field.name), field.dataType) for field in schema]


def members(node: Node) -> list[Node]:
    """The fields of a struct, or the possible values of a choice."""
    if isinstance(node.kind, glue.StructType):
        if node.sql:
            return [Node(field.name, f"{node.sql}.{quoted(field.name)}", field.dataType) for field in node.kind]
        return [Node(field.name, node.column.getField(field.name), field.dataType) for field in node.kind]
    if isinstance(node.kind, glue.ChoiceType):
        return [Node(name, node.column.getField(name), kind) for name, kind in node.kind.choices.items()]
    return [node]


def packed(nodes: Sequence[Node]) -> Column | str:
    """The nodes as one struct: SQL where all of them are."""
    if all(node.sql and not set(node.name) & {"'", "\\"} for node in nodes):
        parts = [f"'{node.name}', {node.sql}" for node in nodes]
        return f"named_struct({', '.join(parts)})"
    return pack(nodes)


def pack(nodes: Sequence[Node]) -> Column:
    """The nodes as one struct."""
    return F.struct(*[node.column.alias(node.name) for node in nodes])


def kept_null(original: Column, built: Column) -> Column:
    """What was built of a value, and null where the value was."""
    return F.when(original.isNotNull(), built)


def path_in(nodes: Sequence[Node], path: str) -> list[str]:
    """The path's names; a top-level name that is spelled as the path is wins over a nested field.

    Raises ValueError for a path without a name.
    """
    names = [path] if any(node.name == path for node in nodes) else split_path(path)
    if not names:
        raise ValueError(f"{path!r} is not the path of a field.")
    return names


def edit(nodes: Sequence[Node], path: Sequence[str], change: Edit) -> list[Node]:
    """The nodes with those at the path changed: through structs, the elements of arrays, and choices of these."""
    edited: list[Node] = []
    for node in nodes:
        if node.name != path[0]:
            edited.append(node)
        elif len(path) == 1:
            edited += change(node)
        else:
            edited += _edit_inside(node, path[1:], change)
    return edited


def _edit_inside(node: Node, path: Sequence[str], change: Edit) -> list[Node]:
    """The node with what is under it changed; none when a struct has lost its last field."""
    if isinstance(node.kind, glue.StructType):
        fields = edit(members(node), path, change)
        if not fields:
            return []
        return [Node(node.name, kept_null(node.column, pack(fields)), struct_type(fields))]
    if isinstance(node.kind, glue.ArrayType):
        return edit_elements(node, lambda element: _edit_inside(element, path, change))
    if isinstance(node.kind, glue.ChoiceType):
        inner = [part for member in members(node) for part in _choice_inside(member, path, change)]
        return [Node(node.name, kept_null(node.column, pack(inner)), glue.ChoiceType([part.kind for part in inner]))]
    return [node]


def _choice_inside(member: Node, path: Sequence[str], change: Edit) -> list[Node]:
    return _edit_inside(member, path, change) if isinstance(member.kind, COMPLEX) else [member]


def edit_elements(node: Node, change: Edit) -> list[Node]:
    """The array with each element changed; none when nothing is left of an element."""
    assert isinstance(node.kind, glue.ArrayType)
    element_kind = node.kind.elementType
    kinds: list[glue.DataType] = []

    def changed(element: Column) -> Column:
        after = change(Node("element", element, element_kind))
        kinds.extend(part.kind for part in after)
        return after[0].column if after else F.lit(None)

    column = F.transform(node.column, changed)
    return [Node(node.name, column, glue.ArrayType(kinds[0]))] if kinds else []


def struct_type(nodes: Sequence[Node]) -> glue.StructType:
    """The struct type of the nodes."""
    return glue.StructType([glue.Field(node.name, node.kind) for node in nodes])


def find(nodes: Sequence[Node], path: Sequence[str], *, case_sensitive: bool = False) -> Node | None:
    """The node at a path, or None. Beyond an array the values of its elements come as an array."""
    for node in nodes:
        if node.name == path[0]:
            return node if len(path) == 1 else _find_inside(node, path[1:], case_sensitive)
    if case_sensitive:
        return None
    folded = [node for node in nodes if node.name.lower() == path[0].lower()]
    return find(folded, [folded[0].name, *path[1:]]) if folded else None


def _find_inside(node: Node, path: Sequence[str], case_sensitive: bool) -> Node | None:
    if isinstance(node.kind, glue.ArrayType):
        kinds: list[glue.DataType] = []
        element_kind = node.kind.elementType

        def within(element: Column) -> Column:
            found = _find_inside(Node("element", element, element_kind), path, case_sensitive)
            kinds.extend([found.kind] if found else [])
            return found.column if found else F.lit(None)

        column = F.transform(node.column, within)
        return Node(path[-1], column, glue.ArrayType(kinds[0])) if kinds else None
    if isinstance(node.kind, glue.ChoiceType):
        complex_members = [member for member in members(node) if isinstance(member.kind, COMPLEX)]
        inside = (_find_inside(member, path, case_sensitive) for member in complex_members)
        return next((found for found in inside if found), None)
    if not isinstance(node.kind, glue.StructType):
        return None
    return find(members(node), path, case_sensitive=case_sensitive)


def cast(node: Node, target: glue.DataType) -> Column:
    """The value as the target type, null where it cannot be; of a choice, whichever value there is."""
    if isinstance(node.kind, glue.ChoiceType):
        values = [cast(member, target) for member in members(node)]
        return F.coalesce(*values) if len(values) > 1 else values[0]
    if node.kind == target:
        return node.column
    if isinstance(node.kind, glue.NullType):
        return F.lit(None).cast(to_spark(target))
    if isinstance(node.kind, COMPLEX):
        if isinstance(target, glue.StringType):
            return F.to_json(node.column)
        return fit(node.column, node.kind, target) if type(node.kind) is type(target) else _nothing(target)
    if isinstance(target, COMPLEX):
        return _nothing(target)
    if isinstance(node.kind, glue.DateType) and (isinstance(target, glue.BooleanType) or _numeric(target)):
        return _nothing(target)
    if isinstance(target, (glue.DateType, glue.TimestampType, glue.BooleanType)) and _numeric(node.kind):
        return _nothing(target) if isinstance(target, glue.DateType) else tried(node.column, to_spark(target))
    return tried(node.column, to_spark(target))


def tried(column: Column, kind: SparkType) -> Column:
    """The value as that type, null where it cannot be."""
    cast: Callable[[Column, SparkType], Column] = getattr(Column, CAST)
    return cast(column, kind)


def as_type(node: Node, target: glue.DataType) -> Node:
    """The node cast to a type."""
    if node.sql and (node.kind == target or (_castable(node.kind) and _castable(target))):
        kind = to_spark(target).simpleString()
        return Node(node.name, node.sql if node.kind == target else f"{CAST}({node.sql} as {kind})", target)
    return Node(node.name, cast(node, target), target)


def _castable(kind: glue.DataType) -> bool:
    """Whether Spark's cast alone makes one such type of another."""
    return isinstance(kind, (glue.StringType, *NUMBERS))


def _numeric(kind: glue.DataType) -> bool:
    return isinstance(kind, NUMBERS)


def _nothing(kind: glue.DataType) -> Column:
    return F.lit(None).cast(to_spark(kind))


def fit(column: Column, have: glue.DataType, want: glue.DataType) -> Column:
    """The values of one type as those of another that can hold them: fields added, wrapped as a choice, or cast."""
    if have == want:
        return column
    if isinstance(want, glue.ChoiceType):
        return _as_choice(Node("", column, have), want)
    if isinstance(have, glue.StructType) and isinstance(want, glue.StructType):
        known = {node.name: node for node in members(Node("", column, have))}
        fields = [Node(field.name, _field(known, field), field.dataType) for field in want]
        return kept_null(column, pack(fields))
    if isinstance(have, glue.ArrayType) and isinstance(want, glue.ArrayType):
        inner, outer = have.elementType, want.elementType
        return F.transform(column, lambda element: fit(element, inner, outer))
    if isinstance(have, glue.MapType) and isinstance(want, glue.MapType):
        before, after = have.valueType, want.valueType
        if have.keyType != want.keyType:
            first, then = have.keyType, want.keyType
            column = F.transform_keys(column, lambda key, _value: fit(key, first, then))
        return F.transform_values(column, lambda _key, value: fit(value, before, after))
    return cast(Node("", column, have), want)


def _field(known: dict[str, Node], field: glue.Field) -> Column:
    # A catalog has its names in lower case.
    node = known.get(field.name) or {name.lower(): node for name, node in known.items()}.get(field.name)
    return fit(node.column, node.kind, field.dataType) if node else _nothing(field.dataType)


def _as_choice(node: Node, want: glue.ChoiceType) -> Column:
    have = {member.kind.typeName(): member for member in members(node)}
    if not isinstance(node.kind, glue.ChoiceType):
        have = {node.kind.typeName(): node}
    parts = [
        Node(name, fit(have[name].column, have[name].kind, kind) if name in have else _nothing(kind), kind)
        for name, kind in want.choices.items()
    ]
    return kept_null(node.column, pack(parts))


def parsed(node: Node, kind: glue.DataType, before: Sequence[Column] = (), pattern: str = "") -> Node:
    """A column of text read as a type: a choice of that type and, for texts that are none such, the text.

    `before` are values that are taken first, where they are not null; `pattern` is a regular expression of all other
    texts that are read. A number that the type cannot hold whole is text.
    """
    # Strict, whatever Spark's ANSI mode: 1.5 is no int.
    name, text = node.name.replace("`", "``"), node.column
    whole = F.expr(f"try_cast(trim(`{name}`) as {to_spark(kind).simpleString()})")
    value = F.coalesce(*before, F.when(text.rlike(f"^({pattern})$"), whole) if pattern else whole)
    # An empty field is a null of the type, as Glue's readers have it.
    stray = F.when(value.isNull() & (F.trim(text) != ""), text).cast(SparkString())
    choice = glue.ChoiceType([kind, glue.StringType()])
    parts = [Node(kind.typeName(), value, kind), Node("string", stray, glue.StringType())]
    parts.sort(key=lambda part: part.name)
    return Node(node.name, F.when(value.isNotNull() | stray.isNotNull(), pack(parts)), choice)


def describe(kind: glue.DataType) -> str:
    """A type in a message."""
    if isinstance(kind, glue.ChoiceType):
        return " or ".join(type_name(member) for member in kind.choices.values())
    return type_name(kind)
