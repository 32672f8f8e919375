"""Requests exactly as boto3 signs and sends them, made ahead of the time that counts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.config

REGION = "us-east-1"


class _Caught(Exception):
    def __init__(self, request: Any) -> None:
        self.request = request


def client(service: str, endpoint: str, key: tuple[str, str], **more: Any) -> Any:
    """A boto3 client without retries, so that none hides in a time."""
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=botocore.config.Config(
            retries={"total_max_attempts": 1},
            read_timeout=120,
            parameter_validation=False,
            signature_version="s3v4" if service == "s3" else None,
        ),
        **more,
    )


def requests_of(client: Any, call: Callable[[], Any], count: int = 500) -> list[bytes]:
    """The bytes of `count` requests that `call` would send by `client`, each with a signature of its own."""

    def catch(request: Any, **_: Any) -> None:
        raise _Caught(request)

    client.meta.events.register("before-send", catch, unique_id="bench")
    try:
        return [_sent_by(call) for _ in range(count)]
    finally:
        client.meta.events.unregister("before-send", unique_id="bench")


def _sent_by(call: Callable[[], Any]) -> bytes:
    try:
        call()
    except _Caught as caught:
        request = caught.request
        return http(request.method, request.url, dict(request.headers.items()), request.body or b"")
    raise AssertionError("the call sent nothing")


def http(method: str, url: str, headers: dict[str, Any], body: bytes | str) -> bytes:
    """An HTTP/1.1 request as bytes."""
    body = body.encode() if isinstance(body, str) else body
    parts = urlsplit(url)
    lines = [f"{method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1"]
    given = {name.title(): _text(value) for name, value in headers.items()}
    complete = {"Host": parts.netloc, **given, "Content-Length": str(len(body))}
    lines += [f"{name}: {value}" for name, value in complete.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
