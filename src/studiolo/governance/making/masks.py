"""Which rows a filter is true of, by PyArrow's kernels over columns of a file. Logic has three values, as in SQL."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from studiolo.catalog import Column
from studiolo.governance.expressions import Among, And, Filter, Like, Not, Null, Or, Truth, Type, type_of
from studiolo.governance.making.task import Refused

_KERNELS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}

Find = Callable[[str], Any]
"""Gives a column of the rows, as an array; None where the file does not have it, so that all its values are NULL."""


def column_of(table: pa.Table, there: Mapping[str, str], name: str) -> Any:
    """A column of a table, by its name in lower case; `there` has the names as they are written."""
    return table.column(there[name]) if name in there else None


class Masks:
    """Masks over `length` rows. columns: of the table, with the types that values are compared as."""

    def __init__(self, columns: Mapping[str, Column], find: Find, length: int) -> None:
        self._columns = columns
        self._find = find
        self._length = length
        self._read: dict[str, Any] = {}

    def where(self, condition: Filter) -> Any:
        """An array of true and false: NULL is false, as in WHERE. Raises Refused."""
        return pc.fill_null(self._mask(condition), False)

    def _mask(self, node: Filter) -> Any:
        if isinstance(node, And):
            return reduce(pc.and_kleene, map(self._mask, node.parts))
        if isinstance(node, Or):
            return reduce(pc.or_kleene, map(self._mask, node.parts))
        if isinstance(node, Not):
            return pc.invert(self._mask(node.part))
        if isinstance(node, Truth):
            return pa.repeat(pa.scalar(node.value, pa.bool_()), self._length)
        kind, values = self._values(node.column)
        if isinstance(node, Null):
            return pc.is_null(values)
        if isinstance(node, Like):
            return pc.match_substring_regex(values, f"^(?:{node.regex})$")
        if isinstance(node, Among):
            each = [self._compared(kind, values, "=", value) for value in node.values]
            return reduce(pc.or_kleene, each) if each else self._mask(Truth(False))
        return self._compared(kind, values, node.operator, node.value)

    def _compared(self, kind: Type, values: Any, operator: str, value: Any) -> Any:
        constant = kind.constant(value)
        if kind.name == "integer":
            constant = int(constant)
        if kind.name == "decimal":
            # Both sides of one scale, so that nothing is rounded.
            return _compared_decimals(values, operator, Decimal(constant))
        return _KERNELS[operator](values, pa.scalar(constant, values.type))

    def _values(self, name: str) -> tuple[Type, Any]:
        """A column as it is compared."""
        column = self._columns.get(name)
        kind = None if column is None else type_of(column)
        if column is None or kind is None:
            raise Refused(f"A filter asks about the column {name}, which has no type that it can be compared as.")
        if name not in self._read:
            found = self._find(name)
            self._read[name] = pa.nulls(self._length, _TYPES[kind.name]) if found is None else _as(kind, found, name)
        return kind, self._read[name]


_TYPES: Mapping[str, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "decimal": pa.decimal128(38, 18),
}


def _as(kind: Type, values: Any, name: str) -> Any:
    """Values of a file as those of the catalog's type. Raises Refused where they are of quite another."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    found = values.type
    fits = {
        "text": pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found),
        "integer": pa.types.is_integer(found) or pa.types.is_null(found),
        "float": pa.types.is_floating(found) or pa.types.is_integer(found) or pa.types.is_null(found),
        "boolean": pa.types.is_boolean(found) or pa.types.is_null(found),
        "decimal": pa.types.is_decimal(found) or pa.types.is_integer(found) or pa.types.is_null(found),
    }[kind.name]
    if not fits:
        raise Refused(f"The column {name} is {found} in the file, which is not what the catalog says.")
    try:
        if kind.name == "decimal":
            return values if pa.types.is_decimal(found) else values.cast(pa.decimal128(38, 0))
        values = values.cast(_TYPES[kind.name])
    except pa.ArrowInvalid as error:
        raise Refused(f"The column {name} has values that the catalog's type does not hold.") from error
    return pc.utf8_rtrim(values, " ") if kind.padded else values


def _compared_decimals(values: Any, operator: str, constant: Decimal) -> Any:
    scale = values.type.scale if pa.types.is_decimal(values.type) else 0
    exponent = constant.as_tuple().exponent
    digits = max(scale, -exponent if isinstance(exponent, int) and exponent < 0 else 0)
    whole = max(values.type.precision - scale, len(str(int(abs(constant)))))
    if whole + digits > 76:
        raise Refused("A filter compares a decimal with a number that has too many digits.")
    wide = pa.decimal256(whole + digits, digits)
    return _KERNELS[operator](values.cast(wide), pa.scalar(constant, wide))
