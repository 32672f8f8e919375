"""What a role may do with objects, however it spells its requests."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import botocore.config
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.api.s3_wire import sent, signed

SECRET = b"the secret of these tests"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)

SPELLINGS = [
    "secret/x", "/secret/x", "//secret/x", "secret//x", "secret%2Fx", "%2Fsecret%2Fx", "secret%5Cx", "secret%5C/x",
    "%5Csecret%5Cx", "secret/%78", "%73ecret/x", "./secret/x", "%2e/secret/x", "secret/./x", "a/../secret/x",
    "a/%2e%2e/secret/x", "a/..%2Fsecret/x", "a%5C..%5Csecret%5Cx", "%252e%252e/secret/x", "secret%252Fx",
    "secret%255Cx", "secret/x/", "secret/x//", "secret/x%2F", "secret/x%5C", "secret/x%00", "secret/x%0a",
    "secret/x%20", "secret/x.", "secret/x?versionId=null", "secret%3F/x", "secret;/x", "secret/x%23", "secret/x%ff",
    "secret/x%c0%af", "secret%c0%afx", "SECRET/x", "secret/x%e2%80%8b", "secret\\x", "//secret\\/x", "secret%2f%2f%2fx",
]  # fmt: skip


@pytest.fixture
def air(client: Callable[..., Any]) -> str:
    """A bucket with a secret object and one that is not."""
    s3, name = client("s3"), f"air-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="secret/x", Body=SECRET, Tagging="of=secret")
    s3.put_object(Bucket=name, Key="open/x", Body=b"open")
    return name


def as_role(client: Callable[..., Any], *statements: dict[str, Any]) -> dict[str, Any]:
    """The key of a new role with these rights, as arguments of a client."""
    iam, name = client("iam"), f"role-{secrets.token_hex(4)}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
    key = client("sts").assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "aws_session_token": key["SessionToken"],
    }


def may(action: Any, *resources: str, effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": [f"arn:aws:s3:::{resource}" for resource in resources]}


def but_not(bucket: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return may("s3:*", "*"), may("s3:*", f"{bucket}/secret/*", effect="Deny")


@pytest.fixture(scope="module")
def role_of_one_folder(client: Callable[..., Any]) -> tuple[Any, str]:
    """A role that may do all below k/ of a bucket, and the bucket."""
    name = f"air-{secrets.token_hex(4)}"
    client("s3").create_bucket(Bucket=name)
    return client("s3", **as_role(client, may("s3:*", name, f"{name}/k/*"))), name


def test_what_is_denied_straight_is_denied_in_every_spelling(client: Callable[..., Any], server: Any, air: str) -> None:
    root, role = client("s3"), as_role(client, *but_not(air))
    key = Credentials(role["aws_access_key_id"], role["aws_secret_access_key"], role["aws_session_token"])
    before = root.head_object(Bucket=air, Key="secret/x")

    def ask(method: str, target: str, payload: bytes = b"", **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        own = signed(server, method, target, payload=payload, extra=named, key=key)
        status, answer = sent(server, method, target, own, payload)
        assert status != 500, (method, target, answer)
        assert SECRET not in answer, (method, target)
        assert b"of</Key><Value>secret" not in answer, (method, target)
        return answer

    for spelled in SPELLINGS:
        target = f"/{air}/{spelled}"
        and_ = "&" if "?" in target else "?"
        for method in ("HEAD", "GET", "PUT", "DELETE"):
            ask(method, target, b"overwritten" if method == "PUT" else b"")
        for subresource in ("tagging", "acl", "attributes"):
            ask("GET", f"{target}{and_}{subresource}")
        ask("DELETE", f"{target}{and_}tagging")
        ask("POST", f"{target}{and_}uploads")
        ask("PUT", f"/{air}/copy", x_amz_copy_source=f"/{air}/{spelled}")
        ask("GET", f"/{air}/copy")
        ask("PUT", target, x_amz_copy_source=f"/{air}/open/x")
        plain = spelled.replace("&", "&amp;").replace("%00", "").encode()
        ask("POST", f"/{air}?delete", b"<Delete><Object><Key>" + plain + b"</Key></Object></Delete>")
    after = root.get_object(Bucket=air, Key="secret/x")
    assert after["Body"].read() == SECRET
    assert (after["ETag"], after["LastModified"]) == (before["ETag"], before["LastModified"])
    assert root.get_object_tagging(Bucket=air, Key="secret/x")["TagSet"] == [{"Key": "of", "Value": "secret"}]
    assert root.list_multipart_uploads(Bucket=air, Prefix="secret/").get("Uploads", []) == []
    assert ask("GET", f"/{air}/open/x") == b"open"


def test_a_folder_s_marker_is_copied_by_who_may_read_it(client: Callable[..., Any], air: str) -> None:
    client("s3").put_object(Bucket=air, Key="secret/empty/")
    role = client("s3", **as_role(client, *but_not(air)))
    for source, target in (("secret/empty/", "open/empty/"), ("open/empty/", "secret/new/")):
        with pytest.raises(ClientError, match="AccessDenied"):
            role.copy_object(Bucket=air, Key=target, CopySource={"Bucket": air, "Key": source})


def test_neither_parts_of_uploads_nor_versions_are_reached_as_keys(client: Callable[..., Any], air: str) -> None:
    root, role = client("s3"), client("s3", **as_role(client, *but_not(air)))
    root.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket=air, Key="secret/x", Body=SECRET)["VersionId"]
    upload = root.create_multipart_upload(Bucket=air, Key="secret/y")["UploadId"]
    root.upload_part(Bucket=air, Key="secret/y", UploadId=upload, PartNumber=1, Body=SECRET)
    for inner in (f".uploads/{upload}/", ".uploads/"):
        with pytest.raises(ClientError, match="InvalidArgument"):
            role.list_objects_v2(Bucket=air, Prefix=inner)
    for key in (f"secret/x.versions/v_{version}", f".uploads/{upload}/0001.part"):
        with pytest.raises(ClientError, match="InvalidArgument"):
            role.get_object(Bucket=air, Key=key)


@pytest.mark.parametrize(
    "key",
    [
        "a b", " lead", "trail ", "a+b", "100%", "a%2Fb", "%5C", "é/e\u0301/日本/😀", "a..b/...", ".hidden", "a.",
        "_temporary/0/task_1/part-0", "year=2016/month=1/p", "12:30:01", "a&b<c>\"'",
        "a;b,c|d^e`f{g}[h]~", "a\tb", "a#b?c=d",
        "-._!'()*@$", "a/b/c/d/e/f/g",
    ],
    ids=ascii,
)  # fmt: skip
def test_an_allowed_key_goes_the_whole_way_and_back(role_of_one_folder: tuple[Any, str], key: str) -> None:
    (role, air), key = role_of_one_folder, f"k/{key}"
    role.put_object(Bucket=air, Key=key, Body=key.encode())
    assert role.get_object(Bucket=air, Key=key)["Body"].read() == key.encode()
    for listed in (role.list_objects_v2(Bucket=air, Prefix=key), role.list_objects(Bucket=air, Prefix=key)):
        assert [entry["Key"] for entry in listed["Contents"]] == [key]
    after = role.list_objects_v2(Bucket=air, Prefix="k/", StartAfter=key)
    assert "Contents" not in after
    role.copy_object(Bucket=air, Key="k/copy", CopySource={"Bucket": air, "Key": key})
    assert role.get_object(Bucket=air, Key="k/copy")["Body"].read() == key.encode()
    deleted = role.delete_objects(Bucket=air, Delete={"Objects": [{"Key": key}, {"Key": "k/copy"}]})
    assert {entry["Key"] for entry in deleted["Deleted"]} == {key, "k/copy"}
    assert role.list_objects_v2(Bucket=air, Prefix="k/")["KeyCount"] == 0


def test_deleting_many_deletes_what_may_be_and_says_which_may_not(client: Callable[..., Any], air: str) -> None:
    role = client("s3", **as_role(client, *but_not(air)))
    names = ["open/x", "secret/x", "a/../b", "not there", "/secret//x"]
    answer = role.delete_objects(Bucket=air, Delete={"Objects": [{"Key": name} for name in names]})
    assert {entry["Key"] for entry in answer["Deleted"]} == {"open/x", "not there", "/secret//x"}
    assert {entry["Key"]: entry["Code"] for entry in answer["Errors"]} == {
        "secret/x": "AccessDenied", "a/../b": "InvalidURI",
    }  # fmt: skip
    listed = client("s3").list_objects_v2(Bucket=air)["Contents"]
    assert [entry["Key"] for entry in listed] == ["secret/x"]


def test_deleting_versions_needs_a_right_of_its_own(client: Callable[..., Any], air: str) -> None:
    root = client("s3")
    root.put_bucket_versioning(Bucket=air, VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket=air, Key="open/x", Body=b"new")["VersionId"]
    role = client("s3", **as_role(client, may("s3:DeleteObject", f"{air}/*")))
    given = {"Bucket": air, "Delete": {"Objects": [{"Key": "open/x", "VersionId": version}]}}
    assert [entry["Code"] for entry in role.delete_objects(**given)["Errors"]] == ["AccessDenied"]
    assert root.delete_objects(**given)["Deleted"] == [{"Key": "open/x", "VersionId": version}]
    marked = role.delete_objects(Bucket=air, Delete={"Objects": [{"Key": "open/x"}]})["Deleted"]
    assert [(entry["Key"], entry["DeleteMarker"]) for entry in marked] == [("open/x", True)]


@pytest.mark.parametrize(
    "name", ["acl", "versioning", "object-lock", "requestPayment", "location", "uploads", "whatever"]
)
def test_deleting_a_setting_that_cannot_be_deleted_does_not_delete_the_bucket(
    client: Callable[..., Any], server: Any, name: str
) -> None:
    s3, bucket = client("s3"), f"air-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket)
    target = f"/{bucket}?{name}"
    status, answer = sent(server, "DELETE", target, signed(server, "DELETE", target, payload=b""))
    assert (status, name in answer.decode()) == (501 if name == "whatever" else 405, True)
    s3.head_bucket(Bucket=bucket)


def test_headers_that_do_more_need_more(client: Callable[..., Any], air: str) -> None:
    role = client("s3", **as_role(client, may(["s3:PutObject", "s3:GetObject"], f"{air}/*")))
    role.put_object(Bucket=air, Key="a", Body=b"")
    for more, action in (({"ACL": "public-read"}, "PutObjectAcl"), ({"Tagging": "a=1"}, "PutObjectTagging")):
        with pytest.raises(ClientError, match=f"AccessDenied.*s3:{action}"):
            role.put_object(Bucket=air, Key="a", Body=b"", **more)


def test_who_may_not_read_tags_copies_only_what_has_none(client: Callable[..., Any], air: str) -> None:
    role = client("s3", **as_role(client, may(["s3:PutObject", "s3:GetObject"], f"{air}/*")))
    role.copy_object(Bucket=air, Key="copy", CopySource={"Bucket": air, "Key": "open/x"})
    tagged = {"Bucket": air, "Key": "copy", "CopySource": {"Bucket": air, "Key": "secret/x"}}
    with pytest.raises(ClientError, match=r"AccessDenied.*s3:GetObjectTagging"):
        role.copy_object(**tagged)
    role.copy_object(**tagged, TaggingDirective="REPLACE")
    assert role.get_object(Bucket=air, Key="copy")["Body"].read() == SECRET
    assert client("s3").get_object_tagging(Bucket=air, Key="copy")["TagSet"] == []


def post(form: dict[str, Any], file: bytes, name: str = "f.txt", **more: str) -> tuple[int, dict[str, str], bytes]:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in {**form["fields"], **more}.items()
    ]
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = b"".join([*parts, head, file, b"\r\n--edge--\r\n"])
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    try:
        with urllib.request.urlopen(urllib.request.Request(form["url"], body, headers), timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_form_uploads_with_the_rights_of_who_signed_it(
    client: Callable[..., Any], air: str, version: str
) -> None:
    key = as_role(client, *but_not(air))
    role = client("s3", **key)
    signer = client("s3", **key, region_name="us-east-1", config=botocore.config.Config(signature_version=version))
    large = secrets.token_bytes(3_000_000) + b"\r\n--edg"
    fields = {"Content-Type": "text/x-air", "x-amz-meta-of": "station"}
    conditions = [["content-length-range", 0, 4_000_000], *({name: value} for name, value in fields.items())]
    form = signer.generate_presigned_post(air, "forms/${filename}", Fields=fields, Conditions=conditions)
    assert post(form, large, "ü.csv")[0] == 204
    got = role.get_object(Bucket=air, Key="forms/ü.csv")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (large, "text/x-air", {"of": "station"})
    assert post(form, b"", "empty")[0] == 204
    assert role.head_object(Bucket=air, Key="forms/empty")["ContentLength"] == 0
    for wrong, more in ((large * 2, {}), (b"x", {"acl": "public-read"}), (b"x", {"key": "elsewhere"})):
        assert post(form, wrong, "wrong", **more)[0] in (400, 403)
    denied = signer.generate_presigned_post(air, "secret/${filename}")
    status, _, answer = post(denied, b"overwritten", "x")
    assert (status, b"AccessDenied" in answer) == (403, True)
    assert [entry["Key"] for entry in role.list_objects_v2(Bucket=air, Prefix="forms/")["Contents"]] == [
        "forms/empty", "forms/ü.csv",
    ]  # fmt: skip
    assert client("s3").get_object(Bucket=air, Key="secret/x")["Body"].read() == SECRET


def test_a_form_is_answered_as_it_asks(client: Callable[..., Any], server: Any, air: str) -> None:
    s3 = client("s3")
    fields = {"success_action_status": "201"}
    form = s3.generate_presigned_post(air, "a b", Fields=fields, Conditions=[fields])
    status, headers, answer = post(form, b"hello")
    location = f"{server.endpoint}/{air}/a%20b"
    assert (status, headers["location"]) == (201, location)
    assert f"<Location>{location}</Location><Bucket>{air}</Bucket><Key>a b</Key><ETag>".encode() in answer
    unsigned = {"url": f"{server.endpoint}/{air}", "fields": {"key": "a"}}
    assert post(unsigned, b"hello")[0] == 403
    nameless = s3.generate_presigned_post(air, "", Conditions=[["starts-with", "$key", ""]])
    assert post(nameless, b"hello")[0] == 400
    forged = {**form, "fields": {**form["fields"], "x-amz-signature": "0" * 64}}
    assert b"SignatureDoesNotMatch" in post(forged, b"hello")[2]


def test_everybody_reads_what_a_bucket_policy_opens_and_no_more(
    client: Callable[..., Any], server: Any, air: str
) -> None:
    s3 = client("s3")
    everybody = {"Principal": "*", "Action": "s3:GetObject"}
    opened = {"Effect": "Allow", "Resource": f"arn:aws:s3:::{air}/*", **everybody}
    closed = {"Effect": "Deny", "Resource": f"arn:aws:s3:::{air}/secret/*", **everybody}
    s3.put_bucket_policy(Bucket=air, Policy=json.dumps({"Version": "2012-10-17", "Statement": [opened, closed]}))
    assert sent(server, "GET", f"/{air}/open/x", {}) == (200, b"open")
    for spelled in SPELLINGS:
        status, answer = sent(server, "GET", f"/{air}/{spelled}", {})
        assert (400 <= status < 500, SECRET in answer) == (True, False), spelled
    for method, target in (
        ("DELETE", f"/{air}/open/x"), ("GET", f"/{air}?list-type=2"), ("GET", f"/{air}/open/x?tagging"), ("PUT", "/other"),
        ("POST", f"/{air}/open/x?uploads"), ("GET", "/"), ("GET", f"/{air}/open/x?versionId=null"),
    ):  # fmt: skip
        assert sent(server, method, target, {})[0] == 403, (method, target)


def test_everybody_reads_an_object_by_its_own_access_list_alone(
    client: Callable[..., Any], server: Any, air: str
) -> None:
    s3, bucket = client("s3"), f"{air}-lists"
    s3.create_bucket(Bucket=bucket, ObjectOwnership="ObjectWriter",
                     CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})  # fmt: skip
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    everybody = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
    lists = {"own": {}, "open": {"ACL": "public-read"}, "granted": {"GrantRead": everybody}}
    for key, access in lists.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", **access)

    def read() -> list[int]:
        return [sent(server, "GET", f"/{bucket}/{key}", {})[0] for key in lists]

    assert read() == [403, 200, 200]
    s3.put_object_acl(Bucket=bucket, Key="granted", ACL="private")
    assert read() == [403, 200, 403]
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert read() == [403, 403, 403]


def test_a_bucket_refuses_the_public_access_that_it_blocks(client: Callable[..., Any], server: Any, air: str) -> None:
    s3 = client("s3")

    def block(*names: str) -> None:
        s3.put_public_access_block(Bucket=air, PublicAccessBlockConfiguration=dict.fromkeys(names, True))

    def read() -> int:
        return sent(server, "GET", f"/{air}/open/x", {})[0]

    everybody = {**may("s3:GetObject", f"{air}/*"), "Principal": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    block("BlockPublicPolicy", "BlockPublicAcls")
    with pytest.raises(ClientError, match="AccessDenied.*BlockPublicPolicy"):
        s3.put_bucket_policy(Bucket=air, Policy=policy)
    block("RestrictPublicBuckets")
    s3.put_bucket_policy(Bucket=air, Policy=policy)
    assert (read(), s3.get_object(Bucket=air, Key="open/x")["Body"].read()) == (403, b"open")
    s3.delete_public_access_block(Bucket=air)
    assert read() == 200
    s3.delete_bucket_policy(Bucket=air)
    s3.put_bucket_ownership_controls(Bucket=air, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_object_acl(Bucket=air, Key="open/x", ACL="public-read")
    assert read() == 200
    block("BlockPublicAcls", "IgnorePublicAcls")
    assert read() == 403
    for call in (s3.put_object_acl, s3.put_object):
        with pytest.raises(ClientError, match="AccessDenied.*BlockPublicAcls"):
            call(Bucket=air, Key="open/y", ACL="public-read")


def test_the_object_s_tags_are_not_told_with_the_object(server: Any, air: str) -> None:
    target = f"/{air}/secret/x"
    headers = signed(server, "GET", target, payload=b"")
    request = urllib.request.Request(f"{server.endpoint}{target}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = {name.lower() for name in answer.headers}
    assert {name for name in told if name.startswith("x-amz-tagging")} == {"x-amz-tagging-count"}


def test_a_browser_may_ask_for_leave_by_a_presigned_address(client: Callable[..., Any], server: Any, air: str) -> None:
    s3 = client("s3")
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["http://page.example"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=air, CORSConfiguration={"CORSRules": [rule]})
    url = s3.generate_presigned_url("upload_part", {"Bucket": air, "Key": "a", "UploadId": "x", "PartNumber": 1})
    asked = {"origin": "http://page.example", "access-control-request-method": "PUT"}
    assert sent(server, "OPTIONS", url.removeprefix(server.endpoint), asked)[0] == 200


def test_a_condition_asks_for_the_tags_that_an_object_has(client: Callable[..., Any], server: Any, air: str) -> None:
    root = client("s3")
    of_secret = {"StringEquals": {"s3:ExistingObjectTag/of": "secret"}}
    statement = {**may(["s3:GetObject", "s3:PutObjectTagging"], f"{air}/*"), "Condition": of_secret}
    role = client("s3", **as_role(client, statement, may("s3:PutObject", f"{air}/copies/*")))
    assert role.get_object(Bucket=air, Key="secret/x")["Body"].read() == SECRET
    with pytest.raises(ClientError, match="not authorized to perform: s3:GetObject"):
        role.get_object(Bucket=air, Key="open/x")
    with pytest.raises(ClientError, match="not authorized to perform: s3:GetObject"):
        role.copy_object(Bucket=air, Key="copies/x", CopySource=f"{air}/open/x")
    public = {**may("s3:GetObject", f"{air}/*"), "Principal": "*", "Condition": of_secret}
    root.put_bucket_policy(Bucket=air, Policy=json.dumps({"Version": "2012-10-17", "Statement": [public]}))
    with urllib.request.urlopen(f"{server.s3_endpoint}/{air}/secret/x", timeout=10) as answer:
        assert answer.read() == SECRET
    role.put_object_tagging(Bucket=air, Key="secret/x", Tagging={"TagSet": [{"Key": "of", "Value": "air"}]})
    with pytest.raises(ClientError, match="not authorized"):
        role.get_object(Bucket=air, Key="secret/x")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{server.s3_endpoint}/{air}/secret/x", timeout=10)


def test_who_may_not_list_a_bucket_is_not_told_which_keys_it_has_not(client: Callable[..., Any], air: str) -> None:
    listing = {**may("s3:ListBucket", air), "Condition": {"StringLike": {"s3:prefix": "open/*"}}}
    role = client("s3", **as_role(client, may("s3:GetObject", f"{air}/*"), listing))
    with pytest.raises(ClientError, match="not authorized to perform: s3:ListBucket"):
        role.get_object(Bucket=air, Key="secret/y")
    with pytest.raises(ClientError, match="403"):
        role.head_object(Bucket=air, Key="secret/y")
    with pytest.raises(role.exceptions.NoSuchKey):
        role.get_object(Bucket=air, Key="open/y")
    with pytest.raises(ClientError, match="404"):
        role.head_object(Bucket=air, Key="open/y")


def test_the_tags_that_a_body_brings_are_conditions(client: Callable[..., Any], air: str) -> None:
    keys = {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["of", "owner"]}}
    wanted = {"StringEquals": {"s3:RequestObjectTag/of": "air"}}
    statement = {**may("s3:PutObjectTagging", f"{air}/*"), "Condition": keys | wanted}
    role = client("s3", **as_role(client, statement))

    def tag(**tags: str) -> None:
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        role.put_object_tagging(Bucket=air, Key="open/x", Tagging={"TagSet": tag_set})

    tag(of="air", owner="ada")
    for refused in ({"of": "secret"}, {"of": "air", "more": "x"}, {}):
        with pytest.raises(ClientError, match="not authorized to perform: s3:PutObjectTagging"):
            tag(**refused)
    tags = client("s3").get_object_tagging(Bucket=air, Key="open/x")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"of": "air", "owner": "ada"}


def test_the_region_that_a_new_bucket_is_to_be_in_is_a_condition(client: Callable[..., Any]) -> None:
    region = client("s3").meta.region_name
    there = {"StringEquals": {"s3:LocationConstraint": region}}
    role = client("s3", **as_role(client, {**may("s3:CreateBucket", "*"), "Condition": there}))
    name = f"air-{secrets.token_hex(4)}"
    for refused in ({}, {"CreateBucketConfiguration": {"LocationConstraint": "eu-north-1"}}):
        with pytest.raises(ClientError, match="not authorized to perform: s3:CreateBucket"):
            role.create_bucket(Bucket=name, **refused)
    role.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    client("s3").delete_bucket(Bucket=name)
