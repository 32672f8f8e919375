"""Child processes: start, watch, adopt, stop; their environments and logs, and the fence around users' code."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studiolo.processes.environment import child_environment
from studiolo.processes.fence import Fence, Isolation, fenced, inside, interpreter, is_fenced, isolation

if TYPE_CHECKING:
    from studiolo.processes.processes import Child, Processes

__all__ = [
    "Child", "Fence", "Isolation", "Processes", "child_environment", "fenced", "inside", "interpreter", "is_fenced",
    "isolation",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Runners, which start a program in its fence, need not wait for the database's libraries.
    if name not in ("Child", "Processes"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.processes"), name)
