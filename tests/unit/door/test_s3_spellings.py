"""What is denied in one spelling is denied in every spelling."""

import json
import re
from urllib.parse import quote, unquote, unquote_to_bytes
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.door.actions import Need, actions_of
from studiolo.door.deletion import read_deletion
from studiolo.door.names import Named, names_of
from studiolo.door.operations import operation_of
from studiolo.identity.policies import Answer, Policies, Request, compile_policy
from studiolo.storage.keys import shown

POLICY = Policies(
    [
        compile_policy(
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::air/secret/*"},
                    ],
                }
            )
        )
    ]
)

SLASHES = st.lists(st.sampled_from(["/", "\\", "%2F", "%2f", "%5C", "%5c"]), min_size=1, max_size=4).map("".join)
DOTS = st.sampled_from(["", "", "", "./", "../", "a/../", "%2e/", "%2E%2e%2F", "%252e%252e/", "air/"])


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """A text of which some characters are escaped by percents."""
    return "".join(draw(st.sampled_from([character, f"%{ord(character):02X}"])) for character in text)


@st.composite
def secrets(draw: st.DrawFn) -> str:
    """The key secret/x, in some spelling or something like it."""
    start = draw(st.one_of(st.just(""), SLASHES))
    return start + draw(DOTS) + draw(spelled("secret")) + draw(SLASHES) + draw(DOTS) + draw(spelled("x"))


def allowed(needs: list[Need]) -> bool:
    return all(POLICY.evaluate(Request(need.action, need.resource, {}))[0] is Answer.ALLOWED for need in needs)


def as_the_store_reads(path: str) -> str:
    """Bucket and key as SeaweedFS takes them from a path (measured)."""
    return re.sub("/+", "/", unquote(path).replace("\\", "/"))


def sent_on(named: Named, ours: bool) -> Named:
    """As the store is asked."""
    return named.as_stored() if ours else named


@given(secrets(), st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]), st.booleans(), st.booleans())
def test_no_spelling_of_a_denied_key_is_allowed(key: str, method: str, virtual: bool, ours: bool) -> None:
    request = HttpRequest(
        method, f"/{key}" if virtual else f"/air/{key}", {"host": "air.localhost" if virtual else "localhost"}, b""
    )
    try:
        named = names_of(request, ours=ours)
    except ServiceError:
        return
    if as_the_store_reads(sent_on(named, ours).path).startswith("/air/secret/"):
        assert not allowed(actions_of(named, operation_of(named)))


@given(secrets(), st.booleans())
def test_no_spelling_of_a_denied_key_can_be_copied(key: str, ours: bool) -> None:
    request = HttpRequest("PUT", "/air/copy", {"host": "localhost", "x-amz-copy-source": f"air/{key}"}, b"")
    try:
        named = names_of(request, ours=ours)
    except ServiceError:
        return
    assert named.source is not None
    source = sent_on(named, ours).source
    assert source is not None
    if as_the_store_reads(source.header).startswith("/air/secret/"):
        assert not allowed(actions_of(named, operation_of(named)))


@given(st.lists(secrets(), min_size=1, max_size=5))
def test_no_spelling_of_a_denied_key_is_deleted_with_others(keys: list[str]) -> None:
    objects = "".join(f"<Object><Key>{escape(unquote(key))}</Key></Object>" for key in keys)
    deletion = read_deletion(f"<Delete>{objects}</Delete>".encode(), ours=True)
    for entry in deletion.entries:
        if entry.refusal is None and as_the_store_reads(quote(entry.name)).startswith("secret/"):
            assert not allowed(entry.needs("air", bypass=False))


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("/\\. "), min_size=1, max_size=30), st.booleans()
)
def test_what_passes_names_the_same_when_it_is_read_again(key: str, ours: bool) -> None:
    try:
        named = names_of(HttpRequest("GET", f"/air/{quote(key, safe='/')}", {"host": "localhost"}, b""), ours=ours)
    except ServiceError:
        return
    again = names_of(HttpRequest("GET", named.path, {"host": "localhost"}, b""), ours=ours)
    assert (again.bucket, again.key) == (named.bucket, named.key)
    if ours:
        stored = sent_on(named, ours)
        assert as_the_store_reads(stored.path) == f"/air/{stored.key}"
        assert shown(stored.key.encode()).decode() == key


@pytest.mark.parametrize(
    "key",
    [
        "a b",
        "a+b",
        "100%",
        "a%2Fb",
        "é/日本",
        "a..b/...",
        "_temporary/0/x",
        "k=v/p-0",
        "12:30:01",
        "a/b/",
        ".hidden",
        "~-._!'()*",
    ],
)
def test_an_honest_key_stays_as_it_is(key: str) -> None:
    named = names_of(HttpRequest("GET", f"/air/{quote(key)}", {"host": "localhost"}, b""), ours=True)
    assert (named.key, unquote_to_bytes(named.path)) == (key, f"/air/{key}".encode())
