"""Lists of keys as our store answers them: with the keys as their writers named them, and nothing left out."""

import re
from html import unescape
from urllib.parse import quote, unquote_plus

from studiolo.aws.protocols.xml_values import xml_text
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.storage import keys

OPERATIONS = frozenset({"ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2"})

_LARGEST = 1000
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_PARAMETERS = {
    b"ContinuationToken": "continuation-token", b"KeyMarker": "key-marker", b"Marker": "marker",
    b"StartAfter": "start-after",
}  # fmt: skip
_ASKED = re.compile(rb"<(ContinuationToken|KeyMarker|Marker|StartAfter)>[^<]*</\1>")
_OF_NOTHING = b"<ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag>"
_NEXT_MARKER = re.compile(rb"<NextMarker>[^<]*</NextMarker>")
_SLASHED_MARKER = re.compile(rb"<NextMarker>[^<]*(?:/|%2F)</NextMarker>")
_NEXT_TOKEN = re.compile(rb"<NextContinuationToken>([^<]*)</NextContinuationToken>")
_PLACE = re.compile(rb"<(?:Key|Prefix)>([^<]*)</")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENCODED = b"<EncodingType>url</EncodingType>"
_WHOLE = b"<IsTruncated>false</IsTruncated>"


def rest(named: Named, operation: Operation, answer: bytes) -> Named | None:
    """The request, in the store's names, that tells whether a list that ends with a full page goes on; else None.

    Where the last key of a page is a folder too, SeaweedFS says that nothing follows.
    """
    by_folders = named.parameters.get("delimiter") == "/" or b"<CommonPrefixes>" in answer
    if operation.name not in ("ListObjects", "ListObjectsV2") or by_folders:
        return None
    asked = named.parameters.get("max-keys", "")
    most = min(int(asked), _LARGEST) if asked.isdecimal() else _LARGEST
    if _WHOLE not in answer or not 0 < answer.count(b"<Contents>") == most:
        return None
    parameters = {"list-type": "2", "max-keys": "1", "start-after": f"{_last(answer)}/"}
    prefix = keys.stored_prefix(named.parameters.get("prefix", ""))
    return Named("GET", named.bucket, "", {**parameters, "prefix": prefix}, {"accept": "*/*"})


def goes_on(named: Named, answer: bytes) -> bytes:
    """The same list, saying that it goes on."""
    answer = answer.replace(_WHOLE, b"<IsTruncated>true</IsTruncated>")
    token = f"<NextContinuationToken>{xml_text(_last(answer))}/</NextContinuationToken></ListBucketResult>"
    return answer.replace(b"</ListBucketResult>", token.encode()) if "list-type" in named.parameters else answer


def shown(named: Named, operation: Operation, answer: bytes) -> bytes:
    """The list in the client's words, with what it asked for as it asked."""
    delimiter = named.parameters.get("delimiter")
    if operation.name == "ListObjects" and delimiter != "/":
        # The client goes on behind the last key. The store's marker would be taken for another where it has a slash
        # behind it.
        answer = (_SLASHED_MARKER if delimiter else _NEXT_MARKER).sub(b"", answer)
    # Of an empty object the store knows no ETag here.
    answer = answer.replace(b"<ETag>&#34;&#34;</ETag>", _OF_NOTHING)
    answer = _NEXT_TOKEN.sub(lambda found: _sealed(found, answer), answer)
    return _ASKED.sub(lambda found: _as_asked(named, found), keys.shown(answer))


def spelled(name: str, answer: bytes) -> str | None:
    """The key or prefix of a list, in the encoding of URLs, that the store has written as `name` where XML can be only.

    There it has U+FFFD for every character that XML has not. The last of those that are written alike.
    """
    found = (unquote_plus(unescape(each.decode())) for each in _PLACE.findall(answer))
    return max((each for each in found if _NOT_IN_XML.sub("\ufffd", each) == name), default=None)


def _sealed(found: re.Match[bytes], answer: bytes) -> bytes:
    name = unescape(found[1].decode())
    if "\ufffd" in name and _ENCODED in answer:
        # In a bucket with versions the store goes on behind the folder of those of the last key.
        plain = name.removesuffix(keys.VERSIONS)
        name = (spelled(plain, answer) or plain) + name[len(plain) :]
    token = keys.sealed_token(name)
    return f"<NextContinuationToken>{token}</NextContinuationToken>".encode()


def _as_asked(named: Named, found: re.Match[bytes]) -> bytes:
    tag, name = found[1], _PARAMETERS[found[1]]
    value = named.parameters.get(name, "")
    if _ENCODED in found.string and name != "continuation-token":
        value = quote(value, safe="/-_.~*")
    return b"<%b>%b</%b>" % (tag, xml_text(value).encode(), tag)


def _last(answer: bytes) -> str:
    last = unescape(_KEY.findall(answer)[-1].decode())
    return unquote_plus(last) if _ENCODED in answer else last
