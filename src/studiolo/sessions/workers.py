"""What was asked for in workers, as what this machine can give in cores and memory."""

from dataclasses import dataclass, replace

from studiolo.domain import Invalid
from studiolo.engine import Machine, Size, within
from studiolo.sessions.model import SessionRequest

GIB = 1024


@dataclass(frozen=True)
class WorkerType:
    """The size of a worker: virtual CPUs, memory in MiB, and the data processing units that it counts as.

    A unit is four virtual CPUs, where nothing else is said.
    """

    cores: int
    memory: int
    units: float | None = None

    @property
    def dpus(self) -> float:
        return self.cores / 4 if self.units is None else self.units


TYPES = {
    "Standard": WorkerType(4, 16 * GIB),
    "G.025X": WorkerType(2, 4 * GIB, units=0.25),
    "G.1X": WorkerType(4, 16 * GIB),
    "G.2X": WorkerType(8, 32 * GIB),
    "G.4X": WorkerType(16, 64 * GIB),
    "G.8X": WorkerType(32, 128 * GIB),
    "G.12X": WorkerType(48, 192 * GIB),
    "G.16X": WorkerType(64, 256 * GIB),
    "R.1X": WorkerType(4, 32 * GIB),
    "R.2X": WorkerType(8, 64 * GIB),
    "R.4X": WorkerType(16, 128 * GIB),
    "R.8X": WorkerType(32, 256 * GIB),
}
"""Glue's Spark worker types (AWS Glue, "Worker types"); Z.2X is for Ray."""

DEFAULT_TYPE = "G.1X"
DEFAULT_WORKERS = 5
"""Workers of a session that asks for none: as the Glue kernel asks."""


def settle(asked: SessionRequest, version: str) -> SessionRequest:
    """The request with Glue's defaults for what it leaves open of workers and the version, and the DPUs they make.

    Raises Invalid for what Glue refuses too.
    """
    asked = replace(asked, glue_version=asked.glue_version or version)
    if asked.max_capacity is not None:
        if asked.worker_type or asked.workers:
            raise Invalid("Give MaxCapacity, or WorkerType and NumberOfWorkers, not both.")
        if not asked.max_capacity > 0:
            raise Invalid(f"MaxCapacity must be more than 0, and is {asked.max_capacity}.")
        return asked
    name = asked.worker_type or DEFAULT_TYPE
    if name not in TYPES:
        raise Invalid(f"Worker type {name} is not for Spark; those that are: {', '.join(TYPES)}.")
    count = DEFAULT_WORKERS if asked.workers is None else asked.workers
    if count < 1:
        raise Invalid(f"NumberOfWorkers must be at least 1, and is {count}.")
    return replace(asked, worker_type=name, workers=count, max_capacity=count * TYPES[name].dpus)


def size(asked: SessionRequest, machine: Machine) -> Size:
    """The workers of a settled request, within what the machine has."""
    worker = TYPES[asked.worker_type or DEFAULT_TYPE]
    count = asked.workers or max(1, round(asked.max_capacity or DEFAULT_WORKERS))
    return within(machine, count, worker.cores, worker.memory)
