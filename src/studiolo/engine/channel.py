"""A kernel's shell channel: requests out, replies in, and a way to wake who waits for them."""

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import zmq
from jupyter_client.session import Session

LARGEST = 16 * 1024 * 1024
"""Bytes of a reply's part at most, several times those of an error's texts: code in the session can send any others."""

MOST_WAITING = 16
"""Replies that wait in our memory until they are read."""


class Waker:
    """Wakes a thread that waits in `Channel.receive`; may be used from every thread."""

    def __init__(self) -> None:
        self.reading, self._writing = socket.socketpair()
        self.reading.setblocking(False)
        self._writing.setblocking(False)

    def wake(self) -> None:
        # A full pipe wakes as well as another byte would; a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._writing.send(b"!")

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.reading.recv(4096):
                pass

    def close(self) -> None:
        self.reading.close()
        self._writing.close()


class Channel:
    """To be used by one thread. `connection` is what the kernel wrote into its connection file; its sockets are files."""

    def __init__(self, connection: Mapping[str, Any], waker: Waker) -> None:
        self._session = Session(key=connection["key"].encode(), signature_scheme=connection["signature_scheme"])
        self._waker = waker
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, LARGEST)
        self._socket.setsockopt(zmq.RCVHWM, MOST_WAITING)
        self._socket.connect(f"ipc://{connection['ip']}-{connection['shell_port']}")
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(waker.reading, zmq.POLLIN)

    def send(self, kind: str, content: Mapping[str, Any], message: str) -> None:
        """Send a request as the message of that id."""
        header = {**self._session.msg_header(kind), "msg_id": message}
        self._session.send(self._socket, kind, dict(content), header=header)

    def receive(self, timeout: float | None) -> Mapping[str, Any] | None:
        """The next reply; None when woken before one came, or after `timeout` seconds."""
        ready = dict(self._poller.poll(None if timeout is None else int(timeout * 1000)))
        self._waker.drain()
        if self._socket not in ready:
            return None
        _, message = self._session.recv(self._socket, zmq.NOBLOCK)
        reply: Mapping[str, Any] | None = message
        return reply

    def close(self) -> None:
        self._socket.close()
