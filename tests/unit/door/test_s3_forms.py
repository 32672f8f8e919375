"""Forms that upload: their bodies in any pieces, and their policies."""

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.door.form_data import FormReader, boundary_of
from studiolo.door.forms import check_policy, headers_of

NOW = datetime(2024, 5, 1, tzinfo=timezone.utc)


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def read(body: bytes, size: int) -> tuple[FormReader, bytes]:
    reader = FormReader(b"edge")
    content = b"".join(reader.feed(body[at : at + size]) for at in range(0, len(body), size))
    reader.finish()
    return reader, content


@given(
    st.binary(max_size=200) | st.sampled_from([b"\r\n--edg", b"\r\n--", b"\r", b"\r\n\r\n--edg\r\n"]),
    st.integers(1, 50),
)
def test_a_form_is_read_alike_in_any_pieces(content: bytes, size: int) -> None:
    if b"\r\n--edge" in content:
        return
    body = part("Key", b"a\r\nb") + part("empty", b"") + part("file", content, '; filename="C:\\x\\f.txt"')
    reader, given_back = read(body + part("after", b"x") + b"--edge--\r\n", size)
    assert given_back == content
    assert (reader.fields, reader.filename) == ({"key": "a\r\nb", "empty": ""}, "f.txt")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MalformedPOSTRequest"),
        (part("key", b"a"), "MalformedPOSTRequest"),
        (part("file", b"a")[:-2], "MalformedPOSTRequest"),
        (part("key", b"a") + part("KEY", b"b") + part("file", b"x"), "MalformedPOSTRequest"),
        (b"--edge\r\nX: y\r\n\r\n\r\n--edge--", "MalformedPOSTRequest"),
        (part("key", b"a" * 21_000) + part("file", b"x"), "MaxPostPreDataLengthExceeded"),
        (b"x" * 21_000, "MaxPostPreDataLengthExceeded"),
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(ServiceError, match=code):
        read(body, 5000)


def test_a_file_is_as_long_as_its_policy_says() -> None:
    for bounds, code in (((0, 4), "EntityTooLarge"), ((6, 9), "EntityTooSmall")):
        reader = FormReader(b"edge")
        reader.feed(part("file", b"hello") + b"--edge--")
        with pytest.raises(ServiceError, match=code):
            reader.bound(*bounds)


def test_the_boundary_is_found_in_the_content_type() -> None:
    assert boundary_of("multipart/form-data; boundary=edge") == b"edge"
    assert boundary_of('Multipart/Form-Data; charset=utf-8; boundary="an edge"') == b"an edge"
    assert boundary_of("application/xml") is None


def form(conditions: Any, **fields: str) -> dict[str, str]:
    policy = {"expiration": "2024-05-01T01:00:00Z", "conditions": conditions}
    return {**fields, "policy": base64.b64encode(json.dumps(policy).encode()).decode()}


def test_a_form_that_keeps_to_its_policy_says_how_long_its_file_may_be() -> None:
    conditions = [
        {"bucket": "air"},
        ["starts-with", "$Key", "user/"],
        ["eq", "$acl", "private"],
        ["content-length-range", 1, 9],
    ]
    allowed = check_policy(form(conditions, key="user/a", acl="private", **{"x-ignore-a": "1"}), "air", NOW)
    assert (allowed.fewest, allowed.most) == (1, 9)


@pytest.mark.parametrize(
    ("conditions", "fields"),
    [
        ([{"bucket": "other"}, {"key": "a"}], {"key": "a"}),
        ([{"key": "a"}], {"key": "b"}),
        ([["starts-with", "$key", "user/"]], {"key": "root/a"}),
        ([{"key": "a"}], {"key": "a", "acl": "public-read"}),
        ([{"key": "a"}, {"acl": "private"}], {"key": "a"}),
    ],
)
def test_a_form_that_does_not_keep_to_its_policy_is_denied(conditions: Any, fields: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="AccessDenied"):
        check_policy(form(conditions, **fields), "air", NOW)


def test_a_policy_ends_when_it_says() -> None:
    with pytest.raises(ServiceError, match="Policy expired"):
        check_policy(form([{"key": "a"}], key="a"), "air", NOW.replace(hour=2))


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda data: base64.b64encode(data).decode()))
def test_any_other_policy_is_refused(policy: str) -> None:
    with pytest.raises(ServiceError, match="InvalidPolicyDocument"):
        check_policy({"policy": policy, "key": "a"}, "air", NOW)


def test_no_field_becomes_two_headers() -> None:
    with pytest.raises(ServiceError, match="line break"):
        headers_of({"x-amz-meta-a": "1\r\nx-amz-acl: public-read"})
