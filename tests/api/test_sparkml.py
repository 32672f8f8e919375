"""Pipelines of Spark at endpoints and in transform jobs, without Spark."""

import subprocess
import sys
from pathlib import Path

import pytest

from studiolo.runtimes.jars import fetch_jars
from tests.conftest import Server

MLEAP = ("mleap-spark", "mleap-spark-base", "mleap-runtime", "mleap-core", "mleap-base", "mleap-tensor")
JARS = (
    *(f"ml.combust.mleap:{name}_2.12:0.16.0" for name in MLEAP),
    *(f"ml.combust.bundle:{name}_2.12:0.16.0" for name in ("bundle-ml", "bundle-hdfs")),
    "com.jsuereth:scala-arm_2.12:2.0",
    "io.spray:spray-json_2.12:1.3.2",
    "com.thesamet.scalapb:scalapb-runtime_2.12:0.7.1",
    "com.thesamet.scalapb:lenses_2.12:0.7.0-test2",
    "com.lihaoyi:fastparse_2.12:1.0.0",
    "com.lihaoyi:fastparse-utils_2.12:1.0.0",
    "com.lihaoyi:sourcecode_2.12:0.1.4",
    "com.typesafe:config:1.3.0",
    "com.google.protobuf:protobuf-java:3.5.1",
)
"""What exports a pipeline: only of this version there is one for the Scala of Spark 3.5."""


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_a_bundle_of_mleap_answers_as_the_pipeline_of_spark_with_the_sdk(
    server: Server, role: str, bucket: str, tmp_path: Path
) -> None:
    jars = fetch_jars(JARS, tmp_path / "jars")
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_sparkml.py"), role, bucket, tmp_path, jars],
        env={**server.environment(), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-3000:]
    assert "refused: 400" in ran.stdout
    assert "stormy" in ran.stdout
    assert "killed: 1" in ran.stdout
    assert "as Spark: 5" in ran.stdout
