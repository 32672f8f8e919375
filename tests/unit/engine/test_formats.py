"""Table formats by a session's settings."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.engine.formats import iceberg_defaults, with_formats, with_python
from studiolo.engine.plan import Plan


def test_each_iceberg_catalog_takes_the_bucket_from_the_path() -> None:
    conf = {
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    assert iceberg_defaults(conf) == {"spark.sql.catalog.lake.s3.path-style-access": "true"}


@pytest.mark.parametrize(
    ("jars", "formats", "rest"),
    [
        ("/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar", ("iceberg",), None),
        ("/usr/share/aws/delta/lib/delta-core.jar,/usr/share/aws/delta/lib/delta-storage.jar", ("delta",), None),
        ("hdfs:///apps/hudi/lib/hudi-spark-bundle.jar, s3://b/mine.jar", ("hudi",), "s3://b/mine.jar"),
        ("local:///usr/lib/hudi/hudi-spark-bundle.jar", ("hudi",), None),
        ("/usr/lib/spark/jars/own.jar", (), "/usr/lib/spark/jars/own.jar"),
    ],
)
def test_jars_at_their_places_on_emr_stand_for_their_table_format(
    jars: str, formats: tuple[str, ...], rest: str | None
) -> None:
    runtime: Any = SimpleNamespace(formats={"delta": "3", "hudi": "1", "iceberg": "1"}, pyspark="3.5")
    asked = {"spark.jars": jars, "spark.a": "b"}
    kept = {"spark.a": "b"} if rest is None else {"spark.jars": rest, "spark.a": "b"}
    assert with_formats(runtime, (), asked) == (formats, kept)


def test_python_imports_delta_from_its_jar() -> None:
    jars = [Path("/jars/delta-spark_2.12-3.3.3.jar"), Path("/jars/delta-storage-3.3.3.jar")]
    assert with_python(jars) == ["/jars/delta-spark_2.12-3.3.3.jar"]


def test_a_table_format_that_the_runtime_does_not_have_is_refused_by_its_name() -> None:
    runtime: Any = SimpleNamespace(formats={"delta": "4"}, pyspark="4.0.0")
    with pytest.raises(Invalid, match=r"hudi is not available here with Spark 4\.0\.0"):
        with_formats(runtime, (), {"spark.jars": "/usr/lib/hudi/hudi-spark-bundle.jar"})


def test_a_kernel_without_a_format_does_not_stand_in_for_one_with_it() -> None:
    runtime: Any = SimpleNamespace(name="spark", python=Path("python"), java_home=Path("java"))
    assert Plan(runtime, {}).fingerprint != Plan(runtime, {}, ("iceberg",)).fingerprint
