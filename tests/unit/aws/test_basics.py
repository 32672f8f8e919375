"""Requests of any library, models, tokens, ARNs and timestamps."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import DataNotFoundError
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws import models, timestamps
from studiolo.aws.arns import arn, parse_arn, partition_of
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.http import HttpRequest, content
from studiolo.aws.paging import decode_place, decode_token, encode_token


class Foreign:
    def __init__(self, url="/", headers=None, body=None) -> None:
        self.method, self.url, self.headers, self.body = "POST", url, headers or {}, body


def test_requests_of_any_library_are_taken_over():
    prepared = AWSRequest("PUT", "http://h:80/p?a=b", headers={"X-A": "1"}, data={"Action": "x y"}).prepare()
    request = HttpRequest.of(prepared)
    assert (request.method, request.path, request.query, request.body) == ("PUT", "/p", "a=b", b"Action=x+y")
    assert (request.headers["x-a"], request.host) == ("1", "h")
    raw = HttpRequest.of(Foreign(headers={b"X-B": b"caf\xc3\xa9", "X-C": b"\xff", "X-D": 5}, body="é"))
    assert (raw.headers, raw.body) == ({"x-b": "café", "x-c": "ÿ", "x-d": "5"}, "é".encode())
    assert HttpRequest.of(raw) is raw
    assert HttpRequest.of(Foreign(body=None)).body == b""
    assert content(HttpRequest.of(Foreign(body=io.BytesIO(b"file")))) == b"file"


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("/a%20b?c=%2F", "/a%20b", "c=%2F"),
        ("http://h", "/", ""),
        ("http://h?x", "/", "x"),
        ("https://u:p@H:443/a?b?c", "/a", "b?c"),
        ("/a//b/../c?", "/a//b/../c", ""),
        ("", "/", ""),
    ],
)
def test_path_and_query_are_kept_as_received(url, path, query):
    request = HttpRequest("GET", url, {}, b"")
    assert (request.path, request.query) == (path, query)


def test_the_host_of_an_absolute_url_is_as_a_client_sends_it():
    hosts = {url: HttpRequest("GET", url, {}, b"").host for url in ("https://u:p@H:443/a", "http://h:4566?x", "/a")}
    assert hosts == {"https://u:p@H:443/a": "h", "http://h:4566?x": "h:4566", "/a": ""}


def test_a_body_over_the_bound_is_refused():
    with pytest.raises(ServiceError) as caught:
        content(HttpRequest("POST", "/", {}, b"12345"), max_body=4)
    assert caught.value.status == 413


def test_a_model_is_loaded_once_for_all_threads():
    with ThreadPoolExecutor(8) as pool:
        assert len({id(model) for model in pool.map(models.service_model, ["lakeformation"] * 32)}) == 1
    with pytest.raises(DataNotFoundError):
        models.service_model("nothing-of-the-kind")


@given(st.text(st.characters(codec="utf-8")))
def test_tokens_are_opaque_url_safe_and_come_back(key):
    token = encode_token(key)
    assert decode_token(token) == key
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", ["", "abc", "é", "a b", "====", "AP8", "AA", "\ud800"])
def test_a_token_that_is_not_ours_is_refused_with_the_code_asked_for(token):
    with pytest.raises(ServiceError, match="InvalidToken"):
        decode_token(token, "InvalidToken")


def test_a_token_of_a_list_by_keys_is_no_position():
    assert (decode_place(encode_token("20")), decode_place(None)) == (20, 0)
    for key in ("1795781169584184/job", "", "-1", "9" * 5000):
        with pytest.raises(ServiceError, match="InvalidToken"):
            decode_place(encode_token(key), "InvalidToken")


def test_arns_know_their_partition():
    assert arn("glue", "cn-north-1", "123456789012", "table/a/b") == "arn:aws-cn:glue:cn-north-1:123456789012:table/a/b"
    assert arn("iam", "", "123456789012", "role/r") == "arn:aws:iam::123456789012:role/r"
    assert [partition_of(region) for region in ("us-gov-west-1", "eu-west-1")] == ["aws-us-gov", "aws"]
    parsed = parse_arn("arn:aws:logs:r:1:log-group:a:*")
    assert (parsed.service, parsed.resource, str(parsed)) == ("logs", "log-group:a:*", "arn:aws:logs:r:1:log-group:a:*")
    for text in ("", "arn:aws:s3", "x:aws:s3:::b", "arn::s3:::b", "arn:aws:s3:::"):
        with pytest.raises(ValueError, match="not an ARN"):
            parse_arn(text)


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30)))  # noqa: DTZ001
def test_timestamps_of_each_format_come_back(naive):
    moment = naive.replace(tzinfo=timezone.utc)
    whole = moment.replace(microsecond=0)
    assert timestamps.from_iso8601(timestamps.to_iso8601(moment)) == moment
    assert timestamps.from_epoch(timestamps.to_epoch(whole)) == whole
    assert timestamps.from_rfc822(timestamps.to_rfc822(whole)) == whole


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2014-04-29T18:30:38Z", 0),
        ("2014-04-29T20:30:38+02:00", 0),
        ("2014-04-29T13:00:38-0530", 0),
        ("2014-04-29 18:30:38", 0),
    ],
)
def test_iso8601_takes_offsets_and_their_absence(text, offset):
    assert timestamps.from_iso8601(text) == datetime(2014, 4, 29, 18, 30, 38, tzinfo=timezone.utc) + timedelta(offset)


@pytest.mark.parametrize(
    "text", ["", "2014", "2014-13-01", "2014-04-29T25:00:00Z", "9999-12-31T23:59:59-01:00", "x" * 999]
)
def test_bad_timestamps_are_malformed(text):
    for read in (timestamps.from_iso8601, timestamps.from_rfc822):
        with pytest.raises(MalformedError):
            read(text)
    for number in (1e300, float("nan"), float("-inf"), 10**40):
        with pytest.raises(MalformedError):
            timestamps.from_epoch(number)
