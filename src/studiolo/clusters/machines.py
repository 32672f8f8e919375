"""Instance types: what AWS's have, and what a node of a type is given of this machine."""

import re
from dataclasses import dataclass

from studiolo.domain import Invalid

SIZES = {
    "medium": 1,
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "3xlarge": 12,
    "4xlarge": 16,
    "6xlarge": 24,
    "8xlarge": 32,
    "9xlarge": 36,
    "10xlarge": 40,
    "12xlarge": 48,
    "16xlarge": 64,
    "18xlarge": 72,
    "24xlarge": 96,
    "32xlarge": 128,
    "48xlarge": 192,
}
"""Virtual CPUs by the size in an instance type's name."""

MEMORY = {"c": 2, "m": 4, "r": 8, "x": 16, "z": 8, "i": 8, "d": 8, "h": 4, "g": 4, "p": 8, "t": 4}
"""GiB of memory for each virtual CPU, by the first letter of the family."""

FAMILIES = (
    "c4", "c5", "c5a", "c5d", "c5n", "c6a", "c6g", "c6gd", "c6i", "c6id", "c7a", "c7g", "c7i", "d2", "d3", "g4dn",
    "g5", "h1", "i3", "i3en", "i4g", "i4i", "m4", "m5", "m5a", "m5d", "m5n", "m5zn", "m6a", "m6g", "m6gd", "m6i",
    "m6id", "m7a", "m7g", "m7gd", "m7i", "p3", "r4", "r5", "r5a", "r5b", "r5d", "r5n", "r6a", "r6g", "r6gd", "r6i",
    "r6id", "r7a", "r7g", "r7gd", "r7i", "t3", "t3a", "x1", "z1d",
)  # fmt: skip
"""Families of which EMR has clusters; the older ones of before 2015 are not among them."""

NAME = re.compile(r"(?P<family>[a-z]+\d[a-z]*)\.(?P<size>\w+)")

SHARE = 0.75
"""The part of a node's memory that containers may have, as YARN's on EMR about."""


@dataclass(frozen=True)
class InstanceType:
    """Virtual CPUs, and memory in GiB."""

    name: str
    cores: int
    memory: float

    @property
    def containers(self) -> int:
        """The memory for executors, in MiB."""
        return int(self.memory * 1024 * SHARE)


def instance_type(name: str) -> InstanceType:
    """Raises Invalid for a name that is none of EMR's."""
    found = NAME.fullmatch(name)
    if found is None or found["family"] not in FAMILIES or found["size"] not in SIZES:
        raise Invalid(f"Instance type '{name}' is not supported.")
    cores = SIZES[found["size"]]
    if found["family"][0] == "t":
        # What differs of small ones is their memory.
        cores = max(cores, 2)
    return InstanceType(name, cores, cores * MEMORY[found["family"][0]])


def instance_types() -> list[InstanceType]:
    """Those that ListSupportedInstanceTypes tells."""
    sizes = [size for size in SIZES if SIZES[size] >= 4]
    return [instance_type(f"{family}.{size}") for family in FAMILIES for size in sizes]
