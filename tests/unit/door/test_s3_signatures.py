"""Presigned URLs of signature version 2: what their signature does not cover is refused."""

from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Credential
from studiolo.door.authentication import verify_s3

KNOWN = {"AKIA": Credential("AKIA", "secret")}


def presigned(url: str, **headers: str) -> str:
    request = AWSRequest("GET", url, headers=headers)
    HmacV1QueryAuth(Credentials("AKIA", "secret"), 600).add_auth(request)
    parts = urlsplit(request.url)
    return f"{parts.path}?{parts.query}"


def verified(url: str) -> bool:
    found = verify_s3(HttpRequest("GET", url, {"host": "localhost"}, b""), KNOWN.get, datetime.now(timezone.utc))
    return found is not None


def test_what_was_signed_holds() -> None:
    assert verified(presigned("http://localhost/air/a?versionId=1&response-content-type=a/b"))
    assert verified(presigned("http://localhost/air/a", **{"x-amz-tagging": "a=1"}))


@pytest.mark.parametrize(
    "added",
    ["versionId=2", "tagging", "acl", "attributes", "retention", "prefix=b", "list-type=2", "x-amz-acl=public-read",
     "x-amz-copy-source=/b/c", "whatever", "%61cl", "versionI%64=2", "content-type=a/b"],
)  # fmt: skip
def test_nothing_can_be_added(added: str) -> None:
    url = presigned("http://localhost/air/a")
    for changed in (f"{url}&{added}", url.replace("?", f"?{added}&")):
        with pytest.raises(ServiceError) as refused:
            verified(changed)
        assert refused.value.status == 403


def test_no_two_parameters_become_one_value() -> None:
    url = presigned("http://localhost/air/a?response-content-type=x&versionId=1")
    with pytest.raises(ServiceError, match="AccessDenied"):
        verified(url.replace("=x&versionId=1", "=x%26versionId%3D1"))


@given(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.text(max_size=20),
    st.sampled_from(["", "&Signature=x&Expires=99999999999"]),
)
def test_whatever_is_in_them_they_are_refused_and_never_an_error_of_ours(raw: str, text: str, more: str) -> None:
    for query in (
        f"AWSAccessKeyId=AKIA{more}&{raw}",
        f"{raw}AWSAccessKeyId={quote(text)}{more}",
        f"AWSAccessKeyId=AKIA{more}&versionId={quote(text)}",
    ):
        with pytest.raises(ServiceError):
            verified(f"/air/a?{query.replace('#', '')}")
