"""What the fence around users' code adds to the start of a program."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

from bench.bench import Bench
from bench.row import Quantity, Row, Unavailable, at_most_over
from studiolo.processes import Fence, fenced, isolation

ROUNDS = 25


def measure(bench: Bench) -> Iterator[Row]:
    if isolation().kind == "none":
        raise Unavailable(str(isolation()))
    data = bench.folder / "fence"
    own = data / "sessions" / "own"
    own.mkdir(parents=True)
    bare, inside = [], []
    for _ in range(ROUNDS):
        bare.append(_milliseconds(["true"], os.environ))
        began = time.perf_counter()
        command, environment = fenced(["true"], os.environ, Fence(own, at={"/opt/ml": own}), [data])
        inside.append((time.perf_counter() - began) * 1000 + _milliseconds(command, environment))
    yield at_most_over(
        "the fence, around a program that does nothing",
        Quantity(50, "ms"),
        Quantity(statistics.median(inside), "ms"),
        Quantity(statistics.median(bare), "ms"),
        isolation().kind,
    )


def _milliseconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return (time.perf_counter() - began) * 1000
