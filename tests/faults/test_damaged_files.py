"""A database or a root key that cannot be read: one sentence says which file, what is wrong and what to do."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from studiolo.identity import root_key
from studiolo.instance import Instance
from studiolo.state import State
from tests.conftest import Server, free_port
from tests.waiting import lives


@pytest.fixture
def stopped(tmp_path: Path) -> Server:
    """The data folder of a server that ran, and was stopped."""
    with Instance(tmp_path / "data") as instance:
        root_key(instance.folder)
        State(f"sqlite:///{instance.folder / 'state.db'}").close()
    return Server(tmp_path / "data", settings={"STUDIOLO_WARM_SESSIONS": "0"})


def garbage(data: Path) -> None:
    (data / "state.db").write_text("this is no database")


def cut_short(data: Path) -> None:
    file = data / "state.db"
    file.write_bytes(file.read_bytes()[:9000])


def newer(data: Path) -> None:
    with sqlite3.connect(data / "state.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()


def no_key(data: Path) -> None:
    (data / "credentials.json").write_text("")


def half_a_key(data: Path) -> None:
    (data / "credentials.json").write_text('{"access_key_id": "AKIA", "secret_access_key": null}')


@pytest.mark.parametrize(
    ("damage", "file", "wrong", "to_do"),
    [
        (garbage, "state.db", "is damaged (file is not a database)", "put a copy of it back, or move it away"),
        (cut_short, "state.db", "bytes at its end are missing", "put a copy of it back, or move it away"),
        (newer, "state.db", "was written by a newer Studiolo (its schema is 9999", "start that version"),
        (no_key, "credentials.json", "does not hold an access key", "remove it to have a new one generated"),
        (half_a_key, "credentials.json", "does not hold an access key", "remove it to have a new one generated"),
    ],
)
def test_up_and_down_say_in_one_sentence_what_is_wrong_with_a_file(
    stopped: Server, damage: Callable[[Path], None], file: str, wrong: str, to_do: str
) -> None:
    damage(stopped.data)
    up = stopped.run("up", "--port", str(free_port()), check=False)
    down = stopped.run("down")
    assert up.returncode == 1
    for said in (up.stderr, down.stderr):
        [sentence] = [line for line in said.splitlines() if " INFO " not in line]
        assert str(stopped.data / file) in sentence
        assert wrong in sentence
        assert to_do in sentence


def test_down_ends_what_a_killed_server_left_though_the_database_is_damaged(own_server: Server) -> None:
    own_server.kill()
    assert own_server.children()
    garbage(own_server.data)
    (own_server.data / "state.db-wal").unlink()
    down = own_server.run("down")
    assert "is damaged" in down.stderr
    assert "Studiolo is down." in down.stdout
    assert own_server.children() == []


def test_an_empty_database_is_begun_anew_says_so_and_leaves_no_second_store(own_server: Server) -> None:
    own_server.client("s3").create_bucket(Bucket="air")
    own_server.kill()
    before = own_server.children()
    (own_server.data / "state.db-wal").unlink()
    (own_server.data / "state.db").write_text("")
    own_server.up()
    assert "state.db is empty, and is begun anew" in own_server.run("logs", "server").stdout
    assert not any(map(lives, before))
    assert [bucket["Name"] for bucket in own_server.client("s3").list_buckets()["Buckets"]] == ["air"]


def test_a_broken_root_key_is_one_sentence_of_status_env_and_demo_too(own_server: Server) -> None:
    no_key(own_server.data)
    for command, code in (("status", 0), ("env", 1), ("demo", 1)):
        said = own_server.run(command, check=False)
        assert said.returncode == code, said
        [sentence] = said.stderr.splitlines()
        assert f"{own_server.data / 'credentials.json'} does not hold an access key" in sentence
