"""How often Spark 3.5 asks for what it reads, and that it reads nothing stale for asking less (`S3FileSystem.java`)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.spark_code import Spark

HELPERS = """
import boto3
s3, jvm, hadoop = boto3.client("s3"), sc._jvm, sc._jsc.hadoopConfiguration()
bucket = "{bucket}"
path = jvm.org.apache.hadoop.fs.Path("s3://{bucket}/scans/one.parquet")
files = path.getFileSystem(hadoop)
TASK = getattr(getattr(jvm.org.apache.spark, "TaskContext$"), "MODULE$")
attempts = iter(range(1000, 2000))

def put(text):
    s3.put_object(Bucket="{bucket}", Key="scans/one.parquet", Body=text)

def look():
    return files.getFileStatus(path).getLen()

def read():
    stream = files.open(path)
    try:
        return chr(stream.read())
    except Exception as error:
        return error.java_exception.getClass().getSimpleName()
    finally:
        stream.close()

def asked():
    found = files.getIOStatistics().counters()
    return [found.get(f"action_http_{kind}_request") for kind in ("head", "get")]

class Task:
    def __enter__(self):
        properties, metrics = jvm.java.util.Properties(), jvm.org.apache.spark.executor.TaskMetrics.empty()
        nothing = getattr(getattr(jvm.scala.collection.immutable, "Map$"), "MODULE$").empty()
        create = jvm.org.apache.spark.TaskContextImpl
        TASK.setTaskContext(create(0, 0, 0, next(attempts), 0, 1, None, properties, None, metrics, 1, nothing))

    def __exit__(self, *_):
        TASK.unset()
"""


@pytest.fixture(scope="module")
def spark(glue: Any, role: str, bucket: str) -> Iterator[Spark]:
    session = Spark(glue, role, {}, GlueVersion="5.1")
    session.run(HELPERS.replace("{bucket}", bucket) + "print()")
    yield session
    session.stop()


def test_a_scan_asks_for_the_footer_of_each_parquet_file_alone_where_all_of_it_is_there(
    spark: Spark, bucket: str
) -> None:
    spark.run(f"spark.range(1000).repartition(6).write.parquet('s3://{bucket}/scans/six')\nprint()")
    scan = f"""
rows = spark.read.parquet("s3://{bucket}/scans/six")
before = asked()
total = rows.selectExpr("sum(id)").first()[0]
once = asked()
again = rows.selectExpr("sum(id)").first()[0]
def more(before, after):
    return [late - early for early, late in zip(before, after)]
print(total, more(before, once), again, more(once, asked()))
"""
    # One was asked for its schema already.
    assert spark.run(scan) == "499500 [1, 5] 499500 [6, 0]"


def test_compressed_lines_are_asked_for_once_and_not_listed_again_for_their_header(spark: Spark, bucket: str) -> None:
    code = f"""
import gzip
for name in "abcd":
    text = "one,two\\n" + f"{{name}},{{'x' * 100}}\\n" * 20_000
    s3.put_object(Bucket="{bucket}", Key=f"scans/lines/{{name}}.csv.gz", Body=gzip.compress(text.encode()))
before = asked()
rows = spark.read.csv("s3://{bucket}/scans/lines", header=True)
print(sorted(row[0] for row in rows.select("one").distinct().collect()), rows.count(), rows.columns)
heads, gets = [after - each for each, after in zip(before, asked())]
print(heads < 5, gets)
"""
    # Each of the two jobs reads four files, and the header was read of one.
    assert spark.run(code) == "['a', 'b', 'c', 'd'] 80000 ['one', 'two']\nTrue 9"


def test_a_file_that_changes_its_header_is_read_as_it_is(spark: Spark, bucket: str) -> None:
    code = f"""
