"""Who may speak to a Livy server's port."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.clusters.admission import Admission
from studiolo.clusters.roles import ClusterRoles
from studiolo.domain import Conflict, Denied, Scope, now
from studiolo.identity import Question
from studiolo.livy import Place
from studiolo.livy_door import LivyDoors, Rest
from studiolo.peers import is_same_user
from studiolo.processes import Fence, fenced, isolation
from studiolo.socket_table import between, owners
from studiolo.state import Changes
from tests.stranger import as_another_user

SCOPE = Scope("000000000000", "eu-central-1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def place() -> Place:
    return Place("one", SCOPE, "emr-7.13.0", "role", address="127.0.0.1", port=free_port())


class Roles:
    """Of the tokens `owner`, `steps` and `other` those of the cluster's role, of one that may give it steps, of another."""

    def bearer(self, token: str) -> Any:
        if token not in ("owner", "steps", "other"):
            raise Denied("nobody's")
        return SimpleNamespace(entity="role" if token == "owner" else token)


def authorize(principal: Any, questions: list[Question]) -> None:
    assert questions[0].resource == f"arn:aws:elasticmapreduce:eu-central-1:{SCOPE.account}:cluster/one"
    if principal.entity != "steps":
        raise Denied(f"{questions[0].action} is not allowed")


@pytest.fixture
def doors(place: Place) -> Iterator[LivyDoors]:
    livy: Any = SimpleNamespace()
    identity: Any = SimpleNamespace(workloads=Roles(), authorize=authorize, root=SimpleNamespace(secret="secret"))
    cluster: Any = SimpleNamespace(
        id=place.id,
        scope=SCOPE,
        asked=SimpleNamespace(role="role", runtime_roles=None),
        settings=SimpleNamespace(tags={}),
    )
    roles = ClusterRoles(identity, lambda _: cluster, now)
    doors = LivyDoors(Rest(livy, Changes()), lambda *_: place, Admission(identity, lambda _: cluster), roles)
    doors.open(place)
    yield doors
    doors.close_all()


def ask(place: Place, path: str = "/version", **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://{place.address}:{place.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


def test_the_user_who_runs_it_is_let_in(doors: LivyDoors, place: Place) -> None:
    status, told = ask(place)
    assert (status, told["version"]) == (200, "0.8.0-incubating")


@pytest.mark.skipif(isolation().kind != "fenced", reason="who is in a fence is known only where there is one")
@pytest.mark.parametrize(("token", "status"), [("owner", 200), ("steps", 200), ("other", 403), ("", 403)])
def test_what_runs_in_a_fence_is_let_in_by_the_right_to_give_the_cluster_steps(
    doors: LivyDoors, place: Place, tmp_path: Path, token: str, status: int
) -> None:
    code = (
        "import http.client, os; os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'] = 'owner'; "
        f"asked = http.client.HTTPConnection('{place.address}', {place.port}); asked.request('GET', '/version'); "
        "print(asked.getresponse().status)"
    )
    variables = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": token}
    command, environment = fenced([sys.executable, "-c", code], variables, Fence(tmp_path), ())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == str(status), done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_refused(doors: LivyDoors, place: Place) -> None:
    assert as_another_user(lambda: {"status": ask(place)[0]}) == {"status": 403}


def test_a_page_of_another_site_can_start_nothing(doors: LivyDoors, place: Place) -> None:
    request = urllib.request.Request(
        f"http://{place.address}:{place.port}/sessions", b"{}", {"Origin": "http://elsewhere.example"}
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=10)


def test_a_client_that_begins_with_tls_is_told_and_not_cut_off(doors: LivyDoors, place: Place) -> None:
    with socket.create_connection((place.address, place.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160))
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_what_is_not_here_is_named(doors: LivyDoors, place: Place) -> None:
    assert [ask(place, path)[0] for path in ("/ui", "/nothing")] == [501, 404]


def test_a_port_that_is_taken_is_said(doors: LivyDoors, place: Place) -> None:
    with pytest.raises(Conflict, match="cannot listen"):
        doors.open(Place("two", SCOPE, "emr-7.13.0", "role", address=place.address, port=place.port))


def test_a_connection_that_there_is_not_is_nobody_s() -> None:
    assert not is_same_user(("127.0.0.1", 1), ("127.0.0.1", 2))


def test_a_client_that_has_gone_is_not_taken_for_root() -> None:
    row = "   0: 0100007F:1234 0100007F:2345 {state} 00000000:00000000 00:00000000 00000000 {user}        0 {inode} 1\n"
    open_one, closed = row.format(state="01", user=1000, inode=77), row.format(state="05", user=0, inode=0)
    addresses = ("0100007F:1234", "0100007F:2345")
    assert owners(between([open_one.split()], *addresses)) == {1000}
    assert owners(between([closed.split()], *addresses)) == set()
