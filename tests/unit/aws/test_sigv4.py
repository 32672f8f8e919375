"""Signatures made by botocore's own signers, and every way one of them can be wrong."""

from datetime import datetime, timedelta, timezone
from hashlib import sha256
from unittest.mock import patch

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Credential, Verified, verify

NOW = datetime(2026, 5, 17, 12, 0, 0, tzinfo=timezone.utc)
KNOWN = Credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = Credential("ASIAEXAMPLE", "another/secret", "the session's token==", NOW + timedelta(hours=1))
FAMILIES = [("json", "glue"), ("rest-json", "lakeformation"), ("query", "sts"), ("rest-xml", "s3")]


def each_family(*codes: str) -> list[tuple[tuple[str, str], str]]:
    return list(zip(FAMILIES, codes, strict=True))


def signed(
    url="http://127.0.0.1:4566/",
    body=b'{"a":1}',
    *,
    signer=auth.SigV4Auth,
    service="glue",
    method="POST",
    headers=None,
    credential=KNOWN,
    at=NOW,
    **options,
) -> HttpRequest:
    request = AWSRequest(method, url, headers=headers or {}, data=body)
    with patch.object(auth, "get_current_datetime", lambda: at):
        keys = Credentials(credential.access_key, credential.secret_key, credential.session_token)
        signer(keys, service, "eu-west-1", **options).add_auth(request)
    return HttpRequest.of(request.prepare())


def signed_for(family: tuple[str, str], **options) -> HttpRequest:
    signer = auth.S3SigV4Auth if family[1] == "s3" else auth.SigV4Auth
    return signed(service=family[1], signer=signer, **options)


def check(request: HttpRequest, *, now=NOW, protocol="json", service=None, known=(KNOWN, TEMPORARY)) -> Verified:
    return verify(request, {c.access_key: c for c in known}.get, now, protocol=protocol, service=service)


def refusal(request: HttpRequest, family: tuple[str, str] = ("json", "glue"), **options) -> tuple[str, int]:
    with pytest.raises(ServiceError) as caught:
        check(request, protocol=family[0], service=family[1], **options)
    return caught.value.code, caught.value.status


