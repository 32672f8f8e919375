"""SPARK_CONNECT sessions, with the stock pyspark client in a process of its own."""

import json
import subprocess
import uuid
from typing import Any

import botocore.exceptions
import pytest

from studiolo.config import Settings
from studiolo.runtimes import Runtimes
from tests import conftest
from tests.browsing import opened_by
from tests.conftest import Server
from tests.waiting import until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}
PROGRAM = """
import sys
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
doubled = spark.table("global_temp.three").select(udf(lambda number: number * 2, "long")("id").alias("n"))
print(type(spark).__module__, sorted(doubled.toPandas()["n"]))
"""


@pytest.fixture(scope="module")
def session(glue: Any, role: str) -> str:
    session = f"connect-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=session, Role=role, Command=COMMAND, SessionType="SPARK_CONNECT", NumberOfWorkers=2)
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING")
    found = glue.get_session(Id=session)["Session"]
    assert (found["Status"], found["SessionType"]) == ("READY", "SPARK_CONNECT"), found
    return session


def dashboard(glue: Any, session: str) -> str:
    """The link to a session's Spark pages."""
    url: str = glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")["Url"]
    return url


def _python() -> str:
    """The interpreter of the client: its functions run in the session's, which must be of the same Python."""
    runtimes = Runtimes(Settings())
    return str(runtimes.for_glue(conftest.glue_version or runtimes.default_label()).runtime.python)


def connect(address: str) -> subprocess.CompletedProcess[str]:
    """What the client program prints, given a Spark Connect address."""
    command = [_python(), "-c", PROGRAM, address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_client_with_the_token_shares_the_session_s_driver(glue: Any, session: str) -> None:
    code = "spark.range(3).createOrReplaceGlobalTempView('three')"
    number = glue.run_statement(SessionId=session, Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=number)["Statement"]["State"] == "AVAILABLE")
    endpoint = glue.get_session_endpoint(SessionId=session)["SparkConnect"]
    created = glue.get_session(Id=session)["Session"]["CreatedOn"]
    assert endpoint["AuthTokenExpirationTime"] > created
    answer = connect(f"{endpoint['Url']}/;authorization=Bearer%20{endpoint['AuthToken']}")
    assert answer.stdout.strip() == "pyspark.sql.connect.session [0, 2, 4]", answer.stderr


def test_a_client_without_the_token_is_sent_away(glue: Any, session: str) -> None:
    endpoint = glue.get_session_endpoint(SessionId=session)["SparkConnect"]
    answer = connect(f"{endpoint['Url']}/;authorization=Bearer%20guessed")
    assert answer.returncode != 0
    assert "UNAUTHENTICATED" in answer.stderr


def test_the_dashboard_opens_without_a_login_and_is_there_when_the_session_is_over(
    glue: Any, role: str, session: str
) -> None:
    mine = f"session-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=mine, Role=role, Command=COMMAND)
    until(lambda: glue.get_session(Id=mine)["Session"]["Status"] != "PROVISIONING")
    code = "sc.setJobDescription('the days of March'); print(spark.range(4).count())"
    number = glue.run_statement(SessionId=mine, Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId=mine, Id=number)["Statement"]["State"] == "AVAILABLE")
    link = dashboard(glue, mine)
    browser, page = opened_by(link)
    assert (page.status, "the days of March" in page.text) == (200, True), page.words
    assert browser.open("/environment/").status == 200
    assert browser.open("/static/webui.css").status == 200
    # What opens these pages opens no other ones, and those of others need what opens them.
    foreign, _ = opened_by(dashboard(glue, session))
    foreign.cookie = browser.cookie
    assert foreign.open("/jobs/").status == 401
    foreign.cookie = None
    assert foreign.open("/api/v1/applications").status == 401
    glue.stop_session(Id=mine)
    until(lambda: glue.get_session(Id=mine)["Session"]["Status"] == "STOPPED")
    until(lambda: browser.open("/").headers.get("Location", "").startswith("/history/"))
    _, page = opened_by(link)
    assert "the days of March" in page.text, page.words
    glue.delete_session(Id=mine)
    until(lambda: opened_by(link)[1].status == 404)
    # The id may be somebody else's from now on.
    glue.create_session(Id=mine, Role=role, Command=COMMAND)
    assert opened_by(link)[1].status == 404
    glue.stop_session(Id=mine)


def test_who_may_not_see_a_session_gets_no_link_to_its_pages(server: Server, glue: Any, session: str) -> None:
    iam, name = server.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "glue:GetSession", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="sees", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        dashboard(server.client("glue", **keys), session)


def test_an_endpoint_is_there_while_a_connect_session_is_ready(glue: Any, role: str, session: str) -> None:
    glue.stop_session(Id=session)
    with pytest.raises(glue.exceptions.IllegalSessionStateException):
        glue.get_session_endpoint(SessionId=session)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_dashboard_url(ResourceId="nothing", ResourceType="JOB")
    other = f"session-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=other, Role=role, Command=COMMAND)
    with pytest.raises(botocore.exceptions.ClientError, match="LIVY"):
        glue.get_session_endpoint(SessionId=other)
    glue.stop_session(Id=other)
