"""The versions of a bucket in S3's order, of what the store tells by prefixes.

SeaweedFS tells 1,000 at once, of a prefix as well, and goes on behind the wrong place where a key is a folder too (`a`
beside `a/b`) or begins as another does. What it has more of than an answer is therefore asked for letter by letter: which
letters follow a prefix is what it tells first behind one that ends in the last of all characters.

Names are the store's, in whose order they are, but for the empty parts of keys.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import unquote_plus

from studiolo.aws.errors import ServiceError
from studiolo.door.lists import OF_NOTHING
from studiolo.storage import keys

LARGEST = 1000
"""Entries of an answer."""
LAST = "\U0010ffff"
_FIRST = "\x01"
_EMPTY_PART = f"{keys.EMPTY}/"
_ASSUMED = ("/", _EMPTY_PART)
"""Steps that are taken though nothing may be there."""
_ENTRY = re.compile(r"<(Version|DeleteMarker)><Key>([^<]*)</Key><VersionId>([^<]*)</VersionId>(.*?)</\1>", re.DOTALL)
_MODIFIED = re.compile(r"<LastModified>([^<]*)<")
_OTHER, _LATEST = "<IsLatest>false<", "<IsLatest>true<"

Ask = Callable[[dict[str, str]], Awaitable[bytes]]
"""What the store answers to a list of versions by these parameters, in its own names and the encoding of URLs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A version or delete marker. name: the store's; `rest`: the XML behind its key and id."""

    tag: str
    name: str
    version: str
    rest: str

    @property
    def key(self) -> str:
        """The key as its writer named it."""
        return ordered(self.name).replace(keys.BACKSLASH, "\\")

    @property
    def modified(self) -> str:
        found = _MODIFIED.search(self.rest)
        return found[1] if found else ""

    @property
    def is_latest(self) -> bool:
        return _LATEST in self.rest


def ordered(name: str) -> str:
    """What a name is ordered by: the key, but for backslashes."""
    return "/".join("" if part == keys.EMPTY else part for part in name.split("/"))


