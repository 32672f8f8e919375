"""DeleteObjects: what is read, what goes to the store, what is answered."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import read_xml
from studiolo.door.deletion import Entry, check_digests, read_deletion

KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


def body(*objects: str) -> bytes:
    return f"<Delete>{''.join(f'<Object>{inner}</Object>' for inner in objects)}</Delete>".encode()


def denied(entry: Entry) -> ServiceError | None:
    return ServiceError("AccessDenied", "no", 403) if entry.key.startswith("secret/") else None


def answered(text: bytes) -> list[tuple[str, ...]]:
    return [(child.tag.rpartition("}")[2], *(part.text or "" for part in child)) for child in read_xml(text)]


def test_denied_keys_are_answered_as_errors_and_the_rest_goes_to_the_store_under_its_own_names() -> None:
    read = read_deletion(body("<Key>//a\\b</Key>", "<Key>secret/x</Key>", "<Key>../a</Key>"), ours=True)
    wanted = read.permitted(denied)
    assert wanted.body().count(b"<Object>") == 1
    assert "<Key> \uf02f/ \uf02f/a\uf05cb</Key>".encode() in wanted.body()
    store = "<DeleteResult><Deleted><Key> \uf02f/ \uf02f/a\uf05cb</Key></Deleted></DeleteResult>".encode()
    assert [line[:3] for line in answered(wanted.answer(store))] == [
        ("Deleted", "//a\\b"),
        ("Error", "secret/x", "AccessDenied"),
        ("Error", "../a", "InvalidURI"),
    ]


def test_a_quiet_deletion_answers_errors_alone() -> None:
    text = b"<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object><Object><Key>secret/x</Key></Object></Delete>"
    wanted = read_deletion(text, ours=True).permitted(denied)
    store = b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>"
    assert [line[0] for line in answered(wanted.answer(store))] == ["Error"]


def test_a_version_needs_the_right_to_delete_versions() -> None:
    [entry] = read_deletion(body("<Key>a</Key><VersionId>1</VersionId>"), ours=True).entries
    assert [need.action for need in entry.needs("air", bypass=True)] == [
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
    ]


def test_what_the_store_does_not_speak_of_is_an_error() -> None:
    wanted = read_deletion(body("<Key>a</Key>"), ours=True)
    assert answered(wanted.answer(b"<DeleteResult/>"))[0][:3] == ("Error", "a", "InternalError")


def test_a_deletion_with_conditions_is_not_carried_out() -> None:
    wanted = read_deletion(body("<Key>a</Key><ETag>x</ETag>"), ours=True)
    assert wanted.body() == b""
    assert answered(wanted.answer(b""))[0][:3] == ("Error", "a", "NotImplemented")


@given(KEYS, st.none() | st.from_regex(r"[A-Za-z0-9._-]+", fullmatch=True))
def test_any_key_is_the_same_in_what_goes_to_the_store(key: str, version: str | None) -> None:
    text = f"<Key>{escape(key)}</Key>" + (f"<VersionId>{version}</VersionId>" if version else "")
    read = read_deletion(body(text), ours=False)
    [entry] = read.entries
    assert entry.key == key
    if entry.refusal is None:
        [again] = read_deletion(read.body(), ours=False).entries
        assert (again.key, again.version) == (key, version)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"<Delete/>", b"<Other><Object><Key>a</Key></Object></Other>", body("<Key/>"),
        body("<Key>a</Key><Key>b</Key>"), body("<Key>a<b/></Key>"),
        b"<Delete><Object><Key>a</Key></Object><Objekt/></Delete>",
        b'<!DOCTYPE d [<!ENTITY e "a">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        body(*["<Key>a</Key>"] * 1001),
    ],
)  # fmt: skip
def test_a_body_that_is_not_a_deletion_is_refused(text: bytes) -> None:
    with pytest.raises(ServiceError, match="MalformedXML"):
        read_deletion(text, ours=True)


@pytest.mark.parametrize(
    "headers",
    [{"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"x-amz-checksum-crc32": "AAAAAA=="}, {"x-amz-checksum-sha256": "x"}],
)
def test_a_body_that_is_not_what_its_digest_says_is_not_believed(headers: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="BadDigest"):
        check_digests(b"<Delete/>", headers)
