"""How an S3 request is read: what it names, which operation it is, and what IAM calls it."""

import botocore.session
import pytest
from botocore.model import OperationModel

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.door.actions import actions_of
from studiolo.door.names import Named, bucket_of_host, names_of
from studiolo.door.operations import ACCOUNT, BUCKETS, OBJECTS, Operation, operation_of
from studiolo.door.unsupported import refuse_unsupported


def read(request_line: str, ours: bool = True, **headers: str) -> Named:
    method, url = request_line.split(maxsplit=1)
    given = {"host": "localhost:4566", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return names_of(HttpRequest(method, url, given, b""), ours=ours)


def needed(request_line: str, **headers: str) -> list[tuple[str, str]]:
    named = read(request_line, **headers)
    operation = operation_of(named)
    refuse_unsupported(named, operation)
    needs = actions_of(named, operation)
    return [(need.action.removeprefix("s3:"), need.resource.removeprefix("arn:aws:s3:::")) for need in needs]


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
        ("AIR.LocalHost.:4566", "air"),
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
    ("request_line", "expected"),
    [
        ("GET /", [("ListAllMyBuckets", "*")]),
        ("GET /air?list-type=2&prefix=a", [("ListBucket", "air")]),
        ("HEAD /air", [("ListBucket", "air")]),
        ("PUT /air", [("CreateBucket", "air")]),
        ("PUT /air/", [("CreateBucket", "air")]),
        ("DELETE /air?policy", [("DeleteBucketPolicy", "air")]),
        ("DELETE /air?cors", [("PutBucketCORS", "air")]),
        ("GET /air?lifecycle=", [("GetLifecycleConfiguration", "air")]),
        ("GET /air/a%20b/c?versionId=1", [("GetObjectVersion", "air/a b/c")]),
        ("GET /air/a?attributes", [("GetObject", "air/a"), ("GetObjectAttributes", "air/a")]),
        ("HEAD /air/a", [("GetObject", "air/a")]),
        ("PUT /air/a?partNumber=1&uploadId=x", [("PutObject", "air/a")]),
        ("POST /air/a?uploads", [("PutObject", "air/a")]),
        ("DELETE /air/a?uploadId=x", [("AbortMultipartUpload", "air/a")]),
        ("DELETE /air/a?versionId=x", [("DeleteObjectVersion", "air/a")]),
        ("PUT /air/a?tagging", [("PutObjectTagging", "air/a")]),
        ("PUT /air/a?acl&versionId=1", [("PutObjectVersionAcl", "air/a")]),
        ("GET /air/a?x-id=GetObject", [("GetObject", "air/a")]),
    ],
)
def test_a_request_needs_the_actions_that_iam_knows_it_by(request_line: str, expected: list[tuple[str, str]]) -> None:
    assert needed(request_line) == expected


@pytest.mark.parametrize(
    ("header", "action"),
    [
        ("x-amz-acl", "PutObjectAcl"),
        ("x-amz-grant-read", "PutObjectAcl"),
        ("x-amz-tagging", "PutObjectTagging"),
        ("x-amz-object-lock-mode", "PutObjectRetention"),
        ("x-amz-object-lock-legal-hold", "PutObjectLegalHold"),
        ("x-amz-bypass-governance-retention", "BypassGovernanceRetention"),
    ],
)
def test_headers_that_do_more_need_more_in_the_query_of_a_presigned_url_too(header: str, action: str) -> None:
    expected = [("PutObject", "air/a"), (action, "air/a")]
    assert needed("PUT /air/a", **{header: "x"}) == expected
    assert needed(f"PUT /air/a?{header}=x") == expected


@pytest.mark.parametrize("action", ["s3:prefix", "s3:delimiter"])
def test_lists_tell_iam_what_they_list(action: str) -> None:
    named = read("GET /air?list-type=2&prefix=%2Fraw%5C&delimiter=%2F")
    [need] = actions_of(named, operation_of(named))
    assert need.context[action] == {"s3:prefix": "/raw\\", "s3:delimiter": "/"}[action]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/secret/a%2Bb?versionId=3", ("GetObjectVersion", "secret/a+b")),
        ("secret%2Fa", ("GetObject", "secret/a")),
        ("/secret//a%5Cb", ("GetObject", "secret//a\\b")),
        ("secret/a+b", ("GetObject", "secret/a+b")),
        ("secret/folder/", ("GetObject", "secret/folder/")),
    ],
)
def test_copying_needs_leave_to_read_the_source(source: str, expected: tuple[str, str]) -> None:
    assert needed("PUT /copy", host="air.localhost", x_amz_copy_source=source) == [("PutObject", "air/copy"), expected]


