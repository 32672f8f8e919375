"""How much an instance has, and how many of them copies of inference components need together.

It is accounting: all instances are this machine, whose cores and memory nobody shares out.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

MIB = 1 << 20
_TYPE = re.compile(r"ml\.([a-z]+)(\d+)[a-z]*\.(?:(medium|large|xlarge)|(\d+)xlarge)")
CORES = {"medium": 2, "large": 2, "xlarge": 4}
"""Of the smallest sizes; an Nxlarge has N times as many as an xlarge."""
GIB_A_CORE = {"c": 2, "t": 4, "m": 4, "r": 8, "g": 4}
"""By the letter of the family: what "Amazon EC2 instance types" says of c5, t3, m5, r5, g4dn, g5 and those after them."""


@dataclass(frozen=True)
class Size:
    """Cores, and MiB of memory."""

    cores: float
    memory: int

    def __str__(self) -> str:
        return f"{self.cores:g} cores and {self.memory} MiB of memory"

    def fits(self, room: "Size") -> bool:
        return self.cores <= room.cores and self.memory <= room.memory

    def without(self, taken: "Size") -> "Size":
        return Size(self.cores - taken.cores, self.memory - taken.memory)

    def share(self, room: "Size") -> float:
        """The larger of its shares of a room."""
        return max(self.cores / room.cores, self.memory / room.memory)


def size_of(instance_type: str) -> Size:
    """What an instance of the type has; what this machine has, for a type that is none of the general families."""
    named = _TYPE.fullmatch(instance_type)
    if named is None or named[1] not in GIB_A_CORE:
        return Size(os.cpu_count() or 1, psutil.virtual_memory().total // MIB)
    cores = 4 * int(named[4]) if named[4] else CORES[named[3]]
    # The smallest ones of t have the cores of a large, and half its memory.
    memory = cores * GIB_A_CORE[named[1]] * 1024 // (2 if named[3] == "medium" else 1)
    return Size(cores, memory)


def instances_for(needs: Iterable[Size], room: Size) -> int | None:
    """How many instances hold all of them, the largest placed first; None where one is larger than an instance."""
    free: list[Size] = []
    for need in sorted(needs, key=lambda each: each.share(room), reverse=True):
        if not need.fits(room):
            return None
        place = next((number for number, each in enumerate(free) if need.fits(each)), None)
        if place is None:
            free.append(room.without(need))
        else:
            free[place] = free[place].without(need)
    return len(free)
