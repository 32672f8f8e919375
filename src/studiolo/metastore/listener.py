"""A Thrift server of one loopback port: a thread a connection, bounded, and gone when it is closed."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.transport.TTransport import TBufferedTransport, TMemoryBuffer, TTransportException

from studiolo.metastore.stream import LIMITS, Limits, Stream

log = logging.getLogger(__name__)

LONGEST_LIST = 1_000_000
"""Elements of one list or map in a request: a broken client cannot make the server reserve memory for more."""

STRANGERS_TEXT, STRANGERS_LIST = 4096, 1000
"""The longest text, and list, that is read of a client that has not said who it is."""


class Conversation(Protocol):
    """What one connection says and is answered."""

    @property
    def holder(self) -> str | None:
        """Who the client has said it is."""

    def process(self, read: Any, write: Any) -> object:
        """Read one call from the first protocol and answer it on the second."""


class Listener:
    """Serves one port from `start` to `close`. Clients that come before `start` wait: the port is bound at once.

    Strangers, which have not said who they are, take no place from others: the one that has been longest makes room.
    """

    def __init__(self, port: int, limits: Limits = LIMITS) -> None:
        """Bind 127.0.0.1:`port`, or a free port where that one is taken or is 0."""
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._limits = limits
        # Who holds each, None for strangers; the oldest first.
        self._open: dict[socket.socket, str | None] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.failure: str | None = None
        """Why it accepts nobody any more, once that has come to pass."""

    def start(self, load: Callable[[], Callable[[], Conversation]]) -> None:
        """Begin to accept; `load` is called when the first client comes, and what it gives begins each conversation."""
        threading.Thread(target=self._stand, args=(load,), name=f"metastore {self.port}", daemon=True).start()

    def close(self) -> None:
        """Stop accepting and cut every connection: a client's own retry finds the next server on the same port."""
        with self._lock:
            self._closed.set()
            sockets = [self._socket, *self._open]
        for each in sockets:
            _cut(each)
        self._socket.close()

    def _stand(self, load: Callable[[], Callable[[], Conversation]]) -> None:
        try:
            self._accept(load)
        except Exception as error:
            self.failure = f"The metastore's port {self.port} accepts nobody any more: {error!r}."
            log.exception("%s", self.failure)

    def _accept(self, load: Callable[[], Callable[[], Conversation]]) -> None:
        begin: Callable[[], Conversation] | None = None
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError as error:
                if self._closed.is_set():
                    return
                log.warning("the metastore's port %d: %s", self.port, error)
                self._closed.wait(0.1)  # out of files, which others may give back
                continue
            with self._lock:
                if self._closed.is_set():
                    connection.close()
                    return
                self._make_room()
                self._open[connection] = None
            begin = begin or load()
            name = f"metastore {self.port} {connection.fileno()}"
            threading.Thread(target=self._serve, args=(connection, begin()), name=name, daemon=True).start()

    def _make_room(self) -> None:
        strangers = [connection for connection, holder in self._open.items() if holder is None]
        if len(strangers) >= self._limits.strangers:
            del self._open[strangers[0]]
            _cut(strangers[0])

    def _serve(self, connection: socket.socket, conversation: Conversation) -> None:
        try:
            stream = Stream(connection, self._limits)
            buffered = TBufferedTransport(stream)
            # Of a stranger nothing is read but by the bounds of the first.
            careful = TBinaryProtocol(
                buffered, string_length_limit=STRANGERS_TEXT, container_length_limit=STRANGERS_LIST
            )
            fast = TBinaryProtocolAccelerated(buffered, container_length_limit=LONGEST_LIST)
            held: str | None = None
            while True:
                # Who has said who it is has its place when it is told so: a stranger may have to make room.
                told = TMemoryBuffer()
                if held is None:
                    conversation.process(careful, TBinaryProtocol(told))
                else:
                    conversation.process(fast, fast)
                if conversation.holder != held:
                    held = conversation.holder
                    if not self._seat(connection, held):
                        return
                if told.getvalue():
                    buffered.write(told.getvalue())
                    buffered.flush()
                if held is None:
                    stream.distrust()
                else:
                    stream.trust()
        except (TTransportException, OSError, EOFError):
            pass  # the client went away, or we do; or it has said nothing for too long
        except Exception as error:  # noqa: BLE001 (whatever a client sends, it harms itself alone)
            level = logging.DEBUG if conversation.holder is None else logging.WARNING
            log.log(level, "a client of the metastore sent what cannot be read as Thrift's binary protocol: %s", error)
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()

    def _seat(self, connection: socket.socket, holder: str | None) -> bool:
        """Count the connection as this holder's; False where it has too many, or this one had to make room."""
        with self._lock:
            if connection not in self._open:
                return False
            holders = [each for each in self._open.values() if each is not None]
            most = len(holders) >= self._limits.connections
            if holder is not None and (most or holders.count(holder) >= self._limits.connections_each):
                log.warning("a connection of %s to the metastore is refused: %d are open", holder, len(holders))
                return False
            self._open[connection] = holder
            return True


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


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
