"""The checksums that S3 clients send after a streamed payload (`x-amz-checksum-*` trailers)."""

import hashlib
import importlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping

from studiolo.aws.errors import ServiceError

Crc = Callable[[bytes, int], int]


class Checksum:
    """Gathers one checksum over the payload and compares it with the trailer that states it."""

    def __init__(self, header: str) -> None:
        self.header = header
        self._algorithm = header.removeprefix("x-amz-checksum-")
        self._crc = _crc(self._algorithm)
        self._value = 0
        self._hash = hashlib.new(self._algorithm) if self._crc is None else None

    def update(self, data: bytes) -> None:
        """The next bytes of the payload."""
        if self._crc is not None:
            self._value = self._crc(data, self._value)
        elif self._hash is not None:
            self._hash.update(data)

    def check(self, trailers: Mapping[str, str]) -> None:
        """Raises ServiceError where the trailer is missing or says something else."""
        digest = (
            self._value.to_bytes(8 if "64" in self._algorithm else 4, "big")
            if self._hash is None
            else self._hash.digest()
        )
        if trailers.get(self.header) != b64encode(digest).decode():
            name = self._algorithm.upper()
            raise ServiceError("BadDigest", f"The {name} you specified did not match the calculated checksum.", 400)


def checksum_of(trailer: str) -> Checksum | None:
    """The checksum an `x-amz-trailer` header announces; None where there is none, or none that we can compute."""
    for name in trailer.lower().split(","):
        header = name.strip()
        algorithm = header.removeprefix("x-amz-checksum-")
        if header != algorithm and (algorithm in ("sha1", "sha256") or _crc(algorithm) is not None):
            return Checksum(header)
    return None


def _crc(algorithm: str) -> Crc | None:
    if algorithm == "crc32":
        return zlib.crc32
    if algorithm in ("crc32c", "crc64nvme"):
        # The AWS common runtime has these two in C; it is an optional companion of botocore.
        try:
            function: Crc = getattr(importlib.import_module("awscrt.checksums"), algorithm)
        except (ImportError, AttributeError):
            return None
        return function
    return None
