"""What is done with a request before anybody knows who sent it."""

import asyncio
import gzip
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from studiolo.app import FORM, UNSIGNED, App
from studiolo.aws import http
from studiolo.identity import AccessKey
from studiolo.identity.principals import root_user

KEY = AccessKey("AKIAKNOWN", "secret")
HEADERS = {"Content-Type": FORM, "Content-Encoding": "gzip", "Host": "localhost"}
BOMB = gzip.compress(b"Action=GetCallerIdentity&Version=2011-06-15" + b"&" * (16 * 1024 * 1024))


@pytest.fixture
def app() -> App:
    principal = root_user("000000000000")
    identity = SimpleNamespace(
        account="000000000000",
        at_hand=True,
        organization=SimpleNamespace(made=frozenset()),
        find_key=lambda id: (KEY, principal) if id == KEY.id else None,  # noqa: A006
        authorize=lambda *_, **__: None,
        note_use=lambda *_: None,
        require_anywhere=lambda *_: None,
    )
    studio: Any = SimpleNamespace(identity=identity)
    nothing: Any = None
    livy: Any = SimpleNamespace(application=lambda _: None)
    mlflow: Any = SimpleNamespace(is_meant=lambda _: False)
    nowhere: Any = SimpleNamespace(of=lambda _scope: None)
    return App(studio, nothing, nothing, nothing, nowhere, livy, mlflow, max_body=32)


@pytest.fixture
def inflated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what is unzipped from now on."""
    sizes: list[int] = []
    gunzip = http._gunzip

    def watched(body: bytes, max_body: int) -> bytes:
        sizes.append(len(body))
        return gunzip(body, max_body)

    monkeypatch.setattr(http, "_gunzip", watched)
    return sizes


def signed(body: bytes, key: AccessKey) -> dict[str, str]:
    request = AWSRequest("POST", "http://localhost/", HEADERS, body)
    SigV4Auth(Credentials(key.id, key.secret), "sts", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def ask(app: App, headers: dict[str, str], *body: bytes) -> tuple[int, bytes, int]:
    """Status and body of the answer, and how many pieces of the request's body were asked for."""
    sent: list[Any] = []
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": body[asked - 1], "more_body": asked < len(body)}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(sum(map(len, body))).encode()))
    scope = {
        "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": raw,
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"], asked


def test_an_unsigned_form_is_read_as_far_as_an_assertion_is_long(app: App) -> None:
    plain = {"Content-Type": FORM, "Host": "localhost"}
    form = b"Action=AssumeRoleWithSAML&Version=2011-06-15&SAMLAssertion=" + b"x" * UNSIGNED
    status, said, asked = ask(app, plain, form)
    assert (status, b"MissingAuthenticationToken" in said, asked) == (403, True, 0)
    status, said, asked = ask(app, plain, b"Action=GetCallerIdentity&Version=2011-06-15")
    assert (status, b"MissingAuthenticationToken" in said, asked) == (403, True, 1)


def test_an_unsigned_body_is_neither_read_nor_unzipped(app: App, inflated: list[int]) -> None:
    status, said, asked = ask(app, HEADERS, BOMB)
    assert (status, b"MissingAuthenticationToken" in said, asked, inflated) == (403, True, 0, [])


def test_a_body_whose_signature_does_not_hold_is_not_unzipped(app: App, inflated: list[int]) -> None:
    status, said, asked = ask(app, signed(BOMB, AccessKey(KEY.id, "another secret")), BOMB)
    assert (status, b"SignatureDoesNotMatch" in said, asked, inflated) == (403, True, 1, [])


def test_a_large_body_of_a_stranger_is_not_read(app: App) -> None:
    body = bytes(100_000)
    status, said, asked = ask(app, signed(body, AccessKey("AKIASTRANGER", "secret")), body)
    assert (status, b"InvalidClientTokenId" in said, asked) == (403, True, 0)


def test_a_signed_body_is_unzipped(app: App, inflated: list[int]) -> None:
    body = gzip.compress(b"Action=GetCallerIdentity&Version=2011-06-15")
    status, said, asked = ask(app, signed(body, KEY), body)
    assert (status, b"arn:aws:iam::000000000000:root" in said, asked) == (200, True, 1)
    assert inflated


def test_a_signed_form_of_endless_parameters_is_malformed(app: App) -> None:
    status, said, _ = ask(app, signed(BOMB, KEY), BOMB)
    assert (status, b"more than 50000 parameters" in said) == (400, True)
