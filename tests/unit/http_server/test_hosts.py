"""A page of another site reaches nothing, whatever its name resolves to."""

import asyncio
from typing import Any

import pytest

from studiolo.http_server import Hosts, SameOrigin

Headers = list[tuple[bytes, bytes]]


def status(app: Any, headers: Headers, method: str = "GET") -> int:
    """What the request is answered; 200 where it gets through to the app below."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        await app({"type": "http", "method": method, "headers": headers}, None, send)

    asyncio.run(ask())
    return int(sent[0]["status"])


async def below(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def hosts(*addresses: str) -> Hosts:
    return Hosts(below, addresses or ["127.0.0.1"], ["studio.example.org"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566", "127.0.0.1", "127.8.9.10:1", "localhost:4566", "LOCALHOST", "localhost.:4566", "[::1]:4566",
        "air.s3.eu-west-1.localhost:4566", "s3.localhost.localstack.cloud", "localhost.localstack.cloud:4566",
        "glue.eu-west-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn", "bucket.s3.amazonaws.com", "glue.eu.api.aws",
        "studio.example.org", "Studio.Example.Org:443",
    ],
)  # fmt: skip
def test_requests_for_our_names_are_answered(host: str) -> None:
    assert status(hosts(), [(b"host", host.encode())]) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:4566", "localhost.evil.example", "evillocalhost", "amazonaws.com.evil.example",
        "notamazonaws.com", "other.example.org", "a.studio.example.org", "192.168.1.2", "8.8.8.8:4566", "[::2]", "", "@",
        "127.0.0.1:4566@evil.example", "evil.example:80:80", "127.1", "2130706433", "\xff",
    ],
)  # fmt: skip
def test_requests_for_other_names_are_misdirected(host: str) -> None:
    assert status(hosts(), [(b"host", host.encode("latin-1"))]) == 421


def test_the_addresses_listened_on_are_ours() -> None:
    assert status(hosts("192.168.1.2"), [(b"host", b"192.168.1.2:4566")]) == 200
    assert status(hosts("192.168.1.2"), [(b"host", b"192.168.1.3:4566")]) == 421
    assert status(hosts("0.0.0.0"), [(b"host", b"192.168.1.3:4566")]) == 200  # noqa: S104
    assert status(hosts("::"), [(b"host", b"[2001:db8::1]:4566")]) == 200
    assert status(hosts("0.0.0.0"), [(b"host", b"evil.example")]) == 421  # noqa: S104


@pytest.mark.parametrize("headers", [[], [(b"host", b"localhost"), (b"host", b"evil.example")]])
def test_a_request_is_for_one_host(headers: Headers) -> None:
    assert status(hosts(), headers) == 400


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"origin": "http://localhost:4566", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://localhost:4566"}, 200),  # TLS in front of us
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:8888"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_pages_of_other_origins_change_nothing(headers: dict[str, str], expected: int) -> None:
    sent = [(b"host", b"localhost:4566"), *((name.encode(), value.encode()) for name, value in headers.items())]
    assert status(SameOrigin(below), sent, "POST") == expected
    assert status(SameOrigin(below), sent, "GET") == 200
