"""How much of this machine a session gets."""

from dataclasses import dataclass

import psutil

GIB = 1024

HEAP_SHARE = 0.6
"""The part of a worker's memory that its JVM's heap may take; Glue gives 10 of 16 GB to an executor."""

MACHINE_SHARE = 0.25
"""The part of the machine's memory that one session's heap may grow to, so that several live side by side."""

SMALLEST_HEAP = 1 * GIB


@dataclass(frozen=True)
class Machine:
    """Cores, and memory in MiB."""

    cores: int
    memory: int


def this_machine() -> Machine:
    """What this machine has."""
    return Machine(psutil.cpu_count() or 1, psutil.virtual_memory().total // (1024 * 1024))


@dataclass(frozen=True)
class Size:
    """What a session gets: its executors, each with cores and a heap in MiB, and the cores and heap of them all.

    On one machine there is one executor, the driver itself, with the cores and the heap of them all.
    """

    executors: int
    executor_cores: int
    executor_heap: int
    cores: int
    heap: int


def within(machine: Machine, executors: int, cores: int, memory: int) -> Size:
    """So many executors, each of so many cores and MiB of memory, as far as the machine has that."""
    most = max(SMALLEST_HEAP, int(machine.memory * MACHINE_SHARE))
    return Size(
        executors=executors,
        executor_cores=min(cores, machine.cores),
        executor_heap=min(int(memory * HEAP_SHARE), most),
        cores=min(cores * executors, machine.cores),
        heap=min(int(memory * executors * HEAP_SHARE), most),
    )
