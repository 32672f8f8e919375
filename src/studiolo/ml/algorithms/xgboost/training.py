"""A training job of XGBoost."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from studiolo.domain import Invalid
from studiolo.ml.algorithms.job import channels_of
from studiolo.ml.algorithms.xgboost.data import Data, read_channel
from studiolo.ml.algorithms.xgboost.hyperparameters import MAXIMIZED, OURS, settings
from studiolo.ml.algorithms.xgboost.metrics import MEASURES, evaluation
from studiolo.ml.algorithms.xgboost.version import VERSION

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

    from studiolo.ml.algorithms.container import Container, StopRequest

MODEL = "xgboost-model"


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = settings(container.hyperparameters)
    log.info("XGBoost %s. Hyperparameters: %s", xgboost.__version__, json.dumps(chosen))
    channels = channels_of(container, "text/libsvm", "train", "validation", "code")
    data = {"train": read_channel(channels["train"], csv_weights=bool(chosen.get("csv_weights")))}
    if "validation" in channels:
        data["validation"] = read_channel(channels["validation"])
    width = max(part.features.shape[1] for part in data.values())
    matrices = {name: _matrix(part.widened(width)) for name, part in data.items()}
    for name, matrix in matrices.items():
        log.info("%s matrix has %d rows and %d columns", name.capitalize(), matrix.num_row(), matrix.num_col())
    container.model.mkdir(parents=True, exist_ok=True)
    try:
        if "_kfold" in chosen:
            _cross_validate(matrices, data, chosen, container.model, stop)
            return
        booster = boost(matrices, chosen, stop)
    except xgboost.core.XGBoostError as error:
        raise Invalid(f"XGB train call failed with exception:\n {_first_words(error)}") from error
    if stop.received and not chosen.get("save_model_on_termination"):
        log.info("Stopping as requested. There is no model: save_model_on_termination was not asked for.")
        return
    _save(booster, container.model / MODEL)


def boost(matrices: dict[str, Any], chosen: dict[str, Any], stop: StopRequest) -> Any:
    """The booster trained on the matrix `train`; `validation`, where it is there, decides on early stopping."""
    parameters = {name: value for name, value in chosen.items() if name not in OURS}
    if "updater" in parameters:
        parameters["updater"] = ",".join(parameters["updater"])
    if "monotone_constraints" in parameters:
        parameters["monotone_constraints"] = str(parameters["monotone_constraints"])
    if "interaction_constraints" in parameters:
        parameters["interaction_constraints"] = json.dumps(parameters["interaction_constraints"])
    metrics = chosen.get("eval_metric", ())
    own = [name for name in metrics if name not in MEASURES]
    if own:
        parameters["eval_metric"] = own
    elif metrics:
        parameters["disable_default_eval_metric"] = 1
    options: dict[str, Any] = {"evals": [(matrix, name) for name, matrix in matrices.items()], "verbose_eval": False}
    margins = (1, 2) <= VERSION < (1, 6)  # what these hand to measures that are not their own
    measure = evaluation(metrics, chosen.get("objective", "") if margins else None)
    if measure is not None:
        options["custom_metric" if VERSION >= (1, 6) else "feval"] = measure
    rounds = chosen.get("early_stopping_rounds") if "validation" in matrices else None
    if VERSION >= (1, 3):
        options["callbacks"] = [_rounds(stop, _early_stopping(rounds, metrics, chosen) if rounds else None)]
    else:
        options["callbacks"] = [_old_rounds(stop)]
        if rounds:
            options["early_stopping_rounds"] = rounds
            options["maximize"] = bool(metrics) and _is_maximized(metrics[-1])
    return xgboost.train(parameters, matrices["train"], chosen["num_round"], **options)


def _early_stopping(rounds: int, metrics: tuple[str, ...], chosen: dict[str, Any]) -> Any:
    # XGBoost evaluates its own metrics first: the last name of all is not the last that was asked for.
    name = metrics[-1] if metrics else None
    return xgboost.callback.EarlyStopping(
        rounds=rounds,
        data_name="validation",
        metric_name=name,
        maximize=None if name is None else _is_maximized(name),
        save_best=chosen.get("booster", "gbtree") == "gbtree",
    )


def _is_maximized(metric: str) -> bool:
    return metric.partition("@")[0] in MAXIMIZED


def _rounds(stop: StopRequest, early: Any) -> Any:
    """What prints each round, and ends the training on request or where `early` stopping says so.

    One callback, and not several: XGBoost asks them in no order, and not all of them in the last round.
    """

    class Rounds(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def before_training(self, model: Any) -> Any:
            return early.before_training(model) if early else model

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            results = [
                (f"{channel}-{name}", values[-1])
                for channel, measures in evals_log.items()
                for name, values in measures.items()
            ]
            _say(epoch, results)
            over = early is not None and early.after_iteration(model, epoch, evals_log)
            return over or stop.received

        def after_training(self, model: Any) -> Any:
            return early.after_training(model) if early else model

    return Rounds()


def _old_rounds(stop: StopRequest) -> Any:
    """The same as a callback of XGBoost before 1.3, which stops early by itself."""

    def after_round(environment: Any) -> None:
        _say(environment.iteration, [(result[0], result[1]) for result in environment.evaluation_result_list])
        if stop.received:
            raise xgboost.core.EarlyStopException(environment.iteration)

    return after_round


def _say(number: int, results: list[tuple[str, float]]) -> None:
    print("\t".join([f"[{number}]", *(f"{name}:{value:.5f}" for name, value in results)]), flush=True)  # noqa: T201


@dataclass(frozen=True)
class _Fold:
    number: int
    train: Any
    validation: Any


def _cross_validate(
    matrices: dict[str, Any], data: dict[str, Data], chosen: dict[str, Any], folder: Path, stop: StopRequest
) -> None:
    """Train on all folds but one, in turn; each leaves a model, which serve together."""
    if any(part.groups for part in data.values()):
        raise Invalid("Cross-validation (_kfold) of rows in groups (qid) is not supported.")
    for fold in _folds(data, chosen):
        print(f"Fold {fold.number}", flush=True)  # noqa: T201
        booster = boost({"train": fold.train, "validation": fold.validation}, chosen, stop)
        _save(booster, folder / f"{MODEL}-{fold.number}")
        if stop.received:
            break


def _folds(data: dict[str, Data], chosen: dict[str, Any]) -> Iterator[_Fold]:
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    parts = list(data.values())
    sparse = any(not isinstance(part.features, np.ndarray) for part in parts)
    if sparse:
        from scipy.sparse import csr_matrix, vstack

        features: Any = vstack([csr_matrix(part.features) for part in parts], format="csr")
    else:
        features = np.concatenate([part.features for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    classes = chosen.get("objective", "").startswith(("binary:", "multi:"))
    kind = RepeatedStratifiedKFold if classes else RepeatedKFold
    splits = kind(
        n_splits=chosen["_kfold"], n_repeats=chosen.get("_num_cv_round", 1), random_state=chosen.get("seed", 0)
    )
    for number, (train, validation) in enumerate(splits.split(np.zeros(len(labels)), labels)):
        yield _Fold(
            number,
            _matrix(Data(features[train], labels[train])),
            _matrix(Data(features[validation], labels[validation])),
        )


def _matrix(data: Data) -> Any:
    matrix = xgboost.DMatrix(data.features, label=data.labels, weight=data.weights)
    if data.groups:
        matrix.set_group(data.groups)
    return matrix


def _save(booster: Any, path: Path) -> None:
    if VERSION < (1, 3):
        # As those containers do: scripts unpickle it.
        path.write_bytes(pickle.dumps(booster))
    elif VERSION < (2, 1):
        booster.save_model(str(path))
    else:
        # Of a name without an ending these warn that they choose this very format.
        booster.save_model(f"{path}.ubj")
        path.with_name(f"{path.name}.ubj").rename(path)


def _first_words(error: Exception) -> str:
    """XGBoost's message without its stack of C++ frames."""
    return str(error).partition("Stack trace")[0].strip()
