"""One filter, one answer: of files of every format the rows are left of which a filter is true, as a plain reading says."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import orc

from studiolo.catalog import Column
from studiolo.governance.expressions import check, parse
from studiolo.governance.making.__main__ import FORMATS
from studiolo.governance.making.task import Task

TEXTS = (
    None, "", "a", "A", "ab", "a b", "a%b", "a_b", "a\\b", "it's", '"q"', "é", "e\u0301", "日本", "🙂", "null", "NULL", "0",
    "a\tb", "]", ".*", "x" * 300,
)  # fmt: skip
WHOLES = (None, 0, 1, -1, 7, 2**31, -(2**63), 2**63 - 1)
EXACT = (None, Decimal("0.00"), Decimal("0.10"), Decimal("-1.50"), Decimal("1234567.89"), Decimal("9999999.99"))
FLOATS = (None, 0.0, 0.1, -1.5, 1e300, 1.5)
ROWS: list[dict[str, Any]] = [
    {
        "i": i,
        "s": TEXTS[i % len(TEXTS)],
        "n": WHOLES[i % len(WHOLES)],
        "d": EXACT[i % len(EXACT)],
        "f": FLOATS[i // 2 % len(FLOATS)],
        "b": (None, True, False)[i // 3 % 3],
    }
    for i in range(len(TEXTS) * 3)
]
TYPES = {"i": "int", "s": "string", "n": "bigint", "d": "decimal(9,2)", "f": "double", "b": "boolean"}
COLUMNS = tuple(Column(name, kind) for name, kind in TYPES.items())

Holds = Callable[[Mapping[str, Any]], bool | None]
"""What a filter says of a row: None for what is not known."""


def texts_of(row: Mapping[str, Any], null: str) -> list[str]:
    return [
        null if each is None else str(each).lower() if isinstance(each, bool) else str(each) for each in row.values()
    ]


def parquet_file() -> bytes:
    file, types = io.BytesIO(), [pa.int32(), pa.string(), pa.int64(), pa.decimal128(9, 2), pa.float64(), pa.bool_()]
    pq.write_table(pa.Table.from_pylist(ROWS, pa.schema(list(zip(TYPES, types, strict=True)))), file, row_group_size=20)
    return file.getvalue()


def orc_file() -> bytes:
    file = io.BytesIO()
    orc.write_table(pq.read_table(io.BytesIO(parquet_file())), file)
    return file.getvalue()


def avro_file() -> bytes:
    file = io.BytesIO()
    exact = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    kinds = {"int": "int", "string": "string", "bigint": "long", "decimal(9,2)": exact, "double": "double"}
    fields = [{"name": name, "type": ["null", kinds.get(kind, kind)]} for name, kind in TYPES.items()]
    fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, ROWS)
    return file.getvalue()


def lines_file() -> bytes:
    return "".join("\x01".join(texts_of(row, "\\N")) + "\n" for row in ROWS).encode()


def csv_file() -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([each.replace("\\", "\\\\") for each in texts_of(row, "")] for row in ROWS)
    return file.getvalue().encode()


def json_file() -> bytes:
    rows = [{name: float(each) if isinstance(each, Decimal) else each for name, each in row.items()} for row in ROWS]
    return "".join(json.dumps(row, ensure_ascii=row["i"] % 2 == 0) + "\n" for row in rows).encode()


FILES = {
    "parquet": parquet_file, "orc": orc_file, "avro": avro_file, "lines": lines_file, "csv": csv_file, "json": json_file,
}  # fmt: skip


def left_of(kind: str, body: bytes) -> list[int]:
    """The numbers of the rows of a file, of which no other column shows."""
    file = io.BytesIO(body)
    if kind == "parquet":
        found = pq.read_table(file).column("i").to_pylist()
    elif kind == "orc":
        found = orc.read_table(file).column("i").to_pylist()
    elif kind == "avro":
        found = [dict(row)["i"] for row in fastavro.reader(file)]  # type: ignore[call-overload]  # these are records
    elif kind == "json":
        found = [json.loads(line)["i"] for line in body.splitlines()]
    else:
        found = [int(line.strip(b'"')) for line in body.splitlines()]
    return [int(each) for each in found]


def compared(column: str, operator: str, value: Any) -> tuple[str, Holds]:
    told = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).lower()
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip

    def holds(row: Mapping[str, Any]) -> bool | None:
        return None if row[column] is None else tests[operator](row[column], value)

    return f"{column} {operator} {told}", holds


def among(parts: list[tuple[str, Holds]], column: str) -> tuple[str, Holds]:
    """`IN`, of comparisons by `=`."""
    values = ", ".join(text.partition(" = ")[2] for text, _ in parts)
    return f"{column} in ({values})", either([holds for _, holds in parts])


def either(parts: list[Holds]) -> Holds:
    def holds(row: Mapping[str, Any]) -> bool | None:
        told = [part(row) for part in parts]
        return True if True in told else None if None in told else False

    return holds


def negated(part: tuple[str, Holds]) -> tuple[str, Holds]:
    def holds(row: Mapping[str, Any]) -> bool | None:
        told = part[1](row)
        return None if told is None else not told

    return f"not ({part[0]})", holds


def like(pattern: str) -> tuple[str, Holds]:
    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "%":
            return any(fits(pattern[1:], text[start:]) for start in range(len(text) + 1))
        return bool(text) and pattern[0] in ("_", text[0]) and fits(pattern[1:], text[1:])

    def holds(row: Mapping[str, Any]) -> bool | None:
        return None if row["s"] is None else fits(pattern, row["s"])

    return f"s like '{pattern.replace(chr(39), chr(39) * 2)}'", holds


def is_null(column: str) -> tuple[str, Holds]:
    return f"{column} is null", lambda row: row[column] is None


ORDER = ["=", "<>", "!=", "<", "<=", ">", ">="]
_TEXT = st.sampled_from([each for each in TEXTS if each is not None])
_NUMBERS = {
    "n": st.sampled_from([each for each in WHOLES if each is not None]),
    "d": st.sampled_from([Decimal("0"), Decimal("0.1"), Decimal("-1.5"), Decimal("9999999.99"), Decimal("0.001")]),
    "f": st.sampled_from([0.0, 0.1, -1.5, 1.5]),
}
_PATTERNS = [
    "%",
    "_",
    "__",
    "%b",
    "a%",
    "a_b",
    "a\\%",
    "%\\%",
    "é",
    "_\u0301",
    "🙂",
    "%本",
    "it's",
    '%"%',
    ".*",
    "]",
    "",
]


def leaves() -> st.SearchStrategy[tuple[str, Holds]]:
    numbers = [st.builds(compared, st.just(name), st.sampled_from(ORDER), values) for name, values in _NUMBERS.items()]
    many = [
        st.lists(st.builds(compared, st.just(name), st.just("="), values), min_size=1, max_size=3).map(
            lambda parts, name=name: among(parts, name)
        )
        for name, values in {"s": _TEXT, **_NUMBERS}.items()
    ]
    return st.one_of(
        st.builds(compared, st.just("s"), st.sampled_from(ORDER), _TEXT),
        *numbers,
        *many,
        st.builds(compared, st.just("b"), st.sampled_from(["=", "<>"]), st.booleans()),
        st.builds(like, st.sampled_from(_PATTERNS)),
        st.builds(is_null, st.sampled_from(list(TYPES))),
    )


def joined(word: str, one: tuple[str, Holds], other: tuple[str, Holds]) -> tuple[str, Holds]:
    whole = either([one[1], other[1]])
    if word == "and":
        whole = negated(("", either([negated(one)[1], negated(other)[1]])))[1]
    return f"({one[0]}) {word} ({other[0]})", whole


FILTERS = st.recursive(
    leaves(),
    lambda inner: st.one_of(st.builds(joined, st.sampled_from(["and", "or"]), inner, inner), inner.map(negated)),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for kind, write in FILES.items():
        (folder / kind).write_bytes(write())
    return folder


@settings(max_examples=40)
@given(asked=FILTERS)
def test_of_every_format_the_same_rows_are_left(folder: Path, asked: tuple[str, Holds]) -> None:
    text, holds = asked
    condition = parse(text)
    check(condition, COLUMNS, ())
    for kind in FILES:
        # CSV has no NULL of a text.
        rows = [{**row, "s": row["s"] or ""} for row in ROWS] if kind == "csv" else ROWS
        target = folder / "seen"
        target.unlink(missing_ok=True)
        task = Task(
            source=str(folder / kind), target=str(target), name="part-0", format=kind, columns=COLUMNS, shown=("i",),
            cells=((condition, frozenset(TYPES)),), serde={},
        )  # fmt: skip
        left = left_of(kind, target.read_bytes()) if FORMATS[kind](Task.read(task.write())) else []
        assert left == [row["i"] for row in rows if holds(row) is True], kind
