"""A training job of DeepAR."""

from __future__ import annotations

import logging
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import callbacks

from studiolo.domain import Invalid
from studiolo.ml.algorithms.deepar.hyperparameters import JSON_TYPES, TABLE
from studiolo.ml.algorithms.deepar.model import Model, Shape, save
from studiolo.ml.algorithms.deepar.series import Series, read_series
from studiolo.ml.algorithms.job import Report, channels_of, configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studiolo.ml.algorithms.container import Container, StopRequest

BATCHES = 50
"""Mini-batches of an epoch, GluonTS's own number: windows are drawn at random, and no epoch goes through all of them."""


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    channels = channels_of(container, JSON_TYPES[0], "train", "test")
    data = {name: read_series(channel) for name, channel in channels.items()}
    shape = _shape(chosen, data["train"])
    model = _fit(shape, chosen, data["train"], report, stop)
    save(container.model, shape, model.predictor.prediction_net)
    if "test" in data:
        values = _scores(model, data["test"], chosen)
        for name, value in values.items():
            log.info("#test_score (%s, %s): %s", container.host, name, value)
        for name in ("mean_wQuantileLoss", "RMSE"):
            report.quality("test", name, values[name])


def _shape(chosen: dict[str, Any], data: Sequence[Series]) -> Shape:
    """The network for the hyperparameters and the first series. Raises Invalid where the two do not agree."""
    names = (
        *("time_freq", "prediction_length", "context_length", "num_layers", "num_cells"),
        *("dropout_rate", "embedding_dimension", "likelihood"),
    )
    return Shape(
        **{name: chosen[name] for name in names},
        cardinality=_cardinality(chosen["cardinality"], data),
        dynamic_features=_features(chosen["num_dynamic_feat"], data),
    )


def _cardinality(wanted: Any, data: Sequence[Series]) -> tuple[int, ...]:
    if wanted in ("ignore", None):
        return ()
    if wanted != "auto":
        return tuple(wanted)
    given = [series.categories or () for series in data]
    if len({len(categories) for categories in given}) > 1:
        raise Invalid("All time series of the train channel, or none, must have 'cat', with as many entries.")
    return tuple(max(entries) + 1 for entries in zip(*given, strict=True))


def _features(wanted: Any, data: Sequence[Series]) -> int:
    if wanted in ("ignore", None):
        return 0
    if wanted != "auto":
        return int(wanted)
    return 0 if data[0].features is None else len(data[0].features)


def _fit(shape: Shape, chosen: dict[str, Any], data: Sequence[Series], report: Report, stop: StopRequest) -> Model:
    entries = []
    for number, series in enumerate(data, start=1):
        try:
            entries.append(shape.entry(series, ahead=0))
        except Invalid as error:
            raise Invalid(f"Time series {number} of the train channel: {error}") from error
    usable = [each for each in entries if np.isfinite(each["target"]).sum() > shape.prediction_length]
    if not usable:
        raise Invalid(f"No time series of the train channel has more than prediction_length ({shape.prediction_length}) "
                      "values.")  # fmt: skip
    for name in ("lightning.pytorch", "gluonts"):
        logging.getLogger(name).setLevel(logging.ERROR)
    np.random.seed(0)  # GluonTS draws windows by it
    torch.manual_seed(0)
    watch = _Watch(chosen, report, stop)
    with tempfile.TemporaryDirectory() as place:
        trainer = {
            "max_epochs": chosen["epochs"],
            "accelerator": "cpu",
            "callbacks": watch.callbacks,
            "default_root_dir": place,
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
        estimator = shape.estimator(
            lr=chosen["learning_rate"],
            batch_size=chosen["mini_batch_size"],
            num_batches_per_epoch=BATCHES,
            trainer_kwargs=trainer,
        )
        predictor = estimator.train(usable)
    report.progress(100)
    report.quality("train", "final_loss", min(watch.losses))
    return Model(shape, predictor)


class _Watch:
    """Tells the log how epochs go, and ends training when the service asks for that."""

    def __init__(self, chosen: dict[str, Any], report: Report, stop: StopRequest) -> None:
        self.losses: list[float] = []
        self._chosen = chosen
        self._report = report
        self._stop = stop
        self._began = time.monotonic()

    @property
    def callbacks(self) -> list[Any]:
        told = callbacks.LambdaCallback(on_train_epoch_end=self._epoch, on_train_batch_end=self._batch)
        patience = self._chosen["early_stopping_patience"]
        return [told, *([callbacks.EarlyStopping("train_loss", patience=patience)] if patience else [])]

    def _epoch(self, trainer: Any, _module: Any) -> None:
        loss = float(trainer.callback_metrics["train_loss"])
        if not np.isfinite(loss):
            raise Invalid("The loss is not a finite number: learn with a lower learning_rate, or on other values.")
        self.losses.append(loss)
        self._report.quality("train", "loss", loss, epoch=trainer.current_epoch)
        self._report.progress(100 * len(self.losses) // self._chosen["epochs"])
        now = time.monotonic()
        self._report.throughput(BATCHES * self._chosen["mini_batch_size"], now - self._began)
        self._began = now

    def _batch(self, trainer: Any, *_: Any) -> None:
        if self._stop.received:
            trainer.should_stop = True


def _scores(model: Model, data: Sequence[Series], chosen: dict[str, Any]) -> dict[str, float]:
    """How well the last prediction_length values of each series are forecast from those before. Raises Invalid."""
    horizon, quantiles = model.shape.prediction_length, chosen["test_quantiles"]
    for number, series in enumerate(data, start=1):
        if len(series.target) <= horizon:
            raise Invalid(f"Time series {number} of the test channel has {len(series.target)} values; "
                          f"more than prediction_length ({horizon}) are needed.")  # fmt: skip
    known = [Series(each.start, each.target[:-horizon], each.categories, each.features) for each in data]
    truth = np.stack([each.target[-horizon:] for each in data]).astype(np.float64)
    paths = np.stack(list(model.sample(known, chosen["num_eval_samples"])), axis=1).astype(np.float64)
    squares = (paths.mean(axis=0) - truth) ** 2
    total = np.nansum(np.abs(truth))
    losses = {}
    for quantile in quantiles:
        missed = truth - np.quantile(paths, quantile, axis=0)
        losses[quantile] = 2 * float(np.nansum(np.maximum(quantile * missed, (quantile - 1) * missed)))
    scale = max(float(total), float(np.finfo(np.float64).tiny))
    return {
        "RMSE": float(np.sqrt(np.nanmean(squares))),
        "mean_absolute_QuantileLoss": float(np.mean(list(losses.values()))),
        "mean_wQuantileLoss": float(np.mean(list(losses.values()))) / scale,
        **{f"wQuantileLoss[{quantile:g}]": loss / scale for quantile, loss in losses.items()},
    }
