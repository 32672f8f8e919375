"""What serving processes use of the machine is told in percent of a core and of the memory."""

import subprocess
import sys
from pathlib import Path

import psutil

from studiolo.domain import Scope, now
from studiolo.metrics import Metric, Metrics
from studiolo.ml.serving.measures import Called, Serves, Utilization
from studiolo.processes import Child
from studiolo.state import State

SCOPE = Scope("000000000000", "eu-central-1")


class Numbers(Metrics):
    def __init__(self, state: State) -> None:
        super().__init__(state, now)
        self.told: dict[str, list[float]] = {}

    def add(self, scope: Scope, metric: Metric, value: float, unit: str = "None", **_: object) -> None:
        assert (unit, metric.dimensions) == ("Percent", (("EndpointName", "e"), ("VariantName", "a")))
        self.told.setdefault(metric.name, []).append(value)


def test_a_process_that_works_uses_more_than_one_that_waits(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    numbers = Numbers(state)
    code = "sum(range(20_000_000)); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        process = psutil.Process(worker.pid)
        child = Child("one", "endpoint", worker.pid, process.create_time(), tmp_path / "log")
        utilization = Utilization(numbers, lambda: [Serves(Called(SCOPE, "e", "a", 1), child)])
        assert worker.stdout is not None
        worker.stdout.read(1)
        utilization.look()
        utilization.look()
        worker.communicate(b"\n")
    working, waiting = numbers.told["CPUUtilization"]
    assert working > waiting
    assert all(0 < share < 100 for share in numbers.told["MemoryUtilization"])
    state.close()
