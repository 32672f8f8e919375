"""S3 on the one endpoint, through the clients people use."""

import hashlib
import http.client
import io
import os
import secrets
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.config
import psutil
import pytest
from botocore.exceptions import ClientError

from tests.api.s3_wire import Chunked, signed

MIB = 1024 * 1024


@pytest.fixture(scope="session")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def air(s3: Any) -> str:
    """A bucket of the test's own."""
    name = f"air-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def body(s3: Any, bucket: str, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    """What a program that knows nothing of AWS gets."""
    request = urllib.request.Request(url, data, {"Content-Type": ""} if data else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def store_process(server: Any) -> psutil.Process:
    folder = str(server.data / "object-store")
    return next(p for p in psutil.process_iter() if p.name() == "weed" and any(folder in part for part in p.cmdline()))


@pytest.mark.parametrize(
    "key", ["a b+c", "year=2016/é ü/日本.csv", "x//y", "100%25%2F", "q?a=1&b#c", "~-._!'()*:;@,=$"], ids=ascii
)
def test_any_key_comes_back_as_it_was_written(s3: Any, air: str, key: str) -> None:
    s3.put_object(Bucket=air, Key=key, Body=key.encode(), Metadata={"station": "Aoti zhongxin"})
    answer = s3.get_object(Bucket=air, Key=key)
    assert answer["Body"].read() == key.encode()
    assert answer["Metadata"] == {"station": "Aoti zhongxin"}


KEYS = ["/", "/x", "a", "a/", "a//", "a//b", "a/b", "a/b/", "a\\b", "b/", "b/c", "dir\\f", "z/ y"]


@pytest.fixture(scope="module")
def alike(s3: Any) -> str:
    """A bucket of keys that a file system would not tell apart."""
    name = f"alike-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_keys_that_look_like_paths_are_keys_of_their_own(s3: Any, alike: str, air: str) -> None:
    assert [body(s3, alike, key) for key in KEYS] == [key.encode() for key in KEYS]
    for missing in ("/a", "b", "dir/f", "z/"):
        with pytest.raises(ClientError, match="404"):
            s3.head_object(Bucket=alike, Key=missing)
    s3.copy_object(Bucket=air, Key="to\\/", CopySource={"Bucket": alike, "Key": "a//b"})
    upload = s3.create_multipart_upload(Bucket=air, Key="parts\\/")
    part = s3.upload_part(Bucket=air, Key=upload["Key"], UploadId=upload["UploadId"], PartNumber=1, Body=b"1")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    done = s3.complete_multipart_upload(
        Bucket=air, Key=upload["Key"], UploadId=upload["UploadId"], MultipartUpload={"Parts": parts}
    )
    assert (done["Key"], done["Location"].rpartition("/" + air)[2]) == ("parts\\/", "/parts%5C/")
    assert keys(s3, air) == ["parts\\/", "to\\/"]
    gone = s3.delete_objects(Bucket=air, Delete={"Objects": [{"Key": "parts\\/"}, {"Key": "to\\/"}]})
    assert [entry["Key"] for entry in gone["Deleted"]] == ["parts\\/", "to\\/"]
    assert keys(s3, air) == []


@pytest.mark.parametrize("kind", ["list_objects", "list_objects_v2", "list_object_versions"])
@pytest.mark.parametrize("prefix", ["", "/", "a", "a/", "a//", "a\\"])
def test_a_list_of_pages_of_one_leaves_nothing_out(s3: Any, alike: str, kind: str, prefix: str) -> None:
    for delimiter in ("", "/", "\\"):
        pages = s3.get_paginator(kind).paginate(
            Bucket=alike, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": 1}
        )
        found = [
            entry.get("Key", entry.get("Prefix"))
            for page in pages
            for part in ("Contents", "Versions", "CommonPrefixes")
            for entry in page.get(part, [])
        ]
        whole = sorted(key for key in KEYS if key.startswith(prefix))
        rolled = [_rolled_up(key, prefix, delimiter) for key in whole]
        assert found == list(dict.fromkeys(rolled)), delimiter


def test_a_page_that_ends_with_a_key_that_xml_cannot_have_leaves_none_out(s3: Any, air: str) -> None:
    odd = ["a\x01", "a\x02", "a\x03/b", "a\x04/b", "b"]
    for key in odd:
        s3.put_object(Bucket=air, Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=air, Delimiter="/", PaginationConfig={"PageSize": 1})
    found = [entry.get("Key", entry.get("Prefix")) for page in pages for part in ("Contents", "CommonPrefixes")
             for entry in page.get(part, [])]  # fmt: skip
    assert found == [_rolled_up(key, "", "/") for key in odd]
    s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Enabled"})
    for key in [*odd, "plain"]:
        s3.put_object(Bucket=air, Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=air, PaginationConfig={"PageSize": 1})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == [*odd, "plain"]


def _rolled_up(key: str, prefix: str, delimiter: str) -> str:
    before, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
    return f"{prefix}{before}{delimiter}" if found else key


def test_an_object_has_the_headers_that_it_was_given_and_s3_s_own_where_none_was(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="plain", Body=b"<html>", Metadata={"empty": "", "of": "air"})
    found = s3.head_object(Bucket=air, Key="plain")
    assert (found["ContentType"], found["Metadata"]) == ("binary/octet-stream", {"empty": "", "of": "air"})
    s3.put_object(Bucket=air, Key="packed", Body=b"x", ContentEncoding="gzip,aws-chunked", ContentType="text/csv")
    found = s3.head_object(Bucket=air, Key="packed")
    assert (found["ContentEncoding"], found["ContentType"]) == ("gzip", "text/csv")
    secret = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/mine"}
    answers = [s3.put_object(Bucket=air, Key="secret", Body=b"x", **secret), s3.get_object(Bucket=air, Key="secret")]
    assert [{name: answer[name] for name in secret} for answer in answers] == [secret, secret]
    assert answers[1]["Metadata"] == {}
    s3.put_object(Bucket=air, Key="ours", Body=b"0123456789", ServerSideEncryption="AES256")
    ranged = s3.get_object(Bucket=air, Key="ours", Range="bytes=2-4")
    assert (ranged["Body"].read(), ranged["ServerSideEncryption"]) == (b"234", "AES256")
    for key in ("plain", "secret"):
        s3.copy_object(Bucket=air, Key="copy", CopySource={"Bucket": air, "Key": key}, ServerSideEncryption="aws:kms")
    assert s3.head_object(Bucket=air, Key="copy")["SSEKMSKeyId"] == "alias/mine"


def test_a_bucket_is_made_twice_by_its_owner_in_us_east_1_alone(s3: Any, client: Callable[..., Any], air: str) -> None:
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket=air, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    east = client("s3", region_name="us-east-1")
    assert east.create_bucket(Bucket=air)["Location"] == f"/{air}"


def test_settings_that_nothing_acts_on_are_kept_as_they_were_put(s3: Any, air: str) -> None:
    rules = [
        {
            "ID": "cold", "Status": "Enabled", "Filter": {"Prefix": "old/"},
            "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        }
    ]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket=air, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=air)["Rules"] == rules
    s3.put_public_access_block(Bucket=air, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert s3.get_public_access_block(Bucket=air)["PublicAccessBlockConfiguration"] == {"BlockPublicAcls": True}
    s3.put_bucket_notification_configuration(Bucket=air, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=air)["EventBridgeConfiguration"] == {}
    for name in ("b", "a"):
        s3.put_bucket_metrics_configuration(Bucket=air, Id=name, MetricsConfiguration={"Id": name})
    listed = s3.list_bucket_metrics_configurations(Bucket=air)["MetricsConfigurationList"]
    assert [entry["Id"] for entry in listed] == ["a", "b"]
    s3.delete_public_access_block(Bucket=air)
    s3.delete_bucket_lifecycle(Bucket=air)
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=air)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=air)
    s3.delete_bucket(Bucket=air)
    s3.create_bucket(Bucket=air, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=air)


def test_a_bucket_tells_where_it_was_made(s3: Any, air: str) -> None:
    assert s3.get_bucket_location(Bucket=air)["LocationConstraint"] == "eu-central-1"
    assert s3.head_bucket(Bucket=air)["BucketRegion"] == "eu-central-1"


def test_an_object_that_is_gone_by_a_delete_marker_says_so(s3: Any, air: str) -> None:
    s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=air, Key="a b", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=air, Key="a b")["VersionId"]
    with pytest.raises(ClientError) as gone:
        s3.get_object(Bucket=air, Key="a b")
    told = gone.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (told["x-amz-delete-marker"], told["x-amz-version-id"]) == ("true", marker)
    with pytest.raises(ClientError, match="MethodNotAllowed"):
        s3.get_object(Bucket=air, Key="a b", VersionId=marker)
    with pytest.raises(ClientError, match="405"):
        s3.head_object(Bucket=air, Key="a b", VersionId=marker)
    source = {"Bucket": air, "Key": "a b", "VersionId": first}
    assert s3.copy_object(Bucket=air, Key="a b", CopySource=source)["CopySourceVersionId"] == first
    assert body(s3, air, "a b") == b"x"


def test_a_delete_marker_without_a_version_goes_by_its_id(s3: Any, air: str) -> None:
    s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Enabled"})
    for key in ("one", "two"):
        s3.put_object(Bucket=air, Key=key, Body=b"kept")
    s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Suspended"})
    for key in ("one", "two"):
        s3.delete_object(Bucket=air, Key=key)
    s3.delete_object(Bucket=air, Key="one", VersionId="null")
    s3.delete_objects(Bucket=air, Delete={"Objects": [{"Key": "two", "VersionId": "null"}]})
    assert [body(s3, air, key) for key in ("one", "two")] == [b"kept", b"kept"]
    version = s3.head_object(Bucket=air, Key="one")["VersionId"]
    assert s3.get_object_tagging(Bucket=air, Key="one", VersionId=version)["VersionId"] == version


def test_somebody_unknown_is_told_of_a_bucket_that_is_not_there(s3: Any, air: str) -> None:
    asked = {"Origin": "http://page.example", "Access-Control-Request-Method": "PUT"}
    for method, target, status in (
        ("GET", "/there-is-none", 404), ("GET", "/there-is-none/a", 404), ("GET", f"/{air}", 403),
        ("GET", f"/{air}/a", 403), ("OPTIONS", f"/{air}/a", 403),
    ):  # fmt: skip
        request = urllib.request.Request(s3.meta.endpoint_url + target, headers=asked, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == status, (method, target)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (["a", "a"], "InvalidTag"),
        (["aws:a"], "InvalidTag"),
        (["x" * 129], "InvalidTag"),
        ([str(number) for number in range(11)], "BadRequest"),
    ],
    ids=["twice", "of AWS", "long", "many"],
)
def test_tags_that_s3_would_not_take_are_refused(s3: Any, air: str, tags: list[str], code: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"x")
    with pytest.raises(ClientError, match=code):
        s3.put_object_tagging(Bucket=air, Key="a", Tagging={"TagSet": [{"Key": tag, "Value": ""} for tag in tags]})


def test_what_a_write_asks_for_is_checked(s3: Any, air: str) -> None:
    at = {"Bucket": air, "Key": "a"}
    upload = {**at, "UploadId": s3.create_multipart_upload(**at)["UploadId"]}
    by_default = {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "mine"}
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]}
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("InvalidArgument", lambda: s3.put_object(**at, Body=b"x", ACL="nobody")),
        ("MetadataTooLarge", lambda: s3.put_object(**at, Body=b"x", Metadata={"a": "x" * 2048})),
        ("NotImplemented", lambda: s3.put_object(**at, Body=b"x", IfNoneMatch='"x"')),
        ("NoSuchKey", lambda: s3.put_object(**at, Body=b"x", IfMatch='"x"')),
        ("InvalidRequest", lambda: s3.put_object(**at, Body=b"x", ChecksumSHA1="x", ChecksumCRC32="x")),
        ("InvalidBucketName", lambda: s3.create_bucket(Bucket="amzn-s3-demo-bucket")),
        ("InvalidArgument", lambda: s3.list_objects_v2(Bucket=air, EncodingType="xml")),
        ("InvalidArgument", lambda: s3.upload_part(**upload, PartNumber=10001, Body=b"x")),
        ("MalformedXML", lambda: s3.complete_multipart_upload(**upload)),
        ("InvalidArgument", lambda: s3.list_objects_v2(Bucket=air, ContinuationToken="")),
        ("token provided is incorrect", lambda: s3.list_objects_v2(Bucket=air, ContinuationToken="a")),
        ("The CRC32 you specified", lambda: s3.put_object(**at, Body=b"x", ChecksumCRC32="AAAAAA==")),
        ("AccessControlListNotSupported", lambda: s3.put_object(**at, Body=b"x", ACL="public-read")),
        ("AccessControlListNotSupported", lambda: s3.put_bucket_acl(Bucket=air, ACL="private")),
        ("InvalidBucketAcl", lambda: s3.create_bucket(Bucket=f"{air}-open", ACL="public-read")),
        ("InvalidArgument", lambda: s3.create_bucket(Bucket=f"{air}-open", ObjectOwnership="Nobody")),
        ("IllegalLocation", lambda: s3.create_bucket(Bucket=f"{air}-far", **located("us-west-2"))),
        ("InvalidLocation", lambda: s3.create_bucket(Bucket=f"{air}-far", **located("moon"))),
        ("MalformedXML", lambda: s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "On"})),
        ("IllegalVersioning", lambda: s3.put_bucket_versioning(Bucket=air, VersioningConfiguration={})),
        ("InvalidDigest", lambda: s3.put_object(**at, Body=b"x", ContentMD5="AAAA")),
        ("maxKeys must be", lambda: s3.list_objects_v2(Bucket=air, MaxKeys=-1)),
        (
            "NotImplemented",
            lambda: s3.create_multipart_upload(**at, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32),
        ),
        (
            "KMSMasterKeyID is not",
            lambda: s3.put_bucket_encryption(Bucket=air, ServerSideEncryptionConfiguration=encryption),
        ),
        ("InvalidRedirectLocation", lambda: s3.put_object(**at, Body=b"x", WebsiteRedirectLocation="b")),
    ]
    for code, call in calls:
        with pytest.raises(ClientError, match=code):
            call()
    assert keys(s3, air) == []


def located(region: str) -> dict[str, Any]:
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def test_a_bucket_with_access_lists_takes_them(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"x", ACL="bucket-owner-full-control")
    s3.create_bucket(Bucket=f"{air}-open", ObjectOwnership="ObjectWriter", ACL="public-read", **located("eu-central-1"))
    s3.put_object(Bucket=f"{air}-open", Key="a", Body=b"x", ACL="public-read")
    rules = s3.get_bucket_ownership_controls(Bucket=f"{air}-open")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "ObjectWriter"}]


def test_an_object_tells_where_a_website_leads_and_its_copy_does_not(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"x", WebsiteRedirectLocation="/b", Metadata={"of": "air"})
    s3.copy_object(Bucket=air, Key="copy", CopySource={"Bucket": air, "Key": "a"})
    first, copy = (s3.head_object(Bucket=air, Key=key) for key in ("a", "copy"))
    assert (first["WebsiteRedirectLocation"], first["Metadata"]) == ("/b", {"of": "air"})
    assert ("WebsiteRedirectLocation" in copy, copy["Metadata"]) == (False, {"of": "air"})


def test_a_copy_tells_its_checksum_where_it_is_asked_for(s3: Any, air: str) -> None:
    put = s3.put_object(Bucket=air, Key="a", Body=b"x", ChecksumAlgorithm="SHA256")
    copied = s3.copy_object(Bucket=air, Key="b", CopySource=f"{air}/a", ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == put["ChecksumSHA256"]


def test_an_upload_in_parts_of_a_key_that_others_are_below_says_what_to_do(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a/b", Body=b"x")
    upload = {"Bucket": air, "Key": "a", "UploadId": s3.create_multipart_upload(Bucket=air, Key="a")["UploadId"]}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    with pytest.raises(ClientError, match="NotImplemented.*in one piece"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    s3.put_object(Bucket=air, Key="a", Body=b"y")
    assert (body(s3, air, "a"), body(s3, air, "a/b")) == (b"y", b"x")


def test_an_upload_is_completed_as_what_went_up_alone(s3: Any, air: str) -> None:
    at = {"Bucket": air, "Key": "a"}
    upload = {**at, "UploadId": s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="SHA256")
    right = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    for words, told, more in (
        ("BadDigest.*The sha256 you specified", {**right, "ChecksumSHA256": "eA=="}, {}),
        ("InvalidRequest.*missing for part 1", {"PartNumber": 1, "ETag": part["ETag"]}, {}),
        ("BadDigest.*The SHA256 you specified", right, {"ChecksumSHA256": part["ChecksumSHA256"]}),
        ("InvalidRequest.*computed: 1", right, {"MpuObjectSize": 2}),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=words):
            s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [told]}, **more)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [right]}, MpuObjectSize=1)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.abort_multipart_upload(**upload)


def test_the_attributes_of_an_object_tell_its_checksum(s3: Any, air: str) -> None:
    put = s3.put_object(Bucket=air, Key="a", Body=b"x", ChecksumAlgorithm="SHA256")
    told = s3.get_object_attributes(Bucket=air, Key="a", ObjectAttributes=["Checksum", "ObjectSize"])
    assert told["Checksum"] == {"ChecksumSHA256": put["ChecksumSHA256"], "ChecksumType": "FULL_OBJECT"}
    assert told["ObjectSize"] == 1


def test_a_bucket_of_another_account_is_not_ours(s3: Any, air: str) -> None:
    s3.head_bucket(Bucket=air, ExpectedBucketOwner="000000000000")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=air, Key="a", Body=b"x", ExpectedBucketOwner="111111111111")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_objects(Bucket=air, Delete={"Objects": [{"Key": "a"}]}, ExpectedBucketOwner="111111111111")


def test_a_copy_onto_itself_must_change_something(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"x")
    here = {"Bucket": air, "Key": "a", "CopySource": {"Bucket": air, "Key": "a"}}
    with pytest.raises(ClientError, match="without changing"):
        s3.copy_object(**here)
    copied = s3.copy_object(**here, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert copied["CopyObjectResult"]["ETag"] == s3.head_object(Bucket=air, Key="a")["ETag"]
    assert s3.head_object(Bucket=air, Key="a")["Metadata"] == {"new": "1"}


def test_a_large_file_goes_up_in_parts_and_comes_down_whole_or_in_ranges(s3: Any, air: str, tmp_path: Path) -> None:
    content = os.urandom(20 * MIB + 7)
    (tmp_path / "up").write_bytes(content)
    s3.upload_file(str(tmp_path / "up"), air, "big", ExtraArgs={"ContentType": "application/x-air"})
    s3.download_file(air, "big", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == content
    head = s3.head_object(Bucket=air, Key="big")
    assert (head["ContentLength"], head["ContentType"]) == (len(content), "application/x-air")
    part = s3.get_object(Bucket=air, Key="big", Range="bytes=8388600-8388700")
    assert part["ContentRange"] == f"bytes 8388600-8388700/{len(content)}"
    assert part["Body"].read() == content[8388600:8388701]


def test_parts_can_be_copied_from_other_objects(s3: Any, air: str) -> None:
    content = os.urandom(6 * MIB)
    s3.put_object(Bucket=air, Key="source 1+", Body=content)
    upload = s3.create_multipart_upload(Bucket=air, Key="joined")["UploadId"]
    given = {"Bucket": air, "Key": "joined", "UploadId": upload}
    first = s3.upload_part_copy(**given, PartNumber=1, CopySource={"Bucket": air, "Key": "source 1+"})
    second = s3.upload_part(**given, PartNumber=2, Body=b"end")
    parts = [
        {"PartNumber": 1, "ETag": first["CopyPartResult"]["ETag"]},
        {"PartNumber": 2, "ETag": second["ETag"]},
    ]
    done = s3.complete_multipart_upload(**given, MultipartUpload={"Parts": parts})
    assert done["Location"] == f"{s3.meta.endpoint_url}/{air}/joined"
    assert body(s3, air, "joined") == content + b"end"


def test_objects_are_copied_tagged_and_deleted_in_bulk(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="raw/a b.csv", Body=b"1")
    s3.copy_object(Bucket=air, Key="clean/ü.csv", CopySource={"Bucket": air, "Key": "raw/a b.csv"})
    s3.put_object_tagging(Bucket=air, Key="clean/ü.csv", Tagging={"TagSet": [{"Key": "of", "Value": "a + b"}]})
    assert s3.get_object_tagging(Bucket=air, Key="clean/ü.csv")["TagSet"] == [{"Key": "of", "Value": "a + b"}]
    deleted = s3.delete_objects(Bucket=air, Delete={"Objects": [{"Key": "raw/a b.csv"}, {"Key": "clean/ü.csv"}]})
    assert {entry["Key"] for entry in deleted["Deleted"]} == {"raw/a b.csv", "clean/ü.csv"}
    assert keys(s3, air) == []


def test_the_marker_of_an_empty_folder_is_copied_as_s3a_renames_it(s3: Any, air: str) -> None:
    marker = s3.put_object(Bucket=air, Key="a/empty/", ContentType="application/x-directory")
    copied = s3.copy_object(
        Bucket=air,
        Key="b/empty/",
        CopySource={"Bucket": air, "Key": "a/empty/"},
        CopySourceIfMatch=marker["ETag"],
        ContentType="application/x-directory",
        MetadataDirective="REPLACE",
    )
    assert copied["CopyObjectResult"]["ETag"] == marker["ETag"]
    assert keys(s3, air) == ["a/empty/", "b/empty/"]
    assert s3.head_object(Bucket=air, Key="b/empty/")["ContentType"] == "application/x-directory"
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.copy_object(Bucket=air, Key="c/", CopySource={"Bucket": air, "Key": "none/"})
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.copy_object(Bucket=air, Key="c/", CopySource={"Bucket": air, "Key": "a/empty/"}, CopySourceIfMatch='"0"')
    assert keys(s3, air) == ["a/empty/", "b/empty/"]


def test_lists_page_and_know_folders(s3: Any, air: str) -> None:
    names = [f"day={day:02}/part-{part}" for day in range(4) for part in range(3)]
    for name in names:
        s3.put_object(Bucket=air, Key=name, Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=air, PaginationConfig={"PageSize": 5}))
    assert [len(page["Contents"]) for page in pages] == [5, 5, 2]
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == names
    folders = s3.list_objects_v2(Bucket=air, Delimiter="/")["CommonPrefixes"]
    assert [folder["Prefix"] for folder in folders] == [f"day={day:02}/" for day in range(4)]


def test_checksums_are_kept_and_wrong_ones_refused(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"hello", ChecksumAlgorithm="SHA256")
    kept = s3.head_object(Bucket=air, Key="a", ChecksumMode="ENABLED")
    assert kept["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=air, Key="b", Body=b"hello", ChecksumSHA256="A" * 43 + "=")
    assert keys(s3, air) == ["a"]


def test_parts_are_listed_with_their_checksums(s3: Any, air: str) -> None:
    at = {"Bucket": air, "Key": "summed"}
    made = s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE")
    upload = {**at, "UploadId": made["UploadId"]}
    sums = [b64encode(hashlib.sha256(body).digest()).decode() for body in (b"a", b"b")]
    etags = [
        s3.upload_part(**upload, PartNumber=i + 1, Body=body, ChecksumSHA256=sums[i])["ETag"]
        for i, body in enumerate((b"a", b"b"))
    ]
    listed = s3.list_parts(**upload)
    assert [part["ChecksumSHA256"] for part in listed["Parts"]] == sums
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("SHA256", "COMPOSITE")
    parts = {"Parts": [{"PartNumber": 1, "ETag": etags[0], "ChecksumSHA256": sums[0]}]}
    with pytest.raises(ClientError) as refused:
        s3.complete_multipart_upload(**upload, MultipartUpload=parts, IfMatch=etags[0])
    assert refused.value.response["Error"]["Code"] == "NoSuchKey"
    whole = b64encode(hashlib.sha256(hashlib.sha256(b"a").digest()).digest()).decode()
    assert s3.complete_multipart_upload(**upload, MultipartUpload=parts)["ChecksumSHA256"] == f"{whole}-1"


def test_a_copy_is_locked_as_it_was_asked_and_uploads_are_listed_with_their_checksums(s3: Any, air: str) -> None:
    locked = f"{air}-locked"
    s3.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True,
                     CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})  # fmt: skip
    source = {"Bucket": locked, "Key": "as it was"}
    s3.put_object(**source, Body=b"1")
    until = datetime.now(UTC) + timedelta(days=1)
    copied = {"Bucket": locked, "Key": "locked", "CopySource": source}
    version = s3.copy_object(**copied, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    assert s3.head_object(Bucket=locked, Key="locked")["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=locked, Key="locked", VersionId=version)
    for key in ("b", "a/1", "a/2"):
        s3.create_multipart_upload(Bucket=air, Key=key, ChecksumAlgorithm="SHA256")
    first = s3.list_multipart_uploads(Bucket=air, Delimiter="/", MaxUploads=1)
    assert [each["Prefix"] for each in first["CommonPrefixes"]] == ["a/"]
    rest = s3.list_multipart_uploads(Bucket=air, Delimiter="/", KeyMarker=first["NextKeyMarker"])
    assert [(each["Key"], each["ChecksumAlgorithm"]) for each in rest["Uploads"]] == [("b", "SHA256")]


def test_conditions_are_respected(s3: Any, air: str) -> None:
    etag = s3.put_object(Bucket=air, Key="a", Body=b"first")["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=air, Key="a", Body=b"second", IfNoneMatch="*")
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket=air, Key="a", IfNoneMatch=etag)
    assert body(s3, air, "a") == b"first"


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_presigned_urls_read_and_write_in_the_way_boto3_signs_for_that_region(
    client: Callable[..., Any], air: str, region: str
) -> None:
    s3 = client("s3", region_name=region)
    given = {"Bucket": air, "Key": "a b+ü"}
    put = s3.generate_presigned_url("put_object", Params=given)
    assert fetch(put, "PUT", b"by hand")[0] == 200
    get = s3.generate_presigned_url("get_object", Params={**given, "ResponseContentType": "text/x-air"})
    status, headers, content = fetch(get)
    assert (status, headers["content-type"], content) == (200, "text/x-air", b"by hand")
    status, _, content = fetch(get.replace("Signature=", "Signature=00"))
    assert (status, b"<Code>SignatureDoesNotMatch</Code>" in content) == (403, True)


def test_a_presigned_form_uploads(s3: Any, air: str) -> None:
    form = s3.generate_presigned_post(air, "forms/${filename}")
    fields = {**form["fields"], "file": "hello"}
    parts = []
    for name, value in fields.items():
        filename = '; filename="f.txt"' if name == "file" else ""
        parts.append(f'--edge\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n{value}\r\n')
    request = urllib.request.Request(
        form["url"], ("".join(parts) + "--edge--\r\n").encode(), {"Content-Type": "multipart/form-data; boundary=edge"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    assert body(s3, air, "forms/f.txt") == b"hello"


def test_buckets_are_found_in_the_host_name(
    client: Callable[..., Any], server: Any, air: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def every_localhost(host: Any, *rest: Any, **options: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", every_localhost)
    port = server.endpoint.rpartition(":")[2]
    for host in ("localhost", "s3.localhost", "s3.eu-central-1.localhost"):
        virtual = client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            config=botocore.config.Config(s3={"addressing_style": "virtual"}, signature_version="s3v4"),
        )
        virtual.put_object(Bucket=air, Key=f"by/{host}", Body=host.encode())
        url = virtual.generate_presigned_url("get_object", Params={"Bucket": air, "Key": f"by/{host}"})
        assert url.startswith(f"http://{air}.{host}:{port}/by/")
        assert fetch(url)[2] == host.encode()
    assert keys(client("s3"), air) == ["by/localhost", "by/s3.eu-central-1.localhost", "by/s3.localhost"]


def test_a_wrong_signature_an_unknown_key_and_no_signature_are_refused(
    client: Callable[..., Any], server: Any, air: str
) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client("s3", aws_secret_access_key="wrong").list_buckets()
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client("s3", aws_access_key_id="AKIANOBODY").list_buckets()
    status, _, content = fetch(f"{server.endpoint}/{air}?list-type=2")
    assert (status, b"<Code>AccessDenied</Code>" in content) == (403, True)


def put(server: Any, path: str, chunks: Iterator[bytes], headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=60)
    connection.request("PUT", path, body=chunks, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_body_that_is_not_the_signed_one_never_becomes_an_object(s3: Any, server: Any, air: str) -> None:
    for size in (0, 5, 3 * MIB):
        headers = signed(server, "PUT", f"/{air}/a", payload=b"y" * (size + 1))
        headers["content-length"] = str(size)
        status, content = put(server, f"/{air}/a", iter([b"z" * size]), headers)
        assert (status, b"<Code>XAmzContentSHA256Mismatch</Code>" in content) == (400, True)
    assert keys(s3, air) == []


@pytest.mark.parametrize("sent", [0, 1, MIB])
def test_an_upload_that_breaks_off_never_becomes_an_object(s3: Any, server: Any, air: str, sent: int) -> None:
    headers = signed(server, "PUT", f"/{air}/a", payload=None) | {"content-length": str(10 * MIB)}
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"))
    connection.putrequest("PUT", f"/{air}/a")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"x" * sent)
    connection.close()
    s3.put_object(Bucket=air, Key="b", Body=b"")
    assert keys(s3, air) == ["b"]


def test_a_large_upload_to_a_bucket_that_is_not_there_is_refused_in_s3_s_words(s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="no-such-bucket", Key="a", Body=bytes(20 * MIB))


def test_signed_chunks_are_checked_and_stored_without_their_framing(s3: Any, server: Any, air: str) -> None:
    content = os.urandom(3 * 65536 + 11)
    chunked = Chunked(server, f"/{air}/good", content)
    assert put(server, f"/{air}/good", chunked.chunks(), chunked.headers)[0] == 200
    head = s3.get_object(Bucket=air, Key="good")
    assert head["Body"].read() == content
    assert "ContentEncoding" not in head
    for forged in range(5):
        chunked = Chunked(server, f"/{air}/forged", content)
        status, answer = put(server, f"/{air}/forged", chunked.chunks(forged=forged), chunked.headers)
        assert (status, b"<Code>SignatureDoesNotMatch</Code>" in answer) == (403, True)
    assert keys(s3, air) == ["good"]


def test_a_trailing_checksum_is_checked_and_kept(s3: Any, server: Any, air: str) -> None:
    for trailer, expected in (("NhCmhg==", 200), ("AAAAAA==", 400)):
        headers = signed(
            server,
            "PUT",
            f"/{air}/{expected}",
            payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            extra={
                "content-encoding": "aws-chunked",
                "x-amz-decoded-content-length": "5",
                "x-amz-trailer": "x-amz-checksum-crc32",
            },
        )
        framed = f"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{trailer}\r\n\r\n".encode()
        headers["content-length"] = str(len(framed))
        assert put(server, f"/{air}/{expected}", iter([framed]), headers)[0] == expected
    kept = s3.head_object(Bucket=air, Key="200", ChecksumMode="ENABLED")
    assert (kept["ContentLength"], kept["ChecksumCRC32"]) == (5, "NhCmhg==")
    assert keys(s3, air) == ["200"]


def test_what_the_store_would_misunderstand_is_answered_as_not_implemented(s3: Any, air: str) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"kept")
    calls: list[Callable[[], Any]] = [
        lambda: s3.restore_object(Bucket=air, Key="a", RestoreRequest={"Days": 1}),
        lambda: s3.get_object_torrent(Bucket=air, Key="a"),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="NotImplemented") as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert body(s3, air, "a") == b"kept"


def test_no_path_leaves_its_bucket(s3: Any, air: str) -> None:
    for key in ("../other/a", "a/../b", "./a"):
        with pytest.raises(ClientError, match="InvalidURI"):
            s3.put_object(Bucket=air, Key=key, Body=b"x")


def test_a_large_object_passes_without_filling_the_server_s_memory(s3: Any, server: Any, air: str) -> None:
    process, size, block = psutil.Process(server.pid), 128 * MIB, os.urandom(MIB)
    before = peak = process.memory_info().rss

    def measured() -> Iterator[bytes]:
        nonlocal peak
        for _ in range(size // MIB):
            yield block
            peak = max(peak, process.memory_info().rss)

    headers = signed(server, "PUT", f"/{air}/a", payload=None) | {"content-length": str(size)}
    assert put(server, f"/{air}/a", measured(), headers)[0] == 200
    stream, received = s3.get_object(Bucket=air, Key="a")["Body"], 0
    for piece in stream.iter_chunks(MIB):
        received += len(piece)
        peak = max(peak, process.memory_info().rss)
    assert received == size
    assert peak - before < 32 * MIB


def test_a_killed_store_comes_back_with_its_objects_at_the_same_address(
    client: Callable[..., Any], s3: Any, server: Any, air: str
) -> None:
    s3.put_object(Bucket=air, Key="a", Body=b"kept")
    killed = store_process(server)
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    assert body(s3, air, "a") == b"kept"
    assert body(client("s3", endpoint_url=server.s3_endpoint), air, "a") == b"kept"
    assert store_process(server).pid != killed.pid


def test_the_aws_cli_copies_syncs_lists_and_removes(server: Any, s3: Any, air: str, tmp_path: Path) -> None:
    identity, secret = server.key()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": identity,
        "AWS_SECRET_ACCESS_KEY": secret,
    }

    def aws(*arguments: str) -> str:
        program = [sys.executable, "-m", "awscli", "s3", *arguments]
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    source = tmp_path / "source"
    (source / "sub dir").mkdir(parents=True)
    (source / "a.csv").write_bytes(b"1")
    (source / "sub dir" / "ü.csv").write_bytes(os.urandom(9 * MIB))
    aws("sync", str(source), f"s3://{air}/raw")
    assert "raw/sub dir/ü.csv" in aws("ls", "--recursive", f"s3://{air}")
    aws("cp", "--recursive", f"s3://{air}/raw", str(tmp_path / "back"))
    assert (tmp_path / "back" / "sub dir" / "ü.csv").read_bytes() == (source / "sub dir" / "ü.csv").read_bytes()
    aws("rm", "--recursive", f"s3://{air}/raw")
    assert keys(s3, air) == []


def test_an_error_in_the_middle_of_a_connection_leaves_it_usable(server: Any, s3: Any, air: str) -> None:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=60)
    data = io.BytesIO(b"z" * MIB)
    wrong = signed(server, "PUT", f"/{air}/a", payload=b"y" * MIB)
    connection.request("PUT", f"/{air}/a", body=data, headers={**wrong, "content-length": str(MIB)})
    refused = connection.getresponse()
    refused.read()
    socket_before = connection.sock
    connection.request("PUT", f"/{air}/b", body=b"right", headers=signed(server, "PUT", f"/{air}/b", payload=b"right"))
    accepted = connection.getresponse()
    assert (refused.status, accepted.status) == (400, 200)
    assert connection.sock is socket_before
    assert keys(s3, air) == ["b"]
