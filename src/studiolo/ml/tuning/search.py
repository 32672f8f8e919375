"""The search itself, by Optuna (imported where it is used): what to try next, and what to give up."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from studiolo.domain import Invalid
from studiolo.ml.tuning.job import GRID, HYPERBAND, MAXIMIZE, RANDOM, Definition, Settings, Trial
from studiolo.ml.tuning.ranges import distributions

if TYPE_CHECKING:
    import optuna
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

BEGINNING = 5
"""So many trials go on to their end before others are measured by them, as Optuna has it."""
REDUCTION = 3
"""Hyperband keeps the best third at each step."""


class Search:
    """The search of one definition. Nothing of it is kept: it is made anew of the trials that there were."""

    def __init__(self, settings: Settings, index: int) -> None:
        definition = settings.definitions[index]
        self._settings = settings
        self._ranges = definition.ranges
        self._distributions = distributions(definition.ranges)
        self._trials: dict[int, optuna.Trial] = {}
        self._steps: dict[int, int] = {}
        import optuna
        from optuna.exceptions import ExperimentalWarning
        from optuna.study import StudyDirection

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", category=ExperimentalWarning)
        direction = StudyDirection.MAXIMIZE if definition.objective.type == MAXIMIZE else StudyDirection.MINIMIZE
        # Hyperband deals the trials out to its brackets by the name.
        self._study = optuna.create_study(study_name="tuning", direction=direction, pruner=_pruner(settings))

    def know(self, parameters: Mapping[str, str], value: float) -> bool:
        """Learn from a trial of another tuning job; False where its hyperparameters are outside the ranges."""
        from optuna.trial import create_trial

        known = self._values(parameters)
        if known is None:
            return False
        self._study.add_trial(create_trial(params=known, distributions=self._distributions, value=value))
        return True

    def restore(self, trial: Trial) -> None:
        """Take over a trial that was begun earlier."""
        from optuna.trial import create_trial

        known = self._values(trial.parameters)
        if known is None:
            return
        if trial.active:
            self._study.enqueue_trial(known)
            self._trials[trial.number] = self._study.ask(self._distributions)
        elif trial.value is not None:
            self._study.add_trial(create_trial(params=known, distributions=self._distributions, value=trial.value))

    def ask(self, number: int) -> dict[str, str]:
        """The hyperparameters of the trial of that number, as text."""
        if self._settings.strategy == GRID:
            return grid(self._ranges_as_values())[number - 1]
        # Of the seed and the number alone, so that a search that was interrupted goes on as it would have.
        self._study.sampler = self._sampler(self._settings.seed + number)
        trial = self._trials[number] = self._study.ask(self._distributions)
        return {each.name: each.text(trial.params[each.name]) for each in self._ranges}

    def tell(self, trial: Trial) -> None:
        """A trial has ended."""
        from optuna.trial import TrialState

        asked = self._trials.pop(trial.number, None)
        self._steps.pop(trial.number, None)
        if asked is None:
            return
        if trial.value is None:
            self._study.tell(asked, state=TrialState.FAIL)
        else:
            self._study.tell(asked, trial.value)

    def hopeless(self, trial: Trial, values: Sequence[float]) -> bool:
        """Whether to give a trial up, after these values of its objective, one for each step it went."""
        asked = self._trials.get(trial.number)
        if asked is None:
            return False
        hopeless = False
        for step in range(self._steps.get(trial.number, 0), len(values)):
            asked.report(values[step], step + 1)
            hopeless = hopeless or asked.should_prune()
        self._steps[trial.number] = len(values)
        return hopeless

    def _sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import RandomSampler

        from studiolo.ml.tuning.estimator import Estimator

        if self._settings.strategy == RANDOM:
            return RandomSampler(seed=seed)
        return Estimator(self._distributions, seed)

    def _values(self, parameters: Mapping[str, str]) -> dict[str, object] | None:
        """Hyperparameters as the search has them; None where one is missing or outside its range."""
        found = {each.name: each.value(parameters.get(each.name, "")) for each in self._ranges}
        return None if None in found.values() else found

    def _ranges_as_values(self) -> Mapping[str, Sequence[str]]:
        return {each.name: each.values for each in self._ranges}


def check(settings: Settings) -> None:
    """Raise Invalid for ranges that are none, and for what the strategy does not take."""
    for definition in settings.definitions:
        distributions(definition.ranges)
        if settings.strategy == GRID:
            _check_grid(settings, definition)
    if settings.strategy == HYPERBAND and settings.early:
        raise Invalid("TrainingJobEarlyStoppingType must be Off with Hyperband, which stops jobs itself.")


def _check_grid(settings: Settings, definition: Definition) -> None:
    if any(each.kind != "Categorical" for each in definition.ranges):
        raise Invalid("Grid search takes categorical hyperparameters only.")
    size = len(grid({each.name: each.values for each in definition.ranges}))
    if len(settings.definitions) > 1 or settings.limits.trials != size:
        raise Invalid(
            f"Grid search tries all combinations, which are {size}: leave MaxNumberOfTrainingJobs out, or give that."
        )


def grid(values: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """All combinations, in the order of the ranges."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _pruner(settings: Settings) -> BasePruner:
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    if settings.strategy == HYPERBAND and settings.resource is not None:
        least, most = settings.resource
        return HyperbandPruner(min_resource=least, max_resource=most, reduction_factor=REDUCTION)
    return MedianPruner(n_startup_trials=BEGINNING, n_warmup_steps=1) if settings.early else NopPruner()
