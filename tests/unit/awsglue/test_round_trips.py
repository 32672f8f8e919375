"""What is written is what is read again: any text, in each format and with each of its options."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame

Text = str | None
ODD = ["", None, " a ", "a,b", 'a"b', '"', '""', "'", "a\nb", "a\r\nb", "\r", "\\", "a\\", "\\N", "\\n", "\0a", "#c", "a|b",
       "é😀", "\u2028", '\\"', '","', "\ufeff", " ", "-1", "null"]  # fmt: skip
LETTERS = st.one_of(st.sampled_from(",;|\"'\\ \t\n\r\0#N-"), st.characters(exclude_categories=["Cs", "Cn"]))
TEXTS = st.lists(st.one_of(st.none(), st.text(LETTERS, max_size=6)), min_size=20, max_size=20)
FOLDERS = itertools.count()


def same(text: Text) -> Text:
    return text


def without_empty(text: Text) -> Text:
    return text or None


@dataclass(frozen=True)
class Way:
    """How a frame is written and read, which texts can go that way, and what they are afterwards."""

    format: str
    write: Mapping[str, Any] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)
    place: Mapping[str, Any] = field(default_factory=dict)
    fits: Callable[[str], bool] = lambda _text: True
    after: Callable[[Text], Text] = same


def of_one_line(text: str) -> bool:
    return not set(text) & {"\n", "\r"}


HEADER, LINES = {"withHeader": True}, {"withHeader": True, "multiLine": True}
BACKSLASH = {"escaper": "\\"}
PLAIN = {"quoteChar": -1}
WAYS = {
    "parquet": Way("parquet"),
    "orc": Way("orc"),
    "avro": Way("avro"),
    "json": Way("json"),
    "json, many lines": Way("json", read={"multiLine": True}, place={"compression": "gzip"}),
    "csv": Way("csv", read=LINES),
    "csv, line by line": Way("csv", read=HEADER, fits=of_one_line),
    "csv without a header": Way("csv", {"writeHeader": False}, {"multiLine": True}, {"compression": "bzip2"}),
    "csv, other characters": Way(
        "csv", {"separator": "|", "quoteChar": "'"}, {**LINES, "separator": "|", "quoteChar": "'"}
    ),
    "csv with an escaper": Way("csv", BACKSLASH, {**HEADER, **BACKSLASH}),
    # Where nothing is in quotes an empty field is a null.
    "csv with an escaper alone": Way(
        "csv", {**BACKSLASH, **PLAIN}, {**HEADER, **BACKSLASH, **PLAIN}, after=without_empty
    ),
    "csv without quotes": Way(
        "csv", PLAIN, {**HEADER, **PLAIN}, fits=lambda text: of_one_line(text) and "," not in text, after=without_empty
    ),
}


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=2, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=TEXTS)
def test_a_text_that_is_written_is_read_again(
    glue_context: GlueContext, tmp_path: Path, name: str, drawn: list[Text]
) -> None:
    way = WAYS[name]
    texts = [text for text in [*ODD, *drawn] if text is None or way.fits(text)]
    rows = list(zip(range(len(texts)), texts, reversed(texts), strict=True))
    frame = DynamicFrame(glue_context.spark_session.createDataFrame(rows, "id int, a string, b string"), glue_context)
    folder = str(tmp_path / str(next(FOLDERS)))
    place = {"path": folder, **way.place}
    glue_context.write_dynamic_frame.from_options(frame, "s3", place, way.format, dict(way.write))
    read = glue_context.create_dynamic_frame.from_options("s3", {"paths": [folder]}, way.format, dict(way.read)).toDF()
    found = {int(row[0]): tuple(row[1:]) for row in read.select(*[f"`{column}`" for column in read.columns]).collect()}
    assert found == {number: (way.after(first), way.after(second)) for number, first, second in rows}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (PLAIN, 'id,a\n1,Doe, Jane\n2,say "hi"\n3,\n4,\n'),
        ({}, 'id,a\n1,"Doe, Jane"\n2,"say ""hi"""\n3,""\n4,\n'),
        ({**BACKSLASH, **PLAIN}, 'id,a\n1,Doe\\, Jane\n2,say "hi"\n3,\n4,\n'),
    ],
)
def test_quotes_stand_where_they_are_needed_and_nowhere_without_them(
    glue_context: GlueContext, tmp_path: Path, options: dict[str, Any], text: str
) -> None:
    rows = [(1, "Doe, Jane"), (2, 'say "hi"'), (3, ""), (4, None)]
    frame = DynamicFrame(glue_context.spark_session.createDataFrame(rows, "id int, a string").coalesce(1), glue_context)
    glue_context.write_dynamic_frame.from_options(frame, "s3", {"path": str(tmp_path / "out")}, "csv", options)
    assert "".join(part.read_text() for part in (tmp_path / "out").glob("part-*")) == text
    keyed = {"path": str(tmp_path / "keyed"), "partitionKeys": ["a"]}
    glue_context.write_dynamic_frame.from_options(frame.limited(2), "s3", keyed, "csv", options)
    assert [part.read_text() for part in sorted((tmp_path / "keyed").rglob("part-*"))] == ["id\n1\n", "id\n2\n"]


LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
CSV = {"classification": "csv"}
ROWS = [("Doe, Jane", 1, ["a|b", ""]), ('say "hi"', 2, []), ("", 3, None), (None, None, ["\\"]), (" \\N ", 5, ["x"])]


@pytest.mark.parametrize(
    ("serde", "parameters", "own", "after"),
    [
        (LAZY, {"field.delim": ",", "escape.delim": "\\", "collection.delim": "|"}, {}, same),
        (LAZY, {"escape.delim": "\\", "skip.header.line.count": "1"}, {"compressionType": "gzip"}, same),
        (LAZY, {"field.delim": ",", "collection.delim": "\x02"}, CSV, same),
        # OpenCSVSerde has no nulls, and no types but text.
        (OPEN, {"separatorChar": ",", "escapeChar": "\\"}, {}, lambda text: text or ""),
    ],
)
def test_what_is_written_to_a_table_is_read_from_it(
    glue_context: GlueContext,
    api: Any,
    air: str,
    tmp_path: Path,
    serde: str,
    parameters: dict[str, str],
    own: dict[str, str],
    after: Callable[[Text], Text],
) -> None:
    items = {} if serde == OPEN else {"items": "array<string>"}
    columns = [{"Name": name, "Type": kind} for name, kind in {"name": "string", "id": "int", **items}.items()]
    storage = {
        "Location": str(tmp_path / "table"),
        "Columns": columns,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
    }
    api.create_table(DatabaseName=air, TableInput={"Name": "t", "StorageDescriptor": storage, "Parameters": own})
    rows = glue_context.spark_session.createDataFrame(ROWS, "name string, id int, items array<string>").coalesce(1)
    # Columns go by their names, whatever their order.
    frame = DynamicFrame(rows.select("id", *items, "name"), glue_context)
    glue_context.write_dynamic_frame.from_catalog(frame, air, "t")
    read = glue_context.create_dynamic_frame.from_catalog(air, "t").toDF()
    assert read.columns == ["name", "id", *items]
    assert [tuple(row) for row in read.collect()] == [(after(row[0]), *row[1 : len(columns)]) for row in ROWS]


@pytest.mark.parametrize("options", [{}, {"separator": "|", "writeHeader": False}, {**PLAIN, **BACKSLASH}])
def test_a_table_that_a_sink_makes_of_csv_gives_back_what_was_written(
    glue_context: GlueContext, api: Any, air: str, tmp_path: Path, options: dict[str, Any]
) -> None:
    sink = glue_context.getSink("s3", path=str(tmp_path / "out"), enableUpdateCatalog=True)
    sink.setFormat("csv", **options)
    sink.setCatalogInfo(air, "made")
    rows = [(number, text) for number, text in enumerate(ODD) if text is None or of_one_line(text)]
    sink.writeFrame(DynamicFrame(glue_context.spark_session.createDataFrame(rows, "id int, a string"), glue_context))
    read = glue_context.create_dynamic_frame.from_catalog(air, "made").toDF()
    after = without_empty if "quoteChar" in options else same
    assert dict(map(tuple, read.collect())) == {number: after(text) for number, text in rows}