class Walk:
    """Finds the versions of the keys that begin with `prefix`, as the store names it."""

    def __init__(self, ask: Ask, prefix: str) -> None:
        self._ask, self._prefix = ask, prefix
        self._all: list[Entry] | None = None
        self._large = False

    async def behind(self, marker: str) -> AsyncIterator[Entry]:
        """Those of the key `marker`, as the store names it, and of all that come behind it; others may come before."""
        if self._all is None and not self._large:
            found, whole = await self._found({"prefix": self._prefix})
            self._large = not whole
            # What is told in one answer is in S3's order to the last.
            self._all = sorted(_of_keys(found), key=lambda entry: entry.key.encode()) if whole else None
        if self._all is not None:
            for entry in self._all:
                yield entry
            return
        async for entry in self._below(self._prefix, marker, large=True):
            yield entry

    def place(self, key: str) -> bytes:
        """By what a key is ordered, once the walk has begun."""
        return (key if self._all is not None else key.replace("\\", keys.BACKSLASH)).encode()

    async def _below(self, start: str, marker: str, *, large: bool) -> AsyncIterator[Entry]:
        """The same of the names that begin so. large: whether the store is known to have more of them than an answer."""
        if not large:
            found, whole = await self._found({"prefix": start})
            if whole:
                for entry in _of_keys([entry for entry in found if _is_below(entry.name, start)]):
                    yield entry
                return
        inside = not start or start.endswith("/")
        # The key that ends in a slash is in its folder, under the name of an empty part.
        name = f"{start}{keys.EMPTY}" if inside and start else start
        within = _is_below(marker, start) and marker not in (start, name)
        own: Sequence[Entry] = [] if within or not name else await self._of(name)
        for entry in own:
            yield entry
        first = _step(marker, start, inside) if within else None
        steps = await self._steps(start, inside, first)
        for step in steps:
            below = start + step
            to_marker = step == first and below != marker
            alone = len(steps) == 1 and not own and step not in _ASSUMED
            async for entry in self._below(below, marker, large=to_marker or alone):
                yield entry

    async def _steps(self, start: str, inside: bool, first: str | None) -> list[str]:
        """What follows `start` in names, by the character that it is in keys, from `first` on."""
        # A folder is passed over where what is behind its name comes, so that its slash is never found.
        steps = {_EMPTY_PART if inside else "/"}
        place = start + _FIRST
        if first is not None and first != _EMPTY_PART:
            steps.add(first)
            place = f"{start}{first}{LAST}"
        while (following := await self._next(start, place)) is not None:
            steps.add(following[len(start)])
            place = f"{start}{following[len(start)]}{LAST}"
        kept = (
            step for step in steps if _is_below(start + step, start) and (first is None or _rank(step) >= _rank(first))
        )
        return sorted(kept, key=_rank)

    async def _next(self, start: str, place: str) -> str | None:
        """What the store tells first behind a place, of the names that begin so."""
        found, _ = await self._found({"prefix": start, "key-marker": place, "max-keys": "1"})
        names = [entry.name for entry in found if entry.name.startswith(start) and entry.name != start]
        return names[0] if names else None

    async def _of(self, name: str) -> Sequence[Entry]:
        """All of one name."""
        if not name:
            return []
        (first, _), (found, whole) = await asyncio.gather(
            self._found({"prefix": name, "max-keys": "1"}), self._found({"prefix": f"{name}{keys.VERSIONS}"})
        )
        found = [*first, *found]
        while not whole and found[-1].name == name:
            more = {"prefix": name, "key-marker": name, "version-id-marker": found[-1].version}
            following, whole = await self._found(more)
            if not following or following[0].name != name:
                message = (
                    "A list of more than 1,000 versions of a key is not implemented beside keys that begin with it."
                )
                raise ServiceError("NotImplemented", message, 501)
            found += following
        return _of_keys([entry for entry in found if entry.name == name])

    async def _found(self, parameters: dict[str, str]) -> tuple[list[Entry], bool]:
        """What an answer tells, and whether that is all there is."""
        body = await self._ask({"max-keys": str(LARGEST), **parameters})
        text = body.replace(b"<ETag>&#34;&#34;</ETag>", OF_NOTHING).decode("utf-8", "replace")
        found = [
            Entry(tag, unquote_plus(unescape(key)), version, rest) for tag, key, version, rest in _ENTRY.findall(text)
        ]
        return found, "<IsTruncated>true<" not in text


def _step(marker: str, start: str, inside: bool) -> str:
    """By what the way to the marker goes on behind `start`."""
    rest = marker[len(start) :]
    return _EMPTY_PART if inside and rest.startswith(_EMPTY_PART) else rest[0]


def _rank(step: str) -> int:
    """By what steps are ordered: an empty part is the slash behind it."""
    return ord("/" if step == _EMPTY_PART else step)


def _is_below(name: str, start: str) -> bool:
    """Whether a name begins so; those of an empty part are no names that begin with a space."""
    is_space = start == " " or start.endswith("/ ")
    return name.startswith(start) and not (is_space and name.startswith(start[:-1] + keys.EMPTY))


def _of_keys(found: Sequence[Entry]) -> list[Entry]:
    """Each once, in the order of the keys, the newest first: the latest, also where the store says of none that it is.

    The store has the newest first, but for the one with the id `null`; times are in seconds.
    """
    entries = list({(entry.name, entry.version): entry for entry in found}.values())
    entries.sort(key=lambda entry: entry.modified, reverse=True)
    entries.sort(key=lambda entry: (ordered(entry.name).encode(), not entry.is_latest))
    last = None
    for at, entry in enumerate(entries):
        if entry.name != last and not entry.is_latest:
            entries[at] = replace(entry, rest=entry.rest.replace(_OTHER, _LATEST))
        last = entry.name
    return entries
