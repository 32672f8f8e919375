"""Lines of text parted as Hive's own SerDes part them, which Spark SQL reads such tables with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import types as spark

from awsglue import serdes
from awsglue.catalog import CatalogTable
from awsglue.context import GlueContext
from awsglue.delimited import Dialect, fields_of, nested, of_base64, records_of
from awsglue.errors import NotSupported
from awsglue.files import Files
from awsglue.tabletext import read_text
from awsglue.texts import VALUE, split

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
WIDTH = 3
LAZY_TABLES = [
    {**separator, **escape, **null}
    for separator in ({"field.delim": ","}, {"serialization.format": "||"})
    for escape in ({}, {"escape.delim": "\\"}, {"escape.delim": "#"})
    for null in ({}, {"serialization.null.format": "NULL"}, {"serialization.null.format": ""})
]
LAZY_TABLES += [{}, {"field.delim": "9"}, {"field.delim": ",", "serialization.last.column.takes.rest": "true"}]
OPEN_TABLES = [
    {**separator, **quote, **escape}
    for separator in ({}, {"separatorChar": ";"})
    for quote in ({}, {"quoteChar": "'"})
    for escape in ({}, {"escapeChar": "\\"}, {"escapeChar": "#"}, {"escapeChar": '"'})
]
TABLES = [*[(LAZY, parameters) for parameters in LAZY_TABLES], *[(OPEN, parameters) for parameters in OPEN_TABLES]]
MARKS = [",", "|", "\t", "\x01", ";", '"', '""', "'", "''", "\\", "#", "\\N", "NULL", "a", "b c", " ", "é", "n", "r"]
LINES = st.lists(st.lists(st.sampled_from(MARKS), max_size=14).map("".join), min_size=9, max_size=9)
KNOWN = ["", "only", "1,Doe\\, Jane,x", '1,"he said ""hi"", twice",x', '"a\\"b",c\\d,"c\\\\d"', '"un,term', 'a,"un',
         '"x" ,  "y",z', "1,2,3,4", "\\N,\\\\N,", "a\\", 'a,""', "'a;b';c"]  # fmt: skip


def table_of(serde: str, parameters: dict[str, str], **others: Any) -> CatalogTable:
    schema = spark.StructType([spark.StructField(name, spark.StringType()) for name in "abc"])
    known = {"database": "air", "name": "t", "location": "/x", "format": "csv", "schema": schema, "partition_keys": []}
    return CatalogTable(
        **known, parameters=parameters, in_spark=False, serde=serde, serde_parameters=parameters, **others
    )


def by_hive(context: GlueContext, serde: str, parameters: dict[str, str], lines: list[str]) -> list[Any]:
    """The lines' values as the SerDe itself deserializes them."""
    jvm: Any = context.spark_session._jvm
    given_to_it = jvm.java.util.Properties()
    for name, value in {"columns": "a,b,c", "columns.types": "string:string:string", **parameters}.items():
        given_to_it.setProperty(name, value)
    reader = getattr(jvm, serde)()
    reader.initialize(jvm.org.apache.hadoop.conf.Configuration(), given_to_it)
    inspector = reader.getObjectInspector()
    copy = jvm.org.apache.hadoop.hive.serde2.objectinspector.ObjectInspectorUtils.copyToStandardJavaObject
    return [tuple(copy(reader.deserialize(jvm.org.apache.hadoop.io.Text(line)), inspector)) for line in lines]


def padded(fields: "list[str | None] | None") -> tuple[str | None, ...]:
    return tuple([*(fields or []), *[None] * WIDTH][:WIDTH])


