"""Child processes: start, watch, adopt, stop, keep; their environments and logs, and the fence around users' code."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studiolo.processes.environment import child_environment
from studiolo.processes.fence import (
    Fence,
    Isolation,
    environment_of_fence,
    fenced,
    inside,
    interpreter,
    is_fenced,
    isolation,
)
from studiolo.processes.reading import open_left, read_end, read_left
from studiolo.processes.removal import remove_left
from studiolo.processes.sockets import left_socket, socket_folder

if TYPE_CHECKING:
    from studiolo.processes.connection import SocketConnection
    from studiolo.processes.connector import SocketConnector
    from studiolo.processes.keeper import Keeper, Kept
    from studiolo.processes.processes import Child, Processes, end_unrecorded

__all__ = [
    "Child", "Fence", "Isolation", "Keeper", "Kept", "Processes", "SocketConnection", "SocketConnector",
    "child_environment", "end_unrecorded", "environment_of_fence", "fenced", "inside", "interpreter", "is_fenced",
    "isolation", "left_socket", "open_left", "read_end", "read_left", "remove_left", "socket_folder",
]  # fmt: skip

_LATER = {
    "SocketConnection": "connection",
    "SocketConnector": "connector",
    "Child": "processes",
    "Keeper": "keeper",
    "Kept": "keeper",
    "Processes": "processes",
    "end_unrecorded": "processes",
}


def __getattr__(name: str) -> Any:
    # Runners start a program in its fence: they need not wait for the libraries of databases and HTTP.
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
