"""Files of governed views: what is left of a file, and which are refused."""

import gzip
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc as arrow_orc

from studiolo.catalog import Column
from studiolo.governance.expressions import parse
from studiolo.governance.making import avro, orc, parquet, texts
from studiolo.governance.making.__main__ import answer
from studiolo.governance.making.task import Refused, Task

COLUMNS = (Column("id", "int"), Column("city", "string"), Column("ssn", "string"))
EVERY = frozenset({"id", "city", "ssn"})


def task(folder: Path, body: bytes, kind: str, rows: str = "city = 'paris'", **changes: Any) -> Task:
    """To leave two columns of the rows of a file."""
    (folder / "raw").write_bytes(body)
    asked: dict[str, Any] = {
        "source": str(folder / "raw"), "target": str(folder / "seen"), "name": "part-0", "format": kind,
        "columns": COLUMNS, "shown": ("id", "city"), "cells": ((parse(rows), EVERY),), "serde": {}, **changes,
    }  # fmt: skip
    return Task(**asked)


def seen(folder: Path) -> bytes:
    return (folder / "seen").read_bytes()


def test_lines_are_left_as_they_were_without_the_fields_that_are_hidden(tmp_path: Path) -> None:
    body = b"007,paris,a\n2,rome,b\n\\N,paris,c\nx,paris,d\n5,paris\n"
    assert texts.lines_filtered(task(tmp_path, body, "lines", serde={"field.delim": ","}))
    assert seen(tmp_path) == b"007,paris\n\\N,paris\nx,paris\n5,paris\n"


def test_a_value_that_is_none_of_its_type_is_null_to_a_filter(tmp_path: Path) -> None:
    body = b"1,a,s\nx,a,s\n3000000000,a,s\n2,a,s\n"
    assert texts.lines_filtered(task(tmp_path, body, "lines", "id > 0", serde={"field.delim": ","}))
    assert seen(tmp_path) == b"1,a\n2,a\n"


def test_a_line_ends_where_it_ends_for_engines(tmp_path: Path) -> None:
    body = b"1,paris\r2,rome,secret\n"
    assert texts.lines_filtered(task(tmp_path, body, "lines", "city like 'paris%'", serde={"field.delim": ","}))
    assert seen(tmp_path) == b"1,paris\n"


def test_csv_is_read_with_its_quotes_and_written_so_that_it_reads_the_same(tmp_path: Path) -> None:
    body = b'"1","paris","a"\n2,"par\\"is, ""x",b\n'
    rows = "city = 'paris' or city like 'par%x'"
    assert texts.csv_filtered(task(tmp_path, body, "csv", rows, columns=[Column(c.name, "string") for c in COLUMNS]))
    assert seen(tmp_path) == b'"1","paris"\n"2","par\\"is, \\"x"\n'


def test_a_header_shows_the_columns_that_do(tmp_path: Path) -> None:
    serde = {"field.delim": ",", "skip.header.line.count": "1"}
    assert texts.lines_filtered(task(tmp_path, b"9,a row that is skipped,b\n1,paris,a\n", "lines", serde=serde))
    assert seen(tmp_path) == b"id,city\n1,paris\n"


def test_a_number_that_parts_fields_is_the_code_of_a_character(tmp_path: Path) -> None:
    assert texts.lines_filtered(task(tmp_path, b"1\tparis\tb9c\n", "lines", serde={"field.delim": "9"}))
    assert seen(tmp_path) == b"1\tparis\n"


def test_json_keeps_values_as_they_are_and_drops_what_no_column_is(tmp_path: Path) -> None:
    rows = [{"ID": 1, "city": "paris", "ssn": "a", "more": 1}, {"id": 1.10, "City": "paris"}, {"city": None}]
    assert texts.json_filtered(task(tmp_path, "\n".join(map(json.dumps, rows)).encode(), "json"))
    assert seen(tmp_path) == b'{"id":1,"city":"paris"}\n{"id":1.1,"city":"paris"}\n'


def test_compressed_texts_stay_compressed(tmp_path: Path) -> None:
    body = gzip.compress(b"1,paris,a\n2,rome,b\n")
    assert texts.lines_filtered(task(tmp_path, body, "lines", serde={"field.delim": ","}, name="x.csv.gz"))
    assert gzip.decompress(seen(tmp_path)) == b"1,paris\n"


def test_a_column_that_shows_in_some_rows_is_null_in_the_others(tmp_path: Path) -> None:
    cells = ((parse("city = 'paris'"), frozenset({"id", "city"})), (parse("true"), frozenset({"id"})))
    assert texts.lines_filtered(
        task(tmp_path, b"1,paris,a\n2,rome,b\n", "lines", serde={"field.delim": ","}, cells=cells)
    )
    assert seen(tmp_path) == b"1,paris\n2,\\N\n"


