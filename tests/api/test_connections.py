"""Connections of the Data Catalog, and what TestConnection finds out about them."""

import hashlib
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import free_port
from tests.sockets import serve
from tests.waiting import until


def connection_input(name: str, url: str) -> dict[str, Any]:
    properties = {"JDBC_CONNECTION_URL": url, "USERNAME": "ann", "PASSWORD": "secret"}
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": properties}


def test_a_connection_hides_its_password_where_asked(glue: Any) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    glue.create_connection(ConnectionInput=connection_input(name, "jdbc:mysql://127.0.0.1/db"), Tags={"team": "air"})
    shown = glue.get_connection(Name=name)["Connection"]["ConnectionProperties"]
    hidden = glue.get_connection(Name=name, HidePassword=True)["Connection"]["ConnectionProperties"]
    assert (shown["PASSWORD"], "PASSWORD" in hidden) == ("secret", False)
    listed = glue.get_connections(Filter={"ConnectionType": "JDBC"})["ConnectionList"]
    assert name in [each["Name"] for each in listed]
    answer = glue.batch_delete_connection(ConnectionNameList=[name, "nothing"])
    assert answer["Succeeded"] == [name]
    assert answer["Errors"]["nothing"]["ErrorCode"] == "EntityNotFoundException"


def test_a_connection_shows_the_properties_of_one_engine(glue: Any) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    own = {"HOST": "spark", "PASSWORD": "of spark"}
    glue.create_connection(
        ConnectionInput={**connection_input(name, "jdbc:mysql://127.0.0.1/db"), "SparkProperties": own}
    )
    found = glue.get_connection(Name=name, ApplyOverrideForComputeEnvironment="SPARK")["Connection"]
    assert (found["ConnectionProperties"]["HOST"], found["ConnectionProperties"]["USERNAME"]) == ("spark", "ann")
    assert "HOST" not in glue.get_connection(Name=name)["Connection"]["ConnectionProperties"]
    hidden = glue.get_connection(Name=name, ApplyOverrideForComputeEnvironment="SPARK", HidePassword=True)["Connection"]
    assert not any("PASSWORD" in hidden[each] for each in ("ConnectionProperties", "SparkProperties"))
    glue.delete_connection(ConnectionName=name)


@pytest.fixture(scope="module")
def database(postgresql: str, postgresql_port: int) -> Iterator[int]:
    """The port of a PostgreSQL whose user ann, of the password secret, has a database air."""
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute("CREATE ROLE ann LOGIN PASSWORD 'secret'")
        admin.execute("CREATE DATABASE air OWNER ann")
        (rules,) = admin.execute("SHOW hba_file").fetchone() or ("",)
        before = Path(rules).read_text()
        Path(rules).write_text(f"local all ann scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
    until(lambda: _is_refused(postgresql_port))
    yield postgresql_port
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute("DROP DATABASE air")
        admin.execute("DROP ROLE ann")
    Path(rules).write_text(before)


def _is_refused(port: int) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, user="ann", password="wrong", dbname="postgres").close()
    except psycopg.OperationalError:
        return True
    return False


def try_out(glue: Any, url: str, **properties: str) -> None:
    """TestConnection as ann, with her password."""
    known = {"JDBC_CONNECTION_URL": url, "USERNAME": "ann", "PASSWORD": "secret", **properties}
    asked = {"ConnectionType": "JDBC", "ConnectionProperties": {key: value for key, value in known.items() if value}}
    glue.test_connection(TestConnectionInput=asked)


@pytest.mark.parametrize("engine", ["postgresql", "redshift"])
def test_who_may_log_in_passes_the_test(glue: Any, database: int, engine: str) -> None:
    try_out(glue, f"jdbc:{engine}://127.0.0.1:{database}/air?connectTimeout=5")


def test_a_connection_is_tested_by_its_name_too(glue: Any, database: int) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    glue.create_connection(ConnectionInput=connection_input(name, f"jdbc:postgresql://127.0.0.1:{database}/air"))
    glue.test_connection(ConnectionName=name)
    glue.delete_connection(ConnectionName=name)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.test_connection(ConnectionName=name)


def test_host_port_and_engine_do_for_a_url(glue: Any, database: int) -> None:
    known = {"HOST": "127.0.0.1", "PORT": str(database), "JDBC_ENGINE": "postgresql", "DATABASE": "air"}
    basic = {"BasicAuthenticationCredentials": {"Username": "ann", "Password": "secret"}}
    asked = {
        "ConnectionType": "JDBC",
        "ConnectionProperties": known,
        "AuthenticationConfiguration": {"AuthenticationType": "BASIC", **basic},
    }
    glue.test_connection(TestConnectionInput=asked)
    asked["ConnectionProperties"] = {**known, "DATABASE": "water"}
    with pytest.raises(glue.exceptions.InvalidInputException, match='database "water" does not exist'):
        glue.test_connection(TestConnectionInput=asked)


