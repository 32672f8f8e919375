"""Opaque, url-safe tokens for the pages of a list."""

import base64
import binascii

from studiolo.aws.errors import ServiceError

LONGEST_PLACE = 18
"""Digits of a position: no list is longer."""


def encode_token(key: str) -> str:
    """The token after which the next page begins."""
    return base64.urlsafe_b64encode(b"\x01" + key.encode()).decode().rstrip("=")


def decode_token(token: str, code: str = "InvalidNextTokenException") -> str:
    """The key inside a token of ours. Raises ServiceError with `code` for any other text."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if raw[:1] == b"\x01":
            return raw[1:].decode()
    except (ValueError, binascii.Error):
        pass
    raise ServiceError(code, "The pagination token is not valid")


def decode_place(token: str | None, code: str = "InvalidNextTokenException") -> int:
    """The position in a list that is all there which a token of ours tells; 0 where there is none.

    Raises ServiceError with `code` for any other text, and for the token of a list that goes by keys.
    """
    key = decode_token(token, code) if token else "0"
    if not key.isdecimal() or len(key) > LONGEST_PLACE:
        raise ServiceError(code, "The pagination token is not valid")
    return int(key)
