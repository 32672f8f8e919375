"""The rows of a request and of its answer, as the README of SageMaker's container for SparkML describes them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BASIC, VECTOR, ARRAY = "basic", "vector", "array"
CSV, JSON, LINES = b"text/csv", b"application/json", b"application/jsonlines"
TEXT = b"application/jsonlines;data=text"
ACCEPTED = (CSV, JSON, LINES, TEXT)


def _boolean(value: Any) -> bool:
    return str(value).strip().lower() == "true"


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, str) or value == int(value) else int(str(value))


_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    **dict.fromkeys(("byte", "short", "int", "long"), _whole),
    **dict.fromkeys(("float", "double"), float),
    "string": str,
}


@dataclass(frozen=True)
class Column:
    """A column of a frame: its name, the type of its values, and whether each is one of them, a vector or an array."""

    name: str
    type: str
    struct: str = BASIC

    @property
    def field(self) -> dict[str, Any]:
        """As the JSON of MLeap's frames has it."""
        kinds = {
            BASIC: self.type,
            VECTOR: {"type": "tensor", "base": self.type},
            ARRAY: {"type": "list", "base": self.type},
        }
        return {"name": self.name, "type": kinds[self.struct]}

    def value(self, given: Any) -> Any:
        """A value of a request as MLeap's frames have it. Raises Invalid."""
        try:
            if self.struct == BASIC:
                return None if given is None else _TYPES[self.type](given)
            if not isinstance(given, list):
                raise Invalid(f"The column {self.name} is of {self.struct}s: a list is expected, not {given!r}.")
            values = [_TYPES[self.type](each) for each in given]
        except (ValueError, TypeError, OverflowError):
            raise Invalid(f"The column {self.name} is of the type {self.type}, which {given!r} is not.") from None
        return values if self.struct == ARRAY else {"values": values, "dimensions": [len(values)]}


@dataclass(frozen=True)
class Schema:
    """The columns that rows have, and the one that is answered."""

    inputs: tuple[Column, ...]
    output: Column

    @classmethod
    def of(cls, given: Any) -> Schema:
        """A schema as requests and the variable SAGEMAKER_SPARKML_SCHEMA have it. Raises Invalid."""
        try:
            return cls(tuple(map(_column, given["input"])), _column(given["output"]))
        except (LookupError, TypeError):
            raise Invalid('A schema is {"input": [{"name": …, "type": …, "struct": …}, …], "output": {…}}.') from None

    def frame(self, rows: Sequence[Any]) -> dict[str, Any]:
        """A frame of MLeap's, of these rows. Raises Invalid."""
        told = []
        for row in rows:
            if not isinstance(row, list) or len(row) != len(self.inputs):
                raise Invalid(f"A row has {len(self.inputs)} columns: {', '.join(each.name for each in self.inputs)}.")
            told.append([column.value(value) for column, value in zip(self.inputs, row)])  # noqa: B905 (as long)
        return {"schema": {"fields": [column.field for column in self.inputs]}, "rows": told}


def _column(given: Mapping[str, str]) -> Column:
    column = Column(given["name"], given["type"], given.get("struct") or BASIC)
    if column.type not in _TYPES:
        raise Invalid(f"{column.type} is not a type of a column; {', '.join(_TYPES)} are.")
    if column.struct not in (BASIC, VECTOR, ARRAY):
        raise Invalid(f"{column.struct} is not the struct of a column; {BASIC}, {VECTOR} and {ARRAY} are.")
    return column


def read(content_type: bytes, body: bytes, schema: Schema | None) -> tuple[Schema, list[Any]]:
    """The rows of a request, with the schema that holds for them: its own, else the given one. Raises Invalid."""
    try:
        text = body.decode("utf-8-sig")
        if content_type == CSV:
            rows: list[Any] = [row for row in csv.reader(io.StringIO(text)) if row]
        else:
            lines = [text] if content_type == JSON else [line for line in text.splitlines() if line.strip()]
            told = [json.loads(line) for line in lines]
            for each in told:
                if not isinstance(each, dict) or not isinstance(each.get("data"), list):
                    raise Invalid(
                        'A request of JSON is {"data": […]}, with a "schema" beside that where there is none.'
                    )
            own = next((each["schema"] for each in told if each.get("schema")), None)
            schema = schema if own is None else Schema.of(own)
            rows = [row for each in told for row in _rows(each["data"], schema)]
    except (UnicodeDecodeError, csv.Error, ValueError, RecursionError) as error:
        raise Invalid(f"The body is not {content_type.decode()}: {error}") from error
    if schema is None:
        raise Invalid("There is no schema: neither the request nor the variable SAGEMAKER_SPARKML_SCHEMA has one.")
    if not rows:
        raise Invalid("The body has no row.")
    return schema, rows


def _rows(data: list[Any], schema: Schema | None) -> list[Any]:
    """One row, or several: of a list of lists that is told by a column that is none."""
    several = bool(data) and all(isinstance(each, list) for each in data)
    nested = schema is not None and all(column.struct != BASIC for column in schema.inputs)
    return data if several and (not nested or all(isinstance(each, list) for each in data[0])) else [data]


def written(accept: bytes, output: Column, values: Sequence[Any]) -> bytes:
    """The answer: a line a row, of the values of the output column as MLeap's frames have them."""
    return "\n".join(_line(accept, output, value) for value in values).encode()


def _line(accept: bytes, output: Column, value: Any) -> str:
    if output.struct == BASIC:
        return _plain(value)
    values = dense(value) if isinstance(value, dict) else value
    if accept == CSV:
        return ",".join(map(_plain, values))
    return json.dumps({"source": " ".join(map(_plain, values))} if accept == TEXT else {"features": values})


def dense(tensor: Mapping[str, Any]) -> list[Any]:
    """The values of a vector; a sparse one names only some, with their places."""
    if "indices" not in tensor:
        return list(tensor["values"])
    values: list[Any] = [0.0] * tensor["dimensions"][0]
    for place, value in zip(tensor["indices"], tensor["values"]):  # noqa: B905 (as long)
        # Each place is a list, with one number for each dimension.
        values[place[0] if isinstance(place, list) else place] = value
    return values


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
