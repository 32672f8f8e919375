"""Table formats by a session's arguments."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.sessions.arguments import table_formats
from studiolo.sessions.formats import iceberg_defaults
from studiolo.sessions.plan import Plan


@pytest.mark.parametrize(
    "arguments",
    [
        {"--datalake-formats": "iceberg,delta"},
        {"--datalake-formats": " Delta, iceberg,,delta"},
        {"--datalake_formats": "iceberg,delta"},
    ],
)
def test_formats_are_a_comma_list_in_any_order(arguments: dict[str, str]) -> None:
    assert table_formats(arguments) == ("delta", "iceberg")


def test_no_formats_are_asked_for_by_other_arguments() -> None:
    assert table_formats({"--conf": "spark.a=b"}) == ()


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
