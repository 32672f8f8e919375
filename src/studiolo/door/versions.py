"""Pages of ListObjectVersions, made here of the whole list as long as the store tells that in one answer.

SeaweedFS goes on behind the wrong place where a key is a folder too (`a` beside `a/b`) or begins as another does, knows
no delimiter with two slashes, and names an object of the id `null` last though it may be the newest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import quote

from studiolo.aws.protocols.xml_values import xml_text
from studiolo.door.names import Named
from studiolo.storage import keys

LARGEST = 1000
"""Entries of a page, and of an answer of the store's."""

_WHOLE = b"<IsTruncated>false</IsTruncated>"
_ENTRY = re.compile(r"<(Version|DeleteMarker)><Key>([^<]*)</Key><VersionId>([^<]*)</VersionId>(.*?)</\1>", re.DOTALL)
_MODIFIED = re.compile(r"<LastModified>([^<]*)<")


@dataclass(frozen=True, slots=True)
class Entry:
    """A version or delete marker; `rest` is the XML behind its key and id."""

    tag: str
    key: str
    version: str
    rest: str

    @property
    def modified(self) -> str:
        found = _MODIFIED.search(self.rest)
        return found[1] if found else ""

    @property
    def is_latest(self) -> bool:
        return "<IsLatest>true<" in self.rest


def whole(named: Named) -> Named:
    """The request for all that a page may be of."""
    kept = {name: value for name, value in named.parameters.items() if name in ("versions", "prefix")}
    return replace(named, parameters={**kept, "max-keys": str(LARGEST)})


def page(named: Named, answer: bytes) -> bytes | None:
    """The page that was asked for, of the store's answer to `whole`; None where that was not all."""
    if _WHOLE not in answer:
        return None
    found = [Entry(tag, unescape(key), version, rest) for tag, key, version, rest in _ENTRY.findall(_text(answer))]
    # The store has the newest first, but for the one with the id `null`; times are in seconds.
    found.sort(key=lambda entry: entry.modified, reverse=True)
    found.sort(key=lambda entry: (entry.key.encode(), not entry.is_latest))
    asked = named.parameters.get("max-keys", "")
    most = min(int(asked), LARGEST) if asked.isdecimal() else LARGEST
    items = list(_items(named, found))
    shown, more = items[:most], len(items) > most > 0
    return _written(named, shown, most, more)


def _items(named: Named, found: list[Entry]) -> Iterator[Entry | str]:
    """The entries behind the markers, and the common prefixes of those that a delimiter rolls up."""
    prefix, delimiter = (named.parameters.get(name, "") for name in ("prefix", "delimiter"))
    marker = named.parameters.get("key-marker", "")
    last = ""
    for entry in _behind(found, marker, named.parameters.get("version-id-marker", "")):
        end = entry.key.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            yield entry
        elif (rolled := entry.key[: end + len(delimiter)]) not in (last, marker):
            last = rolled
            yield rolled


def _behind(found: list[Entry], marker: str, version: str) -> list[Entry]:
    if not marker:
        return found
    left = [entry for entry in found if entry.key.encode() >= marker.encode()]
    ids = [entry.version for entry in left if entry.key == marker]
    if not version:
        return left[len(ids) :]
    # A version that was deleted meanwhile is no place any more: what is left of its key comes again.
    return left[ids.index(version) + 1 :] if version in ids else left


def _written(named: Named, items: list[Entry | str], most: int, more: bool) -> bytes:
    url = named.parameters.get("encoding-type") == "url"

    def name(key: str) -> str:
        return quote(key, safe="/-_.~*") if url else xml_text(key)

    given = {title: named.parameters.get(parameter, "") for title, parameter in _ASKED.items()}
    out = [f"<Name>{named.bucket}</Name><Prefix>{name(given['Prefix'])}</Prefix>"]
    out.append(f"<KeyMarker>{name(given['KeyMarker'])}</KeyMarker>")
    out.append(f"<VersionIdMarker>{xml_text(given['VersionIdMarker'])}</VersionIdMarker><MaxKeys>{most}</MaxKeys>")
    if given["Delimiter"]:
        out.append(f"<Delimiter>{name(given['Delimiter'])}</Delimiter>")
    if url:
        out.append("<EncodingType>url</EncodingType>")
    out.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
    if more and isinstance(last := items[-1], Entry):
        out.append(f"<NextKeyMarker>{name(last.key)}</NextKeyMarker>")
        out.append(f"<NextVersionIdMarker>{last.version}</NextVersionIdMarker>")
    elif more:
        out.append(f"<NextKeyMarker>{name(str(items[-1]))}</NextKeyMarker>")
    for item in items:
        if isinstance(item, Entry):
            key = f"<Key>{name(item.key)}</Key><VersionId>{item.version}</VersionId>"
            out.append(f"<{item.tag}>{key}{item.rest}</{item.tag}>")
    prefixes = [item for item in items if isinstance(item, str)]
    out += [f"<CommonPrefixes><Prefix>{name(each)}</Prefix></CommonPrefixes>" for each in prefixes]
    namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    begin = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult {namespace}>'
    return f"{begin}{''.join(out)}</ListVersionsResult>".encode()


_ASKED = {
    "Prefix": "prefix", "KeyMarker": "key-marker", "VersionIdMarker": "version-id-marker", "Delimiter": "delimiter",
}  # fmt: skip


def _text(answer: bytes) -> str:
    return keys.shown(answer).decode("utf-8", "replace")
