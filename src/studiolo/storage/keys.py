"""How SeaweedFS keeps keys that it cannot keep as they are, and how they are read back.

It takes a backslash for a slash, drops the empty parts of a key, and makes a folder without content of a key that ends
in a slash. In its names a backslash is therefore U+F05C (as in names that other systems keep for Windows), and an
empty part, the last one too, is a space and U+F02F: it comes before all other names of its folder, as the empty part
does in S3. Nothing else is changed, so that two keys never have one name.
"""

import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

BACKSLASH = "\uf05c"
VERSIONS = ".versions"
"""What the store adds to a key for the folder of its versions."""
EMPTY = " \uf02f"
_ODD = re.compile(r"\\|//|\A/|/\Z")
_OURS = re.compile("[\uf02f\uf05c]")
_TOKEN = re.compile(rb"(<(?:Next)?ContinuationToken>[^<]*</)")
# The last of each pair is for lists that are asked for in the encoding of URLs, and for addresses.
_SHOWN = (
    (EMPTY.encode(), b""),
    (b"+%EF%80%AF", b""),
    (b"%20%EF%80%AF", b""),
    (BACKSLASH.encode(), b"\\"),
    (b"%EF%81%9C", b"%5C"),
)
_ANY = re.compile(rb"\xef\x80\xaf|\xef\x81\x9c|%EF%80%AF|%EF%81%9C")


def has_store_characters(key: str) -> bool:
    """Whether a key has characters of which the store's own names are made: it cannot be kept."""
    return not key.isascii() and _OURS.search(key) is not None


def stored(key: str) -> str:
    """The store's name of a key."""
    if not _ODD.search(key):
        return key
    return "/".join(part.replace("\\", BACKSLASH) or EMPTY for part in key.split("/"))


def stored_prefix(prefix: str) -> str:
    """What the store's names begin with of all keys that begin with `prefix`."""
    folder, slash, start = prefix.rpartition("/")
    return (stored(f"{folder}/x")[:-1] if slash else "") + start.replace("\\", BACKSLASH)


def sealed_token(position: str) -> str:
    """The token by which a client goes on at a position of the store's."""
    name = position.encode()
    return urlsafe_b64encode(_seal(name) + name).decode()


def position_of(token: str) -> str | None:
    """The position that a token is of; None for what is no token."""
    try:
        whole = urlsafe_b64decode(token.encode())
        position = whole[4:].decode()
    except ValueError:
        return None
    return position if sealed_token(position) == token else None


def _seal(name: bytes) -> bytes:
    return zlib.crc32(name, zlib.crc32(b"list")).to_bytes(4, "big")


def shown(answer: bytes) -> bytes:
    """The XML of the store's answer with the keys as their writers named them. Tokens of lists stay the store's."""
    if not _ANY.search(answer):
        return answer
    pieces = _TOKEN.split(answer)
    return b"".join(piece if number % 2 else _as_written(piece) for number, piece in enumerate(pieces))


def _as_written(text: bytes) -> bytes:
    for name, key in _SHOWN:
        text = text.replace(name, key)
    return text
