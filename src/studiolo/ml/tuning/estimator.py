"""The tree-structured Parzen estimator for hyperparameters that are the same in all trials. Imports Optuna."""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

BEGINNING = 10
"""So many trials are drawn at random before the search learns from them, as Optuna has it."""


class Estimator(TPESampler):
    """Optuna's, which looks through all trials for what they have in common each time a new one is made: it is told."""

    def __init__(self, ranges: Mapping[str, BaseDistribution], seed: int) -> None:
        super().__init__(seed=seed, n_startup_trials=BEGINNING, constant_liar=True)
        self._common = {name: ranges[name] for name in sorted(ranges) if not ranges[name].single()}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._common
