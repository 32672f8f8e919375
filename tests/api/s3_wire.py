"""Requests that boto3 would not send: bodies that are not what was signed, and aws-chunked framing.

Signed chunks after "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks"
(Amazon S3 API Reference); the request's own signature is botocore's.
"""

import contextlib
import hashlib
import hmac
import http.client
from collections.abc import Iterator
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-central-1"
CHUNK = 65536


class _Signer(S3SigV4Auth):  # type: ignore[misc]
    def payload(self, request: Any) -> str:
        return str(request.context["declared"])


def signed(
    server: Any,
    method: str,
    path: str,
    *,
    payload: bytes | str | None,
    extra: dict[str, str] | None = None,
    key: Credentials | None = None,
) -> dict[str, str]:
    """The headers of a request signed for `payload`: its bytes, a word of S3's, or None for an unsigned payload.

    key: of whom, else the root key.
    """
    declared = hashlib.sha256(payload).hexdigest() if isinstance(payload, bytes) else payload or "UNSIGNED-PAYLOAD"
    request = AWSRequest(method, server.endpoint + path, headers=extra or {})
    request.context["declared"] = declared
    _Signer(key or Credentials(*server.key()), "s3", REGION).add_auth(request)
    return dict(request.headers)


def sent(server: Any, method: str, target: str, headers: dict[str, str], payload: bytes = b"") -> tuple[int, bytes]:
    """Status and body of the answer to a request whose target goes out as it is."""
    with contextlib.closing(http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=60)) as to:
        to.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": to.host + f":{to.port}", "content-length": str(len(payload)), **headers}.items():
            to.putheader(name, value)
        to.endheaders(payload)
        answer = to.getresponse()
        return answer.status, answer.read()


class Chunked:
    """One upload in signed chunks."""

    def __init__(self, server: Any, path: str, content: bytes) -> None:
        self._server, self._content = server, content
        pieces = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
        self._pieces = [*pieces, b""]
        length = sum(len(f"{len(piece):x};chunk-signature={'0' * 64}\r\n") + len(piece) + 2 for piece in self._pieces)
        extra = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(content))}
        declared = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        self.headers = signed(server, "PUT", path, payload=declared, extra=extra) | {"content-length": str(length)}

    def chunks(self, forged: int | None = None) -> Iterator[bytes]:
        """The framed body; the signature of chunk number `forged` is a wrong one."""
        date = self.headers["X-Amz-Date"]
        key = b"AWS4" + self._server.key()[1].encode()
        scope = [date[:8], REGION, "s3", "aws4_request"]
        for part in scope:
            key = hmac.digest(key, part.encode(), "sha256")
        previous = self.headers["Authorization"].rpartition("Signature=")[2]
        nothing = hashlib.sha256(b"").hexdigest()
        for number, piece in enumerate(self._pieces):
            lines = ["AWS4-HMAC-SHA256-PAYLOAD", date, "/".join(scope), previous, nothing]
            to_sign = "\n".join([*lines, hashlib.sha256(piece).hexdigest()])
            previous = hmac.digest(key, to_sign.encode(), "sha256").hex()
            shown = "0" * 64 if number == forged else previous
            yield f"{len(piece):x};chunk-signature={shown}\r\n".encode() + piece + b"\r\n"
