"""Table formats by a session's settings."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from studiolo.engine.formats import iceberg_defaults
from studiolo.engine.plan import Plan


def test_each_iceberg_catalog_takes_the_bucket_from_the_path() -> None:
    conf = {
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    assert iceberg_defaults(conf) == {"spark.sql.catalog.lake.s3.path-style-access": "true"}


def test_a_kernel_without_a_format_does_not_stand_in_for_one_with_it() -> None:
    runtime: Any = SimpleNamespace(name="spark", python=Path("python"), java_home=Path("java"))
    assert Plan(runtime, {}).fingerprint != Plan(runtime, {}, ("iceberg",)).fingerprint
