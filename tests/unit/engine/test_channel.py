"""The channel to a kernel, at whose other end users' code may send what it likes."""

from pathlib import Path

import zmq
from jupyter_client.session import Session

from studiolo.engine.channel import LARGEST, Channel, Waker


def test_a_reply_larger_than_any_takes_no_memory_of_the_server(tmp_path: Path) -> None:
    key, waker = "a key", Waker()
    kernel = Session(key=key.encode())
    with zmq.Context() as context, context.socket(zmq.ROUTER) as shell:
        shell.bind(f"ipc://{tmp_path}/k-1")
        connection = {"key": key, "signature_scheme": "hmac-sha256", "ip": f"{tmp_path}/k", "shell_port": 1}
        channel = Channel(connection, waker)
        for size, arrives in ((LARGEST // 2, True), (LARGEST + 1, False)):
            channel.send("execute_request", {}, f"request-{size}")
            idents, _ = kernel.feed_identities(shell.recv_multipart())
            kernel.send(shell, "execute_reply", {"text": "x" * size}, ident=idents)
            assert (channel.receive(20 if arrives else 0.5) is not None) is arrives
        channel.close()
    waker.close()
