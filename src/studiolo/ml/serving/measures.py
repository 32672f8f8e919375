"""What CloudWatch is told of endpoints: their calls, and what their processes use of the machine.

Names, units and values after "Amazon SageMaker AI metrics in Amazon CloudWatch" (Developer Guide).
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache

import psutil

from studiolo.domain import Scope
from studiolo.metrics import Metric, Metrics
from studiolo.processes import Child

CALLS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
LOOK_SECONDS = 60.0
MICROSECONDS = 1e6

Served = Iterable[tuple[Scope, str, str, Child]]
"""Scope, endpoint, variant and process."""


@lru_cache(maxsize=4096)
def metric(namespace: str, name: str, endpoint: str, variant: str) -> Metric:
    return Metric.of(namespace, name, {"EndpointName": endpoint, "VariantName": variant})


class CallMeasures:
    """The calls to variants. It gathers in memory: a call waits for no write."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def add(
        self, scope: Scope, endpoint: str, variant: str, instances: int, status: int | None, model: float, all_in: float
    ) -> None:
        """Count a call: the status that the model answered (None: it did not), seconds in the model and all in all."""

        def add(name: str, value: float, unit: str = "None") -> None:
            self._metrics.add(scope, metric(CALLS, name, endpoint, variant), value, unit)

        add("Invocations", 1.0)
        add("InvocationsPerInstance", 1.0 / max(instances, 1))
        add("Invocation4XXErrors", float(status is not None and 400 <= status < 500))
        add("Invocation5XXErrors", float(status is not None and status >= 500))
        add("InvocationModelErrors", float(status is None or not 200 <= status < 300))
        if status is not None:
            add("ModelLatency", model * MICROSECONDS, "Microseconds")
            add("OverheadLatency", max(all_in - model, 0.0) * MICROSECONDS, "Microseconds")


class Utilization:
    """What serving processes use, in percent: of one core (four busy ones are 400), and of the machine's memory."""

    def __init__(self, metrics: Metrics, served: Callable[[], Served]) -> None:
        self._metrics = metrics
        self._served = served
        # By child name: when it was looked at, and the CPU seconds of each of its processes by then.
        self._before: dict[str, tuple[float, dict[psutil.Process, float]]] = {}
        self._ended = threading.Event()

    def start(self) -> None:
        """Look once a minute."""
        threading.Thread(target=self._watch, name="endpoint-utilization", daemon=True).start()

    def close(self) -> None:
        self._ended.set()

    def look(self) -> None:
        """Tell what each process used since the last look, or since it began."""
        memory, present, looked = psutil.virtual_memory().total, time.time(), {}
        for scope, endpoint, variant, child in self._served():
            since, before = self._before.get(child.name, (child.created, {}))
            spent, resident = _use(child)
            looked[child.name] = (present, spent)
            used = sum(seconds - before.get(process, 0.0) for process, seconds in spent.items())
            shares = {
                "CPUUtilization": 100 * used / max(present - since, 0.01),
                "MemoryUtilization": 100 * resident / memory,
            }
            for name, value in shares.items():
                self._metrics.add(scope, metric(INSTANCES, name, endpoint, variant), value, "Percent")
        self._before = looked

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()


def _use(child: Child) -> tuple[dict[psutil.Process, float], int]:
    """CPU seconds of each process of a child, and the bytes that they all hold."""
    spent, resident = {}, 0
    for process in child.family():
        try:
            with process.oneshot():
                times = process.cpu_times()
                resident += process.memory_info().rss
        except psutil.Error:
            continue
        spent[process] = times.user + times.system
    return spent, resident