def changed(request: HttpRequest, **headers: str | None) -> HttpRequest:
    """The request with other headers; None takes one away."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in request.headers.items() if name not in named}
    return HttpRequest(request.method, request.url, {**kept, **{n: v for n, v in named.items() if v}}, request.body)


def test_a_signed_request_tells_who_signed_it_for_which_region_and_service():
    verified = check(signed())
    assert (verified.access_key, verified.region, verified.service) == (KNOWN.access_key, "eu-west-1", "glue")
    assert verified.signed_at == NOW


def test_temporary_credentials_are_accepted_with_their_token():
    assert check(signed(credential=TEMPORARY)).access_key == TEMPORARY.access_key


@pytest.mark.parametrize(
    "path",
    ["/", "/a/b%20c", "/x//y/../z/", "/arn%3Aaws%3Aglue/tags", "/a+b@c:d,e", "/%E6%BC%A2", "/~user/.hidden/."],
)
@pytest.mark.parametrize(
    ("signer", "service"),
    [(auth.SigV4Auth, "glue"), (auth.S3SigV4Auth, "s3"), (auth.SigV4QueryAuth, "glue"), (auth.S3SigV4QueryAuth, "s3")],
)
def test_paths_and_query_strings_are_canonicalized_as_the_signer_does(path, signer, service):
    query = "?b=2&a=1&a=0&empty=&%E6%BC%A2=%2F%20%2B&flag="
    body = b"" if "Query" in signer.__name__ else b"body"
    check(signed("http://127.0.0.1:4566" + path + query, body, signer=signer, service=service, method="PUT"))


def test_a_space_sent_as_plus_is_the_space_that_was_signed():
    request = AWSRequest("GET", "http://127.0.0.1:4566/", params={"name": "a b+c", "x": "~*'()"})
    with patch.object(auth, "get_current_datetime", lambda: NOW):
        auth.SigV4Auth(Credentials(KNOWN.access_key, KNOWN.secret_key), "glue", "eu-west-1").add_auth(request)
    prepared = HttpRequest.of(request.prepare())
    assert "a+b%2Bc" in prepared.url
    check(prepared)


def test_white_space_in_headers_is_folded_and_repeated_headers_are_joined():
    check(signed(headers={"X-Amz-Meta-A": "  two   spaces  ", "X-Amz-Meta-B": "1,2"}))


def test_the_server_sees_only_path_and_host_and_the_signature_still_holds():
    request = signed("http://127.0.0.1:4566/a?b=c")
    seen = HttpRequest("POST", "/a?b=c", {**request.headers, "host": "127.0.0.1:4566"}, request.body)
    check(seen)
    assert refusal(changed(seen, host="evil.example"))[0] == "InvalidSignatureException"


@settings(max_examples=40, derandomize=True)
@given(
    path=st.text(st.characters(codec="utf-8"), max_size=20),
    query=st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), st.text(max_size=5), max_size=3
    ),
    body=st.binary(max_size=50),
)
def test_whatever_botocore_signs_is_verified(path, query, body):
    from botocore.compat import quote
    from botocore.utils import percent_encode_sequence

    url = "http://127.0.0.1:4566/" + quote(path.encode("utf-8"), safe="/~") + "?" + percent_encode_sequence(query)
    check(signed(url, body))
    check(signed(url, body, signer=auth.S3SigV4Auth, service="s3"))


WRONG = ["InvalidSignatureException", "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"]
STATUS = [400, 403, 403, 403]


@pytest.mark.parametrize(
    ("family", "code", "status"), [(*pair, status) for pair, status in zip(each_family(*WRONG), STATUS, strict=True)]
)
def test_a_request_changed_after_signing_is_refused_in_the_family_s_words(family, code, status):
    request = signed_for(family)
    other_path = HttpRequest(request.method, "http://127.0.0.1:4566/other", request.headers, request.body)
    other_method = HttpRequest("DELETE", request.url, request.headers, request.body)
    other_query = HttpRequest(request.method, request.url + "?x=1", request.headers, request.body)
    other_date = changed(request, x_amz_date="20260517T120001Z")
    signature = request.headers["authorization"]
    other_signature = changed(request, authorization=signature[:-1] + ("0" if signature[-1] != "0" else "1"))
    for other in (other_path, other_method, other_query, other_date, other_signature):
        assert refusal(other, family) == (code, status)


@pytest.mark.parametrize(("family", "code"), each_family(*WRONG)[:3])
def test_another_body_than_the_signed_one_is_refused(family, code):
    request = signed_for(family)
    assert refusal(HttpRequest("POST", request.url, request.headers, b'{"a":2}'), family)[0] == code
    hashed = signed_for(family, headers={"X-Amz-Content-SHA256": sha256(b'{"a":1}').hexdigest()})
    check(hashed, protocol=family[0], service=family[1])
    assert refusal(HttpRequest("POST", hashed.url, hashed.headers, b'{"a":2}'), family)[0] == code


@pytest.mark.parametrize(
    ("family", "code"),
    each_family(
        "UnrecognizedClientException", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"
    ),
)
def test_an_unknown_access_key_is_refused(family, code):
    stranger = Credential("AKIASTRANGER", KNOWN.secret_key)
    assert refusal(signed_for(family, credential=stranger), family)[0] == code


@pytest.mark.parametrize(
    ("family", "code"),
    each_family("UnrecognizedClientException", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken"),
)
def test_a_missing_superfluous_or_other_session_token_is_refused(family, code):
    without = signed_for(family, credential=Credential(TEMPORARY.access_key, TEMPORARY.secret_key))
    other = signed_for(family, credential=Credential(TEMPORARY.access_key, TEMPORARY.secret_key, "other"))
    superfluous = signed_for(family, credential=Credential(KNOWN.access_key, KNOWN.secret_key, "token"))
    assert {refusal(request, family)[0] for request in (without, other, superfluous)} == {code}


@pytest.mark.parametrize(
    ("family", "code"), each_family("ExpiredTokenException", "ExpiredTokenException", "ExpiredToken", "ExpiredToken")
)
def test_temporary_credentials_end(family, code):
    later = NOW + timedelta(hours=1)
    assert refusal(signed_for(family, credential=TEMPORARY, at=later), family, now=later)[0] == code


@pytest.mark.parametrize(
    ("family", "code"),
    each_family(
        "MissingAuthenticationTokenException",
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
    ),
)
def test_an_unsigned_request_is_refused(family, code):
    assert refusal(HttpRequest("POST", "/", {"host": "localhost"}, b""), family)[0] == code


@pytest.mark.parametrize(
    ("family", "code", "minutes"),
    [
        (FAMILIES[0], "InvalidSignatureException", 5),
        (FAMILIES[1], "InvalidSignatureException", 5),
        (FAMILIES[2], "RequestExpired", 5),
        (FAMILIES[3], "RequestTimeTooSkewed", 15),
    ],
)
def test_a_clock_too_far_off_is_refused_and_one_nearly_so_is_not(family, code, minutes):
    request = signed_for(family)
    for direction in (1, -1):
        edge = NOW + direction * timedelta(minutes=minutes)
        check(request, now=edge, protocol=family[0], service=family[1])
        assert refusal(request, family, now=edge + direction * timedelta(seconds=1))[0] == code


def test_the_date_of_the_scope_must_be_the_date_of_the_request():
    request = signed()
    credential = request.headers["authorization"].replace("/20260517/", "/20260516/")
    assert refusal(changed(request, authorization=credential))[0] == "InvalidSignatureException"


def test_a_date_header_serves_instead_of_x_amz_date():
    request = signed()
    without = changed(request, x_amz_date=None)
    assert refusal(without)[0] == "IncompleteSignatureException"
    # The signature covers x-amz-date, so it no longer matches, but the date itself is read.
    assert refusal(changed(without, date="Sun, 17 May 2026 12:00:00 GMT"))[0] == "InvalidSignatureException"
    assert refusal(changed(without, date="yesterday"))[0] == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS AKID:signature",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=AKID/20260517/r/s/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=AKID/20260517//s/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 \x00\ud800,=,=",
    ],
)
@pytest.mark.parametrize(
    ("family", "code"),
    each_family(
        "IncompleteSignatureException",
        "IncompleteSignatureException",
        "IncompleteSignature",
        "AuthorizationHeaderMalformed",
    ),
)
def test_a_malformed_authorization_header_is_refused(authorization, family, code):
    headers = {"host": "localhost", "authorization": authorization, "x-amz-date": "20260517T120000Z"}
    assert refusal(HttpRequest("POST", "/", headers, b""), family)[0] == code


def test_the_host_and_every_amz_header_must_be_signed():
    request = signed()
    assert refusal(changed(request, x_amz_target="AWSGlue.DeleteDatabase"))[0] == "InvalidSignatureException"
    unsigned_host = request.headers["authorization"].replace("host;", "")
    assert refusal(changed(request, authorization=unsigned_host))[0] == "InvalidSignatureException"


@pytest.mark.parametrize(("family", "code"), each_family(*WRONG))
def test_a_signature_for_another_service_is_refused(family, code):
    assert refusal(signed(service="logs"), family)[0] == code
    if family[1] != "s3":
        assert refusal(signed(service="s3", signer=auth.S3SigV4Auth), family)[0] == code


def presigned(**options) -> HttpRequest:
    options = {"signer": auth.S3SigV4QueryAuth, "service": "s3", "method": "GET", "body": b"", "expires": 60, **options}
    return signed("http://127.0.0.1:4566/bucket/key%20(1)", **options)


def test_a_presigned_url_holds_until_it_expires():
    request = presigned()
    assert check(request, now=NOW + timedelta(seconds=60), service="s3").content_sha256 == "UNSIGNED-PAYLOAD"
    assert refusal(request, FAMILIES[3], now=NOW + timedelta(seconds=61)) == ("AccessDenied", 403)
    query = presigned(signer=auth.SigV4QueryAuth, service="sts")
    check(query, now=NOW + timedelta(seconds=60), protocol="query", service="sts")
    assert refusal(query, FAMILIES[2], now=NOW + timedelta(seconds=61)) == ("RequestExpired", 400)


def test_a_presigned_url_carries_its_session_token():
    check(presigned(credential=TEMPORARY), service="s3")
    stripped = presigned(credential=Credential(TEMPORARY.access_key, TEMPORARY.secret_key))
    assert refusal(stripped, FAMILIES[3])[0] == "InvalidToken"


@pytest.mark.parametrize("expires", [604801, -1, "soon", ""])
def test_a_presigned_url_lives_a_week_at_most(expires):
    assert refusal(presigned(expires=expires), FAMILIES[3])[0] == "AuthorizationQueryParametersError"
    check(presigned(expires=604800), service="s3")


def test_a_changed_presigned_url_is_refused():
    request = presigned()
    other = HttpRequest("GET", request.url.replace("key", "other"), request.headers, b"")
    assert refusal(other, FAMILIES[3])[0] == "SignatureDoesNotMatch"
    longer = HttpRequest("GET", request.url.replace("Expires=60", "Expires=600"), request.headers, b"")
    assert refusal(longer, FAMILIES[3])[0] == "SignatureDoesNotMatch"


def test_s3_wants_to_be_told_the_payload_s_hash():
    request = signed_for(FAMILIES[3])
    assert refusal(changed(request, x_amz_content_sha256=None), FAMILIES[3])[0] == "InvalidRequest"
    assert refusal(changed(request, x_amz_content_sha256="nonsense"), FAMILIES[3])[0] == "InvalidArgument"


@settings(max_examples=200, derandomize=True)
@given(
    authorization=st.one_of(
        st.none(), st.text(max_size=60), st.text(max_size=40).map(lambda t: f"AWS4-HMAC-SHA256 {t}")
    ),
    query=st.text(max_size=60).map(lambda text: f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{text}"),
    date=st.one_of(st.just("20260517T120000Z"), st.text(max_size=20)),
    credential=st.text(max_size=30),
)
def test_nothing_a_client_sends_as_a_signature_is_an_error_of_ours(authorization, query, date, credential):
    scope = (
        f"Credential={credential}/20260517/r/s/aws4_request, SignedHeaders=host;{credential}, Signature={credential}"
    )
    for header in (authorization, f"AWS4-HMAC-SHA256 {scope}"):
        headers = {"host": "h", "x-amz-date": date, **({} if header is None else {"authorization": header})}
        request = HttpRequest("POST", f"/%zz{credential}?{query}", headers, b"")
        with pytest.raises(ServiceError):
            verify(request, lambda key: Credential(key, "secret"), NOW)
