"""Servers of a few lines, at ports of this machine."""

import contextlib
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def serve(answer: Answer) -> Iterator[int]:
    """A port of 127.0.0.1 at which `answer` deals with each connection, in a thread."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                answer(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def relay(path: str) -> Answer:
    """Hands on all that is said to a server at a Unix socket, and back."""

    def answer(client: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
            server.connect(path)
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    sent = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not sent:
                        return
                    key.data.sendall(sent)

    return answer
