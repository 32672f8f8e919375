"""Checks the payload of an S3 request while it streams, and takes the aws-chunked framing off.

After "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks (Chunked Upload)"
and "... Including trailing headers" (Amazon S3 API Reference).
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from studiolo.aws.checksums import Checksum, checksum_of
from studiolo.aws.errors import ServiceError

UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_EMPTY_HASH = sha256(b"").hexdigest()
# A chunk's header line, or all trailers: far more than any client sends.
_MAX_LINE = 16 * 1024


@dataclass(slots=True)
class ChunkSigner:
    """Signs the chunks after the request's own signature, each over the one before."""

    key: bytes
    amz_date: str
    scope: str
    previous: str

    def chunk(self, digest: str) -> str:
        """The signature of the next chunk, by its SHA-256 in hex."""
        return self._next("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY_HASH}\n{digest}")

    def trailer(self, digest: str) -> str:
        """The signature of the trailing headers, by their SHA-256 in hex."""
        return self._next("AWS4-HMAC-SHA256-TRAILER", digest)

    def _next(self, algorithm: str, rest: str) -> str:
        to_sign = f"{algorithm}\n{self.amz_date}\n{self.scope}\n{self.previous}\n{rest}"
        self.previous = hmac.digest(self.key, to_sign.encode(), "sha256").hex()
        return self.previous


class PayloadReader(ABC):
    """Fed with the body's bytes as they come, gives back the payload's; `finish` must be called at the end.

    What `feed` has given back is only known to be right when `finish` returns. Both raise ServiceError.
    """

    trailers: Mapping[str, str] = {}

    @abstractmethod
    def feed(self, data: bytes) -> bytes:
        """The payload in the next piece of the body."""

    @abstractmethod
    def finish(self) -> None:
        """The body is over: check what can only be checked now."""


def payload_reader(content_sha256: str, headers: Mapping[str, str], signer: ChunkSigner) -> PayloadReader:
    """The reader for a value of `x-amz-content-sha256`. Raises ServiceError for one that S3 does not know."""
    if content_sha256 == UNSIGNED:
        return PlainReader(None)
    if not content_sha256.startswith("STREAMING-"):
        return PlainReader(content_sha256)
    if content_sha256 not in (SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, UNSIGNED_CHUNKS_TRAILER):
        raise ServiceError("NotImplemented", f"x-amz-content-sha256 {content_sha256[:80]} is not supported", 501)
    length = headers.get("x-amz-decoded-content-length")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
        raise ServiceError("InvalidArgument", "x-amz-decoded-content-length must be a number of bytes", 400)
    return ChunkedReader(
        None if content_sha256 == UNSIGNED_CHUNKS_TRAILER else signer,
        None if length is None else int(length),
        checksum_of(headers.get("x-amz-trailer", "")),
        has_trailer=content_sha256 != SIGNED_CHUNKS,
    )


class PlainReader(PayloadReader):
    """A body that is the payload; its hash is checked where one was signed."""

    def __init__(self, expected: str | None) -> None:
        self._expected = expected
        self._hash = sha256()

    def feed(self, data: bytes) -> bytes:
        if self._expected is not None:
            self._hash.update(data)
        return data

    def finish(self) -> None:
        if self._expected is not None and not hmac.compare_digest(self._hash.hexdigest(), self._expected):
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise ServiceError("XAmzContentSHA256Mismatch", message, 400)


