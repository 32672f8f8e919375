"""Where a cluster is: a loopback address of its own, where the usual ports are free for it."""

import socket
from collections.abc import Collection, Mapping

PORTS = {
    "master": 7077,
    "master_ui": 8080,
    "worker_ui": 8081,
    "history": 18080,
    "driver_ui": 4040,
    "hive": 10000,
    "hive_server": 10010,
    "livy": 8998,
    "namenode": 8020,
    "namenode_ui": 9870,
    "datanode": 9866,
    "datanode_ui": 9864,
    "datanode_ipc": 9867,
    "yarn": 8032,
    "yarn_ui": 8088,
    "yarn_scheduler": 8030,
    "yarn_tracker": 8031,
    "yarn_admin": 8033,
    "node_manager": 8041,
    "node_manager_ui": 8042,
    "localizer": 8040,
    "trino": 8889,
    "gateway": 9547,
}
"""The port of each daemon, as Spark, Hadoop and EMR have them; pages of workers have those from 8081 on.

`hive` is that of the door before `hive_server`.
"""

HOME = "127.0.0.1"
FIRST = 127 << 24 | 16 << 16 | 1
"""127.16.0.1: below it may be what people have given out by hand."""

MOST = 1 << 20


def free_host(taken: Collection[str]) -> str:
    """A loopback address that no cluster has; 127.0.0.1 where the system has no further ones."""
    for number in range(FIRST, FIRST + MOST):
        host = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
        if host in taken or host.endswith((".0", ".255")):
            continue
        if not _is_free(host, 0):
            break
        if _is_free(host, PORTS["master"]):
            return host
    return HOME


def free_ports(host: str) -> Mapping[str, int]:
    """The usual ports; for each that somebody has at all addresses, or where the address is shared, one that is free."""
    return {name: port if host != HOME and _is_free(host, port) else _any(host) for name, port in PORTS.items()}


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _any(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
