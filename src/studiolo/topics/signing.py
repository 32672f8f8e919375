"""The key that messages are signed with, and its certificate, which who gets them can fetch.

After "Verifying the signatures of Amazon SNS messages" (Developer Guide). No authority has signed the certificate.
`cryptography` is imported when a message is signed: it is large, and most servers sign none.
"""

import base64
import os
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.domain import Clock

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

FILE = "sns-signing.pem"
NAME = "sns.studiolo.localhost"
LIFETIME = timedelta(days=3650)
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
"""What of a message is signed, where it has it."""


class Signer:
    """Signs messages. The key is made when it is first needed, and kept in the data folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._making = threading.Lock()

    def sign(self, message: Mapping[str, Any], version: str) -> str:
        """The signature of a message, in base64. version: 1 for SHA-1, 2 for SHA-256."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        names = [name for name in SIGNED if message.get(name) is not None]
        text = "".join(f"{name}\n{message[name]}\n" for name in names)
        # SHA-1 is what version 1 is, and the default.
        digest: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303
        return base64.b64encode(self._pair[0].sign(text.encode(), padding.PKCS1v15(), digest)).decode()

    @property
    def certificate(self) -> bytes:
        """As PEM."""
        from cryptography.hazmat.primitives import serialization

        return self._pair[1].public_bytes(serialization.Encoding.PEM)

    @cached_property
    def _pair(self) -> "tuple[rsa.RSAPrivateKey, x509.Certificate]":
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        with self._making:
            if not self._file.exists():
                _make(self._file, self._clock())
            text = self._file.read_bytes()
        key = serialization.load_pem_private_key(text, None)
        assert isinstance(key, rsa.RSAPrivateKey), f"{self._file} holds another kind of key"
        return key, x509.load_pem_x509_certificate(text)


def _make(file: Path, present: datetime) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(present - timedelta(days=1))
        .not_valid_after(present + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    written = file.with_suffix(".new")
    written.unlink(missing_ok=True)
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        output.write(certificate.public_bytes(serialization.Encoding.PEM))
    written.replace(file)
