"""What another user of this machine is told at its ports and sockets: by plausible requests, in bytes, without secrets."""

import json
import os
import socket
import struct
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

NOBODY = 65534
PATIENCE = 1.0
"""Seconds without a word after which a port has nothing to say."""


def http(port: int, path: str, method: str = "GET") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return head.encode()


def grpc(path: str, **more: str) -> bytes:
    """A call with an empty message: HTTP/2's preface and settings, headers in HPACK's plainest form, and data."""
    words = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost"}
    words |= {"content-type": "application/grpc", "te": "trailers", **more}
    head = b"".join(b"\x00" + bytes([len(k)]) + k.encode() + bytes([len(v)]) + v.encode() for k, v in words.items())
    frames = ((4, 0, 0, b""), (1, 4, 1, head), (0, 1, 1, bytes(5)))
    frame = ">I"
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"".join(
        struct.pack(frame, len(body))[1:] + bytes([kind, flags]) + struct.pack(frame, stream) + body
        for kind, flags, stream, body in frames
    )


def spark(kind: int, head: bytes, body: bytes = b"") -> bytes:
    """A message of Spark's own protocol."""
    return struct.pack(">qb", 9 + len(head) + len(body), kind) + head + body


def spark_file(name: str) -> bytes:
    return spark(6, struct.pack(">i", len(name)) + name.encode())


def spark_object(port: int) -> bytes:
    """A request to an endpoint of the driver whose content is a Java object's stream, which breaks off."""
    host, name = b"127.0.0.1", b"endpoint-verifier"
    receiver = b"\x01" + struct.pack(">H", len(host)) + host + struct.pack(">iH", port, len(name)) + name
    body = b"\x00" + receiver + b"\xac\xed\x00\x05nonsense"
    return spark(3, struct.pack(">qi", 7, len(body)), body)


def thrift(method: str) -> bytes:
    return struct.pack(">Ii", 0x80010001, len(method)) + method.encode() + struct.pack(">ib", 1, 0)


ZMTP = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"
PY4J = b"r\nu\njava.lang.System\nrj\ne\n"
CALLBACK = b"c\nt\nhashCode\ne\n"


def requests(port: int) -> dict[str, bytes]:
    """What to try at any port."""
    return {
        "GET /": http(port, "/"),
        "GET /api/v1/applications": http(port, "/api/v1/applications"),
        "GET /dir/status": http(port, "/dir/status"),
        "GET /metrics/json/": http(port, "/metrics/json/"),
        "GET /ping": http(port, "/ping"),
        "POST /jobs/job/kill/": http(port, "/jobs/job/kill/?id=0", "POST"),
        "gRPC reflection": grpc("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
        "gRPC health": grpc("/grpc.health.v1.Health/Check"),
        "gRPC Spark Connect": grpc("/spark.connect.SparkConnectService/ArtifactStatus"),
        "gRPC Spark Connect stream": grpc("/spark.connect.SparkConnectService/ExecutePlan"),
        "gRPC store": grpc("/master_pb.Seaweed/GetMasterConfiguration"),
        "gRPC filer": grpc("/filer_pb.SeaweedFiler/GetFilerConfiguration"),
        "Thrift get_all_databases": thrift("get_all_databases"),
        "Spark object": spark_object(port),
        "Spark file": spark_file("/shown/" + "../" * 16 + "etc/passwd"),
        "ZMTP": ZMTP,
        "py4j": PY4J,
        "py4j callback": CALLBACK,
        "nonsense": b"nonsense\n\n\n\n",
    }


REFUSALS = (301, 302, 400, 401, 403, 404, 405, 421, 426)
"""Of HTTP: also what leads elsewhere on the same port, which is asked itself."""


def told(reply: bytes) -> str | None:
    """What of substance a reply says; None if it is a refusal, or nothing."""
    found = None
    if not reply or reply.startswith(b"refused: "):
        return None
    if reply.startswith(b"HTTP/1."):
        status = int(reply.split(b" ", 2)[1])
        return None if status in REFUSALS else f"HTTP {status}"
    if reply[3:5] == b"\x04\x00" and reply[:1] == b"\x00":
        found = "gRPC data" if any(kind == 0 and body for kind, body in _frames(reply)) else None
    elif reply.startswith(b"\x80\x01\x00"):
        # After the name and the number of the call: the field 0 is its result, the others are its exceptions.
        start = 12 + int.from_bytes(reply[4:8], "big")
        found = "a Thrift reply" if reply[3] == 2 and reply[start + 1 : start + 3] == b"\0\0" else None
    elif reply.startswith(b"\x15\x03"):
        found = None  # an alert of TLS
    elif reply.startswith(b"\x00\x00\x00\x00") and len(reply) > 8:
        # Of Spark's messages those that say why not, and not from within the reading of an object.
        refused = reply[8] in (2, 5, 8) and b"ObjectInputStream" not in reply
        found = None if refused else f"Spark's message {reply[8]}"
    elif reply.startswith(b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"):
        found = "ZMTP ready" if b"READY" in reply else None
    elif reply[4:] in (b"", b"\x00\x00\x00\x03err"):
        found = "a number"
    elif not reply.startswith((b"!x", b"!z")):
        found = f"{reply[:60]!r}"
    return found


def _frames(reply: bytes) -> Iterable[tuple[int, bytes]]:
    """The frames of HTTP/2 in a reply: kind and body."""
    at = 0
    while at + 9 <= len(reply):
        length = int.from_bytes(reply[at : at + 3], "big")
        yield reply[at + 3], reply[at + 9 : at + 9 + length]
        at += 9 + length


def ask(place: tuple[str, int] | str, request: bytes) -> bytes:
    """The first words that come back, or why there was no connection."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(place)
        except OSError as error:
            return f"refused: {error}".encode()
        reply = b""
        try:
            client.sendall(request)
            while len(reply) < 65536 and (more := client.recv(65536)):
                reply += more
        except OSError:
            pass
        return reply


def as_another_user(question: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What `question` answers in a process of another system user: nobody, where this one may become that.

    Elsewhere this user's own: ports do not know who connects, so that for them it is the same.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            with os.fdopen(writing, "w") as answer:
                json.dump(dict(question()), answer)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(said)
    return found
