"""The hyperparameters of linear-learner, as AWS documents them under "Linear learner hyperparameters"."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, cast

from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    boolean,
    choice,
    integer,
    number,
    or_word,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_FRACTION = number(above=0, below=1)
_POSITIVE = number(above=0)
_NOT_NEGATIVE = number(least=0)
_SOLVER = "The solver finds the optimum without stochastic steps, so there is no such step to shape."
_START = "The objective is convex: the optimum does not depend on where the search begins."

LOSSES: Mapping[str, tuple[str, ...]] = {
    "regressor": (
        "squared_loss",
        "absolute_loss",
        "huber_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
    ),
    "binary_classifier": ("logistic", "hinge_loss"),
    "multiclass_classifier": ("softmax_loss",),
}
"""The losses of each predictor type; the first is what `auto` means."""

_CRITERIA = (
    "accuracy",
    "f1",
    "f_beta",
    "precision_at_target_recall",
    "recall_at_target_precision",
    "cross_entropy_loss",
    "loss_function",
)

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("predictor_type", choice(*LOSSES)),
    Hyperparameter("feature_dim", or_word("auto", integer()), "auto"),
    Hyperparameter("num_classes", or_word("auto", integer(most=1_000_000)), "auto"),
    Hyperparameter("accuracy_top_k", integer(most=1_000_000), "3"),
    Hyperparameter("balance_multiclass_weights", boolean(), "false"),
    Hyperparameter("beta_1", or_word("auto", number(least=0, below=1)), "auto", _SOLVER),
    Hyperparameter("beta_2", or_word("auto", number(least=0, below=1)), "auto", _SOLVER),
    Hyperparameter("bias_lr_mult", or_word("auto", _POSITIVE), "auto", _SOLVER),
    Hyperparameter("bias_wd_mult", or_word("auto", _NOT_NEGATIVE), "auto"),
    Hyperparameter("binary_classifier_model_selection_criteria", choice(*_CRITERIA), "accuracy"),
    Hyperparameter("early_stopping_patience", integer(), "3"),
    Hyperparameter("early_stopping_tolerance", _POSITIVE, "0.001"),
    Hyperparameter("epochs", integer(), "15"),
    Hyperparameter("f_beta", _POSITIVE, "1.0"),
    Hyperparameter("huber_delta", _POSITIVE, "1.0"),
    Hyperparameter("init_bias", number(), "0.0", _START),
    Hyperparameter("init_method", choice("uniform", "normal"), "uniform", _START),
    Hyperparameter("init_scale", _POSITIVE, "0.07", _START),
    Hyperparameter("init_sigma", _POSITIVE, "0.01", _START),
    Hyperparameter("l1", or_word("auto", _NOT_NEGATIVE), "auto"),
    Hyperparameter("learning_rate", or_word("auto", _POSITIVE), "auto", _SOLVER),
    Hyperparameter("loss", choice("auto", *(loss for losses in LOSSES.values() for loss in losses)), "auto"),
    Hyperparameter("loss_insensitivity", _POSITIVE, "0.01"),
    Hyperparameter("lr_scheduler_factor", or_word("auto", _FRACTION), "auto", _SOLVER),
    Hyperparameter("lr_scheduler_minimum_lr", or_word("auto", _POSITIVE), "auto", _SOLVER),
    Hyperparameter("lr_scheduler_step", or_word("auto", integer()), "auto", _SOLVER),
    Hyperparameter("margin", _NOT_NEGATIVE, "1.0"),
    Hyperparameter("mini_batch_size", integer(), "1000", _SOLVER),
    Hyperparameter("momentum", or_word("auto", number(least=0, below=1)), "auto", _SOLVER),
    Hyperparameter("normalize_data", or_word("auto", boolean()), "true"),
    Hyperparameter("normalize_label", or_word("auto", boolean()), "auto"),
    Hyperparameter("num_calibration_samples", or_word("auto", integer()), "auto"),
    Hyperparameter("num_models", or_word("auto", integer()), "auto"),
    Hyperparameter("num_point_for_scaler", integer(), "10000"),
    Hyperparameter("optimizer", choice("auto", "sgd", "adam", "rmsprop"), "auto", _SOLVER),
    Hyperparameter("positive_example_weight_mult", or_word("balanced", or_word("auto", _POSITIVE)), "1.0"),
    Hyperparameter("quantile", _FRACTION, "0.5"),
    Hyperparameter("target_precision", _FRACTION, "0.8"),
    Hyperparameter("target_recall", _FRACTION, "0.8"),
    Hyperparameter("unbias_data", or_word("auto", boolean()), "auto"),
    Hyperparameter("unbias_label", or_word("auto", boolean()), "auto"),
    Hyperparameter("use_bias", boolean(), "true"),
    Hyperparameter("use_lr_scheduler", boolean(), "true", _SOLVER),
    Hyperparameter("wd", or_word("auto", _NOT_NEGATIVE), "auto"),
    *SERVICE,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The hyperparameters that shape the model, with every 'auto' decided that does not depend on the data.

    `feature_dim` 0 means whatever the data has; `num_classes` 0 that there are none; `num_calibration_samples` 0 all.
    `unbias_data` None leaves it to the data: dense features are centered, sparse ones are not.
    """

    predictor_type: str
    loss: str
    feature_dim: int
    num_classes: int
    accuracy_top_k: int
    balance_multiclass_weights: bool
    bias_wd_mult: float
    binary_classifier_model_selection_criteria: str
    early_stopping_patience: int
    early_stopping_tolerance: float
    epochs: int
    f_beta: float
    huber_delta: float
    l1: float
    loss_insensitivity: float
    margin: float
    normalize_data: bool
    normalize_label: bool
    num_calibration_samples: int
    num_models: int
    num_point_for_scaler: int
    positive_example_weight_mult: float | Literal["auto", "balanced"]
    quantile: float
    target_precision: float
    target_recall: float
    unbias_data: bool | None
    unbias_label: bool
    use_bias: bool
    wd: float


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    settings(values)


