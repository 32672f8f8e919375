"""A client that draws a request or an answer out holds its own connection for a while, and nothing else."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.http_server.limits import Limits
from studiolo.http_server.serving import server, tick

HASTY = Limits(
    connections=3, head_seconds=0.3, idle_seconds=1, body_seconds=0.3, read_seconds=0.3, ending_seconds=1, pipelined=4
)
HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
LARGE = 8 * 1024 * 1024


class Pages:
    """An app: `/` answers at once, `/held` late, `/large` much, `/upload` when it has the body, `/refused` before."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
            return
        status, body = 200, b"done"
        if scope["path"] == "/held":
            await asyncio.sleep(1)
        elif scope["path"] == "/large":
            body = bytes(LARGE)
        elif scope["path"] == "/refused":
            status = 403
        elif scope["path"] == "/upload":
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.seen.append("gone")
                    return
                more = message["more_body"]
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.seen.append(scope["path"])


@contextmanager
def serving(pages: Pages, limits: Limits) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = server(pages, [listener], [], limits)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            served.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


@pytest.fixture(scope="module")
def port(pages: Pages) -> Iterator[int]:
    with serving(pages, HASTY) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with connected(port) as client:
        yield client


def connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(10)
    return client


def answer(client: socket.socket) -> str:
    """What the server says until it ends the connection."""
    said = b""
    while piece := client.recv(65536):
        said += piece
    return said.decode()


def post(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def test_a_connection_that_says_nothing_is_ended(client: socket.socket) -> None:
    assert answer(client) == ""


@pytest.mark.parametrize("sent", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_end_is_not_waited_for(client: socket.socket, sent: bytes) -> None:
    client.sendall(sent)
    assert answer(client).startswith("HTTP/1.1 408 ")


def test_the_head_of_a_further_request_is_not_waited_for_either(client: socket.socket) -> None:
    client.sendall(GET + b"GET /")
    said = answer(client)
    assert said.startswith("HTTP/1.1 200 ")
    assert "HTTP/1.1 408 " in said


def test_empty_lines_do_not_keep_a_connection(client: socket.socket) -> None:
    client.sendall(GET)
    assert client.recv(65536).startswith(b"HTTP/1.1 200")
    client.settimeout(0.2)
    with pytest.raises(ConnectionError):
        while True:
            client.sendall(b"\r\n")
            try:
                client.recv(1)
            except TimeoutError:
                continue


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /" + b"a" * 2_000_000, 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 2_000_000, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"x: 1\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"x: " + b"a" * 9_000 + b"\r\n" for _ in range(9)) + b"\r\n", 431),
        (post("/upload", "Transfer-Encoding: chunked") + b"0\r\nx: " + b"a" * 2_000_000, 431),
        (b"what is this\r\n\r\n", 400),
    ],
    ids=["target", "endless target", "header", "endless header", "number", "sum", "endless trailer", "no HTTP"],
)
def test_a_head_that_is_too_large_is_refused_and_the_client_is_told(
    client: socket.socket, sent: bytes, status: int
) -> None:
    client.sendall(sent)
    assert answer(client).startswith(f"HTTP/1.1 {status} ")


def test_a_body_that_does_not_come_is_not_waited_for(client: socket.socket, pages: Pages) -> None:
    client.sendall(post("/upload", "Content-Length: 10") + b"1234")
    said = answer(client)
    assert said.startswith("HTTP/1.1 408 ")
    assert "was not read from or written to within the timeout period" in said
    assert pages.seen[-1] == "gone"


def test_a_client_that_waits_to_be_told_to_send_its_body_is_told(client: socket.socket) -> None:
    client.sendall(post("/upload", "Content-Length: 4", "Expect: 100-continue"))
    assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
    client.sendall(b"1234")
    assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_client_that_is_refused_before_its_body_is_sent_sees_the_answer(
    client: socket.socket, connection: str
) -> None:
    client.sendall(post("/refused", f"Content-Length: {LARGE}", f"Connection: {connection}"))
    assert client.recv(65536).startswith(b"HTTP/1.1 403 ")
    client.sendall(bytes(LARGE))
    if connection == "keep-alive":
        client.sendall(GET)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_an_answer_may_take_longer_than_a_request(client: socket.socket) -> None:
    client.sendall(GET.replace(b"/ ", b"/held "))
    assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_is_not_read_is_dropped(client: socket.socket) -> None:
    client.sendall(GET.replace(b"/ ", b"/large "))
    # Another connection sees time pass at the server: by its end the answer has been dropped.
    with connected(client.getpeername()[1]) as other:
        other.sendall(GET)
        answer(other)
    assert len(answer(client)) < LARGE


def test_requests_far_ahead_of_their_answers_are_not_kept(client: socket.socket) -> None:
    client.sendall(GET.replace(b"/ ", b"/held ") * 1000)
    assert answer(client).count("HTTP/1.1 200 ") <= HASTY.pipelined


def test_a_new_connection_takes_the_place_of_the_one_that_was_idle_longest(port: int) -> None:
    clients = [connected(port)]
    clients[0].sendall(GET)
    assert clients[0].recv(65536).startswith(b"HTTP/1.1 200 ")
    for _ in range(HASTY.connections):
        clients.append(connected(port))
        clients[-1].sendall(GET.replace(b"/ ", b"/held "))
    assert answer(clients[0]) == ""
    with connected(port) as refused:
        assert answer(refused).startswith("HTTP/1.1 503 ")
    assert all(client.recv(65536).startswith(b"HTTP/1.1 200 ") for client in clients[1:])
    for client in clients:
        client.close()


def test_of_answers_that_lie_unread_the_largest_are_dropped_first() -> None:
    dropped: list[int] = []

    def connection(size: int) -> Any:
        transport = SimpleNamespace(abort=lambda: dropped.append(size))
        return SimpleNamespace(tick=lambda passed: None, unread=lambda: size, transport=transport)

    tick([connection(size) for size in (0, 30, 50, 40)], 0.1, Limits(unread=75))
    assert dropped == [50]
