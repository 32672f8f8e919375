"""A run of Spark's driver after which Java keeps the classes that it loaded, in an archive for the drivers to come.

`python -m studiolo.kernel.training FOLDER`, with a `launch.json` in the folder:
`{"conf": Spark's settings, "driver": what `Driver` takes, "archive": the two files to be made, of Java's own classes, and
of Spark's on top, "patient": whether others go first}`. It does a little of what sessions do first; what it does not do
is loaded from Spark's jars, as without an archive.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studiolo.kernel.driver import Driver, class_path

NICE = 5
"""Lower than that of sessions, which go first, and not so low that on a busy machine Spark's parts wait too long for one
another."""

EXIT_SECONDS = 300.0
"""Longest that Java may take to write the archive."""

QUIET = "-Xlog:cds*=error"
"""Java tells each class that cannot be archived."""


def train(spark: Any, folder: Path) -> None:
    """What sessions do first: Python and SQL, files, a table of the catalog, which is not there."""
    from pyspark.sql.functions import col, udf

    from studiolo.kernel.scala import Scala

    rows = spark.range(1000).selectExpr("id", "id % 7 as k", "cast(id as string) as s", "rand() as x")
    rows.groupBy("k").agg({"x": "avg", "s": "max"}).orderBy("k").toPandas()
    rows.createOrReplaceTempView("numbers")
    spark.sql("select k, count(*), sum(x) over (order by k) from numbers group by k, x limit 5").show()
    for kind in ("parquet", "csv", "json"):
        path = str(folder / kind)
        rows.write.format(kind).save(path)
        spark.read.format(kind).schema(rows.schema).load(path).join(rows.select("id"), "id").count()
    rows.select(udf(lambda text: text + "!")(col("s"))).limit(3).collect()
    spark.createDataFrame([(1, "a")], ["n", "s"]).collect()
    spark.sparkContext.parallelize(range(10), 2).map(lambda n: (n % 2, n)).reduceByKey(lambda a, b: a + b).collect()
    with contextlib.suppress(Exception):
        spark.sql("show tables").collect()
    # Scala's compiler is large, and most of the wait for a first statement.
    Scala(spark, folder / "scala").run("val a = spark.range(3).map(n => n + 1); a.show()")


def main(folder: Path) -> int:
    """Start a driver as a kernel does, use it, and let it end by itself: then it writes the archive. The exit status."""
    launch = json.loads((folder / "launch.json").read_text())
    if launch["patient"]:
        _step_back()
    driver, (base, app) = launch["driver"], launch["archive"]
    # Not every Java brings the archive of its own classes along that Spark's is put on top of.
    subprocess.run([driver["java"], "-Xshare:dump", f"-XX:SharedArchiveFile={base}", QUIET], check=True)
    options = [*driver["options"], f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={app}", QUIET]
    _run({**launch, "driver": {**driver, "options": options}}, folder)
    # Refused where anything is wrong with it.
    check = [
        *driver["options"],
        "-Xshare:on",
        f"-XX:SharedArchiveFile={base}:{app}",
        "-cp",
        class_path(Path(driver["spark"])),
        "-version",
    ]
    return subprocess.run([driver["java"], *check]).returncode


def _step_back() -> None:
    """Take a lower priority, also among groups of processes, by which Linux may share out its processors first."""
    os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))


def _run(launch: Mapping[str, Any], folder: Path) -> None:
    driver = Driver(launch, folder)
    from studiolo.kernel.doors import closed
    from studiolo.kernel.spark import start_spark

    train(start_spark(closed(launch["conf"]), driver, _show), folder)
    assert driver.process.stdin is not None
    driver.process.stdin.close()
    driver.process.wait(EXIT_SECONDS)


def _show(line: str) -> None:
    sys.stderr.write(line)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
