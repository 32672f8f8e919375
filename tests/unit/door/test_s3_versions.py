"""Pages of ListObjectVersions: together they are the whole list, whatever the keys, the delimiter and the pages' size."""

from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.protocols.xml_values import xml_text
from studiolo.door import versions
from studiolo.door.names import Named

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
keys = st.text("ab/.& é", min_size=1, max_size=5)


def stored(found: dict[str, int], *, whole: bool = True) -> bytes:
    """The store's answer for so many versions of each key."""
    entries = [
        f"<Version><Key>{xml_text(key)}</Key><VersionId>{key.encode().hex()}{number}</VersionId>"
        f"<IsLatest>{str(number == 0).lower()}</IsLatest>"
        f"<LastModified>2026-01-01T00:00:0{9 - number}Z</LastModified></Version>"
        for key, count in found.items()
        for number in range(count)
    ]
    truncated = str(not whole).lower()
    return f"<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>{''.join(entries)}</ListVersionsResult>".encode()


def asked(parameters: dict[str, str]) -> Named:
    return Named("GET", "air", "", {"versions": "", **parameters})


def text(node: ElementTree.Element, name: str) -> str:
    return unquote(node.findtext(NAMESPACE + name, ""))


def paged(answer: bytes, parameters: dict[str, str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Keys with ids, and common prefixes, of all pages, as an SDK goes through them."""
    entries, prefixes = [], []
    at: dict[str, str] = {}
    while True:
        written = versions.page(asked({**parameters, **at, "encoding-type": "url"}), answer)
        assert written is not None
        root = ElementTree.fromstring(written)  # noqa: S314 (our own)
        entries += [(text(each, "Key"), text(each, "VersionId")) for each in root.iter(f"{NAMESPACE}Version")]
        prefixes += [text(each, "Prefix") for each in root.iter(f"{NAMESPACE}CommonPrefixes")]
        if text(root, "IsTruncated") != "true":
            return entries, prefixes
        at = {"key-marker": text(root, "NextKeyMarker"), "version-id-marker": text(root, "NextVersionIdMarker")}


@given(
    st.dictionaries(keys, st.integers(1, 3), max_size=8), st.integers(1, 4), st.sampled_from(["", "/", "//", ".", "a"])
)
def test_all_pages_are_the_whole_list_in_the_order_of_the_keys(
    found: dict[str, int], most: int, delimiter: str
) -> None:
    entries, prefixes = paged(stored(found), {"max-keys": str(most), "delimiter": delimiter})
    rolled = {key: key.partition(delimiter)[0] + delimiter for key in found if delimiter and delimiter in key}
    plain = sorted(set(found) - set(rolled), key=str.encode)
    assert entries == [(key, f"{key.encode().hex()}{number}") for key in plain for number in range(found[key])]
    assert prefixes == sorted(set(rolled.values()), key=str.encode)


def test_the_newest_version_is_the_first_of_its_key_though_its_id_is_null() -> None:
    answer = (
        stored({"a": 2})
        .replace(b"<IsLatest>true", b"<IsLatest>false")
        .replace(
            b"</ListVersionsResult>",
            b"<Version><Key>a</Key><VersionId>null</VersionId><IsLatest>true</IsLatest></Version></ListVersionsResult>",
        )
    )
    entries, _ = paged(answer, {})
    assert entries[0] == ("a", "null")


def test_where_the_version_of_a_marker_was_deleted_nothing_of_its_key_is_left_out() -> None:
    entries, _ = paged(stored({"a": 2, "b": 1}), {"key-marker": "a", "version-id-marker": "gone"})
    assert [key for key, _ in entries] == ["a", "a", "b"]


def test_a_list_that_the_store_does_not_tell_whole_is_no_page() -> None:
    assert versions.page(asked({}), stored({"a": 1}, whole=False)) is None
