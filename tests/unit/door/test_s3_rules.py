"""Documents, ranges and lists of uploads: what S3 takes, refuses and answers where our store does otherwise."""

import asyncio
from datetime import datetime, timezone
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import read_xml
from studiolo.door import locks, ranges, rules, underway
from studiolo.door.names import Named

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RULE = "<Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status>"
DAYS = "<Expiration><Days>40</Days></Expiration>"
INFREQUENT = "<Transition><Days>{}</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
UPLOAD_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (RULE, "InvalidRequest"),
        (f"{RULE}{DAYS}<ID>{'i' * 256}</ID>", "InvalidArgument"),
        (f"{RULE}<Expiration><Days>0</Days></Expiration>", "InvalidArgument"),
        (f"{RULE}<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>", "MalformedXML"),
        (f"{RULE}<Expiration><Date>2030-01-01T03:00:00Z</Date></Expiration>", "InvalidArgument"),
        (f"{RULE}{INFREQUENT.format(10)}", "InvalidArgument"),
        (f"{RULE}{DAYS}{INFREQUENT.format(60)}", "InvalidArgument"),
        (f"{RULE}<Transition><Days>60</Days><StorageClass>AIR</StorageClass></Transition>", "MalformedXML"),
        (f"<Status>Enabled</Status>{DAYS}", "MalformedXML"),
        (f"<Status>On</Status><Prefix/>{DAYS}", "MalformedXML"),
        (f"{RULE}{DAYS}{INFREQUENT.format(30)}", None),
        (f"<Prefix/><Status>Disabled</Status>{DAYS}<ID>old</ID>", None),
    ],
)
def test_rules_of_a_lifecycle_are_those_that_s3_takes(rule: str, code: str | None) -> None:
    body = f"<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>".encode()
    assert refusal("PutBucketLifecycleConfiguration", body) == code


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        (
            "PutBucketWebsite",
            "<WebsiteConfiguration><IndexDocument><Suffix>a/i</Suffix></IndexDocument></WebsiteConfiguration>",
            "InvalidArgument",
        ),
        (
            "PutBucketWebsite",
            "<WebsiteConfiguration><ErrorDocument><Key>e</Key></ErrorDocument></WebsiteConfiguration>",
            "InvalidArgument",
        ),
        (
            "PutBucketCors",
            "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>"
            "<ExposeHeader>*</ExposeHeader></CORSRule></CORSConfiguration>",
            "InvalidRequest",
        ),
        (
            "PutBucketNotificationConfiguration",
            "<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:eu-west-1:1:q</Queue>"
            "<Event>s3:Air</Event></QueueConfiguration></NotificationConfiguration>",
            "MalformedXML",
        ),
    ],
)
def test_settings_of_a_bucket_are_those_that_s3_takes(operation: str, body: str, code: str) -> None:
    assert refusal(operation, body.encode()) == code


def refusal(operation: str, body: bytes) -> str | None:
    try:
        rules.check(operation, body)
    except ServiceError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("asked", "sent"), [("bytes=0-1", True), ("bytes=-5", True), ("bytes=3-1", False), ("bytes=a-b", False)]
)
def test_a_range_that_is_none_is_overlooked(asked: str, sent: bool) -> None:
    assert ("range" in ranges.read(Named("GET", "air", "k", {}, {"range": asked})).headers) is sent


def test_a_copy_is_locked_as_it_asks_or_as_its_bucket_locks() -> None:
    rule = b"<ObjectLockConfiguration><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>2</Days></DefaultRetention>"
    default = rule + b"</Rule></ObjectLockConfiguration>"
    assert locks.of_copy({}, b"", NOW) == {}
    assert b"2026-01-03T00:00:00Z" in locks.of_copy({}, default, NOW)["retention"]
    own = {"x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": "2027-01-01T00:00:00Z"}
    assert b"COMPLIANCE" in locks.of_copy(own, default, NOW)["retention"]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-object-lock-mode": "GOVERNANCE"},
        {"x-amz-object-lock-mode": "AIR", "x-amz-object-lock-retain-until-date": "2027-01-01T00:00:00Z"},
        {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2025-01-01T00:00:00Z"},
        {"x-amz-object-lock-legal-hold": "on"},
    ],
)
def test_a_lock_that_cannot_be_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="must|Unknown"):
        locks.check_headers(headers, NOW)


@given(
    st.lists(st.text("ab/ é", min_size=1, max_size=4), max_size=8), st.sampled_from(["", "/", "a"]), st.integers(1, 4)
)
def test_pages_of_uploads_are_the_whole_list_in_the_order_of_keys(keys: list[str], delimiter: str, most: int) -> None:
    """By a store that lists by ids, which are in no order of the keys."""
    ids = {f"{len(keys) - number:02}": key for number, key in enumerate(keys)}

    async def ask(parameters: dict[str, str]) -> bytes:
        after = [each for each in sorted(ids) if each > parameters.get("upload-id-marker", "")]
        shown = "".join(
            f"<Upload><Key>{quote(ids[each])}</Key><Initiated>2026</Initiated><UploadId>{each}</UploadId></Upload>"
            for each in after[:3]
        )
        more = (
            f"<IsTruncated>true</IsTruncated><NextUploadIdMarker>{after[2]}</NextUploadIdMarker>" if after[3:] else ""
        )
        return f"<R><EncodingType>url</EncodingType>{more}{shown}</R>".encode()

    found: list[str] = []
    given_markers: dict[str, str] = {}
    while True:
        parameters = {"max-uploads": str(most), "delimiter": delimiter, **given_markers}
        answer = asyncio.run(underway.page(Named("GET", "air", "", parameters), ask, {}))
        root = read_xml(answer)
        names = [each.text or "" for each in root.iter() if each.tag in (f"{UPLOAD_NAMESPACE}Key",)]
        prefixes = root.findall(f"{UPLOAD_NAMESPACE}CommonPrefixes/{UPLOAD_NAMESPACE}Prefix")
        found += sorted([*names, *(each.text or "" for each in prefixes)])
        if root.findtext(f"{UPLOAD_NAMESPACE}IsTruncated") != "true":
            break
        told = {name: root.findtext(f"{UPLOAD_NAMESPACE}Next{name}") or "" for name in ("KeyMarker", "UploadIdMarker")}
        given_markers = {"key-marker": told["KeyMarker"], "upload-id-marker": told["UploadIdMarker"]}
    rolled = [key[: key.find(delimiter) + len(delimiter)] for key in keys if delimiter and delimiter in key]
    plain = [key for key in keys if not delimiter or delimiter not in key]
    assert sorted(found) == sorted([*plain, *set(rolled)])
