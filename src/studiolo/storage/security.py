"""The locks of SeaweedFS's inner doors: one certificate that all its parts share, and the keys of its tokens.

SeaweedFS reads `security.toml` from its working folder. With what is written here, its gRPC and its HTTP ports (but for
S3 itself) talk only to who has the certificate, which is readable by the owner of the data folder alone.
"""

import configparser
import secrets
import ssl
import subprocess
import sys
import time
from contextlib import suppress
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

    Python's own `ssl` tells that in a millisecond.
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
    """From a process of its own: a server holds 20 MB more once it has imported what makes certificates."""
    # By its path, since the package beside it takes long to import.
    command = [sys.executable, "-I", str(Path(__file__).with_name("certificate.py")), str(VALID_DAYS)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _write(path: Path, text: str) -> None:
    """Replace the file at once with one that its owner alone may read."""
    draft = path.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
