"""Pages of ListObjects and ListObjectsV2, made here of what the store lists: in S3's order, by any delimiter."""

from dataclasses import dataclass
from urllib.parse import quote

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION, xml_text
from studiolo.door.lists import OF_NOTHING
from studiolo.door.mending import NAMESPACE
from studiolo.door.names import Named
from studiolo.door.ordered import LAST, Listed, Ordered
from studiolo.storage import keys

LARGEST = 1000
OPERATIONS = frozenset({"ListObjects", "ListObjectsV2"})


@dataclass(frozen=True)
class Asked:
    """What a list is asked for, in the order that Ordered has."""

    prefix: str
    delimiter: str
    after: str
    most: int

    def rolled(self, name: str) -> str | None:
        """The common prefix that a name is rolled up to, if it is."""
        end = name.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
        return None if end < 0 else name[: end + len(self.delimiter)]


async def page(named: Named, listed: Listed) -> bytes:
    """The answer. Raises ServiceError (400) for a token that is none, and what `listed` raises."""
    asked = _asked(named)
    items, more = await (_by_folders if asked.delimiter == "/" else _by_keys)(asked, listed)
    return _written(named, asked, items, more)


Items = dict[str, bytes | None]


async def _by_keys(asked: Asked, listed: Listed) -> tuple[Items, bool]:
    """The keys and common prefixes of a page, and whether others follow."""
    items: Items = {}
    after = asked.after
    while True:
        # A common prefix may be one of many keys.
        want = LARGEST if asked.delimiter else asked.most - len(items) + 1
        ordered = await Ordered(listed, asked.prefix, after, want).look()
        names = ordered.names
        for name in names:
            rolled = asked.rolled(name)
            if rolled == asked.after or rolled in items:
                continue
            if len(items) == asked.most:
                return items, True
            items[rolled or name] = None if rolled else ordered.found[name]
        if ordered.whole:
            return _exact(asked, items), False
        after = names[-1] if (rolled := asked.rolled(names[-1])) is None else f"{rolled}{LAST}"


async def _by_folders(asked: Asked, listed: Listed) -> tuple[Items, bool]:
    """The same by the delimiter that the store knows best."""
    items: Items = {}
    after, rolled = asked.after, asked.rolled(asked.after) if asked.after.startswith(asked.prefix) else None
    if rolled is not None:
        if rolled != after and (await Ordered(listed, rolled, after, 1).look()).names:
            items[rolled] = None
        after = f"{rolled}{LAST}"
    ordered = await Ordered(listed, asked.prefix, after, asked.most + 1, folders=True).look()
    items |= {name: ordered.found[name] for name in ordered.names}
    shown = dict(list(items.items())[: asked.most])
    return (shown, True) if len(items) > asked.most else (_exact(asked, shown), not ordered.whole)


def _exact(asked: Asked, items: Items) -> Items:
    """What is told in one answer is in S3's order to the last: backslashes come before what is behind them in ASCII."""
    if asked.after or not any(keys.BACKSLASH in name for name in items):
        return items
    return {name: items[name] for name in sorted(items, key=lambda name: name.replace(keys.BACKSLASH, "\\"))}


def _asked(named: Named) -> Asked:
    def given(name: str) -> str:
        return named.parameters.get(name, "").replace("\\", keys.BACKSLASH)

    prefix, delimiter = given("prefix"), given("delimiter")
    after = given("start-after" if "list-type" in named.parameters else "marker")
    if "list-type" in named.parameters and "continuation-token" in named.parameters:
        place = keys.position_of(named.parameters["continuation-token"])
        if not place:
            raise ServiceError("InvalidArgument", "The continuation token provided is incorrect", 400)
        after = place
    most = named.parameters.get("max-keys", "")
    return Asked(prefix, delimiter, after, min(int(most), LARGEST) if most.isdecimal() else LARGEST)


def _written(named: Named, asked: Asked, items: Items, more: bool) -> bytes:
    url = named.parameters.get("encoding-type") == "url"
    second = "list-type" in named.parameters

    def element(title: str, value: str) -> str:
        return f"<{title}>{xml_text(value)}</{title}>"

    def name(title: str, value: str) -> str:
        value = value.replace(keys.BACKSLASH, "\\")
        return element(title, quote(value, safe="/-_.~*") if url else value)

    out = [element("Name", named.bucket), name("Prefix", asked.prefix)]
    if "continuation-token" in named.parameters:
        out.append(element("ContinuationToken", named.parameters["continuation-token"]))
    for parameter, title in (("start-after", "StartAfter"),) if second else (("marker", "Marker"),):
        if not second or parameter in named.parameters:
            out.append(name(title, named.parameters.get(parameter, "")))
    out.append(element("MaxKeys", str(asked.most)))
    if asked.delimiter:
        out.append(name("Delimiter", asked.delimiter))
    if url:
        out.append(element("EncodingType", "url"))
    if second:
        out.append(element("KeyCount", str(len(items))))
    out.append(element("IsTruncated", str(more and asked.most > 0).lower()))
    if more and items:
        last, xml = list(items.items())[-1]
        if second:
            out.append(
                element("NextContinuationToken", keys.sealed_token(last if xml is not None else f"{last}{LAST}"))
            )
        elif asked.delimiter:
            out.append(name("NextMarker", last))
    body = [piece.encode() for piece in out]
    for key, xml in items.items():
        if xml is not None:
            # Of an empty object the store knows no ETag here.
            told = xml.replace(b"<ETag>&#34;&#34;</ETag>", OF_NOTHING)
            body.append(b"<Contents>%b%b</Contents>" % (name("Key", key).encode(), told))
    prefixes = (f"<CommonPrefixes>{name('Prefix', key)}</CommonPrefixes>" for key, xml in items.items() if xml is None)
    body += (each.encode() for each in prefixes)
    begin = f'{DECLARATION}<ListBucketResult xmlns="{NAMESPACE}">'.encode()
    return b"%b%b</ListBucketResult>" % (begin, b"".join(body))
