"""The locks of the store's inner doors: who has no certificate gets in nowhere but at the S3 door, with a key."""

import http.client
import json
import re
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from studiolo.config import Settings
from studiolo.processes import Processes
from studiolo.state import State
from studiolo.storage import Storage, security, weed

LOOKUP = "/filer_pb.SeaweedFiler/LookupDirectoryEntry"
BUCKETS_AIR = b"\x0a\x08/buckets\x12\x03air"
"""LookupDirectoryEntryRequest: directory `/buckets`, name `air`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def storage(folder: Path) -> Iterator[Storage]:
    """A store with a bucket `air`."""
    state = State(f"sqlite:///{folder / 'state.db'}")
    storage = Storage(Settings(data=folder), Processes(state, folder / "logs"))
    storage.start()
    storage.ready()
    storage.client().create_bucket(Bucket="air")
    storage.client().put_object(Bucket="air", Key="secret.csv", Body=b"secret")
    yield storage
    storage.close()
    state.close()


@pytest.fixture
def process(storage: Storage) -> psutil.Process:
    return psutil.Process(storage.health().pid)


@pytest.fixture
def ports(storage: Storage, folder: Path) -> weed.Ports:
    return weed.Ports.of(json.loads((folder / "object-store" / "ports.json").read_text()))


def certificate(folder: Path) -> bytes:
    return (folder / "object-store" / security.CERTIFICATE).read_bytes()


def looked_up(channel: grpc.Channel) -> bytes:
    """What the filer answers to who asks for the bucket `air`."""
    with channel:
        answer: bytes = channel.unary_unary(LOOKUP)(BUCKETS_AIR, timeout=10)
        return answer


def plain_http(port: int, method: str, path: str) -> tuple[int, bytes] | None:
    """The answer to a request without TLS; None where the port hangs up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    finally:
        connection.close()


def test_every_port_but_that_of_s3_refuses_who_does_not_speak_tls(process: psutil.Process, ports: weed.Ports) -> None:
    listening = {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert listening == {*ports.values(), *(port + weed.GRPC_OFFSET for port in ports.values())}
    for port in listening - {ports.s3}:
        answer = plain_http(port, "GET", "/status")
        assert answer in (None, (400, b"Client sent an HTTP request to an HTTPS server.\n")), port


def test_every_port_but_that_of_s3_refuses_tls_without_the_certificate(
    process: psutil.Process, ports: weed.Ports, folder: Path
) -> None:
    context = ssl.create_default_context(cadata=certificate(folder).decode())
    context.set_alpn_protocols(["h2", "http/1.1"])
    for port in {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN} - {ports.s3}:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        with pytest.raises((ssl.SSLError, ConnectionResetError, http.client.RemoteDisconnected)):
            connection.request("GET", "/status")
            connection.getresponse()
        connection.close()


def test_the_certificate_opens_them(ports: weed.Ports, folder: Path) -> None:
    pem = certificate(folder)
    credentials = grpc.ssl_channel_credentials(root_certificates=pem, private_key=pem, certificate_chain=pem)
    answer = looked_up(grpc.secure_channel(f"127.0.0.1:{ports.filer + weed.GRPC_OFFSET}", credentials))
    assert b"air" in answer


def test_the_filer_s_grpc_tells_nothing_without_it_neither_at_its_port_nor_at_its_socket(
    ports: weed.Ports, folder: Path
) -> None:
    port = ports.filer + weed.GRPC_OFFSET
    without = grpc.ssl_channel_credentials(root_certificates=certificate(folder))
    socket = f"unix:{weed.SOCKETS}/seaweedfs-filer-grpc-{port}.sock"
    for channel in (
        grpc.insecure_channel(f"127.0.0.1:{port}"),
        grpc.secure_channel(f"127.0.0.1:{port}", without),
        grpc.insecure_channel(socket),
        grpc.secure_channel(socket, without, [("grpc.ssl_target_name_override", "localhost")]),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            looked_up(channel)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_nobody_deletes_a_bucket_by_a_get_at_the_master(storage: Storage, ports: weed.Ports, folder: Path) -> None:
    path = "/col/delete?collection=air"
    assert (plain_http(ports.master, "GET", path) or (400,))[0] == 400
    context = ssl.create_default_context(cadata=certificate(folder).decode())
    context.load_cert_chain(folder / "object-store" / security.CERTIFICATE)
    connection = http.client.HTTPSConnection("127.0.0.1", ports.master, timeout=10, context=context)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()
    assert storage.client().get_object(Bucket="air", Key="secret.csv")["Body"].read() == b"secret"


def test_the_s3_port_tells_who_has_no_key_only_that_it_is_there(ports: weed.Ports) -> None:
    assert plain_http(ports.s3, "GET", "/status") == (200, b"")
    for path in ("/", "/air", "/air/secret.csv", "/metrics", "/debug/pprof/", "/?Action=ListUsers"):
        for method in ("GET", "PUT", "DELETE"):
            answer = plain_http(ports.s3, method, path)
            assert answer is not None
            assert answer[0] in (403, 405), (method, path, answer)


def test_no_environment_and_no_command_line_has_the_keys(process: psutil.Process, folder: Path) -> None:
    keys = re.findall(r'^key = "(.{40})"$', (folder / "object-store" / "security.toml").read_text(), re.MULTILINE)
    assert len(set(keys)) == 4
    seen = " ".join([*process.environ().values(), *process.cmdline()])
    assert not [key for key in keys if key in seen]
    assert not [name for name in process.environ() if "JWT" in name]


def test_what_opens_the_doors_is_for_the_owner_alone_and_the_same_after_a_restart(tmp_path: Path) -> None:
    security.lock_inner_doors(tmp_path)
    files = [tmp_path / security.CERTIFICATE, tmp_path / "security.toml"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    before = [file.read_text() for file in files]
    security.lock_inner_doors(tmp_path)
    assert [file.read_text() for file in files] == before


@pytest.mark.parametrize("damaged", ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_or_file_is_made_anew(tmp_path: Path, damaged: str) -> None:
    security.lock_inner_doors(tmp_path)
    files = [tmp_path / security.CERTIFICATE, tmp_path / "security.toml"]
    before = [file.read_text() for file in files]
    for file in files:
        file.write_text(damaged)
    security.lock_inner_doors(tmp_path)
    after = [file.read_text() for file in files]
    assert not set(before) & set(after)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files[0])
    assert [len(text.splitlines()) for text in after] == [len(text.splitlines()) for text in before]


def test_a_certificate_that_is_about_to_expire_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "VALID_DAYS", security.RENEWED_DAYS - 1)
    security.lock_inner_doors(tmp_path)
    before = (tmp_path / security.CERTIFICATE).read_text()
    monkeypatch.undo()
    security.lock_inner_doors(tmp_path)
    assert (tmp_path / security.CERTIFICATE).read_text() != before
