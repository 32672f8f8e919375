"""A training job of CatBoost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import catboost

from studiolo.domain import Invalid
from studiolo.ml.algorithms.boosted.data import CHANNELS, Data, check_classes, read
from studiolo.ml.algorithms.catboost.hyperparameters import TABLE
from studiolo.ml.algorithms.job import configuration, known_channels

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest

MODEL, DESCRIPTION = "model.cbm", "model.json"
_ALWAYS = (
    "iterations", "early_stopping_rounds", "learning_rate", "depth", "l2_leaf_reg", "random_strength", "rsm",
    "sampling_frequency", "grow_policy", "random_seed", "bagging_temperature",
)  # fmt: skip


def train(container: Container, log: logging.Logger, stop: StopRequest, *, classification: bool) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = configuration(container, TABLE, log)
    data = read(known_channels(container, "text/csv", CHANNELS))
    classes = check_classes(data) if classification else 0
    try:
        model = boost(data, chosen, classes, stop)
    except catboost.CatBoostError as error:
        raise Invalid(f"CatBoost refuses: {error}") from error
    container.model.mkdir(parents=True, exist_ok=True)
    model.save_model(str(container.model / MODEL))
    words = {"categorical": data.categorical, "classes": classes, "width": data.train.shape[1]}
    (container.model / DESCRIPTION).write_text(json.dumps(words))


def boost(data: Data, chosen: dict[str, Any], classes: int, stop: StopRequest) -> Any:
    """The model, stopped early by the validation rows."""
    parameters = {name: chosen[name] for name in _ALWAYS}
    parameters |= {"thread_count": int(chosen["thread_count"]), "allow_writing_files": False, "verbose": False}
    parameters["loss_function"] = "RMSE" if not classes else "Logloss" if classes <= 2 else "MultiClass"
    # CatBoost refuses values that have no meaning for the kind of trees, also where they are its own defaults.
    if chosen["grow_policy"] == "Lossguide":
        parameters["max_leaves"] = chosen["max_leaves"]
    if chosen["grow_policy"] != "SymmetricTree":
        parameters["min_data_in_leaf"] = chosen["min_data_in_leaf"]
    if chosen["boosting_type"] != "Auto":
        parameters["boosting_type"] = chosen["boosting_type"]
    if chosen["max_bin"] != "Auto":
        parameters["max_bin"] = chosen["max_bin"]
    if 0 < classes <= 2:
        parameters["scale_pos_weight"] = chosen["scale_pos_weight"]
    if chosen["eval_metric"] != "auto":
        parameters["eval_metric"] = chosen["eval_metric"]
    places = list(data.categorical)
    rows, others = _as_text(data.train, places), _as_text(data.validation, places)

    class Rounds:
        held = ""
        """The line of the last iteration, where it was not to be printed."""

        def after_iteration(self, info: Any) -> bool:
            results = (
                f"{ {'learn': 'train'}.get(part, part) } {name}: {values[-1]:.6g}"
                for part, measures in info.metrics.items()
                for name, values in measures.items()
            )
            self.held = "\t".join([f"[{info.iteration}]", *results])
            if info.iteration % chosen["verbose"] == 0:
                self.tell()
            return not stop.received

        def tell(self) -> None:
            if self.held:
                print(self.held, flush=True)  # noqa: T201
            self.held = ""

    rounds = Rounds()
    model = catboost.CatBoost(parameters)
    model.fit(
        catboost.Pool(rows, data.train_labels, cat_features=places),
        eval_set=catboost.Pool(others, data.validation_labels, cat_features=places),
        callbacks=[rounds],
    )
    # The metrics are those of the last iteration, whatever `verbose` is.
    rounds.tell()
    return model


def _as_text(rows: Any, places: list[int]) -> Any:
    return rows.astype({f"f{place}": str for place in places})