class ChunkedReader(PayloadReader):
    """aws-chunked framing: `<size in hex>[;chunk-signature=<hex>]`, data, …, a chunk of size 0, trailing headers."""

    def __init__(
        self, signer: ChunkSigner | None, length: int | None, checksum: Checksum | None, *, has_trailer: bool
    ) -> None:
        self._signer = signer
        self._length = length
        self._checksum = checksum
        self._has_trailer = has_trailer
        self._pending = b""
        self._step = self._read_size
        self._left = 0
        self._given = 0
        self._hash = sha256()
        self._claimed = ""
        self._output: list[bytes] = []
        self.trailers: dict[str, str] = {}

    def feed(self, data: bytes) -> bytes:
        self._pending = self._pending + data if self._pending else data
        position = 0
        while (after := self._step(position)) is not None:
            position = after
        self._pending = self._pending[position:]
        output = self._output[0] if len(self._output) == 1 else b"".join(self._output)
        self._output.clear()
        return output

    def finish(self) -> None:
        if self._step != self._read_nothing:
            raise _incomplete("The request body ended in the middle of a chunk.")
        if self._length is not None and self._given != self._length:
            raise _incomplete("The body does not have the number of bytes that x-amz-decoded-content-length says.")
        if self._checksum is not None:
            self._checksum.check(self.trailers)

    # Each step takes the position in what is pending and returns the next one, or None for want of more bytes.

    def _line(self, position: int) -> tuple[bytes, int] | None:
        end = self._pending.find(b"\r\n", position)
        if end < 0:
            if len(self._pending) - position > _MAX_LINE:
                raise _incomplete("A chunk's header line does not end.")
            return None
        return self._pending[position:end], end + 2

    def _read_size(self, position: int) -> int | None:
        found = self._line(position)
        if found is None:
            return None
        line, position = found
        size, _, extension = line.partition(b";")
        name, _, signature = extension.strip().partition(b"=")
        try:
            self._left = int(size.strip(), 16) if len(size) <= 16 else -1
        except ValueError:
            self._left = -1
        if self._left < 0 or b"_" in size or size[:1] in b"+-":
            raise _incomplete("A chunk's size is not a number in hex.")
        if self._length is not None and self._given + self._left > self._length:
            raise _incomplete("The body is longer than x-amz-decoded-content-length says.")
        self._claimed = signature.decode("latin-1") if name == b"chunk-signature" else ""
        if self._left == 0:
            self._check_chunk()
            self._step = self._read_trailer
        else:
            self._step = self._read_data
        return position

    def _read_data(self, position: int) -> int | None:
        data = self._pending[position : position + self._left]
        if not data:
            return None
        if self._signer is not None:
            self._hash.update(data)
        if self._checksum is not None:
            self._checksum.update(data)
        self._output.append(data)
        self._given += len(data)
        self._left -= len(data)
        if self._left == 0:
            self._step = self._read_end_of_data
        return position + len(data)

    def _read_end_of_data(self, position: int) -> int | None:
        if len(self._pending) - position < 2:
            return None
        if self._pending[position : position + 2] != b"\r\n":
            raise _incomplete("A chunk is longer than its size says.")
        self._check_chunk()
        self._step = self._read_size
        return position + 2

    def _read_trailer(self, position: int) -> int | None:
        found = self._line(position)
        if found is None:
            return None
        line, position = found
        line = line.strip()
        if not line:
            self._check_trailer()
            self._step = self._read_nothing
            return position
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator or not self._has_trailer or len(self.trailers) > 20:
            raise ServiceError("MalformedTrailerError", "The trailing headers of the request are malformed.", 400)
        self.trailers[name.strip().lower()] = value.strip()
        return position

    def _read_nothing(self, position: int) -> int | None:
        if position < len(self._pending):
            raise _incomplete("The request body goes on after its last chunk.")
        return None

    def _check_chunk(self) -> None:
        if self._signer is not None:
            signature = self._signer.chunk(self._hash.hexdigest())
            self._hash = sha256()
            if not hmac.compare_digest(signature.encode(), self._claimed.encode()):
                raise _mismatch()

    def _check_trailer(self) -> None:
        claimed = self.trailers.pop("x-amz-trailer-signature", "")
        if self._signer is not None and self._has_trailer:
            signed = "".join(f"{name}:{value}\n" for name, value in sorted(self.trailers.items()))
            signature = self._signer.trailer(sha256(signed.encode("latin-1")).hexdigest())
            if not hmac.compare_digest(signature.encode(), claimed.encode()):
                raise _mismatch()


def _incomplete(message: str) -> ServiceError:
    return ServiceError("IncompleteBody", message, 400)


def _mismatch() -> ServiceError:
    message = "The signature of a chunk does not match the one we calculated. Check your key and signing method."
    return ServiceError("SignatureDoesNotMatch", message, 403)
