"""Lists of keys as our store answers them: with the keys as their writers named them, and nothing left out."""

import re
from html import unescape
from urllib.parse import quote, unquote_plus

from studiolo.aws.protocols.xml_values import xml_text
from studiolo.door.names import Named
from studiolo.storage import keys

OPERATIONS = frozenset({"ListObjectVersions"})
"""Those that are shown as the store has them; see `listing` and `underway` for others."""

OF_NOTHING = b"<ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag>"

_ASKED = re.compile(rb"<KeyMarker>[^<]*</KeyMarker>")
_PLACE = re.compile(rb"<(?:Key|Prefix)>([^<]*)</")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENCODED = b"<EncodingType>url</EncodingType>"


def shown(named: Named, answer: bytes) -> bytes:
    """The list in the client's words, with the marker that it asked for as it asked."""
    # Of an empty object the store knows no ETag here.
    answer = answer.replace(b"<ETag>&#34;&#34;</ETag>", OF_NOTHING)
    return _ASKED.sub(lambda found: _as_asked(named, found), keys.shown(answer))


def spelled(name: str, answer: bytes) -> str | None:
    """The key or prefix of a list, in the encoding of URLs, that the store has written as `name` where XML can be only.

    There it has U+FFFD for every character that XML has not. The last of those that are written alike.
    """
    found = (unquote_plus(unescape(each.decode())) for each in _PLACE.findall(answer))
    return max((each for each in found if _NOT_IN_XML.sub("\ufffd", each) == name), default=None)


def _as_asked(named: Named, found: re.Match[bytes]) -> bytes:
    value = named.parameters.get("key-marker", "")
    if _ENCODED in found.string:
        value = quote(value, safe="/-_.~*")
    return b"<KeyMarker>%b</KeyMarker>" % xml_text(value).encode()
