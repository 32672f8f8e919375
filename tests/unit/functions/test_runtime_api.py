"""What a function's process may say to its runtime API."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from studiolo.functions.runtime_api import LARGEST, MOST_CONNECTIONS, Invocation, RuntimeApi


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with closing(RuntimeApi()) as made:
        made.belongs_to(os.getpid())
        yield made


def connected(api: RuntimeApi) -> socket.socket:
    host, _, port = api.address.partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize("said", ["Content-Length: -1", "Content-Length: many", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_say_how_long_it_is_is_refused_before_it_is_read(api: RuntimeApi, said: str) -> None:
    with connected(api) as connection:
        connection.sendall(f"POST /2018-06-01/runtime/init/error HTTP/1.1\r\n{said}\r\n\r\n-5\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_of_a_chunk_that_is_too_large_nothing_is_kept_and_the_invocation_says_so(api: RuntimeApi) -> None:
    invocation = Invocation("i", "arn", b"{}", 60)
    api.hand(invocation)
    api.next()
    with connected(api) as connection:
        size = 2 * LARGEST
        head = "POST /2018-06-01/runtime/invocation/i/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(f"{head}{size:x}\r\n".encode())
        threading.Thread(target=connection.sendall, args=(b"x" * size + b"\r\n0\r\n\r\n",)).start()
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert invocation.done.wait(10)
    assert b"ResponseSizeTooLarge" in invocation.answer


def test_a_process_has_so_many_connections_and_no_more(api: RuntimeApi) -> None:
    held = [connected(api) for _ in range(MOST_CONNECTIONS)]
    with connected(api) as one_more:
        assert one_more.recv(1) == b""
    for connection in held:
        connection.close()
