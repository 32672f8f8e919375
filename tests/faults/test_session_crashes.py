"""Sessions over the death of the server, at moments and to places that make it hard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server, create_role, free_port
from tests.waiting import until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("crashing"), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    yield server
    server.down()


def status(server: Server, session: str) -> str:
    found: str = server.client("glue").get_session(Id=session)["Session"]["Status"]
    return found


def folder(server: Server) -> Path:
    """Where the one session of the server works."""
    (kernel,) = server.data.glob("sessions/*/connection.json")
    return kernel.parent / "work"


def over(server: Server, session: str, number: int) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        statement: dict[str, Any] = server.client("glue").get_statement(SessionId=session, Id=number)["Statement"]
        return statement if statement["State"] not in ("WAITING", "RUNNING", "CANCELLING") else None

    return until(ended)


def test_a_session_that_was_being_provisioned_becomes_ready(crashing: Server) -> None:
    role = create_role(crashing)
    crashing.client("glue").create_session(Id="one", Role=role, Command=COMMAND)
    crashing.kill()
    crashing.up()
    until(lambda: status(crashing, "one") == "READY")
    assert len([child for child in crashing.health()["children"] if child["kind"] == "session"]) == 1


def test_a_statement_runs_once_and_its_session_finds_the_server_at_its_new_port(crashing: Server) -> None:
    ran, go = folder(crashing) / "ran", folder(crashing) / "go"
    code = (
        "import pathlib, time, boto3\n"
        "with open('ran', 'a') as file:\n"
        "    file.write('once ')\n"
        "while not pathlib.Path('go').exists():\n"
        "    time.sleep(0.02)\n"
        "print('done')"
    )
    number = crashing.client("glue").run_statement(SessionId="one", Code=code)["Id"]
    until(ran.exists)
    crashing.kill()
    crashing.port = free_port()
    crashing.up()
    go.touch()
    assert over(crashing, "one", number)["Output"]["Data"]["TextPlain"] == "done"
    who = "boto3.client('sts').get_caller_identity()['Arn'].split('/')[-1]"
    identity = crashing.client("glue").run_statement(SessionId="one", Code=who)["Id"]
    assert over(crashing, "one", identity)["Output"]["Data"]["TextPlain"] == "'GlueInteractiveSession-one'"
    assert ran.read_text() == "once "


def test_a_statement_that_was_being_canceled_is_canceled(crashing: Server) -> None:
    glue, begun = crashing.client("glue"), folder(crashing) / "begun"
    code = "open('begun', 'w').close()\nsc.parallelize([1], 1).map(lambda _: __import__('time').sleep(600)).count()"
    number = glue.run_statement(SessionId="one", Code=code)["Id"]
    until(begun.exists)
    glue.cancel_statement(SessionId="one", Id=number)
    crashing.kill()
    crashing.up()
    assert over(crashing, "one", number)["State"] == "CANCELLED"


def test_down_stops_the_session_and_says_so_at_the_next_up(crashing: Server) -> None:
    crashing.down()
    assert crashing.children() == []
    crashing.up()
    assert status(crashing, "one") == "STOPPED"
