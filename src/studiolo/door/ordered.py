"""The first keys behind a place, in S3's order, of what the store lists folder by folder.

SeaweedFS walks: it tells a folder `a/` with all that is in it where the name `a` comes, before `a-b`, which S3 tells
first; in a bucket with versions it tells the key `a` where the name `a.versions` comes, behind both. What of a walk is
seen up to some place is therefore not all that S3 tells first. Missing can be, at each level of the place where the walk
was left, names that go on from that of a folder by a character before the slash, and keys with versions that a name
there begins with: they are asked for. The same way a walk that begins behind a key has passed folders that S3 tells
later.

Keys are here as their writers named them, but with U+F05C for each backslash, as the store has it: by that they are
ordered, so that pages fit each other.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote_plus

from studiolo.door import lists
from studiolo.storage import keys

LAST = "\U0010ffff"
"""Behind a prefix: the place after all keys that begin with it."""


@dataclass(frozen=True)
class Listed:
    """A bucket of the store. ask: for a list by parameters in its own names; versioned: whether it has versions."""

    ask: Callable[[dict[str, str]], Awaitable[bytes]]
    versioned: Callable[[], Awaitable[bool]]


_CONTENT = re.compile(rb"<Contents><Key>([^<]*)</Key>(.*?)</Contents>", re.DOTALL)
_PREFIX = re.compile(rb"<CommonPrefixes><Prefix>([^<]*)</Prefix></CommonPrefixes>")
_TOKEN = re.compile(rb"<NextContinuationToken>([^<]*)</NextContinuationToken>")
_FIRST = "\0"
"""Behind a name of the store's: the place between it and whatever else begins with it, but for just this."""


