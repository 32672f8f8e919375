"""The inside of a cluster's network: `inside.py FOLDER`, in namespaces of its own, by the interpreter that has Ray.

It starts nodes and doors as the lines of its standard input say. What is there has ended when it has.
"""

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

HEAD = "10.77.0.1"
DASHBOARD, GCS, FIRST_PORT = 8265, 6379, 52365
PORTS = ("dashboard-agent-listen", "dashboard-agent-grpc", "runtime-env-agent", "metrics-export")
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, UP = 0x8913, 0x8914, 0x8916, 1


def main(folder: Path) -> None:
    # The first process of all: who has lost its parent is its child.
    signal.signal(signal.SIGCHLD, _reap)
    _address("lo", "127.0.0.1")
    listen(socket.AF_UNIX, str(folder / "dashboard"), lambda: connected(socket.AF_INET, (HEAD, DASHBOARD)))
    for line in sys.stdin:
        word, argument = line.split()
        if word == "node":
            _start_node(int(argument), folder)
        elif word == "door":
            _open_door(int(argument), folder)


def _reap(_number: int, _frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _start_node(number: int, folder: Path) -> None:
    """A node of one core, which is the head if it is the first."""
    address = f"10.77.0.{number}"
    _address(f"lo:{number}", address)
    options = ["--node-ip-address", address, "--num-cpus", "1", "--object-store-memory", "80000000", "--block"]
    # Some of these are not at the node's address alone. A node gives up within 30 s one that it has to be told.
    for place, name in enumerate(PORTS):
        options += [f"--{name}-port", str(FIRST_PORT + number * len(PORTS) + place)]
    if number == 1:
        options += ["--head", "--port", str(GCS), "--dashboard-host", HEAD, "--dashboard-port", str(DASHBOARD)]
        options += ["--temp-dir", str(folder / "ray"), "--disable-usage-stats"]
    else:
        options += ["--address", f"{HEAD}:{GCS}"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (folder / f"node-{number}.log").open("wb") as log:
        subprocess.Popen(
            [str(Path(sys.executable).with_name("ray")), "start", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": path},
        )


def _open_door(port: int, folder: Path) -> None:
    """Let what is here reach a port of the machine's own loopback address at the same one."""
    listen(socket.AF_INET, ("127.0.0.1", port), lambda: connected(socket.AF_UNIX, str(folder / str(port))))


def _address(interface: str, address: str) -> None:
    """Give the loopback interface an address more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        given = struct.pack("16sH2s4s8s", interface.encode(), socket.AF_INET, b"", socket.inet_aton(address), b"")
        if ":" in interface:
            fcntl.ioctl(control, SIOCSIFADDR, given)
        flags = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14s", interface.encode(), 0, b""))
        up = struct.unpack("16sH14s", flags)[1] | UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", interface.encode(), up, b""))


def connected(family: int, address: object) -> socket.socket:
    connection = socket.socket(family)
    connection.connect(address)  # type: ignore[arg-type]
    return connection


def listen(family: int, address: object, connect: Callable[[], socket.socket]) -> socket.socket:
    """Hand on what is said to that address to what `connect` gives, and back; until the socket is closed."""
    listening = socket.socket(family)
    listening.bind(address)  # type: ignore[arg-type]
    listening.listen(64)

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            try:
                other = connect()
            except OSError:
                one.close()
                continue
            for source, sink in ((one, other), (other, one)):
                threading.Thread(target=_pass, args=(source, sink), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listening


def _pass(source: socket.socket, sink: socket.socket) -> None:
    try:
        while sent := source.recv(65536):
            sink.sendall(sent)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, sink):
            each.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
