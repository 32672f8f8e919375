"""Fitting a model to data in memory: candidates, epochs, early stopping, threshold, final metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studiolo.ml.algorithms.linear_learner.losses import loss_of
from studiolo.ml.algorithms.linear_learner.model import Kind, Model, outcome
from studiolo.ml.algorithms.linear_learner.preparation import Scaling, class_weights
from studiolo.ml.algorithms.linear_learner.scores import (
    Score,
    best_threshold,
    binary_scores,
    multiclass_scores,
    regression_scores,
)
from studiolo.ml.algorithms.linear_learner.solver import Problem, solve

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from studiolo.ml.algorithms.channels import LabeledData
    from studiolo.ml.algorithms.container import StopRequest
    from studiolo.ml.algorithms.linear_learner.hyperparameters import Settings

Vector = NDArray[np.float64]
_CRITERIA_OF_LOSS = ("cross_entropy_loss", "loss_function")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to train: the penalty, and the weight of positive examples (or 'balanced')."""

    wd: float
    positive_weight: float | str


def candidates(settings: Settings, has_validation: bool) -> list[Candidate]:
    """What to train: as the settings say, then `num_models` - 1 with penalties close to theirs.

    More than one penalty needs a validation channel to choose by: on the train channel the least penalty always wins.
    """
    weight = settings.positive_example_weight_mult
    weights: tuple[float | str, ...] = (1.0, "balanced") if weight == "auto" else (weight,)
    others = settings.num_models - 1 if has_validation else 0
    base = settings.wd or 1e-4
    # 10, 0.1, 100, 0.01 ... times the penalty; where that is none, 1e-4, 1e-3, 1e-5 and so on.
    powers = [(index // 2 + 1) * (1 if index % 2 == 0 else -1) for index in range(others)]
    if not settings.wd:
        powers = [0, *powers][:others]
    penalties = [settings.wd, *(base * 10.0**power for power in powers)]
    return [Candidate(wd, weight) for wd in penalties for weight in weights]


class Fitting:
    """Fits models to the channels' data (train; validation and test where given) and says so in the log."""

    def __init__(
        self,
        settings: Settings,
        data: Mapping[str, LabeledData],
        log: logging.Logger,
        stop: StopRequest,
        host: str = "algo-1",
    ) -> None:
        self.settings = settings
        self.log = log
        self.stop = stop
        self.host = host
        self.loss = loss_of(settings)
        self.scaling = Scaling.of(data["train"], settings)
        self.watched = {
            name: (self.scaling.features(part.features), self.scaling.labels(part.labels))
            for name, part in data.items()
            if name != "test"
        }
        self._data = data

    def model(self) -> Model:
        """The best model by the selection criterion, its threshold set and its metrics logged."""
        choices = candidates(self.settings, "validation" in self.watched)
        fits: list[Epochs] = []
        for number, candidate in enumerate(choices):
            if len(choices) > 1:
                self.log.info("Model %d of %d: %s", number, len(choices), candidate)
            fits.append(self._fit(candidate))
            if self.stop.received:
                break
        values = [self.criterion(fit.best, fit.class_weights) for fit in fits]
        best = values.index(min(values))
        penalties = {"wd": choices[best].wd, "l1": self.settings.l1}
        self.log.info("Best model found for hyperparameters: %s", json.dumps(penalties))
        weights, bias = self.scaling.unscaled(fits[best].best)
        if not self.settings.num_classes:
            weights, bias = weights[:, 0], bias[0]
        model = Model(self._kind(fits[best].best), weights, np.asarray(bias))
        self._report(model, fits[best].class_weights)
        return model

    def objective(self, linear: Vector, labels: Vector, weights: Vector | None) -> float:
        """The mean loss of linear scores in the solver's units, told in the label's units."""
        losses, _ = self.loss.evaluate(linear, labels, 0.0)
        if weights is not None:
            losses = losses * weights[labels.astype(np.intp)]
        return float(losses.mean()) * self.scaling.label_scale**self.loss.power

    def criterion(self, parameters: Vector, weights: Vector | None) -> float:
        """How good parameters are where models are chosen, on validation data if there is any: less is better."""
        features, labels = self.watched.get("validation", self.watched["train"])
        linear = linear_scores(features, parameters)
        if self.selects_by_threshold:
            return -best_threshold(self._binary(linear), labels, self.settings).value
        return self.objective(linear, labels, weights)

    @property
    def selects_by_threshold(self) -> bool:
        """Whether models are chosen by how well a threshold tells classes apart, rather than by the loss."""
        criterion = self.settings.binary_classifier_model_selection_criteria
        return self.settings.predictor_type == "binary_classifier" and criterion not in _CRITERIA_OF_LOSS

    def _fit(self, candidate: Candidate) -> Epochs:
        features, labels = self.watched["train"]
        weights = class_weights(labels, self.settings, candidate.positive_weight)
        epochs = Epochs(self, weights)
        regression = self.settings.predictor_type == "regressor"
        problem = Problem(
            features=features,
            labels=labels,
            example_weights=None if weights is None else weights[labels.astype(np.intp)],
            loss=self.loss,
            outputs=self.settings.num_classes or 1,
            wd=candidate.wd,
            l1=self.settings.l1,
            bias_wd=candidate.wd * self.settings.bias_wd_mult,
            use_bias=self.settings.use_bias,
            unit=(float(labels.std()) or 1.0) if regression else 1.0,
        )
        solve(problem, self.settings.epochs, epochs.after_epoch)
        return epochs

    def _kind(self, parameters: Vector) -> Kind:
        kind = Kind(self.settings.predictor_type, self.settings.loss)
        if kind.predictor_type != "binary_classifier":
            return kind
        features, labels = self.watched.get("validation", self.watched["train"])
        count = self.settings.num_calibration_samples or len(labels)
        scores = self._binary(linear_scores(features[:count], parameters))
        found = best_threshold(scores, labels[:count], self.settings)
        if not found.met:
            self.log.warning("No threshold reaches the target of the selection criterion; the nearest one is used.")
        self.log.info("The threshold of the classifier is %s.", found.threshold)
        return replace(kind, threshold=found.threshold)

    def _binary(self, linear: Vector) -> Vector:
        return outcome(Kind(self.settings.predictor_type, self.settings.loss), linear)["score"]

    def _report(self, model: Model, weights: Vector | None) -> None:
        for channel, part in self._data.items():
            linear = np.asarray(part.features @ model.weights + model.bias)
            labels = self.scaling.labels(part.labels)
            loss = self.objective((linear - self.scaling.label_mean) / self.scaling.label_scale, labels, weights)
            scores = [Score(self.loss.log_name, loss, is_loss=True), *self._scores(model.kind, linear, part.labels)]
            for score in scores:
                self.log.info("#%s_score (%s) : ('%s', %s)", channel, self.host, score.name, score.value)
            for score in scores:
                self.log.info("#quality_metric: host=%s, %s %s", self.host, channel, score)
        for channel in ("validation", "test"):
            if channel not in self._data:
                self.log.info("%s data is not provided.", channel.capitalize())

    def _scores(self, kind: Kind, linear: Vector, labels: Vector) -> list[Score]:
        scores = outcome(kind, linear)["score"]
        if kind.predictor_type == "regressor":
            return regression_scores(scores, labels)
        if kind.predictor_type == "binary_classifier":
            return binary_scores(scores, labels, kind.threshold, self.settings.f_beta)
        return multiclass_scores(scores, labels, self.settings.accuracy_top_k, self.settings.f_beta)


@dataclass(slots=True)
class Epochs:
    """The epochs of one candidate: what the log says of them, the best one, and whether to go on."""

    fitting: Fitting
    class_weights: Vector | None
    best: Vector = field(default_factory=lambda: np.empty(0))
    count: int = 0
    _best_value: tuple[float, float] = (np.inf, np.inf)
    _reference: float = np.inf
    _without_improvement: int = 0

    def after_epoch(self, parameters: Vector, optimal: bool) -> bool:
        """Take note of an epoch's parameters; False ends the training."""
        fitting, settings, epoch = self.fitting, self.fitting.settings, self.count
        self.count += 1
        loss = np.inf
        for channel, (features, labels) in fitting.watched.items():
            loss = fitting.objective(linear_scores(features, parameters), labels, self.class_weights)
            score = Score(fitting.loss.log_name, loss, is_loss=True)
            fitting.log.info("#quality_metric: host=%s, epoch=%d, %s %s", fitting.host, epoch, channel, score)
        has_validation = "validation" in fitting.watched
        name, value = fitting.loss.log_name, loss
        if has_validation and fitting.selects_by_threshold:
            name = f"sampled_{settings.binary_classifier_model_selection_criteria}"
            value = fitting.criterion(parameters, self.class_weights)
        fitting.log.info(
            "#early_stopping_criteria_metric: host=%s, epoch=%d, criteria=%s, value=%s",
            fitting.host,
            epoch,
            name,
            abs(value),
        )
        # On the train channel alone the solver's last parameters are its best: its objective never rises.
        if not has_validation or (value, loss) < self._best_value:
            self.best, self._best_value = parameters.copy(), (value, loss)
            fitting.log.info("Epoch %d: Loss improved. Updating best model", epoch)
        return not self._is_over(value, optimal)

    def _is_over(self, value: float, optimal: bool) -> bool:
        fitting, settings = self.fitting, self.fitting.settings
        if self._reference - value > settings.early_stopping_tolerance * abs(self._reference) or self.count == 1:
            self._reference, self._without_improvement = value, 0
        else:
            self._without_improvement += 1
        done = 100 if optimal else round(100 * self.count / settings.epochs)
        fitting.log.info("#progress_metric: host=%s, completed %d %% of epochs", fitting.host, done)
        if optimal:
            fitting.log.info("The solver has converged.")
        elif fitting.stop.received:
            fitting.log.info("Stopping as requested, with the best model so far.")
            return True
        elif self._without_improvement >= settings.early_stopping_patience:
            fitting.log.info("Early stop condition met. Stopping training.")
            return True
        return optimal


def linear_scores(features: Any, parameters: Vector) -> Vector:
    """Linear scores in the solver's units: of shape (rows,) for one output, else (rows, outputs)."""
    scores: Vector = np.asarray(features @ parameters[:-1] + parameters[-1])
    return scores[:, 0] if parameters.shape[1] == 1 else scores
