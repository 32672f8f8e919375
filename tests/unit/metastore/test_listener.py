"""Connections end: those of strangers soon, and what they send is bounded; those that nobody uses later."""

import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TTransportException

from studiolo.metastore.stream import Limits
from tests.hive import connected
from tests.unit.metastore.conftest import ME

Listening = Callable[[Limits], str]


def stranger(uri: str) -> socket.socket:
    address = urlsplit(uri)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30)


def ended(connection: socket.socket) -> bool:
    """Waits until the other side ends the connection, within its 30 s, and says nothing."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def set_ugi(length: int) -> bytes:
    """The beginning of a call of set_ugi that announces a name of that many bytes."""
    name = b"set_ugi"
    message = struct.pack("!iI", TBinaryProtocol.VERSION_1 | 1, len(name)) + name + struct.pack("!i", 0)
    return message + struct.pack("!bhi", 11, 1, length)


def test_who_says_nothing_is_not_waited_for(listening: Listening) -> None:
    uri = listening(Limits(stranger_seconds=0.2))
    with connected(uri, ME) as hms, stranger(uri) as silent, stranger(uri) as slow:
        slow.sendall(set_ugi(100))
        assert ended(silent)
        assert ended(slow)
        assert hms.get_all_tables("air") == ["days"]


def test_a_stranger_s_time_is_not_prolonged_by_what_it_may_ask(listening: Listening) -> None:
    with connected(listening(Limits(stranger_seconds=0.2)), None) as hms, pytest.raises((TTransportException, OSError)):
        while True:
            hms.getStatus()


@pytest.mark.parametrize("length", [5000, 1 << 30, -1])
def test_a_stranger_s_text_is_refused_by_its_length_before_it_comes(listening: Listening, length: int) -> None:
    with stranger(listening(Limits())) as connection:
        connection.sendall(set_ugi(length))
        assert ended(connection)


def test_a_stranger_that_says_too_much_is_cut_off(listening: Listening) -> None:
    with connected(listening(Limits(stranger_bytes=2000)), None) as hms, pytest.raises((TTransportException, OSError)):
        for _ in range(1000):
            hms.getStatus()


def test_a_call_that_is_too_long_is_cut_off_and_others_are_not(listening: Listening) -> None:
    uri = listening(Limits(message_bytes=20_000))
    with connected(uri, ME) as hms:
        for _ in range(500):
            assert hms.get_table("air", "days").tableName == "days"
        with pytest.raises((TTransportException, OSError)):
            hms.get_table("air", "x" * 50_000)


def test_a_connection_that_nobody_uses_ends(listening: Listening) -> None:
    uri = listening(Limits(idle_seconds=0.2))
    with connected(uri, ME) as hms:
        assert hms.get_all_tables("air") == ["days"]
        assert ended(hms._iprot.trans._TBufferedTransport__trans.handle)
    with connected(uri, ME) as hms:
        assert hms.get_all_tables("air") == ["days"]


def test_strangers_make_room_for_one_another_and_take_none_from_others(listening: Listening) -> None:
    uri = listening(Limits(strangers=2))
    with connected(uri, ME) as hms, stranger(uri) as first, stranger(uri), stranger(uri):
        assert ended(first)
        assert hms.get_all_tables("air") == ["days"]
        with connected(uri, ME) as other:
            assert other.get_all_tables("air") == ["days"]


def test_one_role_cannot_take_all_connections(listening: Listening, reader: str) -> None:
    uri = listening(Limits(connections_each=1))
    with connected(uri, reader) as hms:
        with pytest.raises((TTransportException, OSError)), connected(uri, reader):
            pass
        assert hms.get_table("air", "days").tableName == "days"
        with connected(uri, ME) as other:
            assert other.get_all_tables("air") == ["days"]


def test_a_long_text_of_a_caller_that_is_known_is_read(listening: Listening) -> None:
    with connected(listening(Limits()), ME) as hms:
        table = hms.get_table("air", "days")
        table.parameters = {"long": "x" * 1_000_000}
        hms.alter_table("air", "days", table)
        assert len(hms.get_table("air", "days").parameters["long"]) == 1_000_000