ODD = {
    "several lines": (texts.csv_filtered, b'1,"par\nis",a\n', {}),
    "a quote": (texts.csv_filtered, b'1,x"a,b",paris\n', {}),
    "or escape": (texts.csv_filtered, b"1,x\\,y,paris\n", {}),
    "another encoding": (texts.lines_filtered, b"", {"serde": {"serialization.encoding": "GBK"}}),
    "not JSON": (texts.json_filtered, b'{"id": 1\n', {}),
    "stands twice": (texts.json_filtered, b'{"city": "rome", "CITY": "paris"}\n', {}),
    "more digits": (texts.json_filtered, b'{"city": "paris", "id": 0.12345678901234567890}\n', {}),
    "escaped": (texts.lines_filtered, b"1,paris\n", {"serde": {"escape.delim": "\\"}}),
    "compressed": (texts.lines_filtered, b"", {"name": "x.snappy"}),
    "mapped": (texts.json_filtered, b"", {"serde": {"mapping.id": "x"}}),
    "read as Parquet": (parquet.filtered, b"PAR1", {}),
    "read as ORC": (orc.filtered, b"ORC", {}),
}


@pytest.mark.parametrize("why", ODD)
def test_what_cannot_be_filtered_exactly_is_refused(tmp_path: Path, why: str) -> None:
    made, body, changes = ODD[why]
    with pytest.raises(Refused, match=why):
        made(task(tmp_path, body, "", **changes))


def test_what_is_no_text_is_refused_by_the_program(tmp_path: Path) -> None:
    assert answer(task(tmp_path, b"\xff,paris\n", "lines").write()).startswith("refused")


TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int32()),
        "city": pa.array(["paris", "rome", "paris", None]).dictionary_encode(),
        "ssn": ["a", "zzz", "c", "d"],
        "at": pa.array([0, 1, 2, 3], pa.timestamp("us")),
        "price": [Decimal("1.10"), Decimal("2.20"), None, Decimal("4.40")],
        "tags": [["a"], [], None, ["b", "c"]],
    }
).replace_schema_metadata({"secret": "zzz"})
SHOWN = {
    "columns": (*COLUMNS, Column("at", "timestamp"), Column("price", "decimal(3,2)"), Column("tags", "array<string>")),
    "shown": ("id", "at", "price", "tags"),
}


@pytest.mark.parametrize("ancient", [False, True])
def test_parquet_keeps_its_types_and_has_nothing_of_the_rest(tmp_path: Path, ancient: bool) -> None:
    source = tmp_path / "x.parquet"
    pq.write_table(TABLE, source, use_deprecated_int96_timestamps=ancient, compression="zstd")
    raw = pq.read_table(source)
    every = frozenset(TABLE.column_names)
    asked = task(tmp_path, source.read_bytes(), "parquet", cells=((parse("city = 'paris'"), every),), **SHOWN)
    assert parquet.filtered(Task.read(asked.write()))
    made = pq.ParquetFile(tmp_path / "seen")
    assert made.read().equals(raw.select(list(SHOWN["shown"])).take([0, 2]))
    names = [made.schema.column(number).path for number in range(len(made.schema))]
    assert names[:3] == ["id", "at", "price"]
    kept = {pq.ParquetFile(source).schema.column(3).physical_type, made.schema.column(1).physical_type}
    assert len(kept) == 1
    assert made.metadata.row_group(0).column(0).statistics.max == 3
    assert made.metadata.row_group(0).column(0).compression == "ZSTD"
    for hidden in (b"zzz", b"secret", b"rome", b"city"):
        assert hidden not in seen(tmp_path)


def test_a_dictionary_is_written_without_the_values_of_other_rows(tmp_path: Path) -> None:
    source = tmp_path / "x.parquet"
    pq.write_table(TABLE, source)
    assert parquet.filtered(task(tmp_path, source.read_bytes(), "parquet"))
    assert pq.read_table(tmp_path / "seen").to_pydict() == {"id": [1, 3], "city": ["paris", "paris"]}
    assert b"rome" not in seen(tmp_path)


def test_orc_keeps_its_types(tmp_path: Path) -> None:
    source = tmp_path / "x.orc"
    plain = TABLE.select(["id", "ssn"]).append_column("city", TABLE.column("city").cast(pa.string()))
    arrow_orc.write_table(plain, source)
    assert orc.filtered(task(tmp_path, source.read_bytes(), "orc", "id >= 3", shown=("id", "ssn")))
    assert arrow_orc.read_table(tmp_path / "seen").to_pydict() == {"id": [3, 4], "ssn": ["c", "d"]}


def test_a_column_of_another_type_than_the_catalog_s_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": [1], "city": [1]}), source)
    with pytest.raises(Refused, match="not what the catalog says"):
        parquet.filtered(task(tmp_path, source.read_bytes(), "parquet"))


def test_a_column_that_a_file_does_not_have_is_null(tmp_path: Path) -> None:
    source = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": [1]}), source)
    assert not parquet.filtered(task(tmp_path, source.read_bytes(), "parquet"))
    assert parquet.filtered(task(tmp_path, source.read_bytes(), "parquet", "city is null"))