@pytest.mark.parametrize(
    ("database_name", "properties", "said"),
    [
        ("air", {"PASSWORD": "wrong"}, 'password authentication failed for user "ann"'),
        ("water", {}, 'database "water" does not exist'),
        ("air", {"PASSWORD": ""}, "needs USERNAME and PASSWORD, or SECRET_ID"),
        ("air", {"PASSWORD": "", "SECRET_ID": "air/ann"}, "secret air/ann cannot be read: there is no Secrets Manager"),
        ("air", {"JDBC_ENFORCE_SSL": "true"}, "Server refuses SSL"),
        ("air", {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT_STRING": "x"}, "not a certificate in PEM"),
    ],
)
def test_who_may_not_log_in_is_told_why(
    glue: Any, database: int, database_name: str, properties: dict[str, str], said: str
) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match=said):
        try_out(glue, f"jdbc:postgresql://127.0.0.1:{database}/{database_name}", **properties)


@pytest.fixture(scope="module")
def stranger() -> Iterator[int]:
    """A port at which somebody talks, but no database."""
    with serve(lambda link: link.sendall(b"HTTP/1.1 400\r\n")) as port:
        yield port


def test_what_is_not_the_database_is_told_apart(glue: Any, stranger: int) -> None:
    try_out(glue, f"jdbc:sqlserver://127.0.0.1:{stranger};databaseName=x")
    try_out(glue, f"jdbc:oracle:thin:@//127.0.0.1:{stranger}/service")
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="not PostgreSQL"):
        try_out(glue, f"jdbc:postgresql://127.0.0.1:{stranger}/air")
    with pytest.raises(refused, match="not MySQL"):
        try_out(glue, f"jdbc:mysql:loadbalance://127.0.0.1:{stranger}/air")
    with pytest.raises(refused, match="Connection refused"):
        try_out(glue, f"jdbc:postgresql://127.0.0.1:{free_port()}/air")
    with pytest.raises(refused, match="names no host"):
        try_out(glue, "jdbc:postgresql:air")


def test_a_second_host_is_tried_where_the_first_does_not_answer(glue: Any, database: int) -> None:
    try_out(glue, f"jdbc:postgresql://127.0.0.1:{free_port()},127.0.0.1:{database}/air")


def packet(number: int, body: bytes) -> bytes:
    """A packet of MySQL's protocol."""
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def sha1(content: bytes) -> bytes:
    """What MySQL's older way to log in proves passwords by."""
    return hashlib.sha1(content, usedforsecurity=False).digest()


def be_mysql(password: str) -> Callable[[socket.socket], None]:
    """What MySQL says to ann, in its protocol 10, if that is her password or if it is not."""
    salt = b"saltsaltsaltsaltsalt"
    one = sha1(password.encode())
    mask = sha1(salt + sha1(one))
    proof = bytes(left ^ right for left, right in zip(one, mask, strict=True))
    capabilities = (0x0000_8200 | 0x0008_0000).to_bytes(4, "little")
    greeting = b"\x0a8.0.40\0" + bytes(4) + salt[:8] + b"\0" + capabilities[:2] + b"\x21\x02\0" + capabilities[2:]
    greeting += b"\x15" + bytes(10) + salt[8:] + b"\0mysql_native_password\0"

    def answer(link: socket.socket) -> None:
        link.sendall(packet(0, greeting))
        if proof not in link.recv(4096):
            link.sendall(packet(2, b"\xff\x15\x04#28000Access denied for user 'ann'@'localhost' (using password: YES)"))
            return
        link.sendall(packet(2, b"\0\0\0\2\0\0\0"))
        while link.recv(4096):
            link.sendall(packet(1, b"\0\0\0\2\0\0\0"))

    return answer


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_mysql_is_logged_in_to_and_refuses_in_its_own_words(glue: Any, engine: str) -> None:
    with serve(be_mysql("secret")) as port:
        try_out(glue, f"jdbc:{engine}://127.0.0.1:{port}/air")
        with pytest.raises(glue.exceptions.InvalidInputException, match="Access denied for user 'ann'@'localhost'"):
            try_out(glue, f"jdbc:{engine}://127.0.0.1:{port}/air", PASSWORD="wrong")
