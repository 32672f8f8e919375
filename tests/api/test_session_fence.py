"""What the code of a session finds of the machine, of the server and of other sessions: one session tries."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studiolo.processes import isolation
from tests.conftest import Server
from tests.waiting import running, until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}

pytestmark = pytest.mark.skipif(isolation().kind != "fenced", reason=str(isolation()))

TRY = """
def tried(action):
    try:
        return action()
    except Exception as error:
        return type(error).__name__

import glob, json, os, pathlib, socket, subprocess
"""


@pytest.fixture(scope="module")
def session(glue: Any, role: str) -> str:
    name = f"attacker-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=name, Role=role, Command=COMMAND)
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] == "READY", 120)
    return name


@pytest.fixture(scope="module")
def tried(glue: Any, session: str) -> Callable[[str], Any]:
    """What an expression is in the session, or the name of the error that it raises."""

    def run(expression: str) -> Any:
        code = f"{TRY}\nprint(json.dumps(tried(lambda: {expression}), default=str))"
        number = glue.run_statement(SessionId=session, Code=code)["Id"]

        def over() -> Any:
            statement = glue.get_statement(SessionId=session, Id=number)["Statement"]
            return statement if statement["State"] == "AVAILABLE" else None

        output = until(over)["Output"]
        assert output["Status"] == "ok", output
        return json.loads(output["Data"]["TextPlain"])

    return run


def test_the_secrets_of_the_server_are_not_there(tried: Callable[[str], Any], server: Server) -> None:
    for name in ("credentials.json", "state.db", "server.json", "logs/server.log"):
        assert (server.data / name).exists(), name
        assert tried(f"open({str(server.data / name)!r}, 'rb').read()") == "FileNotFoundError"


def test_of_the_data_folder_it_sees_what_it_needs_and_no_other_session(
    tried: Callable[[str], Any], server: Server
) -> None:
    # Spark 4 has its Java there, too.
    seen = set(tried(f"os.listdir({str(server.data)!r})")) - {"java"}
    assert seen == {"sessions", "jars", "overlays", "packages"}
    (own,) = tried(f"os.listdir({str(server.data / 'sessions')!r})")
    assert len(list((server.data / "sessions").iterdir())) > 1
    assert tried("os.getcwd()") == str(server.data / "sessions" / own / "work")


def test_the_person_s_home_is_not_there(tried: Callable[[str], Any]) -> None:
    assert tried(f"open({str(Path.home() / '.aws' / 'credentials')!r}).read()") == "FileNotFoundError"
    assert tried("os.path.expanduser('~')").endswith(tried("os.getcwd()").removesuffix("/work")[-32:])
    assert tried("spark._jvm.java.lang.System.getProperty('user.home') == os.path.expanduser('~')") is True


def test_the_server_and_other_processes_are_not_there(tried: Callable[[str], Any], server: Server) -> None:
    assert tried(f"open('/proc/{server.pid}/environ', 'rb').read()") == "FileNotFoundError"
    commands = tried("[open(f).read() for f in glob.glob('/proc/[0-9]*/cmdline')]")
    assert [command for command in commands if "seaweed" in command or "studiolo.server" in command] == []
    assert tried(f"os.kill({server.pid}, 0)") == "ProcessLookupError"


@pytest.mark.parametrize(
    "place", ["numpy.__file__", "'/etc/profile'", "os.__file__", "__import__('studiolo').__file__"]
)
def test_what_others_run_cannot_be_changed(tried: Callable[[str], Any], place: str) -> None:
    assert tried(f"(lambda numpy: open({place}, 'a'))(__import__('numpy'))") == "OSError"


def test_it_writes_in_its_folder_and_in_tmp(tried: Callable[[str], Any], server: Server) -> None:
    token = uuid.uuid4().hex
    tried(
        f"[pathlib.Path(place).write_text({token!r}) for place in ('mine', '/tmp/mine', os.path.expanduser('~/mine'))]"
    )
    found = sorted(path.parent.name for path in server.data.glob("sessions/**/mine") if path.read_text() == token)
    assert [found[1:], len(found)] == [["tmp", "work"], 3]
    assert not (Path("/tmp") / "mine").exists()


def test_a_link_in_the_place_of_the_reason_of_its_end_does_not_show_it_the_root_key(
    glue: Any, role: str, server: Server
) -> None:
    name = f"linker-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=name, Role=role, Command=COMMAND)
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] == "READY", 120)
    code = f"import os; os.symlink({str(server.data / 'credentials.json')!r}, '../failure.txt'); os._exit(7)"
    glue.run_statement(SessionId=name, Code=code)
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] == "FAILED")
    reason = glue.get_session(Id=name)["Session"]["ErrorMessage"]
    assert "exited with status 7" in reason
    assert server.key()[1] not in reason


def test_its_messages_go_by_sockets_that_nobody_else_may_open(server: Server, tried: Callable[[str], Any]) -> None:
    own = Path(tried("os.path.expanduser('~')"))
    connection = json.loads((own / "connection.json").read_text())
    sockets = [own / f"k-{connection[port]}" for port in connection if port.endswith("_port")]
    assert connection["transport"] == "ipc"
    assert [(len(sockets), all(socket.is_socket() for socket in sockets))] == [(5, True)]
    assert own.stat().st_mode & 0o077 == 0


def test_what_it_started_ends_with_it(glue: Any, session: str, tried: Callable[[str], Any]) -> None:
    tried("subprocess.Popen('setsid setsid sleep 54321 &', shell=True).wait()")
    until(lambda: running("sleep", "54321"))
    glue.stop_session(Id=session)
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "STOPPED")
    assert running("sleep", "54321") == []
