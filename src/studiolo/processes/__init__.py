"""Child processes: start, watch, adopt, stop; their environments and logs, and the fence around users' code."""

from studiolo.processes.environment import child_environment
from studiolo.processes.fence import Fence, Isolation, fenced, interpreter, isolation
from studiolo.processes.keeper import Keeper, Kept
from studiolo.processes.processes import Child, Processes
from studiolo.processes.reading import open_left, read_left

__all__ = [
    "Child",
    "Fence",
    "Isolation",
    "Keeper",
    "Kept",
    "Processes",
    "child_environment",
    "fenced",
    "interpreter",
    "isolation",
    "open_left",
    "read_left",
]