import gzip
seen = []
for header in ("one", "two,three"):
    s3.put_object(Bucket="{bucket}", Key="scans/changing/a.csv.gz", Body=gzip.compress(f"{{header}}\\n1,2\\n".encode()))
    seen.append(spark.read.csv("s3://{bucket}/scans/changing", header=True).columns)
    seen.append(spark.read.text("s3://{bucket}/scans/changing/a.csv.gz").first()[0])
print(seen)
"""
    assert spark.run(code) == "[['one'], 'one', ['two', 'three'], 'two,three']"


def test_a_file_is_read_right_from_wherever_and_on_into_its_footer_without_asking_again(spark: Spark) -> None:
    code = """
import os
content = os.urandom(300_000)
put(content)
def rest(stream, start):
    stream.seek(start)
    return bytes(jvm.org.apache.commons.io.IOUtils.toByteArray(stream)) == content[start:]

with Task():
    look()
    before, stream = asked()[1], files.open(path)
    whole = rest(stream, 0)
    stream.close()
    # A stream's requests are counted when it is closed.
    once, stream = asked()[1] - before, files.open(path)
    print(whole, once, all(rest(stream, 300_000 - back) for back in (1, 65_535, 65_536, 65_537, 300_000, 8, 0)))
    stream.close()
"""
    assert spark.run(code) == "True 1 True"


def test_what_is_overwritten_after_a_task_has_asked_is_not_read_as_what_it_was(spark: Spark) -> None:
    code = "put('a' * 70_000)\nwith Task():\n    look()\n    put('b')\n    print(read())"
    assert spark.run(code) == "RemoteFileChangedException"


def test_what_is_kept_of_a_file_is_read_for_as_long_as_it_is_that(spark: Spark) -> None:
    code = """
import os
contents = [os.urandom(2_000_000) for _ in range(2)]
def whole():
    with Task():
        look()
        before, stream = asked(), files.open(path)
        stream.seek(0)
        read = bytes(jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
        stream.close()
        return contents.index(read), asked()[1] > before[1]

put(contents[0])
seen = [whole(), whole()]
put(contents[1])
seen += [whole(), whole()]
put(contents[0])
seen += [whole()]
s3.delete_object(Bucket=bucket, Key="scans/one.parquet")
with Task():
    try:
        look()
    except Exception as error:
        seen.append(error.java_exception.getClass().getSimpleName())
print(seen)
"""
    found = "[(0, True), (0, False), (1, True), (1, False), (0, False), 'FileNotFoundException']"
    assert spark.run(code) == found


def test_what_was_overwritten_before_a_task_asked_is_read_as_it_is(spark: Spark) -> None:
    code = "put('a')\nwith Task():\n    look()\nput('b')\nwith Task():\n    look()\n    print(read())"
    assert spark.run(code) == "b"


def test_outside_of_tasks_nothing_is_remembered(spark: Spark) -> None:
    assert spark.run("put('a')\nlook()\nput('bb')\nprint(read(), look())") == "b 2"


def test_a_task_that_waits_for_a_change_sees_it(spark: Spark) -> None:
    code = "put('a')\nwith Task():\n    look()\n    put('bb')\n    print(look(), read())"
    assert spark.run(code) == "2 b"


def test_a_task_that_writes_sees_what_it_wrote(spark: Spark) -> None:
    code = """
put('a')
with Task():
    look(), read()
    out = files.create(path)
    look(), read()
    out.write(bytearray(b"bb"))
    out.close()
    print(look(), read())
"""
    assert spark.run(code) == "2 b"


def test_who_has_reads_unconditional_is_told_anew_each_time(spark: Spark) -> None:
    code = """
hadoop.set("fs.s3a.change.detection.mode", "none")
files = jvm.org.apache.hadoop.fs.FileSystem.newInstance(path.toUri(), hadoop)
hadoop.unset("fs.s3a.change.detection.mode")
put("a")
with Task():
    look()
    put("b")
    print(read())
files.close()
files = path.getFileSystem(hadoop)
"""
    assert spark.run(code) == "b"
