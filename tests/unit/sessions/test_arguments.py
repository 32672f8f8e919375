"""What a session's arguments mean."""

from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.engine import Extras
from studiolo.sessions import SessionRequest
from studiolo.sessions.arguments import check_kind, extras, parse_conf, spark_conf, table_formats


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


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("", ()),
        ("plotly", ("plotly",)),
        ("plotly==5.0, s3fs", ("plotly==5.0", "s3fs")),
        ("[plotly,s3fs]", ("plotly", "s3fs")),
        ("['plotly', 'requests[socks]']", ("plotly", "requests[socks]")),
        ("plotly,requests[socks]", ("plotly", "requests[socks]")),
        ("plotly,requests[socks", ("plotly", "requests[socks]")),
        ("pandas>=1.5,<2,s3fs", ("pandas>=1.5,<2", "s3fs")),
        ("awswrangler[redshift,mysql]>=3,s3://b/x-1-py3-none-any.whl", (
            "awswrangler[redshift,mysql]>=3", "s3://b/x-1-py3-none-any.whl",
        )),
    ],
)  # fmt: skip
def test_modules_are_a_comma_list_whose_items_may_have_commas(text: str, modules: tuple[str, ...]) -> None:
    assert extras({"--additional-python-modules": text}).modules == modules


def test_files_and_options_are_read() -> None:
    found = extras(
        {
            "--extra-py-files": "s3://b/a.py, s3://b/c.zip",
            "--extra-jars": "s3a://b/d.jar",
            "--extra-files": "s3://b/e.txt",
            "--additional_python_modules": "s3://b/requirements.txt",
            "--python-modules-installer-option": "-r --index-url=https://packages.example/simple --pre",
        }
    )
    assert found == Extras(
        modules=("s3://b/requirements.txt",),
        listed=True,
        options=("--index-url", "https://packages.example/simple", "--prerelease", "allow"),
        py_files=("s3://b/a.py", "s3://b/c.zip"),
        jars=("s3a://b/d.jar",),
        files=("s3://b/e.txt",),
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"--extra-jars": "local.jar"}, "--extra-jars takes objects in S3"),
        ({"--extra-py-files": "s3://bucket"}, "cannot read: s3://bucket"),
        ({"--extra-py-files": "s3://bucket/data.csv"}, "data.csv does not"),
        ({"--additional-python-modules": "-rfile"}, "-rfile is an option"),
        ({"--python-modules-installer-option": "--target=/tmp"}, "--target is not available"),
        ({"--additional-python-modules": "plotly,/data/other"}, "/data/other is no package"),
        ({"--python-modules-installer-option": "--find-links /data"}, "--find-links takes an address"),
        ({"--python-modules-installer-option": "--index-url=file:///data"}, "--index-url takes an address"),
        ({"--python-modules-installer-option": "--find-links"}, "--find-links takes an address"),
    ],
)
def test_what_is_no_module_and_no_file_is_refused(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        extras(arguments)


@pytest.mark.parametrize(
    "kind",
    [{"kind": "RAY"}, {"command": "glueray"}, {"python_version": "2"}, {"arguments": {"--session-language": "r"}}],
)
def test_a_kind_of_session_that_does_not_run_here_is_refused(kind: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="not available"):
        check_kind(SessionRequest("id", "role", **kind))


def test_arguments_that_change_nothing_here_are_accepted() -> None:
    assert spark_conf({"--glue_kernel_version": "1.0.9", "--enable-glue-datacatalog": "true", "--mine": "x"}) == {}


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
