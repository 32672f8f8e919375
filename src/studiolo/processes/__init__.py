"""Child processes: start, watch, adopt after a restart, stop; their environments and logs."""

from studiolo.processes.environment import child_environment
from studiolo.processes.keeper import Keeper, Kept
from studiolo.processes.processes import Child, Processes

__all__ = ["Child", "Keeper", "Kept", "Processes", "child_environment"]
