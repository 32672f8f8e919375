import gzip
import http.client
import json
import random
import re
import string
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import psutil
import pytest

from studiolo.app import FORM, SERVICES
from studiolo.processes import isolation
from tests.conftest import REGION, Server, free_port

UNSIGNED = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
AWS = str(Path(sys.executable).with_name("aws"))


def send(server: Server, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, str]:
    """One raw request: status, content type and text of the answer."""
    request = urllib.request.Request(server.endpoint + path, data=body or None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Content-Type", ""), error.read().decode(errors="replace")


def signed(
    server: Server, service: str, method: str, path: str, body: bytes, headers: dict[str, str]
) -> dict[str, str]:
    """The headers, with a good signature of the root key."""
    request = botocore.awsrequest.AWSRequest(method, server.endpoint + path, headers, body)
    credentials = botocore.credentials.Credentials(*server.key())
    botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    return dict(request.headers.items())


def test_health_tells_version_services_and_children(server: Server) -> None:
    health = server.health()
    assert health["status"] == "ok"
    assert health["parts"] == [
        {"name": name, "status": "running", "reason": None}
        for name in ("object-store", "s3-door", "metastore", "state")
    ]
    assert set(health["services"]) == {"s3", *SERVICES}
    assert "object-store" in [child["name"] for child in health["children"] if child["alive"]]


def test_a_second_up_on_the_same_folder_says_that_one_runs(server: Server) -> None:
    again = server.run("up", "--detach", check=False)
    assert again.returncode == 1
    assert f"already running at {server.endpoint} (pid {server.pid})" in again.stderr


def test_a_busy_port_is_named_in_one_sentence(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path / "other").run("up", "--port", str(server.port), check=False)
    assert other.returncode == 1
    assert f"Port {server.port} of 127.0.0.1 cannot be used" in other.stderr
    assert "Traceback" not in other.stderr + other.stdout


def test_a_java_that_is_not_there_is_named_in_one_sentence(tmp_path: Path) -> None:
    settings = {"STUDIOLO_JAVA_HOME": str(tmp_path / "no-java")}
    other = Server(tmp_path / "other", settings=settings).run("up", "--port", str(free_port()), check=False)
    assert other.returncode == 1
    assert str(tmp_path / "no-java") in other.stderr
    assert "Traceback" not in other.stderr + other.stdout


def test_an_address_beyond_this_machine_is_refused_with_what_to_do(tmp_path: Path) -> None:
    other = Server(tmp_path / "other").run("up", "--host", "0.0.0.0", "--port", str(free_port()), check=False)  # noqa: S104
    assert other.returncode == 1
    assert "STUDIOLO_ALLOW_REMOTE" in other.stderr


def test_two_servers_live_side_by_side_and_the_second_leaves_nothing(server: Server, tmp_path: Path) -> None:
    other = Server(
        tmp_path / "other", settings={"STUDIOLO_WARM_SESSIONS": "0", "STUDIOLO_ACCOUNT_ID": "123456789012"}
    ).up()
    try:
        assert other.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert server.client("sts").get_caller_identity()["Account"] == "000000000000"
        ports = [c.laddr.port for child in other.children() for c in child.net_connections() if c.status == "LISTEN"]
        assert len(ports) > 1
    finally:
        other.down()
    assert other.children() == []
    assert not [c for c in psutil.net_connections() if c.status == "LISTEN" and c.laddr.port in ports]
    assert not (other.data / "server.json").exists()


def test_the_printed_environment_is_all_that_boto3_and_the_aws_cli_need(server: Server) -> None:
    environment = server.environment()
    program = (
        "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "print(boto3.client('sts', endpoint_url='https://sts.us-east-1.amazonaws.com').get_caller_identity()['Arn'])\n"
        "print(boto3.client('s3').meta.endpoint_url)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    cli = subprocess.run(
        [AWS, "sts", "get-caller-identity"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed == ["arn:aws:iam::000000000000:root"] * 2 + [server.s3_endpoint]
    assert json.loads(cli)["Arn"] == "arn:aws:iam::000000000000:root"


def test_the_profile_is_written_beside_what_is_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("# mine\n[profile work]\nregion = eu-west-1\n")
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    for _ in range(2):
        Server(server.data, settings=files).run("env", "--profile")
    program = "import boto3; print(boto3.Session(profile_name='studiolo').client('sts').get_caller_identity()['Arn'])"
    printed = subprocess.run(
        [sys.executable, "-c", program], env=files, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "arn:aws:iam::000000000000:root"
    assert (tmp_path / "config").read_text().startswith("# mine\n[profile work]\nregion = eu-west-1\n")
    assert (tmp_path / "config").read_text().count("[profile studiolo]") == 1


def test_status_and_logs_show_what_runs(server: Server) -> None:
    assert "object-store running" in server.run("status").stdout
    assert f"Users' code: {isolation()}." in " ".join(server.run("status").stdout.split())
    assert "server" in server.run("logs").stdout.split()
    assert f"answers at {server.endpoint}" in server.run("logs", "server").stdout


def test_reset_is_refused_where_it_was_not_allowed(own_server: Server) -> None:
    status, _, text = send(own_server, "POST", "/_studiolo/reset", b"", {})
    assert status == 403
    assert "--allow-reset" in text


def test_an_operation_that_is_not_there_answers_501_with_its_name(server: Server) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("sagemaker").list_hubs()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "ListHubs" in str(refused.value)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("dynamodb").list_tables()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "ListTables" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "call", "unknown_key", "wrong_signature"),
    [
        ("glue", "list_sessions", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ],
)
def test_a_bad_key_is_refused_in_the_service_s_own_words(
    server: Server, service: str, call: str, unknown_key: str, wrong_signature: str
) -> None:
    _, secret = server.key()
    with pytest.raises(botocore.exceptions.ClientError, match=unknown_key):
        getattr(server.client(service, aws_access_key_id="AKIAIOSFODNN7EXAMPLE"), call)()
    with pytest.raises(botocore.exceptions.ClientError, match=wrong_signature):
        getattr(server.client(service, aws_secret_access_key=secret[::-1]), call)()


def test_an_unsigned_request_is_refused(server: Server) -> None:
    unsigned = boto3.client("glue", endpoint_url=server.endpoint, region_name=REGION, config=UNSIGNED)
    with pytest.raises(botocore.exceptions.ClientError, match="MissingAuthenticationToken"):
        unsigned.list_sessions()


def test_a_body_that_is_too_large_is_refused_and_the_server_goes_on(server: Server) -> None:
    headers = {"X-Amz-Target": "AWSGlue.ListSessions", "Content-Type": "application/x-amz-json-1.1"}
    body = b" " * (65 * 1024 * 1024)
    status, _, text = send(server, "POST", "/", body, signed(server, "glue", "POST", "/", body, headers))
    assert status == 413, text
    assert server.client("glue").list_sessions()["Ids"] is not None


def malformed(protocol: str, number: int) -> tuple[str, str, str, bytes, dict[str, str]]:
    """Request `number` of a protocol, wrong in one of many ways: service, method, path, body, headers."""
    chance = random.Random(f"{protocol} {number}")  # noqa: S311 (repeatable, not secret)
    letters = "".join(chance.choices(string.printable, k=chance.randrange(60)))
    nesting = chance.choice([b"[" * 5000, b'{"a":' * 5000, b"\xbf" * 5000])
    bodies = [
        b"", b"null", b"[]", b"{", b'{"Id": 7}', b'{"Id": {}}', b'{"NumberOfWorkers": "x"}', b'{"Tags": [1]}', nesting,
        letters.encode(), chance.randbytes(chance.randrange(200)), b'{"Id": "\\ud800"}', b'{"MaxResults": 1e999}',
    ]  # fmt: skip
    body = chance.choice(bodies)
    if protocol == "json":
        target = chance.choice(["AWSGlue.GetSession", "AWSGlue.CreateSession", "SageMaker.DescribeEndpoint"])
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        return ("sagemaker" if "SageMaker" in target else "glue"), "POST", "/", body, headers
    if protocol == "query":
        action = chance.choice(["GetRole", "CreateRole"])
        form = chance.choice([b"", b"&RoleName.member.x=1", b"&MaxItems=many", b"&%zz=%", b"&RoleName=" + body])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return "iam", "POST", "/", f"Action={action}&Version=2010-05-08".encode() + form, headers
    if protocol == "rest-json":
        path = (
            "/endpoints/" + chance.choice(["", "%00", "%", "a" * 3000, "no-such-endpoint", "..%2f.."]) + "/invocations"
        )
        return "sagemaker", "POST", path, body, {"Content-Type": "application/json"}
    method, path = chance.choice(
        [("PUT", "/a%"), ("GET", "/%ff%fe"), ("POST", "/b?delete"), ("PUT", "/UPPER"), ("DELETE", "/no-such-bucket/k")]
    )
    return "s3", method, path, body, {}


@pytest.mark.parametrize("protocol", ["json", "query", "rest-json", "s3"])
def test_200_malformed_requests_get_4xx_and_never_5xx(server: Server, protocol: str) -> None:
    for number in range(200):
        service, method, path, body, headers = malformed(protocol, number)
        if number % 4:  # one in four is malformed before anybody looks at its signature
            headers = signed(server, service, method, path, body, headers)
        status, _, text = send(server, method, path, body, headers)
        assert 400 <= status < 500, (number, method, path, body[:80], status, text[:300])


def head_alone(server: Server, headers: dict[str, str], length: int) -> tuple[int, str]:
    """What is answered to a POST whose body is announced, and never sent: status and text."""
    with closing(http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=20)) as client:
        client.putrequest("POST", "/")
        for name, value in {**headers, "Content-Length": str(length)}.items():
            client.putheader(name, value)
        client.endheaders()
        answer = client.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize(
    ("headers", "refusal"),
    [({"Content-Type": FORM}, 403), ({"X-Amz-Target": "AWSGlue.ListSessions"}, 400)],
    ids=["form", "json"],
)
def test_an_unsigned_body_is_not_even_read(
    server: Server, encoding: str, headers: dict[str, str], refusal: int
) -> None:
    status, text = head_alone(server, {**headers, "Content-Encoding": encoding}, 62_000)
    assert (status, "MissingAuthenticationToken" in text) == (refusal, True)


def test_a_large_body_of_an_unknown_key_or_an_old_date_is_not_read(server: Server) -> None:
    headers = {"X-Amz-Target": "AWSGlue.ListSessions", "Content-Type": "application/x-amz-json-1.1"}
    good = signed(server, "glue", "POST", "/", b"{}", headers)
    stranger = {**good, "Authorization": good["Authorization"].replace(server.key()[0], "AKIAIOSFODNN7EXAMPLE")}
    dated = re.sub(r"/20\d{6}/", "/20200101/", good["Authorization"])
    old = {**good, "Authorization": dated, "X-Amz-Date": "20200101T000000Z"}
    assert "UnrecognizedClientException" in head_alone(server, stranger, 60_000_000)[1]
    assert "InvalidSignatureException" in head_alone(server, old, 60_000_000)[1]


def test_a_signed_body_may_be_compressed(server: Server) -> None:
    for service, headers, body, expected in (
        ("glue", {"X-Amz-Target": "AWSGlue.ListSessions"}, b"{}", "Ids"),
        ("sts", {"Content-Type": FORM}, b"Action=GetCallerIdentity&Version=2011-06-15", "GetCallerIdentityResult"),
    ):
        packed = gzip.compress(body)
        given = {**headers, "Content-Encoding": "gzip"}
        status, _, text = send(server, "POST", "/", packed, signed(server, service, "POST", "/", packed, given))
        assert (status, expected in text) == (200, True), text


def test_a_request_signed_for_another_service_than_it_names_is_refused(server: Server) -> None:
    headers = {"X-Amz-Target": "AWSGlue.ListSessions", "Content-Type": "application/x-amz-json-1.1"}
    status, _, text = send(server, "POST", "/", b"{}", signed(server, "logs", "POST", "/", b"{}", headers))
    assert (status, "correct service: 'glue'" in text) == (400, True)


def test_a_name_that_was_made_to_lead_here_is_not_answered_for(server: Server) -> None:
    status, _, text = send(server, "GET", "/_studiolo/health", b"", {"Host": "rebound.example"})
    assert status == 421
    assert "STUDIOLO_HOSTS" in text
    own = {"Host": f"glue.{REGION}.amazonaws.com"}
    assert send(server, "GET", "/_studiolo/health", b"", own)[0] == 200


def test_a_page_of_another_site_cannot_have_everything_emptied(server: Server) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        status, _, text = send(server, "POST", "/_studiolo/reset", b"", headers)
        assert status == 403
        assert "another site" in text


def test_a_proxy_s_name_is_answered_for_when_it_is_set(tmp_path: Path) -> None:
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "STUDIOLO_HOSTS": "studio.example.org, other.example.org"}
    proxied = Server(tmp_path / "data", settings=settings).up()
    try:
        assert send(proxied, "GET", "/_studiolo/health", b"", {"Host": "other.example.org"})[0] == 200
    finally:
        proxied.down()
