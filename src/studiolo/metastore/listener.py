"""A Thrift server of one loopback port: a thread a connection, bounded, and gone when it is closed."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAcceleratedFactory
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException

log = logging.getLogger(__name__)

CONNECTIONS = 1000
"""Connections served at once; further ones wait to be accepted. A Spark driver keeps one or two."""

LONGEST_LIST = 1_000_000
"""Elements of one list or map in a request: a broken client cannot make the server reserve memory for more."""

Process = Callable[[Any, Any], None]
"""Reads one call from the first protocol and answers it on the second."""


class Listener:
    """Serves one port from `start` to `close`. Clients that come before `start` wait: the port is bound at once."""

    def __init__(self, port: int) -> None:
        """Bind 127.0.0.1:`port`, or a free port where that one is taken or is 0."""
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._free = threading.Semaphore(CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.failure: str | None = None
        """Why it accepts nobody any more, once that has come to pass."""

    def start(self, load: Callable[[], Callable[[], Process]]) -> None:
        """Begin to accept; `load` is called when the first client comes, and what it gives makes each one's process."""
        threading.Thread(target=self._stand, args=(load,), name=f"metastore {self.port}", daemon=True).start()

    def close(self) -> None:
        """Stop accepting and cut every connection: a client's own retry finds the next server on the same port."""
        with self._lock:
            self._closed = True
            sockets = [self._socket, *self._open]
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _stand(self, load: Callable[[], Callable[[], Process]]) -> None:
        try:
            self._accept(load)
        except Exception as error:
            self.failure = f"The metastore's port {self.port} accepts nobody any more: {error!r}."
            log.exception("%s", self.failure)

    def _accept(self, load: Callable[[], Callable[[], Process]]) -> None:
        connected: Callable[[], Process] | None = None
        protocols = TBinaryProtocolAcceleratedFactory(container_length_limit=LONGEST_LIST)
        while True:
            self._free.acquire()
            try:
                connection, _ = self._socket.accept()
            except OSError as error:
                self._free.release()
                if self._closed:
                    return
                log.warning("the metastore's port %d: %s", self.port, error)
                continue
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._open.add(connection)
            connected = connected or load()
            name = f"metastore {self.port} {connection.fileno()}"
            threading.Thread(
                target=self._serve, args=(connection, connected(), protocols), name=name, daemon=True
            ).start()

    def _serve(self, connection: socket.socket, process: Process, protocols: Any) -> None:
        # Small answers wait 40 ms for an acknowledgment without it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = TSocket()
        stream.setHandle(connection)
        protocol = protocols.getProtocol(TBufferedTransport(stream))
        try:
            while True:
                process(protocol, protocol)
        except (TTransportException, OSError):
            pass  # the client went away, or we do
        except Exception as error:  # noqa: BLE001 (whatever a client sends, it harms itself alone)
            log.warning("a client of the metastore sent what cannot be read as Thrift's binary protocol: %s", error)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            self._free.release()


def _bound(port: int) -> socket.socket:
    for candidate in (port, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", candidate))
            listening.listen(128)
        except OSError:
            listening.close()
            if candidate == 0:
                raise
        else:
            return listening
    raise AssertionError("a free port could be bound or the error was raised")
