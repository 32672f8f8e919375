"""What a tuning job adds to the search: its bookkeeping for trials that end at once, against bare Optuna."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import optuna

from bench.bench import Bench
from bench.row import Quantity, Row, at_most
from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.work import Metric
from studiolo.domain import Scope, now
from studiolo.ml.jobs.job import COMPLETED, ENDED, Progress
from studiolo.ml.training.specification import TrainingSpecification
from studiolo.ml.tuning.job import Definition, Limits, Objective, Settings
from studiolo.ml.tuning.ranges import Range, distributions
from studiolo.ml.tuning.store import Store
from studiolo.ml.tuning.tuning import TuningJobs
from studiolo.state import State

TRIALS = 1000
RANGES = (Range("rate", "Continuous", "0.0001", "1", "Logarithmic"), Range("depth", "Integer", "1", "10"))
TRAINING = TrainingSpecification(image="", role="", channels=(), output="", max_runtime=60)


def measure(bench: Bench) -> Iterator[Row]:
    bench.folder.mkdir(parents=True, exist_ok=True)
    for strategy, sampler in (("Random", optuna.samplers.RandomSampler), ("Bayesian", optuna.samplers.TPESampler)):
        bare = _bare(sampler(seed=1))
        ours = _tuned(State(f"sqlite:///{bench.folder / strategy}.db"), strategy)
        over = Quantity((ours - bare) / TRIALS * 1000, "ms")
        note = f"{TRIALS} trials; Optuna alone {Quantity(bare / TRIALS * 1000, 'ms')} a trial, in processor time"
        yield at_most(f"bookkeeping of a trial, {strategy} search", Quantity(5, "ms"), over, note)


def _loss(parameters: Mapping[str, Any]) -> float:
    return float(parameters["rate"]) * int(parameters["depth"])


def _bare(sampler: optuna.samplers.BaseSampler) -> float:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, ranges = optuna.create_study(sampler=sampler), distributions(RANGES)
    began = time.process_time()
    for _ in range(TRIALS):
        trial = study.ask(ranges)
        study.tell(trial, _loss(trial.params))
    return time.process_time() - began


def _tuned(state: State, strategy: str) -> float:
    training: Any = _Training()
    tuning = TuningJobs(Store(state, now), training, training)
    definition = Definition(None, TRAINING, Objective("Minimize", "loss"), RANGES)
    scope, principal = Scope("000000000000", "eu-central-1"), training
    began = time.process_time()
    tuning.start()
    tuning.create(scope, principal, "bench", Settings(strategy, (definition,), Limits(TRIALS, 4), 1), {})
    while tuning.describe(scope, "bench").outcome.status not in ENDED:
        time.sleep(0.05)
    tuning.close()
    return time.process_time() - began


class _Training:
    """Training jobs that have ended when they are made."""

    def __init__(self) -> None:
        self._jobs: dict[str, Progress] = {}
        self.on_end = lambda: None

    def check(self, *_: Any) -> None: ...

    def metrics_of(self, _specification: Any) -> list[MetricDefinition]:
        return [MetricDefinition("loss", "")]

    def add(self, _scope: Scope, name: str, specification: TrainingSpecification, _tags: Any) -> None:
        metric = Metric("loss", _loss(specification.hyperparameters), 0.0)
        self._jobs[name] = replace(Progress(), status=COMPLETED, metrics=(metric,), started=0.0, ended=1.0)
        self.on_end()

    def describe(self, _scope: Scope, name: str) -> Any:
        return SimpleNamespace(progress=self._jobs[name])

    def forget(self, _name: str) -> None: ...