def settings(values: Mapping[str, str]) -> Settings:
    """The settings that a job's hyperparameters mean. Raises Invalid as `validate_hyperparameters` does."""
    merged = resolve(TABLE, values)
    predictor_type = cast("str", merged["predictor_type"])
    regression = predictor_type == "regressor"
    losses = LOSSES[predictor_type]
    if merged["loss"] not in ("auto", *losses):
        raise Invalid(
            f"Hyperparameter 'loss' has the value '{merged['loss']}'; allowed for predictor_type '{predictor_type}' "
            f"is one of 'auto', {', '.join(repr(loss) for loss in losses)}."
        )
    if predictor_type == "multiclass_classifier":
        if merged["num_classes"] == "auto" or merged["num_classes"] < 3:
            raise Invalid(
                f"Hyperparameter 'num_classes' has the value '{values.get('num_classes', '')}'; for predictor_type "
                "'multiclass_classifier' it is required: an integer from 3 to 1000000."
            )
    else:
        merged["num_classes"] = 0
    merged |= {
        "normalize_label": regression and merged["normalize_label"] is not False,
        "unbias_label": regression and merged["use_bias"] and merged["unbias_label"] is not False,
    }
    if merged["unbias_data"] == "auto":
        merged["unbias_data"] = None if merged["use_bias"] else False
    elif not merged["use_bias"]:
        merged["unbias_data"] = False
    automatic: dict[str, Any] = {
        "loss": losses[0],
        "feature_dim": 0,
        "bias_wd_mult": 0.0,
        "l1": 0.0,
        "wd": 0.0,
        "normalize_data": True,
        "num_calibration_samples": 0,
        "num_models": 1,
    }
    decided = {name: value for name, value in automatic.items() if merged[name] == "auto"}
    return Settings(**{field.name: (merged | decided)[field.name] for field in fields(Settings)})
