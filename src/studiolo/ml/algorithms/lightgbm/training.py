"""A training job of LightGBM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import lightgbm

from studiolo.domain import Invalid
from studiolo.ml.algorithms.boosted.data import CHANNELS, Data, check_classes, read
from studiolo.ml.algorithms.job import configuration, known_channels
from studiolo.ml.algorithms.lightgbm.hyperparameters import TABLE

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest

MODEL, DESCRIPTION = "model.txt", "model.json"
_NOT_ITS_OWN = ("num_boost_round", "early_stopping_rounds", "metric", "use_dask", "tree_learner", "is_unbalance")


def train(container: Container, log: logging.Logger, stop: StopRequest, *, classification: bool) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = configuration(container, TABLE, log)
    data = read(known_channels(container, "text/csv", CHANNELS))
    classes = check_classes(data) if classification else 0
    try:
        booster = boost(data, chosen, classes, stop)
    except lightgbm.basic.LightGBMError as error:
        raise Invalid(f"LightGBM refuses: {error}") from error
    container.model.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(container.model / MODEL))
    words = {"categorical": data.categorical, "classes": classes, "width": data.train.shape[1]}
    words["categories"] = booster.pandas_categorical
    (container.model / DESCRIPTION).write_text(json.dumps(words))


def boost(data: Data, chosen: dict[str, Any], classes: int, stop: StopRequest) -> Any:
    """The booster, stopped early by the validation rows."""
    names = {row.name for row in TABLE if not row.name.startswith("_")} - {*_NOT_ITS_OWN}
    parameters = {name: chosen[name] for name in names if chosen[name] is not None}
    parameters |= {"verbosity": chosen["verbosity"] if chosen["verbosity"] is not None else -1, "seed": 0}
    parameters["objective"] = "regression" if not classes else "binary" if classes <= 2 else "multiclass"
    if classes > 2:
        parameters |= {"num_class": classes}
        parameters.pop("scale_pos_weight")
    elif chosen["is_unbalance"]:
        parameters |= {"is_unbalance": True}
        parameters.pop("scale_pos_weight")
    if chosen["metric"] != "auto":
        parameters["metric"] = chosen["metric"]
    if chosen["boosting"] == "goss":
        # It samples by gradients, and refuses to bag besides, which the defaults ask for.
        parameters["bagging_freq"] = 0
    categorical = [f"f{place}" for place in data.categorical]
    rows, others = _coded(data.train, categorical), _coded(data.validation, categorical)
    train = lightgbm.Dataset(rows, data.train_labels, categorical_feature=categorical or "auto")
    validation = lightgbm.Dataset(others, data.validation_labels, reference=train)

    def say(environment: Any) -> None:
        results = (f"{result[0]}'s {result[1]}: {result[2]:.6g}" for result in environment.evaluation_result_list)
        print("\t".join([f"[{environment.iteration + 1}]", *results]), flush=True)  # noqa: T201
        if stop.received:
            raise lightgbm.callback.EarlyStopException(environment.iteration, environment.evaluation_result_list)

    callbacks = [say]
    if chosen["boosting"] != "dart":
        callbacks.append(lightgbm.early_stopping(chosen["early_stopping_rounds"], verbose=False))
    return lightgbm.train(
        parameters,
        train,
        chosen["num_boost_round"],
        valid_sets=[train, validation],
        valid_names=["training", "validation"],
        callbacks=callbacks,
    )


def _coded(rows: Any, categorical: list[str]) -> Any:
    return rows.astype(dict.fromkeys(categorical, "category"))
