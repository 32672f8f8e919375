"""Opaque, url-safe tokens for the pages of a list."""

import base64
import binascii

from studiolo.aws.errors import ServiceError


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
