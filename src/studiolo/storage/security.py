"""The locks of SeaweedFS's inner doors: one certificate that all its parts share, and the keys of its tokens.

SeaweedFS reads `security.toml` from its working folder. With what is written here, its gRPC and its HTTP ports (but for
S3 itself) talk only to who has the certificate, which is readable by the owner of the data folder alone.
"""

import configparser
import secrets
import ssl
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

CERTIFICATE = "inner.pem"
VALID_DAYS, RENEWED_DAYS = 3650, 365
"""A certificate lasts ten years; a start in its last year makes the next one."""

GRPC = ("master", "volume", "filer", "s3", "client", "admin", "worker")
HTTPS = ("master", "volume", "filer", "admin")
TOKENS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")


def lock_inner_doors(folder: Path) -> None:
    """Write `security.toml` and the certificate for a store that works in `folder`.

    What an earlier start made is kept; what is damaged, or expires within RENEWED_DAYS, is made anew.
    """
    if not _holds(folder / CERTIFICATE):
        _write(folder / CERTIFICATE, _new_certificate())
    toml = folder / "security.toml"
    _write(toml, _security(_known_tokens(toml)))


def _security(tokens: dict[str, str]) -> str:
    # The paths are relative to the store's working folder, so that a data folder may move.
    pair = f'cert = "{CERTIFICATE}"\nkey = "{CERTIFICATE}"\n'
    ca = f'ca = "{CERTIFICATE}"\n'
    sections = [f'[{name}]\nkey = "{tokens.get(name) or secrets.token_urlsafe(30)}"\n' for name in TOKENS]
    sections += [f"[grpc]\n{ca}", *(f"[grpc.{part}]\n{pair}" for part in GRPC)]
    # A ca makes a server ask its clients for a certificate.
    sections += [f"[https.{part}]\n{pair}{ca}" for part in HTTPS]
    sections += [f"[https.client]\nenabled = true\n{pair}{ca}"]
    return "\n".join(sections)


def _known_tokens(toml: Path) -> dict[str, str]:
    """The token keys of an earlier start, by section: an adopted store and a restarted one go on with the same."""
    kept = configparser.ConfigParser(interpolation=None)
    with suppress(OSError, ValueError, configparser.Error):
        kept.read_string(toml.read_text())
    found = {name: kept.get(name, "key", fallback="").strip('"') for name in TOKENS}
    return {name: key for name, key in found.items() if len(key) == len(secrets.token_urlsafe(30)) and key.isascii()}


def _holds(pem: Path) -> bool:
    """Whether the file has a key and its certificate, good for RENEWED_DAYS at least.

    Python's own `ssl` tells that in a millisecond; `cryptography`, which makes certificates, takes long to import.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(pem)
        context.load_verify_locations(pem)
        [certificate] = context.get_ca_certs()
        expires = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    except (OSError, ValueError):
        return False
    return expires - time.time() > RENEWED_DAYS * 24 * 60 * 60


def _new_certificate() -> str:
    """A private key, and its certificate signed by itself, as PEM: for servers and clients on this machine."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Studiolo's object store")])
    here = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def _write(path: Path, text: str) -> None:
    """Replace the file at once with one that its owner alone may read."""
    draft = path.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
