"""What runs on Spark's workers: JSON read from text, shapes seen in values, people's functions called on records.

Workers need not have `awsglue`: the module travels with what is sent to them, by value. So it uses nothing but
Python's own library, and shapes are plain dicts: `{kind: detail}` with one entry a kind of value that was seen; the
detail of a struct is `{field: shape}`, of an array or a map the shape of its elements, of a decimal `(precision, scale)`.
"""

import base64
import datetime
import decimal
import itertools
import json
import math
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Shape = dict[str, Any]
Outcome = tuple[bool, Any]
"""`(True, record)` or `(False, {"msg", "stackTrace", "input", "dynamicRecord"})`."""

BETWEEN = " \t\r\n,\ufeff\x00"
"""What may stand between two values."""
PATIENCE = 8
"""Lines up to which each new one is tried."""
INTEGERS = {"byte": 2**7, "short": 2**15, "int": 2**31, "long": 2**63}


class NoSuchField(AttributeError, KeyError):
    """A field that a record does not have, asked for as an attribute."""


class DynamicRecord(dict[str, Any]):
    """What functions get: a dict whose fields are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise NoSuchField(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def shape_of(value: Any, hint: Shape | None = None) -> Shape:
    """The kinds in a value. Where the hint, the shape before a function, allows several, its kind is kept."""
    hint = hint or {}
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolean": None}
    if isinstance(value, int):
        return _integer(value, hint)
    if isinstance(value, float):
        return {"float" if "float" in hint and "double" not in hint else "double": None}
    if isinstance(value, str):
        return {"string": None}
    if isinstance(value, Mapping):
        if "map" in hint:
            inner: Shape = {}
            for item in value.values():
                inner = merge(inner, shape_of(item, hint["map"]))
            return {"map": inner}
        fields = hint.get("struct", {})
        return {"struct": {str(name): shape_of(item, fields.get(name)) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        elements: Shape = {}
        for item in value:
            elements = merge(elements, shape_of(item, hint.get("array")))
        return {"array": elements}
    return _other(value, hint)


def _integer(value: int, hint: Shape) -> Shape:
    known = [kind for kind in INTEGERS if kind in hint]
    fitting = [kind for kind, limit in INTEGERS.items() if -limit <= value < limit]
    if len(known) == 1 and known[0] in fitting:
        return {known[0]: None}
    return {"int" if "int" in fitting else "long" if fitting else "string": None}


def _other(value: Any, hint: Shape) -> Shape:
    if isinstance(value, decimal.Decimal):
        return {"decimal": hint.get("decimal", (38, 18))}
    if isinstance(value, datetime.datetime):
        return {"timestamp": None}
    if isinstance(value, datetime.date):
        return {"date": None}
    if isinstance(value, (bytes, bytearray)):
        return {"binary": None}
    return {"string": None}


def merge(first: Shape, second: Shape) -> Shape:
    """The kinds of both."""
    merged = dict(first)
    for kind, detail in second.items():
        if kind not in merged:
            merged[kind] = detail
        elif kind == "struct":
            fields = dict(merged[kind])
            for name, shape in detail.items():
                fields[name] = merge(fields.get(name, {}), shape)
            merged[kind] = fields
        elif kind in ("array", "map"):
            merged[kind] = merge(merged[kind], detail)
    return merged


def shapes(outcomes: Iterable[Outcome], hint: Shape) -> Iterator[tuple[Shape, int]]:
    """The shape of all the records of a partition, and how many errors are among them."""
    seen: Shape = {"struct": {}}
    errors = 0
    for good, value in outcomes:
        if good:
            seen = merge(seen, shape_of(value, hint))
        else:
            errors += 1
    yield seen, errors


def row_of(value: Any, shape: Shape, hint: Shape | None = None) -> Any:
    """A value as Spark takes it in: structs as tuples in the shape's order, choices with one member set."""
    if value is None or not shape:
        return None
    hint = hint or {}
    kind = next(iter(shape_of(value, hint)))
    if kind not in shape:
        return None
    if len(shape) > 1:
        return tuple(_part(value, name, shape[name], hint) if name == kind else None for name in sorted(shape))
    return _part(value, kind, shape[kind], hint)


def _part(value: Any, kind: str, detail: Any, hint: Shape) -> Any:
    if kind == "struct":
        fields = hint.get("struct", {})
        return tuple(row_of(value.get(name), shape, fields.get(name)) for name, shape in detail.items())
    if kind == "array":
        return [row_of(item, detail, hint.get("array")) for item in value]
    if kind == "map":
        return {key: row_of(item, detail, hint.get("map")) for key, item in value.items()}
    return value if kind != "string" or isinstance(value, str) else str(value)


