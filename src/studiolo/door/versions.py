"""Pages of ListObjectVersions, made here of what the store tells: in S3's order, by any delimiter."""

from urllib.parse import quote

from studiolo.aws.protocols.xml_values import DECLARATION, xml_text
from studiolo.door.mending import NAMESPACE
from studiolo.door.names import Named
from studiolo.door.versions_walk import LARGEST, LAST, Ask, Entry, Walk
from studiolo.storage import keys

OPERATION = "ListObjectVersions"

Items = list[Entry | str]
"""Entries, and the common prefixes of those that a delimiter rolls up."""


async def page(named: Named, ask: Ask) -> bytes:
    """The page that is asked for. Raises what `ask` raises."""
    given = named.parameters
    asked = given.get("max-keys", "")
    most = min(int(asked), LARGEST) if asked.isdecimal() else LARGEST
    items = await _items(named, Walk(ask, keys.stored_prefix(given.get("prefix", ""))), most) if most else []
    return _written(named, items[:most], most, len(items) > most)


async def _items(named: Named, walk: Walk, most: int) -> Items:
    """Those of the page, and one more where there is one."""
    given = named.parameters
    prefix, delimiter, marker = (given.get(name, "") for name in ("prefix", "delimiter", "key-marker"))
    version = given.get("version-id-marker", "")

    def rolled(key: str) -> str | None:
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        return None if end < 0 or not key.startswith(prefix) else key[: end + len(delimiter)]

    items: Items = []
    passed = rolled(marker) if rolled(marker) == marker else None
    after = f"{marker}{LAST}" if passed is not None else marker
    while True:
        again = None
        seen = 0
        entries: list[Entry] | None = [] if version else None
        async for entry in walk.behind(keys.stored(after) if after else ""):
            if after and (walk.place(entry.key), bool(version)) <= (walk.place(after), False):
                continue
            if entries is not None and entry.key == marker:
                entries.append(entry)
                continue
            if entries is not None:
                items += _left(entries, version)
                entries = None
            seen += 1
            name = rolled(entry.key)
            if name is None:
                items.append(entry)
            elif name not in (passed, marker):
                items.append(name)
                passed, seen = name, 0
            elif seen > LARGEST:
                again = f"{name}{LAST}"
            if again is not None or len(items) > most:
                break
        if entries:
            items += _left(entries, version)
        if again is None or len(items) > most:
            return items
        after, version = again, ""


def _left(entries: list[Entry], version: str) -> list[Entry]:
    """Those of the marker's key behind its version.

    A version that was deleted meanwhile is no place any more: what is left of its key comes again.
    """
    ids = [entry.version for entry in entries]
    return entries[ids.index(version) + 1 :] if version in ids else entries


def _written(named: Named, items: Items, most: int, more: bool) -> bytes:
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
    return f'{DECLARATION}<ListVersionsResult xmlns="{NAMESPACE}">{"".join(out)}</ListVersionsResult>'.encode()


_ASKED = {
    "Prefix": "prefix", "KeyMarker": "key-marker", "VersionIdMarker": "version-id-marker", "Delimiter": "delimiter",
}  # fmt: skip
