"""What lists of keys have in common, as our store answers them."""

import re
from html import unescape
from urllib.parse import unquote_plus

OF_NOTHING = b"<ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag>"
"""Of an empty object the store knows no ETag in lists."""

_PLACE = re.compile(rb"<(?:Key|Prefix)>([^<]*)</")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def spelled(name: str, answer: bytes) -> str | None:
    """The key or prefix of a list, in the encoding of URLs, that the store has written as `name` where XML can be only.

    There it has U+FFFD for every character that XML has not. The last of those that are written alike.
    """
    found = (unquote_plus(unescape(each.decode())) for each in _PLACE.findall(answer))
    return max((each for each in found if _NOT_IN_XML.sub("\ufffd", each) == name), default=None)
