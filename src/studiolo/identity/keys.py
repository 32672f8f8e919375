"""Access keys and the identifiers of IAM: how they look, and the root key of a data folder."""

import base64
import json
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from studiolo.domain import Invalid

CREDENTIALS = "credentials.json"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that requests are signed with; one with a session token is temporary and ends at `expires`."""

    id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires: datetime | None = None
    created: datetime | None = None


def unique_id(prefix: str) -> str:
    """An identifier as IAM makes them: the prefix of its kind (AKIA, ASIA, AROA, ANPA) and 16 base32 characters."""
    return prefix + base64.b32encode(secrets.token_bytes(10)).decode()


def new_key() -> AccessKey:
    """A lasting access key."""
    return AccessKey(unique_id("AKIA"), _secret())


def new_temporary_key(expires: datetime) -> AccessKey:
    """A key with a session token."""
    return AccessKey(unique_id("ASIA"), _secret(), secrets.token_urlsafe(180), expires)


def root_key(folder: Path) -> AccessKey:
    """The root key of a data folder, generated when it is first asked for and kept there, readable by its owner alone.

    Any number of servers may ask at the same time: all get the same key. Raises Invalid when the file is damaged.
    """
    while (key := known_root_key(folder)) is None:
        folder.mkdir(parents=True, exist_ok=True)
        _create(folder / CREDENTIALS, new_key())
    return key


def known_root_key(folder: Path) -> AccessKey | None:
    """The root key that was generated before, if one was. Raises Invalid when its file is damaged."""
    file = folder / CREDENTIALS
    try:
        kept = json.loads(file.read_text())
        made = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
        key = AccessKey(kept["access_key_id"], kept["secret_access_key"], created=made)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        key = None
    if key is None or not all(isinstance(part, str) and part for part in (key.id, key.secret)):
        raise Invalid(
            f"{file} does not hold an access key: put a copy of it back, or remove it to have a new one generated."
        )
    return key


def _create(file: Path, key: AccessKey) -> None:
    # A link appears at once with all its content, and only the first of several wins.
    descriptor, written = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as output:
            json.dump({"access_key_id": key.id, "secret_access_key": key.secret}, output)
        os.link(written, file)
    except FileExistsError:
        pass
    finally:
        Path(written).unlink()


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(30)).decode()
