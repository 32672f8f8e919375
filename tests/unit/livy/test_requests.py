"""What requests to Livy say."""

from datetime import timedelta
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.livy import BatchRequest, SessionRequest, request_of
from studiolo.livy.model import duration, mebibytes
from studiolo.livy.requests import check_kind, spark_conf, with_jars


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("600s", 600), ("10m", 600), ("2h", 7200), ("1500", 1.5), ("1 d", 86400), ("9" * 30 + "d", 100 * 365 * 86400)],
)
def test_times_are_as_livy_has_them(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "mib"), [("512m", 512), ("2g", 2048), ("2GB", 2048), ("1048576k", 1024), ("1024", 1024)]
)
def test_memory_is_as_spark_has_it(text: str, mib: int) -> None:
    assert mebibytes(text) == mib


@pytest.mark.parametrize("read", [duration, mebibytes])
@pytest.mark.parametrize("text", ["", "much", "-1m", "1.5 parsecs"])
def test_what_is_no_amount_is_refused(read: Any, text: str) -> None:
    with pytest.raises(Invalid):
        read(text)


def test_a_session_s_fields_are_those_of_livy() -> None:
    given = {"kind": "pyspark", "jars": ["s3://b/a.jar"], "numExecutors": 2, "conf": {"spark.a": True}, "ttl": None}
    assert request_of(SessionRequest, given) == SessionRequest(
        kind="pyspark", jars=("s3://b/a.jar",), numExecutors=2, conf={"spark.a": "true"}
    )


def test_kinds_have_livy_s_other_names_and_numbers_are_texts_where_these_are_asked_for() -> None:
    asked = [request_of(SessionRequest, {"kind": kind, "driverMemory": 512}) for kind in ("python", "scala", "r")]
    assert [each.kind for each in asked] == ["pyspark", "spark", "sparkr"]
    assert asked[0].driverMemory == "512"


def test_jars_of_table_formats_at_their_places_on_emr_are_left_to_the_engine() -> None:
    delta = "/usr/share/aws/delta/lib/delta-spark.jar"
    assert with_jars({"spark.jars": "s3://b/a.jar"}, (delta, "s3://b/c.jar")) == {"spark.jars": f"s3://b/a.jar,{delta}"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"knid": "spark"}, "knid"),
        ({"kind": ["spark"]}, "kind"),
        ({"jars": "s3://b/a.jar"}, "jars"),
        ({"numExecutors": "many"}, "numExecutors"),
        ({"conf": ["spark.a=b"]}, "conf"),
        ({"conf": {"spark.a": {"b": 1}}}, "conf"),
    ],
)
def test_a_field_that_is_unknown_or_of_another_type_is_named(given: dict[str, Any], word: str) -> None:
    with pytest.raises(Invalid, match=word):
        request_of(SessionRequest, given)


def test_a_batch_needs_a_file() -> None:
    with pytest.raises(Invalid, match="file"):
        request_of(BatchRequest, {"args": ["1"]})


def test_sparkr_is_refused_with_the_reason() -> None:
    with pytest.raises(Invalid, match="need R"):
        check_kind(SessionRequest(kind="sparkr"))


def test_the_server_decides_on_the_master() -> None:
    asked = {"spark.master": "yarn", "spark.a": "b", "livy.rsc.x": "y", "spark.submit.deployMode": "cluster"}
    assert spark_conf(asked) == {"spark.a": "b"}
