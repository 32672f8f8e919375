"""How an S3 request is read: its bucket, and what IAM calls it."""

import pytest

from studiolo.aws.http import HttpRequest
from studiolo.door.actions import actions_of
from studiolo.door.target import bucket_of_host


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("127.0.0.1:4566", None),
        ("localhost:4566", None),
        ("[::1]:4566", None),
        ("s3.localhost:4566", None),
        ("s3.eu-west-1.localhost:4566", None),
        ("s3.eu-west-1.amazonaws.com", None),
        ("air.localhost:4566", "air"),
        ("air.s3.localhost:4566", "air"),
        ("raw.air.s3.eu-west-1.localhost", "raw.air"),
        ("air.s3.localhost.localstack.cloud:4566", "air"),
        ("air.s3.amazonaws.com", "air"),
        ("air.s3.dualstack.eu-west-1.amazonaws.com:443", "air"),
        ("air.s3-eu-west-1.amazonaws.com", "air"),
        ("example.com", None),
    ],
)
def test_the_bucket_is_read_from_the_host_name(host: str, bucket: str | None) -> None:
    assert bucket_of_host(host) == bucket


@pytest.mark.parametrize(
    ("request_line", "needed"),
    [
        ("GET /", [("s3:ListAllMyBuckets", "*")]),
        ("GET /air?list-type=2&prefix=a", [("s3:ListBucket", "arn:aws:s3:::air")]),
        ("HEAD /air", [("s3:ListBucket", "arn:aws:s3:::air")]),
        ("PUT /air", [("s3:CreateBucket", "arn:aws:s3:::air")]),
        ("PUT /air/", [("s3:CreateBucket", "arn:aws:s3:::air")]),
        ("DELETE /air?policy", [("s3:DeleteBucketPolicy", "arn:aws:s3:::air")]),
        ("DELETE /air?cors", [("s3:PutBucketCORS", "arn:aws:s3:::air")]),
        ("GET /air?lifecycle=", [("s3:GetLifecycleConfiguration", "arn:aws:s3:::air")]),
        ("POST /air?delete", [("s3:DeleteObject", "arn:aws:s3:::air/*")]),
        ("GET /air/a%20b/c?versionId=1", [("s3:GetObjectVersion", "arn:aws:s3:::air/a b/c")]),
        ("PUT /air/a?partNumber=1&uploadId=x", [("s3:PutObject", "arn:aws:s3:::air/a")]),
        ("POST /air/a?uploads", [("s3:PutObject", "arn:aws:s3:::air/a")]),
        ("DELETE /air/a?uploadId=x", [("s3:AbortMultipartUpload", "arn:aws:s3:::air/a")]),
        ("PUT /air/a?tagging", [("s3:PutObjectTagging", "arn:aws:s3:::air/a")]),
    ],
)
def test_a_request_needs_the_actions_that_iam_knows_it_by(request_line: str, needed: list[tuple[str, str]]) -> None:
    method, url = request_line.split()
    assert actions_of(HttpRequest(method, url, {"host": "localhost:4566"}, b"")) == needed


def test_copying_needs_leave_to_read_the_source() -> None:
    headers = {"host": "air.localhost", "x-amz-copy-source": "/secret/a%2Bb?versionId=3"}
    assert actions_of(HttpRequest("PUT", "/copy", headers, b"")) == [
        ("s3:PutObject", "arn:aws:s3:::air/copy"),
        ("s3:GetObjectVersion", "arn:aws:s3:::secret/a+b"),
    ]
