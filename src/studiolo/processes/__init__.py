"""Child processes: start, watch, adopt after a restart, stop; their environments and logs."""

from studiolo.processes.environment import child_environment
from studiolo.processes.processes import Child, Processes, end_unrecorded

__all__ = ["Child", "Processes", "child_environment", "end_unrecorded"]