@settings(max_examples=1, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(drawn=LINES)
def test_a_line_has_the_fields_that_hives_serde_finds_in_it(glue_context: GlueContext, drawn: list[str]) -> None:
    lines = [*KNOWN, *drawn]
    dialects = [serdes.dialect_of(table_of(serde, parameters)) for serde, parameters in TABLES]
    frame = glue_context.spark_session.createDataFrame([(line,) for line in lines], [VALUE])
    of_spark = range(0, len(dialects), 5)
    parted = frame.select(*[split(frame[f"`{VALUE}`"], dialects[number]) for number in of_spark]).collect()
    for number, (serde, parameters) in enumerate(TABLES):
        wanted = by_hive(glue_context, serde, parameters, lines)
        found = [padded(fields_of(line, dialects[number])) for line in lines]
        assert (serde, parameters, found) == (serde, parameters, wanted)
        if number in of_spark:
            assert [padded(row[of_spark.index(number)]) for row in parted] == wanted


KINDS = ("boolean", "int", "bigint", "double", "decimal(10,2)", "date", "timestamp", "array<boolean>")
TYPED = [
    "1", "t", "TRUE", " true", "yes", " 7", "7 ", "+7", "nan", "NaN", "inf", "Infinity", "1e3", "0.5", "x", "2026-01-02",
    "2026-1-2", "2026", "2026-01-02 03:04:05", "2026-01-02 03:04:05.25", "2026-01-02T03:04:05Z", "2026-01-02 03:04",
]  # fmt: skip
CUT = {("int", "0.5"): "0.5", ("bigint", "0.5"): "0.5"}
"""What Hive cuts is kept as text."""


def test_a_text_is_of_its_columns_type_where_hive_makes_such_a_value_of_it(
    glue_context: GlueContext, tmp_path: Path
) -> None:
    columns = {f"c{number}": kind for number, kind in enumerate(KINDS)}
    lines = ["|".join([text] * len(KINDS)) for text in TYPED]
    (tmp_path / "f").write_text("\n".join(lines) + "\n")
    parameters = {"field.delim": "|"}
    types = spark._parse_datatype_string(", ".join(f"{name} {kind}" for name, kind in columns.items()))
    table = replace(table_of(LAZY, parameters), schema=types)
    data = read_text(glue_context.spark_session, table, Files([str(tmp_path)], "csv"))
    found = [[_value(value) for value in row] for row in data.dataframe.collect()]
    told = {**parameters, "columns": ",".join(columns), "columns.types": ":".join(KINDS)}
    for text, row, wanted in zip(TYPED, found, by_hive(glue_context, LAZY, told, lines), strict=True):
        for kind, value, hives in zip(KINDS, row, wanted, strict=True):
            same = CUT.get((kind, text), text if hives is None else _plain(hives))
            assert (kind, text, value) == (kind, text, same)


def _value(value: Any) -> str:
    """What a choice holds; of one that is null, its text."""
    return _plain(next(part for part in value if part is not None) if isinstance(value, tuple) else value)


def _plain(value: Any) -> str:
    text = str(list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value)
    return text.rstrip("0").rstrip(".") if "." in text else text


@pytest.mark.parametrize(
    ("text", "dialect", "records"),
    [
        ('1,"a,""b""",\n,"",x\n', Dialect("glue", ",", '"'), [["1", 'a,"b"', None], [None, "", "x"]]),
        ('"a\nb",c\r\n\nd,e', Dialect("glue", ",", '"'), [["a\nb", "c"], ["d", "e"]]),
        ("a\\,b\\n,\\tc\\q\\\\,\\0", Dialect("glue", ",", '"', "\\"), [["a,b\n", "\tcq\\", "\0"]]),
        ("'a''b'|\"c\"|", Dialect("glue", "|", "'"), [["a'b", '"c"', None]]),
        ("a||b|c", Dialect("glue", "||"), [["a", "b|c"]]),
        ("\\N,,x", Dialect("glue", ",", '"', "", "\\N"), [[None, "", "x"]]),
    ],
)
def test_glues_own_reader_takes_quotes_escapes_and_several_lines(
    text: str, dialect: Dialect, records: list[list[str | None]]
) -> None:
    assert list(records_of(text, dialect)) == records


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("aGVsbG8=", b"hello"),
        ("aGVsbG8", b"hello"),
        ("hello", b"\x85\xe9e"),
        ("_-+/", b"\xff\xef\xbf"),
        ("é", b"\xc3\xa9"),
    ],
)
def test_bytes_are_read_as_hive_reads_base64_however_it_ends_and_what_is_none(text: str, meant: bytes) -> None:
    assert of_base64(text) == meant
    assert nested(f"{text}\x02", ("array", ("bytes",)), "\x02\x03", "", "\\N") == [meant, b""]


def test_nested_values_are_parted_level_by_level() -> None:
    tree = ("map", ("text",), ("struct", ("text",), ("array", ("text",))))
    found = nested("k\\:1:x;y,z|k2:\\N", tree, "|:;,", "\\", "\\N")
    assert found == {"k:1": ("x", ["y", "z"]), "k2": None}


@pytest.mark.parametrize(
    ("serde", "parameters", "words"),
    [
        ("com.amazonaws.glue.serde.GrokSerDe", {}, "GrokSerDe, of grok patterns"),
        ("com.amazon.ionhiveserde.IonHiveSerDe", {}, "of Ion"),
        (
            LAZY,
            {"field.delim": ",", "hive.serialization.extend.nesting.levels": "true"},
            "extend.nesting.levels of the",
        ),
        (LAZY, {"line.delim": "|"}, "line.delim"),
        (OPEN, {"strictQuotes": "true"}, "strictQuotes of the table t's OpenCSVSerde"),
        ("org.openx.data.jsonserde.JsonSerDe", {"skip.header.line.count": "1"}, "skip.header.line.count"),
    ],
)
def test_what_a_tables_serde_is_told_and_is_not_carried_out_is_refused_by_name(
    serde: str, parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(NotSupported, match=words):
        serdes.check(table_of(serde, parameters))
