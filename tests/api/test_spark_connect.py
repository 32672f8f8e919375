"""SPARK_CONNECT sessions, with the stock pyspark client in a process of its own."""

import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from typing import Any

import botocore.exceptions
import pytest
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


def connect(address: str) -> subprocess.CompletedProcess[str]:
    """What the client program prints, given a Spark Connect address."""
    command = [sys.executable, "-c", PROGRAM, address]
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


def test_the_dashboard_is_the_session_s_spark_ui(glue: Any, session: str) -> None:
    url = glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")["Url"]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(url.replace("/?", "/environment/?"), timeout=30) as page:
        assert "token" not in page.url
        assert "spark.app.id" in page.read().decode()
    with browser.open(url.partition("?")[0] + "api/v1/applications", timeout=30) as page:
        assert page.status == 200


@pytest.mark.parametrize("path", ["", "jobs/", "api/v1/applications", "static/webui.css", "?token=guessed"])
def test_spark_s_pages_are_shown_to_nobody_without_their_token(glue: Any, session: str, path: str) -> None:
    url = glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")["Url"].partition("?")[0]
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(url + path, timeout=30)
    assert "GetDashboardUrl" in refused.value.read().decode()


def test_spark_s_pages_answer_to_no_other_name(glue: Any, session: str) -> None:
    url = glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")["Url"]
    rebound = urllib.request.Request(url, headers={"Host": "studiolo.example"})
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(rebound, timeout=30)


def test_an_endpoint_is_there_while_a_connect_session_is_ready(glue: Any, role: str, session: str) -> None:
    glue.stop_session(Id=session)
    with pytest.raises(glue.exceptions.IllegalSessionStateException):
        glue.get_session_endpoint(SessionId=session)
    with pytest.raises(glue.exceptions.InvalidInputException, match="READY"):
        glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_dashboard_url(ResourceId="nothing", ResourceType="JOB")
    other = f"session-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=other, Role=role, Command=COMMAND)
    with pytest.raises(botocore.exceptions.ClientError, match="LIVY"):
        glue.get_session_endpoint(SessionId=other)
    glue.stop_session(Id=other)
