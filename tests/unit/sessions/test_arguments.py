"""What a session's arguments mean."""

import pytest

from studiolo.domain import Invalid
from studiolo.sessions import SessionRequest
from studiolo.sessions.arguments import check_kind, parse_conf, spark_conf


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("spark.sql.shuffle.partitions=8", {"spark.sql.shuffle.partitions": "8"}),
        ("--conf spark.a=1", {"spark.a": "1"}),
        ("spark.a=1 --conf spark.b=2 --conf spark.c=3", {"spark.a": "1", "spark.b": "2", "spark.c": "3"}),
        ("spark.a=1\n --conf=spark.b=2\n", {"spark.a": "1", "spark.b": "2"}),
        ("spark.driver.extraJavaOptions=-Da=b -Dc=d --conf spark.b=x", {
            "spark.driver.extraJavaOptions": "-Da=b -Dc=d", "spark.b": "x",
        }),
        ("spark.a='quoted text'", {"spark.a": "quoted text"}),
        ("spark.a=1 --conf spark.a=2", {"spark.a": "2"}),
    ],
)  # fmt: skip
def test_conf_is_read_as_glue_sends_it(text: str, settings: dict[str, str]) -> None:
    assert parse_conf(text) == settings


@pytest.mark.parametrize("text", ["spark.a", "hello=world", "spark.a b=1", "spark.a=1 --conf --conf x"])
def test_text_that_is_no_setting_is_named(text: str) -> None:
    with pytest.raises(Invalid, match="cannot read"):
        parse_conf(text)


@pytest.mark.parametrize("name", ["--extra-jars", "--extra-py-files", "--additional-python-modules"])
def test_an_argument_that_is_not_carried_out_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match=name):
        spark_conf({name: "s3://bucket/thing"})


@pytest.mark.parametrize("kind", [{"kind": "SPARK_CONNECT"}, {"command": "glueray"}, {"python_version": "2"}])
def test_a_kind_of_session_that_does_not_run_here_is_refused(kind: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="not available"):
        check_kind(SessionRequest("id", "role", **kind))


def test_arguments_that_change_nothing_here_are_accepted() -> None:
    assert spark_conf({"--glue_kernel_version": "1.0.9", "--enable-glue-datacatalog": "true", "--mine": "x"}) == {}