def rows(outcomes: Iterable[Outcome], shape: Shape, hint: Shape) -> Iterator[Any]:
    """The good records as Spark takes them in."""
    for good, value in outcomes:
        if good:
            yield row_of(value, shape, hint)


def failures(outcomes: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    """The errors."""
    for good, value in outcomes:
        if not good:
            yield value


def record_of(value: Any, shape: Shape) -> Any:
    """The opposite of `row_of`: Spark's row as a record, a choice as the value that it has."""
    if value is None or not shape:
        return None
    if len(shape) > 1:
        for position, kind in enumerate(sorted(shape)):
            if value[position] is not None:
                return record_of(value[position], {kind: shape[kind]})
        return None
    kind, detail = next(iter(shape.items()))
    if kind == "struct":
        fields = enumerate(detail.items())
        return DynamicRecord((name, record_of(value[index], part)) for index, (name, part) in fields)
    if kind == "array":
        return [record_of(item, detail) for item in value]
    if kind == "map":
        return {key: record_of(item, detail) for key, item in value.items()}
    return value


def records(values: Iterable[Any], shape: Shape) -> Iterator[Outcome]:
    """Spark's rows as records."""
    for value in values:
        yield True, record_of(value, shape)


def plain(value: Any) -> str:
    """A record in an error: JSON."""
    return json.dumps(value, default=str)


def error_of(failure: BaseException, given: str, record: Any) -> dict[str, Any]:
    """What is kept of a record that failed."""
    return {
        "msg": f"{type(failure).__name__}: {failure}",
        "stackTrace": "".join(traceback.format_exception(type(failure), failure, failure.__traceback__)),
        "input": given,
        "dynamicRecord": plain(record),
    }


def mapped(outcomes: Iterable[Outcome], function: Callable[[Any], Any]) -> Iterator[Outcome]:
    """What the function makes of each record; the records it fails on become errors."""
    for good, value in outcomes:
        if not good:
            continue
        before = plain(value)
        try:
            made = function(value)
            if not isinstance(made, Mapping):
                raise TypeError(f"The function must give back a record, and gave {type(made).__name__}.")
        except Exception as failure:  # noqa: BLE001
            yield False, error_of(failure, "", json.loads(before))
        else:
            yield True, dict(made)


def partition_mapped(index: int, outcomes: Iterable[Outcome], function: Callable[[int, Any], Any]) -> Iterator[Outcome]:
    """What the function makes of a partition's number and its records, each as `{"record", "isError", "errorMessage"}`."""
    given = (DynamicRecord(record=value, isError=False, errorMessage="") for good, value in outcomes if good)
    for made in function(index, given):
        if made.get("isError"):
            record = json.loads(plain(made.get("record")))
            failed = {"stackTrace": "", "input": "", "dynamicRecord": plain(record)}
            yield False, {"msg": str(made.get("errorMessage", "")), **failed}
        else:
            yield True, dict(made["record"])


def verdict(function: Callable[[Any], Any], shape: Shape, value: Any) -> tuple[bool | None, dict[str, Any] | None]:
    """Whether a filter keeps the row, or what its failure was.

    A record without the field, or with a value of another type, is one that the filter does not keep, as in Glue.
    """
    record = record_of(value, shape)
    try:
        return bool(function(record)), None
    except (KeyError, TypeError, ValueError):
        return False, None
    except Exception as failure:  # noqa: BLE001
        return None, error_of(failure, "", record)


def parse_json(lines: Iterable[str], path: Sequence[str]) -> Iterator[Outcome]:
    """The JSON objects in a text, wherever its lines break; those of an array one by one.

    A malformed object is an error; reading goes on after the line in which it turned out to be malformed, as
    Glue's reader does. `path` names the fields to go through before a record is found.
    """
    waiting: list[str] = []
    look_at = 1
    for line in lines:
        waiting.append(line)
        if len(waiting) < look_at:
            continue
        found, rest = _decode("\n".join(waiting), path)
        yield from found
        waiting = rest.split("\n") if rest else []
        # An object of many lines is not tried anew with each of them.
        look_at = len(waiting) + 1 if found or len(waiting) < PATIENCE else 2 * len(waiting)
    found, rest = _decode("\n".join(waiting), path)
    yield from found
    if rest:
        yield False, _malformed("the text ends within a value", rest)


def _decode(text: str, path: Sequence[str]) -> tuple[list[Outcome], str]:
    """What is found in the text, and the rest of it that more lines may complete."""
    found: list[Outcome] = []
    at = 0
    while True:
        while at < len(text) and text[at] in BETWEEN:
            at += 1
        try:
            value, end = json.JSONDecoder().raw_decode(text, at)
        except json.JSONDecodeError as failure:
            if failure.pos >= len(text.rstrip()) or failure.msg.startswith("Unterminated string"):
                return found, text[at:].rstrip()
            line_end = text.find("\n", failure.pos)
            line_end = len(text) if line_end < 0 else line_end
            found.append((False, _malformed(str(failure), text[at:line_end])))
            at = line_end
        else:
            found += [_record(item) for item in _at(value, path)]
            at = end


def has_alike(shape: Shape) -> bool:
    """Whether anywhere in it two names differ in case alone."""
    fields = shape.get("struct", {})
    inner = [*fields.values(), *(shape[kind] for kind in ("array", "map") if kind in shape)]
    return len({name.lower() for name in fields}) < len(fields) or any(map(has_alike, inner))


def lowered(value: Any) -> Any:
    """The value with names in lower case; of those that are alike the last counts."""
    if isinstance(value, Mapping):
        return {name.lower(): lowered(item) for name, item in value.items()}
    return [lowered(item) for item in value] if isinstance(value, list) else value


def json_records(
    rows: Iterable[Any], path: Sequence[str], names: Sequence[str], *, lower: bool = False
) -> Iterator[Outcome]:
    """The records of rows `(file, line, partition columns …)`, with the partition columns under their names."""
    for (_file, *columns), group in itertools.groupby(rows, key=lambda row: (row[0], *row[2:])):
        for good, value in parse_json((row[1] for row in group), path):
            record = lowered(value) if lower and good else value
            yield (True, {**record, **dict(zip(names, columns, strict=True))}) if good else (False, value)


def scan_json(
    rows: Iterable[Any], path: Sequence[str], names: Sequence[str], hint: Shape, *, lower: bool = False
) -> Iterator[tuple[Shape, int, bool]]:
    """Of a partition: the shape of its records, its errors, and whether each line is one record and nothing else."""
    simple = not path
    lines = found = errors = 0
    seen: Shape = {"struct": {}}

    def watched() -> Iterator[Any]:
        nonlocal simple, lines
        for row in rows:
            text = row[1].strip()
            if text:
                lines += 1
                simple = simple and text[0] == "{" and text[-1] == "}"
            yield row

    for good, value in json_records(watched(), path, names, lower=lower):
        if good:
            found += 1
            seen = merge(seen, shape_of(value, hint))
        else:
            errors += 1
    yield seen, errors, simple and errors == 0 and found == lines


def _at(value: Any, path: Sequence[str] | None) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _record(value: Any) -> Outcome:
    if isinstance(value, Mapping):
        return True, value
    return False, _malformed("A record must be an object.", json.dumps(value))


def _malformed(message: str, text: str) -> dict[str, Any]:
    return {"msg": f"error in JSON reader: {message}", "stackTrace": "", "input": text[:4096], "dynamicRecord": "{}"}


def is_json(text: str) -> bool:
    """Whether the text is one JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def json_shapes(texts: Iterable[Any]) -> Iterator[Shape]:
    """The kinds of value in a partition's JSON texts; what is no JSON is passed over."""
    seen: Shape = {}
    for (text,) in texts:
        if text is not None and is_json(text):
            seen = merge(seen, shape_of(json.loads(text)))
    yield seen


def json_value(shape: Shape, text: "str | None") -> Any:
    """A JSON text as Spark takes in its value."""
    return row_of(json.loads(text), shape) if text is not None and is_json(text) else None


def json_lines(values: Iterable[Any], shape: Shape) -> Iterator[str]:
    """Spark's rows as JSON, without the fields that are null."""
    for value in values:
        yield _json(record_of(value, shape))


def _json(value: Any) -> str:
    """A value as Spark's own writer has it: decimals with all digits, bytes as Base64, moments with their offset."""
    if isinstance(value, dict):
        fields = (f"{_json(str(name))}: {_json(item)}" for name, item in value.items() if item is not None)
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps({"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)])
    if isinstance(value, (bytes, bytearray)):
        return json.dumps(base64.b64encode(value).decode())
    if isinstance(value, datetime.datetime):
        return json.dumps(value.astimezone().isoformat(timespec="microseconds").replace("+00:00", "Z"))
    return json.dumps(value, default=str, ensure_ascii=False)
