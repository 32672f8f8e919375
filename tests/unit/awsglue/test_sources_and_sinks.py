"""Files and databases read and written."""

import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from tests.unit.awsglue.conftest import values

FromJson = Callable[..., DynamicFrame]


def read(context: GlueContext, path: Path | str, format: str, connection: Any = None, **options: Any) -> DynamicFrame:
    place = {"paths": [str(path)], **(connection or {})}
    return context.create_dynamic_frame.from_options("s3", place, format, options)


def write(frame: DynamicFrame, path: Path, format: str, connection: Any = None, **options: Any) -> None:
    place = {"path": str(path), **(connection or {})}
    frame.glue_ctx.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", connection_options=place, format=format, format_options=options
    )


def lines(folder: Path) -> list[str]:
    return [line for part in sorted(folder.rglob("part-*")) for line in part.read_text().splitlines()]


def test_csv_columns_are_text_unless_their_types_are_asked_for(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id;name\n1;"a;b"\n2;"say ""hi"""\n')
    frame = read(glue_context, tmp_path, "csv", separator=";", withHeader=True)
    assert values(frame) == [("1", "a;b"), ("2", 'say "hi"')]
    assert values(read(glue_context, tmp_path, "csv", separator=";", withHeader=True, inferSchema=True), "id") == [
        (1,),
        (2,),
    ]
    schema = {"dataType": "struct", "fields": [{"name": "id", "container": {"dataType": "long"}}]}
    typed = read(glue_context, tmp_path, "csv", separator=";", withHeader=True, withSchema=json.dumps(schema))
    assert values(typed, "id") == [(1,), (2,)]


def test_csv_without_a_header_has_numbered_columns(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,'2\n")
    assert read(glue_context, tmp_path, "csv", quoteChar="-1").toDF().columns == ["col0", "col1"]
    assert values(read(glue_context, tmp_path, "csv", quoteChar="-1", skipFirst=True)) == [("1", "'2")]


def test_partition_folders_are_text_columns_and_can_be_chosen(glue_context: GlueContext, tmp_path: Path) -> None:
    for month in ("01", "02"):
        (tmp_path / f"month={month}").mkdir()
        (tmp_path / f"month={month}" / "a.json").write_text('{"n": 1}\n{"n": "x"}\n')
    frame = glue_context.create_dynamic_frame.from_options(
        "s3", {"paths": [str(tmp_path)], "recurse": True}, "json", push_down_predicate="month = '02'"
    )
    assert values(frame) == [((1, None), "02"), ((None, "x"), "02")]


def test_recursion_and_exclusions_choose_the_files(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.json").write_text('{"n": 1}\n')
    (tmp_path / "deep" / "b.json").write_text('{"n": 2}\n')
    (tmp_path / "c.old").write_text('{"n": 3}\n')
    with gzip.open(tmp_path / "deep" / "d.json.gz", "wt") as packed:
        packed.write('{"n": 4}\n')
    found = read(
        glue_context, tmp_path, "json", {"recurse": True, "exclusions": '["**.old"]', "groupFiles": "inPartition"}
    )
    assert sorted(values(found)) == [(1,), (2,), (4,)]
    assert sorted(values(read(glue_context, tmp_path, "json"))) == [(1,), (3,)]
    assert len(values(read(glue_context, tmp_path, "json", {"recurse": True}))) == 4


def test_a_json_path_and_records_of_many_lines(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"page": 1, "rows": [{"n": 1}, {"n": 2}]}, indent=2))
    assert values(read(glue_context, tmp_path, "json", jsonPath="$.rows[*]", multiline=True)) == [(1,), (2,)]
    with pytest.raises(NotSupported, match="jsonPath"):
        read(glue_context, tmp_path, "json", jsonPath="$..n")


@pytest.mark.parametrize("format", ["parquet", "glueparquet", "orc", "json", "csv", "avro"])
def test_what_is_written_is_read_again(
    glue_context: GlueContext, from_json: FromJson, tmp_path: Path, format: str
) -> None:
    frame = from_json([{"n": 1, "t": "a", "k": "x"}, {"n": 2, "t": "b", "k": "y"}])
    write(frame, tmp_path / "out", format, {"partitionKeys": ["k"]})
    write(frame, tmp_path / "out", format, {"partitionKeys": ["k"]})
    again = read(glue_context, tmp_path / "out", format.removeprefix("glue"), withHeader=True) if format == "csv" else read(
        glue_context, tmp_path / "out", format.removeprefix("glue"))  # fmt: skip
    assert sorted({tuple(map(str, row)) for row in values(again, "n", "t", "k")}) == [("1", "a", "x"), ("2", "b", "y")]
    assert again.count() == 4


def test_choices_and_nulls_can_be_written(glue_context: GlueContext, from_json: FromJson, tmp_path: Path) -> None:
    frame = from_json([{"n": 1, "none": None}, {"n": "x", "none": None}])
    write(frame, tmp_path / "json", "json")
    assert lines(tmp_path / "json") == ['{"n": 1}', '{"n": "x"}']
    with pytest.raises(NotSupported, match="timestampFormat of json"):
        write(frame, tmp_path / "json", "json", timestampFormat="yyyy")
    write(frame, tmp_path / "csv", "csv", separator="|", writeHeader=False, quoteChar="-1")
    assert lines(tmp_path / "csv") == ["1|", "x|"]
    write(frame, tmp_path / "parquet", "parquet")
    assert values(read(glue_context, tmp_path / "parquet", "parquet"), "n") == [((1, None),), ((None, "x"),)]


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_moment_is_written_with_its_microseconds(glue_context: GlueContext, tmp_path: Path, format: str) -> None:
    frame = glue_context.spark_session.sql("select timestamp '2026-01-02 03:04:05.123456' at")
    write(DynamicFrame.fromDF(frame, glue_context, "moments"), tmp_path / "out", format)
    assert ".123456" in lines(tmp_path / "out")[-1]


def test_a_collection_is_written_by_names(glue_context: GlueContext, persons: DynamicFrame, tmp_path: Path) -> None:
    tables = persons.select_fields(["id", "identifiers"]).relationalize("root", None)
    glue_context.write_dynamic_frame.from_options(tables, "s3", {"path": str(tmp_path / "out")}, "json")
    assert sorted(folder.name for folder in (tmp_path / "out").iterdir()) == ["root", "root_identifiers"]


def test_a_source_and_a_sink_take_their_format_afterwards(
    glue_context: GlueContext, from_json: FromJson, tmp_path: Path
) -> None:
    sink = glue_context.getSink("s3", path=str(tmp_path / "out"))
    sink.setFormat("json")
    sink.writeFrame(from_json([{"n": 1}]))
    source = glue_context.getSource("file", paths=[str(tmp_path / "out")])
    source.setFormat("json")
    assert values(source.getFrame()) == [(1,)]
    assert values(glue_context.getSource("s3", "json", paths=[str(tmp_path / "out")]).getFrame()) == [(1,)]


@pytest.mark.parametrize(
    ("connection", "options", "format", "error", "words"),
    [
        ("marketplace.spark", {}, None, NotSupported, "marketplace.spark is not supported"),
        ("dynamodb", {}, None, NotSupported, "dynamodb is not supported"),
        ("s3", {"paths": ["/x"]}, "grokLog", NotSupported, "grokLog is not supported"),
        ("kinesis", {"streamARN": "x"}, None, NotSupported, "kinesis is not supported"),
        ("s3", {"paths": ["/x"]}, "exe", ValueError, "exe is not a format"),
        ("s3", {"paths": ["/x"]}, None, ValueError, "need a format"),
        ("s3", {}, "json", ValueError, "name no files"),
        ("postgresql", {"dbtable": "t"}, None, ValueError, "name no database"),
        ("mysql", {"url": "jdbc:mysql://h/d"}, None, ValueError, "name no table"),
        ("s3", {"paths": ["/nowhere/at/all"]}, "parquet", Exception, "PATH_NOT_FOUND"),
        (
            "s3",
            {"paths": ["/x"], "boundedFiles": 1},
            "csv",
            NotSupported,
            "boundedFiles of an S3 source is not .* bookmarks",
        ),
        ("s3", {"paths": ["/x"], "separater": ";"}, "csv", ValueError, "separater is not an option of an S3 source"),
        ("s3", {"paths": ["/x"], "compressionType": "zip"}, "csv", ValueError, "zip is not a compressionType"),
        ("s3", {"paths": ["/x"], "excludeStorageClasses": ["STANDARD"]}, "csv", ValueError, "No files are left"),
        ("s3", {"paths": ["/x"], "quoteChar": "<<"}, "csv", ValueError, "quoteChar '<<' of csv is not one character"),
        ("s3", {"paths": ["/x"], "withHeader": "yes"}, "csv", ValueError, "'yes' is given for an option that is true"),
        ("s3", {"paths": ["/x"], "version": "1.7"}, "avro", NotSupported, "Version 1.7 of avro"),
        ("s3", {"paths": ["/x"], "withheader": True}, "csv", ValueError, "it is spelled withHeader"),
        ("s3", {"paths": ["/x"]}, "xml", ValueError, "need the option rowTag"),
    ],
)
def test_what_cannot_be_read_is_said(
    glue_context: GlueContext,
    connection: str,
    options: dict[str, Any],
    format: str | None,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        glue_context.create_dynamic_frame.from_options(connection, options, format)


def test_a_record_says_which_file_it_is_from(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"n": 1}\n{"n": "x"}\n')
    (tmp_path / "b.json").write_text('{"n": 1}\n')
    (tmp_path / "c.csv").write_text("1\n")
    for name, kind in (("a.json", "json"), ("b.json", "json"), ("c.csv", "csv")):
        path = tmp_path / name
        frame = read(glue_context, path, kind, attachFilename="file", attachTimestamp="at")
        [(file, at), *_] = values(frame, "file", "at")
        assert file.endswith(f"/{name}")
        assert abs(at.timestamp() - path.stat().st_mtime) < 1


def test_xml_is_read_by_its_row_tag(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<all><row id='1'><t>a</t></row><row id='2'><t>b</t></row></all>")
    frame = read(glue_context, tmp_path, "xml", rowTag="row")
    assert values(frame, "_id", "t") == [(1, "a"), (2, "b")]
    with pytest.raises(NotSupported, match="xml cannot be written"):
        write(frame, tmp_path / "out", "xml")


def test_a_stream_is_handed_over_batch_by_batch(glue_context: GlueContext, tmp_path: Path, from_json: FromJson) -> None:
    write(from_json([{"n": 1}, {"n": 2}]), tmp_path / "in", "parquet")
    session = glue_context.spark_session
    stream = session.readStream.schema("n int").parquet(str(tmp_path / "in"))
    seen: list[int] = []

    def batch(records: DataFrame, number: int) -> None:
        seen.append(records.count())
        if len(seen) == 1:
            raise ValueError("not yet")
        session.streams.active[0].stop()

    with pytest.raises(ValueError, match="checkpointLocation"):
        glue_context.forEachBatch(stream, batch, {"windowSize": "1 second"})
    options = {"windowSize": "0 seconds", "checkpointLocation": str(tmp_path / "checkpoint")}
    glue_context.forEachBatch(frame=stream, batch_function=batch, options=options)
    assert seen == [2, 2]


def test_purging_a_path_deletes_the_files_past_their_retention(glue_context: GlueContext, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, hours in (("old.csv", 200), ("new.csv", 1)):
        (folder / name).write_text("x")
        os.utime(folder / name, (time.time() - 3600 * hours,) * 2)
    glue_context.purge_s3_path(str(folder), {"manifestFilePath": str(tmp_path / "manifest")})
    assert [path.name for path in folder.glob("*.csv")] == ["new.csv"]
    assert (tmp_path / "manifest" / "Success.csv").read_text().strip().endswith("old.csv")
    glue_context.purge_s3_path(str(folder), {"retentionPeriod": 0})
    assert list(folder.glob("*.csv")) == []


def test_what_the_context_does_not_do_is_said(glue_context: GlueContext) -> None:
    for refused in (glue_context.transition_s3_path, glue_context.transition_table, glue_context.start_transaction):
        with pytest.raises(NotSupported, match="not supported"):
            refused("anything")


def test_records_of_an_rdd_and_ingestion_times(glue_context: GlueContext) -> None:
    rdd = glue_context.spark_session.sparkContext.parallelize([(1, "a")])
    frame = glue_context.create_dynamic_frame.from_rdd(rdd, "made", ["n", "t"])
    assert (frame.name, values(frame)) == ("made", [(1, "a")])
    timed = glue_context.add_ingestion_time_columns(frame.toDF(), "hour")
    assert timed.columns[2:] == ["ingest_year", "ingest_month", "ingest_day", "ingest_hour"]


def test_compressed_files_need_no_extension(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "csv").write_bytes(gzip.compress(b'a,b\n1,"2\n3"\n'))
    packed = {"compressionType": "gzip"}
    found = read(glue_context, tmp_path / "csv", "csv", packed, withHeader=True, multiLine=True)
    assert values(found, "a", "b") == [("1", "2\n3")]
    (tmp_path / "json").write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert values(read(glue_context, tmp_path / "json", "json", packed)) == [(1,), (2,)]
    (tmp_path / "whole.csv.gz").write_bytes(gzip.compress(b"a\\,b,c\n"))
    assert values(read(glue_context, tmp_path / "whole.csv.gz", "csv", escaper="\\", multiLine=True)) == [("a,b", "c")]
    (tmp_path / "plain").write_text("1\n")
    with pytest.raises(Exception, match="plain is not compressed with gzip"):
        read(glue_context, tmp_path / "plain", "csv", packed).count()


def test_options_of_the_format_may_stand_among_those_of_the_connection(
    glue_context: GlueContext, tmp_path: Path
) -> None:
    for text in ("id", "id, id as more"):
        glue_context.spark_session.range(1).selectExpr(*text.split(", ")).write.mode("append").parquet(
            str(tmp_path / "p")
        )
    merged = read(glue_context, tmp_path / "p", "parquet", {"mergeSchema": "true"})
    assert merged.toDF().columns == ["id", "more"]
    (tmp_path / "a.csv").write_text("a;b\nskipped;\n1;2\n")
    given = {"separator": ";", "withHeader": True, "skipFirst": True}
    assert values(read(glue_context, tmp_path / "a.csv", "csv", given), "a", "b") == [("1", "2")]
