"""Child processes: start, watch, adopt, stop; their environments and logs, and the fence around users' code."""

from studiolo.processes.environment import child_environment
from studiolo.processes.fence import Fence, Isolation, fenced, interpreter, isolation
from studiolo.processes.processes import Child, Processes

__all__ = ["Child", "Fence", "Isolation", "Processes", "child_environment", "fenced", "interpreter", "isolation"]
