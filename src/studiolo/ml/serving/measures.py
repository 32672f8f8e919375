"""What CloudWatch is told of endpoints: their calls, and what their processes use of the machine.

Names, units and values after "Amazon SageMaker AI metrics in Amazon CloudWatch" (Developer Guide).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import psutil

from studiolo.background import Background
from studiolo.domain import Scope
from studiolo.metrics import Metric, Metrics
from studiolo.processes import Child

CALLS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
LOOK_SECONDS = 60.0
MICROSECONDS = 1e6

COMPONENTS = "/aws/sagemaker/InferenceComponents"


@dataclass(frozen=True, slots=True)
class Called:
    """Whose calls are counted: those of a variant with so many processes, or of an inference component of it."""

    scope: Scope
    endpoint: str
    variant: str
    processes: int
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Serves:
    """A process, and whose use of the machine it is.

    cores, memory: what it may take; None: one core, the machine's memory in bytes.
    """

    called: Called
    child: Child
    cores: float | None = None
    memory: int | None = None


@lru_cache(maxsize=4096)
def metric(namespace: str, name: str, endpoint: str, variant: str) -> Metric:
    return Metric.of(namespace, name, {"EndpointName": endpoint, "VariantName": variant})


@lru_cache(maxsize=4096)
def component_metric(namespace: str, name: str, component: str) -> Metric:
    return Metric.of(namespace, name, {"InferenceComponentName": component})


class CallMeasures:
    """The calls to variants. It gathers in memory: a call waits for no write."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def add(self, called: Called, status: int | None, model: float, all_in: float) -> None:
        """Count a call: the status that the model answered (None: it did not), seconds in the model and all in all."""
        self._metrics.add_all(called.scope, list(_numbers(called, status, model, all_in)))


def _numbers(called: Called, status: int | None, model: float, all_in: float) -> Iterator[tuple[Metric, float, str]]:
    """What a call adds, with its metric and unit."""
    share = 1.0 / max(called.processes, 1)
    told = {
        "Invocations": 1.0,
        "Invocation4XXErrors": float(status is not None and 400 <= status < 500),
        "Invocation5XXErrors": float(status is not None and status >= 500),
        "InvocationModelErrors": float(status is None or not 200 <= status < 300),
    }
    if called.component is None:
        told["InvocationsPerInstance"] = share
    else:
        yield component_metric(CALLS, "InvocationsPerCopy", called.component), share, "None"
        if not called.processes:
            told["NoCapacityInvocationFailures"] = 1.0
    times = {} if status is None else {"ModelLatency": model, "OverheadLatency": max(all_in - model, 0.0)}
    numbers = [(name, value, "None") for name, value in told.items()]
    numbers += [(name, seconds * MICROSECONDS, "Microseconds") for name, seconds in times.items()]
    for name, value, unit in numbers:
        yield metric(CALLS, name, called.endpoint, called.variant), value, unit
        if called.component is not None:
            yield component_metric(CALLS, name, called.component), value, unit


class Utilization:
    """What serving processes use, in percent: of one core (four busy ones are 400), and of the machine's memory.

    A copy of an inference component: of what it may take of them.
    """

    def __init__(self, metrics: Metrics, served: Callable[[], Iterable[Serves]]) -> None:
        self._metrics = metrics
        self._served = served
        # By child name: when it was looked at, and the CPU seconds of each of its processes by then.
        self._before: dict[str, tuple[float, dict[psutil.Process, float]]] = {}
        self._background = Background("use of processes", self.look, LOOK_SECONDS)

    def start(self) -> None:
        """Look once a minute."""
        self._background.start()

    def close(self) -> None:
        self._background.close()

    def look(self) -> None:
        """Tell what each process used since the last look, or since it began."""
        memory, present, looked = psutil.virtual_memory().total, time.time(), {}
        for each in self._served():
            called, child = each.called, each.child
            since, before = self._before.get(child.name, (child.created, {}))
            spent, resident = _use(child)
            looked[child.name] = (present, spent)
            used = sum(seconds - before.get(process, 0.0) for process, seconds in spent.items())
            shares = {
                "CPUUtilization": 100 * used / max(present - since, 0.01) / (each.cores or 1.0),
                "MemoryUtilization": 100 * resident / (each.memory or memory),
            }
            for name, value in shares.items():
                told = (
                    metric(INSTANCES, name, called.endpoint, called.variant)
                    if called.component is None
                    else component_metric(COMPONENTS, f"{name}Normalized", called.component)
                )
                self._metrics.add(called.scope, told, value, "Percent")
        self._before = looked


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