AVRO: dict[str, Any] = {
    "type": "record",
    "name": "row",
    "doc": "secret",
    "fields": [
        {"name": "id", "type": ["null", "int"]},
        {"name": "City", "type": ["null", "string"], "doc": "secret"},
        {"name": "ssn", "type": "string", "default": "secret"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "paid", "type": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 2}},
        {"name": "more", "type": {"type": "map", "values": {"type": "array", "items": "float"}}},
    ],
}
AVRO_COLUMNS = (
    *COLUMNS,
    Column("day", "date"),
    Column("paid", "decimal(38,2)"),
    Column("more", "map<string,array<float>>"),
)


def avro_file(schema: dict[str, Any] = AVRO, codec: str = "snappy", **changes: Any) -> bytes:
    """A row of Paris, one of Rome, one of nowhere."""
    file = io.BytesIO()
    paid = {"paris": Decimal("123456789012345678901234567890123456.78"), "rome": Decimal("-1.10"), None: Decimal(0)}
    rows = [
        {"id": n, "City": city, "ssn": f"secret-{n}", "day": n, "paid": paid[city], "more": {"a": [0.5, n]}, **changes}
        for n, city in enumerate(paid)
    ]
    fastavro.writer(file, schema, rows, codec=codec, metadata={"about": "secret"})
    return file.getvalue()


def avro_task(folder: Path, rows: str = "city = 'paris'", **changes: Any) -> Task:
    shown = ("id", "city", "day", "paid", "more")
    cells = ((parse(rows), frozenset(shown)),)
    return task(
        folder,
        changes.pop("body", avro_file()),
        "avro",
        **{"columns": AVRO_COLUMNS, "shown": shown, "cells": cells, **changes},
    )


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2", "zstandard"])
def test_avro_keeps_types_and_values_under_the_table_s_names(tmp_path: Path, codec: str) -> None:
    assert avro.filtered(avro_task(tmp_path, body=avro_file(codec=codec))) == 1
    body = seen(tmp_path)
    reader = fastavro.reader(io.BytesIO(body))
    (row,) = [dict(each) for each in reader]  # type: ignore[call-overload]  # these are records
    paid = int.from_bytes(row.pop("paid"), "big")
    assert row == {"id": 0, "city": "paris", "day": 0, "more": {"a": [0.5, 0.0]}}
    assert paid == 12345678901234567890123456789012345678
    kinds = [field["type"] for field in AVRO["fields"] if field["name"] != "ssn"]
    assert [field["type"] for field in json.loads(reader.metadata["avro.schema"])["fields"]] == kinds
    assert reader.codec == codec
    assert b"secret" not in body
    assert b"ssn" not in body


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ("paid < 0", [1]),
        ("paid > 123456789012345678901234567890123456.77", [0]),
        ("city is null", [2]),
        ("id >= 1", [1, 2]),
        ("ssn = 'x'", []),
    ],
)
def test_filters_of_avro_are_true_of_the_values_that_bytes_stand_for(
    tmp_path: Path, rows: str, left: list[int]
) -> None:
    assert avro.filtered(avro_task(tmp_path, rows)) == len(left)
    assert [dict(row)["id"] for row in fastavro.reader(io.BytesIO(seen(tmp_path)))] == left  # type: ignore[call-overload]


def test_a_column_of_avro_that_shows_in_some_rows_is_null_in_the_others(tmp_path: Path) -> None:
    cells = ((parse("id >= 0"), frozenset({"id"})), (parse("city = 'rome'"), frozenset({"day"})))
    assert avro.filtered(avro_task(tmp_path, shown=("id", "day"), cells=cells)) == 3
    assert list(fastavro.reader(io.BytesIO(seen(tmp_path)))) == [
        {"id": 0, "day": None}, {"id": 1, "day": 1}, {"id": 2, "day": None},
    ]  # fmt: skip


def _avro(**changes: Any) -> dict[str, Any]:
    return {**AVRO, "fields": [{**field, **changes.get(field["name"], {})} for field in AVRO["fields"]]}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"serde": {"avro.schema.url": "s3://raw/schema"}}, "schema elsewhere"),
        ({"serde": {"avro.schema.literal": '{"fields": [{"name": "id", "aliases": ["ssn"]}]}'}}, "aliases"),
        ({"body": avro_file(_avro(id={"type": ["int", "long"]}))}, "one type or another"),
        ({"body": avro_file(_avro(City={"name": "town"}), town="x")}, "lacks columns"),
        ({"body": avro_file(_avro(City={"type": "bytes"}), City=b"paris")}, "cannot be asked"),
        ({"body": b"Obj\x01none"}, "cannot be read"),
        ({"body": avro_file()[:-20]}, "cannot be read"),
    ],
)
def test_avro_that_cannot_be_filtered_exactly_is_refused(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        avro.filtered(avro_task(tmp_path, **changes))
