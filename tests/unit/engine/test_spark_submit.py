"""Applications run by spark-submit: their options, their settings' file, and why they failed."""

from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.engine.spark_submit import Options, application, options
from studiolo.kernel.failure import reason
from studiolo.kernel.submit import properties


def test_options_are_settings_up_to_the_application() -> None:
    words = "--class org.Main --conf spark.a=b=c --jars=s3://b/a.jar -v --master yarn s3://b/x.jar --in"
    assert options(words.split()) == (
        Options({"spark.a": "b=c", "spark.jars": "s3://b/a.jar"}, "org.Main"),
        ["s3://b/x.jar", "--in"],
    )


@pytest.mark.parametrize("words", [["--jars"], ["--conf", "nothing"], ["--properties-file", "x"], ["--kill", "1"]])
def test_an_option_that_cannot_be_read_is_refused(words: list[str]) -> None:
    with pytest.raises(Invalid, match=words[0]):
        options(words)


def test_spark_s_own_examples_are_where_emr_has_them() -> None:
    file = "local:///usr/lib/spark/examples/src/main/python/pi.py"
    assert application(file, None, ["2"], "/spark") == ("/spark/examples/src/main/python/pi.py", "2")


def test_a_file_of_this_machine_is_no_application() -> None:
    with pytest.raises(Invalid, match="comes from S3"):
        application("/etc/passwd", None, [], "/spark")


def test_settings_are_written_as_java_reads_them() -> None:
    assert properties({"spark.a b": "x=y\\z\n", "spark.ä": "😀"}) == (
        "spark.a\\ b=x\\=y\\\\z\\n\nspark.\\u00e4=\\ud83d\\ude00\n"
    )


PYTHON = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no such thing\n'
JAVA = 'WARN nothing\nException in thread "main" java.io.FileNotFoundException: s3://b/x\n\tat org.apache\n'


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [
        (PYTHON, "26/01/01 INFO SparkContext: stopped\n", "ValueError: no such thing"),
        ("fine\n", JAVA, "java.io.FileNotFoundException: s3://b/x"),
        ("", "a\nb\n", "a\nb"),
        ("no air\n", "26/01/01 10:00:00 WARN Metrics: no file\n", "no air"),
    ],
)
def test_a_failure_is_told_by_the_line_that_shows_it(stdout: str, stderr: str, said: Any) -> None:
    assert reason(stdout, stderr) == said
