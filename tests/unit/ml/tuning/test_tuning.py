"""The search and its bookkeeping, with training jobs that end at once."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.work import Metric
from studiolo.domain import Conflict, Invalid, NotFound, Scope, now
from studiolo.ml.jobs.job import ENDED, Progress
from studiolo.ml.training.specification import TrainingSpecification
from studiolo.ml.tuning.job import Definition, Limits, Objective, Settings, TuningJob
from studiolo.ml.tuning.ranges import Range
from studiolo.ml.tuning.search import check
from studiolo.ml.tuning.store import Store
from studiolo.ml.tuning.tuning import TuningJobs
from studiolo.state import State
from tests.waiting import until

SCOPE = Scope("000000000000", "eu-central-1")
TRAINING = TrainingSpecification(image="i", role="r", channels=(), output="s3://b", max_runtime=60, metrics=())
RANGES = (
    Range("lr", "Continuous", "0.0001", "1.0", "Logarithmic"),
    Range("depth", "Integer", "1", "10"),
    Range("kind", "Categorical", values=("a", "b")),
)

Loss = Callable[[Mapping[str, str]], float | None]


def loss(parameters: Mapping[str, str]) -> float:
    """Least, 0, at lr 0.01, depth 4, kind b."""
    away = math.log10(float(parameters["lr"])) + 2
    return away**2 + (int(parameters["depth"]) - 4) ** 2 / 10 + (parameters["kind"] == "a")


class Training:
    """Training jobs that have ended when they are made; `held` ones when they are released."""

    def __init__(self, of: Loss = loss) -> None:
        self.of = of
        self.jobs: dict[str, Progress] = {}
        self.asked: list[Mapping[str, str]] = []
        self.hold = False
        self.curves: dict[str, list[float]] = {}
        self.on_end: Callable[[], None] = lambda: None

    def check(self, *_: Any) -> None: ...

    def metrics_of(self, _specification: TrainingSpecification) -> tuple[MetricDefinition, ...]:
        return (MetricDefinition("loss", "loss=(.*)"),)

    def add(self, _scope: Scope, name: str, specification: TrainingSpecification, _tags: object) -> None:
        self.asked.append(specification.hyperparameters)
        value = self.of(specification.hyperparameters)
        metrics = () if value is None else (Metric("loss", value, 0.0),)
        status = "InProgress" if self.hold else "Failed" if value is None else "Completed"
        self.jobs[name] = Progress(status=status, metrics=metrics, started=1.0, ended=2.0, failure="why")
        self.on_end()

    def describe(self, _scope: Scope, name: str) -> Any:
        if name not in self.jobs:
            raise NotFound(name)
        return SimpleNamespace(name=name, progress=self.jobs[name])

    def stop(self, _scope: Scope, name: str) -> None:
        if self.jobs[name].status in ENDED:
            raise Conflict(name)
        self.jobs[name] = Progress(status="Stopped", metrics=self.jobs[name].metrics)
        self.on_end()

    def values(self, job: Any, _metric: str) -> list[float]:
        return self.curves.get(job.name, [])

    def forget(self, _job: str) -> None: ...


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


def settings(strategy: str = "Bayesian", trials: int = 30, parallel: int = 2, **more: Any) -> Settings:
    ranges = more.pop("ranges", RANGES)
    limits = Limits(trials, parallel, **more.pop("limits", {}))
    asked = {"HyperParameterTuningJobConfig": {"ResourceLimits": {}}}
    definition = Definition(None, TRAINING, Objective("Minimize", "loss"), ranges)
    return Settings(strategy, (definition,), limits, more.pop("seed", 7), asked=asked, **more)


def tuned(state: State, training: Training, asked: Settings, name: str = "t") -> TuningJob:
    tuning: Any = TuningJobs(Store(state, now), training, training)  # type: ignore[arg-type]
    tuning.start()
    tuning.create(SCOPE, None, name, asked, {})
    return until(lambda: job if (job := tuning.describe(SCOPE, name)).outcome.status in ENDED else None)


def best(state: State, job: TuningJob) -> float:
    found = job.best(Store(state, now).trials(job))
    assert found is not None
    assert found.value is not None
    return found.value


def test_a_bayesian_search_comes_nearer_than_chance(state: State) -> None:
    informed = tuned(state, Training(), settings("Bayesian", 60), "informed")
    blind = tuned(state, Training(), settings("Random", 60), "blind")
    assert informed.outcome.status == blind.outcome.status == "Completed"
    assert best(state, informed) < 0.3
    assert best(state, informed) <= best(state, blind)


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_the_same_seed_tries_the_same(state: State, strategy: str) -> None:
    first, second = Training(), Training()
    tuned(state, first, settings(strategy, 20, 1), "first")
    tuned(state, second, settings(strategy, 20, 1), "second")
    assert first.asked == second.asked
    other = Training()
    tuned(state, other, settings(strategy, 20, 1, seed=8), "other")
    assert other.asked != first.asked


def test_a_search_that_was_interrupted_goes_on_as_it_would_have(state: State, tmp_path: Path) -> None:
    whole = Training()
    tuned(state, whole, settings(trials=24, parallel=1), "whole")
    half = Training()
    half.hold = True
    tuning: Any = TuningJobs(Store(state, now), half, half)  # type: ignore[arg-type]
    tuning.start()
    tuning.create(SCOPE, None, "halves", settings(trials=24, parallel=1), {})
    for number in range(12):
        until(lambda number=number: len(half.asked) > number)
        (name,) = [each for each, job in half.jobs.items() if job.status == "InProgress"]
        if number == 11:
            break
        half.jobs[name] = Progress(status="Completed", metrics=half.jobs[name].metrics)
        half.on_end()
    tuning.close()
    half.hold = False
    half.jobs[name] = Progress(status="Completed", metrics=half.jobs[name].metrics)
    again: Any = TuningJobs(Store(state, now), half, half)  # type: ignore[arg-type]
    again.start()
    until(lambda: again.describe(SCOPE, "halves").outcome.status == "Completed")
    assert half.asked == whole.asked


def test_a_grid_tries_every_combination_once(state: State) -> None:
    ranges = (Range("kind", "Categorical", values=("a", "b")), Range("size", "Categorical", values=("1", "2", "3")))
    training = Training(lambda parameters: float(parameters["size"]))
    tuned(state, training, settings("Grid", 6, 4, ranges=ranges))
    tried = [(each["kind"], each["size"]) for each in training.asked]
    assert sorted(tried) == [(kind, size) for kind in "ab" for size in "123"]


@pytest.mark.parametrize(
    ("limits", "most"), [({"target": 1.0}, 40), ({"patience": 5}, 60), ({"convergence": True}, 90)]
)
def test_completion_criteria_end_a_search_early(state: State, limits: dict[str, Any], most: int) -> None:
    training = Training()
    job = tuned(state, training, settings("Random", 100, 1, limits=limits))
    assert job.outcome.status == "Completed"
    assert len(training.asked) < most
    if "patience" in limits:
        assert job.outcome.not_improving == 5


def test_a_tuning_job_fails_when_all_its_trials_do(state: State) -> None:
    training = Training(lambda _parameters: None)
    job = tuned(state, training, settings(trials=50))
    assert job.outcome.status == "Failed"
    assert (job.outcome.failure or "").endswith("The last: why")
    assert len(training.asked) < 10


def test_what_earlier_jobs_learned_is_known(state: State) -> None:
    tuned(state, Training(), settings(trials=60), "parent")
    child = Training()
    tuned(state, child, settings(trials=3, parallel=1, parents=("parent",)), "child")
    assert min(map(loss, child.asked)) < 0.5


@pytest.mark.parametrize("more", [{"early": True}, {"strategy": "Hyperband", "resource": (1, 3)}])
def test_trials_that_promise_little_are_given_up(state: State, more: dict[str, Any]) -> None:
    training = Training(lambda parameters: float(parameters["depth"]))
    training.hold = True
    tuning: Any = TuningJobs(Store(state, now), training, training)  # type: ignore[arg-type]
    tuning.start()
    strategy = more.pop("strategy", "Bayesian")
    tuning.create(SCOPE, None, "bands", settings(strategy, 20, 1, **more), {})

    def running() -> str | None:
        return next((name for name, each in training.jobs.items() if each.status == "InProgress"), None)

    for _ in range(8):
        name = until(running)
        training.curves[name] = [1.0, 0.9, 0.8]
        training.jobs[name] = Progress(status="Completed", metrics=training.jobs[name].metrics)
        training.on_end()
        until(lambda name=name: running() not in (None, name))
    name = until(running)
    training.curves[name] = [100.0, 100.0, 100.0]
    training.on_end()
    job = tuning.describe(SCOPE, "bands")
    (stopped,) = until(lambda: [trial for trial in tuning.trials(job) if trial.early])
    assert (stopped.name, stopped.status) == (name, "Stopped")
    tuning.close()


@given(
    st.one_of(
        st.builds(
            lambda low, size: Range("x", "Integer", str(low), str(low + size)), st.integers(-50, 50), st.integers(0, 99)
        ),
        st.builds(
            lambda low, size: Range("x", "Continuous", str(low), str(low + size)), st.floats(-9, 9), st.floats(0.1, 9)
        ),
        st.sampled_from(
            [
                Range("x", "Continuous", "0.9", "0.9999", "ReverseLogarithmic"),
                Range("x", "Integer", "1", "1000", "Logarithmic"),
                Range("x", "Categorical", values=('"a"', '"b"')),
            ]
        ),
    ),
    st.integers(0, 1000),
)
def test_a_value_that_was_drawn_is_in_its_range_and_is_read_back(given_range: Range, seed: int) -> None:
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    drawn = study.ask({"x": given_range.distribution()}).params["x"]
    text = given_range.text(drawn)
    read = given_range.value(text)
    assert read == (pytest.approx(drawn) if isinstance(drawn, float) else drawn)
    if given_range.kind != "Categorical":
        assert float(given_range.low) - 1e-9 <= float(text) <= float(given_range.high) + 1e-9


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (settings(ranges=(Range("x", "Integer", "5", "1"),)), "above its MaxValue"),
        (settings(ranges=(Range("x", "Continuous", "0", "1", "Logarithmic"),)), "greater than 0"),
        (settings(ranges=(Range("x", "Integer", "a", "1"),)), "integer"),
        (settings(ranges=(RANGES[0], RANGES[0])), "more than one range"),
        (settings("Grid", 10), "categorical"),
        (settings("Grid", 3, ranges=(RANGES[2],)), "which are 2"),
        (settings("Hyperband", early=True, resource=(1, 9)), "Off with Hyperband"),
    ],
)
def test_what_cannot_be_searched_is_refused(asked: Settings, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check(asked)