class Ordered:
    """What was found of the keys that begin with `prefix` and come behind `after`, and of their folders.

    folders: whether keys are rolled up by the slash behind the prefix. `found` has them by name, with the XML behind a
    key, None for what is rolled up; it has the first `most`, and may have others, but none that come before. `whole`:
    whether these are all.
    """

    def __init__(self, listed: Listed, prefix: str, after: str, most: int, *, folders: bool = False) -> None:
        self._listed, self._prefix, self._after, self._most = listed, prefix, after, most
        self._delimiter = {"delimiter": "/"} if folders else {}
        self.found: dict[str, bytes | None] = {}
        self.whole = True

    @property
    def names(self) -> list[str]:
        """The names in order: all, or the first `most`."""
        names = sorted(name for name in self.found if name > self._after and name.startswith(self._prefix))
        return names if self.whole else names[: self._most]

    async def look(self) -> "Ordered":
        """Find them."""
        prefix, after = self._prefix, self._after
        if after > prefix and not after.startswith(prefix):
            return self
        start = ""
        if after.startswith(prefix) and after:
            passed = self._rolled_up if self._delimiter else self._all
            self.whole = all(await asyncio.gather(*(passed(folder) for folder in self._passed())))
            start = self._start()
        self.whole = await self._walk(prefix, start, prefix + LAST) and self.whole
        return self

    def _start(self) -> str:
        """Where a walk begins that leaves out nothing behind `after` but what was passed."""
        if self._after.endswith("/"):
            # The key that is its folder's own comes first in it, but the store has a name for it.
            return "" if self._delimiter else keys.stored(f"{self._after}x")[:-1]
        if self._delimiter:
            return keys.stored(self._after.removesuffix(f"/{LAST}")) + _FIRST
        return f"{keys.stored(self._after)}/"

    def _passed(self) -> list[str]:
        """The folders, should they be there, that the store tells before `after` and S3 behind it."""
        found = []
        parts = self._after.removesuffix(f"/{LAST}").split("/") if self._delimiter else self._after.split("/")
        folder = ""
        for part in parts:
            least = len(self._prefix) - len(folder)
            for end, character in enumerate(part):
                if character < "/" and end >= least:
                    found.append(f"{folder}{part[:end]}/")
            folder += f"{part}/"
        if self._delimiter and not self._after.endswith(("/", LAST)):
            found.append(folder)
        return found

    async def _all(self, folder: str) -> bool:
        return await self._walk(folder, "", folder + LAST)

    async def _rolled_up(self, folder: str) -> bool:
        if _names(await self._listed.ask({"prefix": keys.stored_prefix(folder), "max-keys": "1"})):
            self.found[folder] = None
        return True

    async def _walk(self, prefix: str, start: str, bound: str) -> bool:
        """Find the first `most` keys of those that the store has behind `start`, begin so and come before `bound`.

        Answers whether these are all.
        """
        seen: set[str] = set()
        while True:
            found, end = await self._part(prefix, start)
            self.found |= found
            seen |= {name for name in found if self._after < name < bound}
            if end is None or any(name >= bound for name in found):
                return True
            if len(seen) >= self._most:
                await self._beside(prefix, end)
                return False
            # Behind a folder that is rolled up, the store would leave out the key of its name.
            start = end[:-1] + _FIRST if self._delimiter and end.endswith("/") else end

    async def _beside(self, prefix: str, end: str) -> None:
        """Find what comes before something that was found, and in the store behind `end`, where a walk was left."""
        parts = end.split("/")
        for level, name in enumerate(parts):
            stored = "".join(f"{part}/" for part in parts[:level])
            folder = _listed(stored)
            least = len(prefix) - len(folder)
            inside = level < len(parts) - 1
            if not name and not inside:
                return
            if "/" in prefix[len(folder) :]:
                continue
            begun = next(
                (
                    name[:size]
                    for size in range(max(least, 0), len(name))
                    if name[size] < "/" and any(each.startswith(f"{folder}{name[:size]}/") for each in self.found)
                ),
                _listed(name) if inside and len(name) >= least else None,
            )
            if begun is not None:
                place = f"{stored}{name}{_FIRST if inside else ''}"
                await self._first_of(f"{folder}{begun}", place, f"{folder}{begun}/")
            for size in range(max(least, 0), len(name) + inside):
                await self._perhaps(stored, folder, name, name[:size])

    async def _first_of(self, prefix: str, start: str, bound: str) -> None:
        """As `_walk`, with one key asked for first: there are mostly none."""
        found, _ = await self._part(prefix, start, 1)
        if any(name < bound for name in found):
            await self._walk(prefix, start, bound)

    async def _perhaps(self, stored: str, folder: str, passed: str, name: str) -> None:
        """Find a key that the name `passed` begins with, where the store has it later: with its versions."""
        key, entry = f"{folder}{name}", name or keys.EMPTY
        if key <= self._after or key in self.found or f"{entry}{keys.VERSIONS}" <= passed:
            return
        if name and not await self._listed.versioned():
            return
        for entry_of in (f"{entry}{keys.VERSIONS}", *(() if name else (entry,))):
            answer = await self._listed.ask({"prefix": f"{stored}{entry_of}", "max-keys": "1"})
            self.found |= {each: xml for each, xml in _names(answer).items() if each == key}

    async def _part(
        self, prefix: str, start: str, most: int | None = None
    ) -> tuple[dict[str, bytes | None], str | None]:
        """What the store has next, and where it goes on from there; None where that is all."""
        most = self._most + 1 if most is None else most
        parameters = {"prefix": keys.stored_prefix(prefix), "max-keys": str(most), **self._delimiter}
        answer = await self._listed.ask({**parameters, "start-after": start} if start else parameters)
        found = _names(answer)
        token = _TOKEN.search(answer)
        if token is not None:
            return found, _place(unescape(token[1].decode()), answer)
        if self._delimiter or len(found) < most:
            return found, None
        # Where the last key of a page is a folder too, the store says that nothing follows.
        last = max((keys.stored(name).split("/") for name in found), default=[])
        return found, "/".join(last) + "/"


def _names(answer: bytes) -> dict[str, bytes | None]:
    contents: dict[str, bytes | None] = {_decoded(key): xml for key, xml in _CONTENT.findall(answer)}
    return {**contents, **{_decoded(prefix): None for prefix in _PREFIX.findall(answer)}}


def _decoded(name: bytes) -> str:
    return _listed(unquote_plus(unescape(name.decode())))


def _listed(stored: str) -> str:
    """A name of the store's as its writer named it, but for backslashes."""
    return "/".join("" if part == keys.EMPTY else part for part in stored.split("/"))


def _place(token: str, answer: bytes) -> str:
    """The name at which the store goes on, of which it does not write what XML cannot have."""
    if "\ufffd" not in token:
        return token
    plain = token.removesuffix(keys.VERSIONS)
    return (lists.spelled(plain, answer) or plain) + token[len(plain) :]
