"""Livy's REST API, as an application of EMR Serverless serves it."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.signed_livy import ROLE, SignedLivy
from tests.conftest import REGION, Server
from tests.waiting import until


@pytest.fixture(scope="module")
def livy(server: Server, client: Callable[..., Any]) -> Iterator[SignedLivy]:
    emr = client("emr-serverless")
    interactive = {"livyEndpointEnabled": True}
    name = emr.create_application(releaseLabel="emr-7.13.0", type="SPARK", interactiveConfiguration=interactive)
    application = name["applicationId"]
    emr.start_application(applicationId=application)
    until(lambda: emr.get_application(applicationId=application)["application"]["state"] == "STARTED")
    yield SignedLivy(server, application, server.key())
    emr.stop_application(applicationId=application)


@pytest.fixture(scope="module")
def session(livy: SignedLivy, role: str) -> Iterator[str]:
    """A session of all kinds, named `mine`."""
    path = livy.session(kind="shared", name="mine", conf={ROLE: role})
    yield path
    assert livy.ask("DELETE", path) == (200, {"msg": "deleted"})
    assert livy.ask("GET", path)[0] == 404


def test_python_and_sql_share_a_session_and_answer_each_in_its_form(livy: SignedLivy, session: str) -> None:
    printed = livy.run(session, "spark.range(3).createOrReplaceTempView('three')\nprint(40 + 2)", "pyspark")
    assert printed["data"] == {"text/plain": "42"}
    rows = livy.run(session, "select id, cast(id / 2 as decimal(4, 1)) half from three order by id", "sql")["data"]
    assert [field["name"] for field in rows["application/json"]["schema"]["fields"]] == ["id", "half"]
    assert rows["application/json"]["data"] == [[0, 0.0], [1, 0.5], [2, 1.0]]


def test_scala_sees_what_python_made(livy: SignedLivy, session: str) -> None:
    livy.run(session, "spark.range(5).createOrReplaceTempView('five')", "pyspark")
    assert livy.run(session, 'spark.table("five").count()', "spark")["data"]["text/plain"].endswith("= 5")


def test_an_error_has_its_name_value_and_traceback(livy: SignedLivy, session: str) -> None:
    output = livy.run(session, "1/0", "pyspark")
    assert (output["status"], output["ename"], output["evalue"]) == ("error", "ZeroDivisionError", "division by zero")
    assert "ZeroDivisionError" in "".join(output["traceback"])


def test_a_statement_that_is_canceled_ends(livy: SignedLivy, session: str) -> None:
    number = livy.ask("POST", f"{session}/statements", {"code": "import time; time.sleep(600)", "kind": "pyspark"})[1]
    path = f"{session}/statements/{number['id']}"
    until(lambda: livy.ask("GET", path)[1]["state"] == "running")
    assert livy.ask("POST", f"{path}/cancel") == (200, {"msg": "canceled"})
    until(lambda: livy.ask("GET", path)[1]["state"] == "cancelled")


def test_a_session_is_found_by_its_name_and_completes_code(livy: SignedLivy, session: str) -> None:
    assert livy.ask("GET", "/sessions/mine")[1]["id"] == int(session.rpartition("/")[2])
    asked = {"code": "spark.ran", "kind": "pyspark", "cursor": 9}
    assert livy.ask("POST", "/sessions/mine/completion", asked) == (200, {"candidates": ["range"]})
    assert livy.ask("GET", "/sessions/mine/log?size=1")[1]["total"] >= 2


def test_what_cannot_be_is_refused_in_words(livy: SignedLivy, session: str, role: str) -> None:
    conf = {ROLE: role}
    assert livy.ask("POST", "/sessions", {"name": "mine", "conf": conf})[0] == 400
    assert "need R" in livy.ask("POST", "/sessions", {"kind": "sparkr", "conf": conf})[1]["msg"]
    assert "Code type" in livy.ask("POST", f"{session}/statements", {"code": "1"})[1]["msg"]
    assert livy.ask("GET", "/sessions/99") == (404, {"msg": "Session '99' not found."})
    assert livy.ask("POST", "/sessions", {"kind": "pyspark"})[0] == 403


def test_the_endpoint_is_also_known_by_the_name_that_emr_gives_it(livy: SignedLivy, session: str) -> None:
    host = f"{livy.application}.livy.emr-serverless-services.{REGION}.amazonaws.com"
    assert livy.ask("GET", "/sessions", host=host)[1]["total"] == 1


def test_who_is_not_allowed_learns_nothing(livy: SignedLivy, session: str, client: Callable[..., Any]) -> None:
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    stranger = SignedLivy(livy.server, livy.application, (key["AccessKeyId"], key["SecretAccessKey"]))
    assert stranger.ask("GET", "/sessions")[0] == 403
    assert SignedLivy(livy.server, livy.application, ("AKIAUNKNOWN", "guessed")).ask("GET", "/sessions")[0] == 403


def test_a_session_of_a_role_is_only_for_who_started_it_and_who_may_pass_that_role(
    livy: SignedLivy, session: str, role: str, client: Callable[..., Any]
) -> None:
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    other = SignedLivy(livy.server, livy.application, (key["AccessKeyId"], key["SecretAccessKey"]))

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="livy", PolicyDocument=document)

    allow("emr-serverless:AccessLivyEndpoints")
    assert other.ask("GET", "/sessions")[1]["total"] == 0
    for method, path, asked in (
        ("GET", session, None),
        ("GET", f"{session}/log", None),
        ("GET", f"{session}/statements", None),
        ("POST", f"{session}/statements", {"code": "1"}),
        ("DELETE", "/sessions/mine", None),
    ):
        assert other.ask(method, path, asked)[0] == 403
    allow("emr-serverless:AccessLivyEndpoints", "iam:PassRole")
    assert other.ask("GET", "/sessions")[1]["total"] == 1
    assert other.ask("GET", session)[0] == 200