@pytest.mark.parametrize(
    "source",
    [
        "", "/", "air", "air/", "//air/a", "air/../b", "air/%2e/b", "air/a?versionId=", "air/a?x=1", "air/%ff",
        "air/a%00", "air/a?versionId=1&versionId=2", "arn:aws:s3:eu-west-1:123456789012:accesspoint/p/object/a",
        "air/.uploads/x", "air/a.versions/v_1",
    ],
)  # fmt: skip
def test_a_copy_source_that_names_no_one_object_is_refused(source: str) -> None:
    with pytest.raises(ServiceError) as refused:
        needed("PUT /air/copy", x_amz_copy_source=source)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("DELETE /air?acl", 405),
        ("DELETE /air?versioning", 405),
        ("DELETE /air?object-lock", 405),
        ("DELETE /air?requestPayment", 405),
        ("DELETE /air?location", 405),
        ("DELETE /air?uploads", 405),
        ("DELETE /air?list-type=2", 405),
        ("DELETE /air?whatever", 501),
        ("DELETE /air?%61cl", 405),
        ("DELETE /air?ACL", 501),
        ("DELETE /air/a?acl", 405),
        ("DELETE /air/a?retention", 405),
        ("DELETE /air/a?partNumber=1", 501),
        ("HEAD /air/a?acl", 405),
        ("HEAD /air?location", 405),
        ("PUT /air?session", 501),
        ("PUT /air/a?renameObject", 501),
        ("PUT /air/a?restore", 405),
        ("PUT /air/a?uploadId=x", 400),
        ("PUT /air/a?uploadId=x&partNumber=one", 400),
        ("PUT /air/a?uploadId=&partNumber=1", 400),
        ("PUT /air/a?versionId=1", 501),
        ("GET /air/a?acl&tagging", 400),
        ("GET /air/a?acl=x", 400),
        ("GET /air/a?versionId=", 400),
        ("GET /air/a?versionId=1&versionId=2", 400),
        ("GET /air/a?torrent", 501),
        ("GET /air?list-type=1", 400),
        ("GET /air?prefix=a&prefix=b", 400),
        ("GET /air?prefix=.uploads/", 400),
        ("GET /air/a%EF%81%9Cb", 400),
        ("GET /air?prefix=%EF%80%AF", 400),
        ("GET //air/a", 400),
        ("GET /a!r/a", 400),
        ("GET /../a", 400),
        ("GET /air/.uploads/x/0001.part", 400),
        ("GET /air/x.versions/v_1", 400),
        ("GET /air/%ff", 400),
        ("GET /air/\u00e9", 400),
        ("GET /air/a%00", 400),
        ("GET /air/" + "x" * 1025, 400),
        ("PUT /air/a?x-amz-meta-a=1%0d%0aSeaweed-x:1", 400),
        ("PATCH /air/a", 405),
        ("PUT /", 405),
    ],
)
def test_what_is_not_known_to_be_one_thing_does_not_pass(request_line: str, status: int) -> None:
    with pytest.raises(ServiceError) as refused:
        needed(request_line)
    assert refused.value.status == status


def test_appending_is_refused_because_the_store_would_overwrite() -> None:
    with pytest.raises(ServiceError, match="NotImplemented"):
        needed("PUT /air/a", x_amz_write_offset_bytes="3")


def test_a_store_that_is_not_ours_gets_the_key_as_it_is_and_iam_is_asked_for_every_key_that_it_may_mean() -> None:
    named = read("GET /air//secret//x", ours=False)
    assert named.path == "/air//secret//x"
    assert [need.resource for need in actions_of(named, operation_of(named))] == [
        "arn:aws:s3:::air//secret//x",
        "arn:aws:s3:::air/secret/x",
    ]


MODEL = botocore.session.get_session().get_service_model("s3")
SYNONYMS = {"Preflight", "PostObject"}


def shape(model: OperationModel) -> tuple[str, set[str], set[str]]:
    """Method, sub-resources and required parameters, further parameters; as botocore has them."""
    _, _, query = model.http["requestUri"].partition("?")
    fixed = {pair.partition("=")[0] for pair in query.split("&") if pair}
    members = model.input_shape.members if model.input_shape else {}
    located = {
        name: member.serialization["name"]
        for name, member in members.items()
        if member.serialization.get("location") == "querystring"
    }
    required = {located[name] for name in model.input_shape.required_members if name in located} if members else set()
    return model.http["method"], fixed | required, set(located.values()) - required


@pytest.mark.parametrize(
    ("method", "kind", "operation"),
    [
        pytest.param(*place, operation, id=operation.name)
        for table in (OBJECTS, BUCKETS, ACCOUNT)
        for place, operation in table.items()
        if operation.name not in SYNONYMS
    ],
)
def test_the_operations_that_pass_are_as_botocore_knows_them(method: str, kind: str, operation: Operation) -> None:
    known_method, needs, may = shape(MODEL.operation_model(operation.name))
    assert method == known_method
    if method == "GET" and "id" in needs:
        # One entry stands for reading one configuration and for listing all.
        needs, may = needs - {"id"}, {"id", "continuation-token"}
    assert ({kind} - {""}) | operation.required == needs
    assert operation.parameters - operation.required <= may
