"""Stands in for the server until there is one: the gateway alone. `python s3_server.py DATA`."""

import json
import os
import socket
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.config import Settings
from studiolo.domain import now
from studiolo.processes import Processes
from studiolo.services.s3 import S3Gateway, error_answer
from studiolo.state import State
from studiolo.storage import Storage


@dataclass(frozen=True)
class Key:
    id: str
    secret: str


def main() -> None:
    data = Path(sys.argv[1])
    key = json.loads((data / "credentials.json").read_text())
    root = Key(key["access_key_id"], key["secret_access_key"])
    storage = Storage(Settings(data=data), Processes(State(f"sqlite:///{data}/state.db"), data / "logs"), root)
    storage.start()
    gateway = S3Gateway(storage)

    def secret_for(access_key: str) -> sigv4.Credential | None:
        return sigv4.Credential(root.id, root.secret) if access_key == root.id else None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await gateway.start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await gateway.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.decode("latin-1"): value.decode() for name, value in scope["headers"]}
        url = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = HttpRequest(scope["method"], url.decode(), headers, b"")
        request_id = uuid.uuid4().hex
        try:
            signed = "authorization" in headers or "X-Amz-Signature=" in request.query
            verified = sigv4.verify(request, secret_for, now(), protocol="rest-xml", service="s3") if signed else None
        except ServiceError as error:
            await error_answer(send, error, request_id, request)
            return
        await gateway(request, verified, receive, send, request_id)

    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(100)
    note = {
        "pid": os.getpid(),
        "endpoint": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "s3_endpoint": storage.access.endpoint,
    }
    (data / "server.json").write_text(json.dumps(note))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="info", lifespan="on"))
    try:
        server.run(sockets=[listener])
    finally:
        storage.close()


main()
