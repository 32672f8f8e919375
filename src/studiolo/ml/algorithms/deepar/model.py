"""The model of DeepAR: GluonTS's network, kept as arrays, and what series must have to be forecast by it."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from gluonts.core.component import validated
from gluonts.torch.distributions import BetaOutput, NegativeBinomialOutput, NormalOutput, StudentTOutput
from gluonts.torch.model.deepar import DeepAREstimator
from torch.distributions import Laplace

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from studiolo.ml.algorithms.deepar.series import Series

NAME = "forecasting-deepar"
# pandas and GluonTS warn of the names of frequencies that the service uses.
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", category=UserWarning)
# The network is small: threads wait for each other longer than they count (20 times on two busy cores).
torch.set_num_threads(1)


class _Point(Laplace):  # type: ignore[misc]  # torch is not in the environment that is checked
    """A Laplace distribution of fixed width, whose likelihood is the absolute error, and whose samples are its center."""

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.loc.expand(self._extended_shape(torch.Size(sample_shape)))


class _PointOutput(NormalOutput):  # type: ignore[misc]
    """The likelihood `deterministic-L1`."""

    args_dim: Mapping[str, int] = {"loc": 1}

    @validated()  # type: ignore[untyped-decorator]
    def __init__(self) -> None:
        super().__init__()

    @classmethod
    def domain_map(cls, loc: Any) -> Any:
        return (loc.squeeze(-1),)

    def _base_distribution(self, distr_args: Any) -> Any:
        return _Point(distr_args[0], torch.ones_like(distr_args[0]))


_OUTPUTS = {
    "gaussian": NormalOutput,
    "beta": BetaOutput,
    "negative-binomial": NegativeBinomialOutput,
    "student-t": StudentTOutput,
    "deterministic-l1": _PointOutput,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the network, beside its weights.

    `cardinality` is the number of categories of each entry of `cat`, none where the model has no categories.
    """

    time_freq: str
    prediction_length: int
    context_length: int
    num_layers: int
    num_cells: int
    dropout_rate: float
    embedding_dimension: int
    likelihood: str
    cardinality: tuple[int, ...]
    dynamic_features: int

    @property
    def frequency(self) -> str:
        """As pandas spells it."""
        return self.time_freq.replace("H", "h")

    def estimator(self, **training: Any) -> DeepAREstimator:
        """GluonTS's estimator; `training` are its arguments that the network does not depend on."""
        return DeepAREstimator(
            freq=self.frequency,
            prediction_length=self.prediction_length,
            context_length=self.context_length,
            num_layers=self.num_layers,
            hidden_size=self.num_cells,
            dropout_rate=self.dropout_rate,
            num_feat_dynamic_real=self.dynamic_features,
            num_feat_static_cat=len(self.cardinality),
            cardinality=list(self.cardinality) or None,
            embedding_dimension=[self.embedding_dimension] * len(self.cardinality) or None,
            # beta's and the negative binomial's values are scaled; beta's must stay between 0 and 1.
            scaling=self.likelihood != "beta",
            distr_output=_OUTPUTS[self.likelihood](),
            **training,
        )

    def entry(self, series: Series, *, ahead: int) -> dict[str, Any]:
        """The series as GluonTS takes it, its features reaching `ahead` steps beyond its values. Raises Invalid."""
        try:
            start = pd.Period(series.start, freq=self.frequency)
        except (ValueError, OverflowError) as error:
            raise Invalid(f"'start' is {series.start!r}, which is not a time such as '2024-01-01 00:00:00'.") from error
        found: dict[str, Any] = {"start": start, "target": series.target}
        if self.cardinality:
            found["feat_static_cat"] = self._categories(series)
        if self.dynamic_features:
            found["feat_dynamic_real"] = self._features(series, len(series.target) + ahead)
        self._check_values(series)
        return found

    def _categories(self, series: Series) -> tuple[int, ...]:
        given = series.categories
        if given is None or len(given) != len(self.cardinality):
            raise Invalid(f"'cat' must have {len(self.cardinality)} entries, as in training.")
        for value, count in zip(given, self.cardinality, strict=True):
            if value >= count:
                raise Invalid(f"'cat' has the category {value}; there are {count}, from 0 to {count - 1}.")
        return given

    def _features(self, series: Series, length: int) -> Any:
        if series.features is None or len(series.features) != self.dynamic_features:
            raise Invalid(f"'dynamic_feat' must have {self.dynamic_features} lists, as in training.")
        if series.features.shape[1] != length:
            raise Invalid(f"A list of 'dynamic_feat' has {series.features.shape[1]} values; there must be {length}.")
        return series.features

    def _check_values(self, series: Series) -> None:
        known = series.target[~np.isnan(series.target)]
        if self.likelihood == "negative-binomial" and ((known < 0).any() or (known != np.round(known)).any()):
            raise Invalid("With likelihood 'negative-binomial' the values of 'target' must be counts: 0, 1, 2, ….")
        if self.likelihood == "beta" and ((known <= 0).any() or (known >= 1).any()):
            raise Invalid("With likelihood 'beta' the values of 'target' must be between 0 and 1.")


@dataclass(frozen=True, slots=True)
class Model:
    """A trained network."""

    shape: Shape
    predictor: Any

    def sample(self, series: Iterable[Series], count: int) -> Iterator[Any]:
        """Of each series `count` paths of its future: arrays (paths, prediction_length). Raises Invalid."""
        entries = [self.shape.entry(one, ahead=self.shape.prediction_length) for one in series]
        for forecast in self.predictor.predict(entries, num_samples=count):
            yield forecast.samples


def save(folder: Path, shape: Shape, network: Any) -> None:
    """Write the model into the folder."""
    arrays = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    artifact.save(folder, NAME, arrays, {"shape": asdict(shape)})


def load(folder: Path) -> Model:
    """The model that `save` wrote. Raises Invalid."""
    arrays, description = artifact.load(folder, NAME)
    try:
        given = description["shape"]
        shape = Shape(**{**given, "cardinality": tuple(given["cardinality"])})
        estimator = shape.estimator(batch_size=32)
        network = estimator.create_lightning_module()
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Invalid(f"The {NAME} model in {folder} cannot be read: {error}.") from error
    return Model(shape, estimator.create_predictor(estimator.create_transformation(), network))
