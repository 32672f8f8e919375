"""Patient answers: reads of what is on its way, by the clients that people use."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import hasty, until


@pytest.fixture(scope="module")
def session(client: Callable[..., Any], role: str) -> Iterator[str]:
    glue = client("glue")
    glue.create_session(Id="patient", Role=role, Command={"Name": "glueetl", "PythonVersion": "3"})
    until(lambda: glue.get_session(Id="patient")["Session"]["Status"] == "READY")
    yield "patient"
    glue.stop_session(Id="patient")


@pytest.fixture
def run(client: Callable[..., Any], session: str) -> Callable[[str], int]:
    return lambda code: int(client("glue").run_statement(SessionId=session, Code=code)["Id"])


def test_one_look_at_a_short_statement_finds_it_done(
    client: Callable[..., Any], session: str, run: Callable[[str], int]
) -> None:
    number = run("import time\ntime.sleep(0.3)\n'done'")
    assert client("glue").get_statement(SessionId=session, Id=number)["Statement"]["State"] == "AVAILABLE"


def test_who_says_so_is_answered_at_once_and_long_work_within_the_second(
    client: Callable[..., Any], session: str, run: Callable[[str], int]
) -> None:
    number = run("while True: pass")
    glue, looks = hasty(client("glue")), 0
    waiting = threading.Thread(target=client("glue").get_statement, kwargs={"SessionId": session, "Id": number})
    waiting.start()
    while waiting.is_alive():
        looks += 1
        assert glue.get_statement(SessionId=session, Id=number)["Statement"]["State"] in ("WAITING", "RUNNING")
    assert looks > 10
    glue.cancel_statement(SessionId=session, Id=number)
    until(lambda: glue.get_statement(SessionId=session, Id=number)["Statement"]["State"] == "CANCELLED")


def test_a_session_that_is_deleted_meanwhile_is_answered_as_gone(client: Callable[..., Any], role: str) -> None:
    glue = client("glue")
    glue.create_session(Id="brief", Role=role, Command={"Name": "glueetl", "PythonVersion": "3"})
    glue.stop_session(Id="brief")
    refused: list[str] = []

    def look() -> None:
        with pytest.raises(ClientError) as error:
            while True:
                client("glue").get_session(Id="brief")
        refused.append(error.value.response["Error"]["Code"])

    waiting = threading.Thread(target=look)
    waiting.start()
    until(lambda: hasty(client("glue")).get_session(Id="brief")["Session"]["Status"] == "STOPPED")
    glue.delete_session(Id="brief")
    waiting.join()
    assert refused == ["EntityNotFoundException"]
