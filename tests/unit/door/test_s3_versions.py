"""Pages of ListObjectVersions: together they are the whole list, whatever the keys, the delimiter and the pages' size."""

import asyncio
from typing import Any
from unittest.mock import patch
from urllib.parse import quote_plus, unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.door import versions, versions_walk
from studiolo.door.names import Named
from studiolo.storage.keys import VERSIONS, stored

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
names = st.text("ab/.& é", min_size=1, max_size=5)


class Store:
    """Tells so many versions of each key as SeaweedFS does, at most `largest` at once."""

    def __init__(self, found: dict[str, int], largest: int) -> None:
        walk = sorted(found, key=lambda key: stored(key).split("/"))
        self.entries = [(stored(key), number) for key in walk for number in range(found[key])]
        self.largest = largest
        self.latest = "true"

    async def ask(self, parameters: dict[str, str]) -> bytes:
        prefix, marker = parameters["prefix"], parameters.get("key-marker", "")
        version = int(parameters.get("version-id-marker", "-1"))
        found = [
            (name, number)
            for name, number in self.entries
            if (name.startswith(prefix) or f"{name}{VERSIONS}" == prefix)
            and (name > marker or (version >= 0 and name == marker and number > version))
            and not self._passed(name, marker)
        ]
        most = min(int(parameters["max-keys"]), self.largest)
        shown = "".join(
            f"<Version><Key>{quote_plus(name)}</Key><VersionId>{number}</VersionId>"
            f"<IsLatest>{'false' if number else self.latest}</IsLatest>"
            f"<LastModified>2026-01-01T00:00:0{9 - number}Z</LastModified></Version>"
            for name, number in found[:most]
        )
        truncated = str(len(found) > most).lower()
        return f"<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>{shown}</ListVersionsResult>".encode()

    @staticmethod
    def _passed(name: str, marker: str) -> bool:
        """Whether a folder of the name is before the marker in its own folder."""
        for folder, begun in zip(name.split("/")[:-1], marker.split("/"), strict=False):
            if folder != begun:
                return folder < begun
        return False


def asked(parameters: dict[str, str]) -> Named:
    return Named("GET", "air", "", {"versions": "", **parameters})


def text(node: ElementTree.Element, name: str) -> str:
    return unquote(node.findtext(NAMESPACE + name, ""))


def pages(store: Store, parameters: dict[str, str]) -> list[ElementTree.Element]:
    """All pages, as an SDK goes through them."""
    found: list[ElementTree.Element] = []
    at: dict[str, str] = {}
    while not found or text(found[-1], "IsTruncated") == "true":
        named = asked({**parameters, **at, "encoding-type": "url"})
        found.append(ElementTree.fromstring(asyncio.run(versions.page(named, store.ask))))  # noqa: S314 (our own)
        at = {
            "key-marker": text(found[-1], "NextKeyMarker"),
            "version-id-marker": text(found[-1], "NextVersionIdMarker"),
        }
    return found


def paged(store: Store, parameters: dict[str, str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Keys with ids, and common prefixes, of all pages."""
    found = pages(store, parameters)
    entries = [
        (text(each, "Key"), text(each, "VersionId")) for page in found for each in page.iter(f"{NAMESPACE}Version")
    ]
    return entries, [text(each, "Prefix") for page in found for each in page.iter(f"{NAMESPACE}CommonPrefixes")]


@pytest.mark.parametrize("largest", [1000, 2])
@given(
    st.dictionaries(names, st.integers(1, 3), max_size=8), st.integers(1, 4), st.sampled_from(["", "/", "//", ".", "a"])
)
def test_all_pages_are_the_whole_list_in_the_order_of_the_keys(
    largest: int, found: dict[str, int], most: int, delimiter: str
) -> None:
    with patch.object(versions_walk, "LARGEST", largest):
        entries, prefixes = paged(Store(found, largest), {"max-keys": str(most), "delimiter": delimiter})
    rolled = {key: key.partition(delimiter)[0] + delimiter for key in found if delimiter and delimiter in key}
    plain = sorted(set(found) - set(rolled), key=str.encode)
    assert entries == [(key, str(number)) for key in plain for number in range(found[key])]
    assert prefixes == sorted(set(rolled.values()), key=str.encode)


def test_a_key_has_a_latest_version_though_the_store_names_none() -> None:
    store = Store({"a": 2, "b": 1}, 1000)
    store.latest = "false"
    (page,) = pages(store, {})
    told: Any = [(text(each, "Key"), text(each, "IsLatest")) for each in page.iter(f"{NAMESPACE}Version")]
    assert told == [("a", "true"), ("a", "false"), ("b", "true")]


def test_where_the_version_of_a_marker_was_deleted_nothing_of_its_key_is_left_out() -> None:
    entries, _ = paged(Store({"a": 2, "b": 1}, 1000), {"key-marker": "a", "version-id-marker": "gone"})
    assert [key for key, _ in entries] == ["a", "a", "b"]
