"""The hyperparameters of XGBoost, as AWS documents them and its container (aws/sagemaker-xgboost-container) checks them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studiolo.containers.algorithm import MetricDefinition
from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    Rule,
    boolean,
    choice,
    integer,
    number,
    optional,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMIZED = (
    "accuracy", "auc", "aucpr", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "map", "ndcg", "precision",
    "precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro",
)  # fmt: skip
MINIMIZED = (
    "aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy",
    "logloss", "mae", "mape", "merror", "mlogloss", "mphe", "mse", "poisson-nloglik", "rmse", "rmsle", "tweedie-nloglik",
)  # fmt: skip
_WITH_THRESHOLD = ("error", "ndcg", "map")

_OBJECTIVES = (
    "binary:hinge", "binary:logistic", "binary:logitraw", "count:poisson", "multi:softmax", "multi:softprob",
    "rank:map", "rank:ndcg", "rank:pairwise", "reg:absoluteerror", "reg:gamma", "reg:linear", "reg:logistic",
    "reg:pseudohubererror", "reg:quantileerror", "reg:squarederror", "reg:squaredlogerror", "reg:tweedie",
    "survival:aft", "survival:cox",
)  # fmt: skip
_MULTICLASS = ("multi:softmax", "multi:softprob")
_LINEAR_UPDATERS = ("shotgun", "coord_descent")
_UPDATES = ("refresh", "prune")
_GROWERS = ("grow_colmaker", "distcol", "grow_histmaker", "grow_local_histmaker", "grow_quantile_histmaker")
_UPDATERS = (*_GROWERS, "grow_skmaker", "sync", *_UPDATES, *_LINEAR_UPDATERS)

_SHARE, _PART = number(least=0, most=1), number(above=0, most=1)
_NOT_NEGATIVE = number(least=0)
_FLAG = integer(0, 1)


def _metrics(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        plain, at, threshold = name.partition("@")
        if at:
            float(threshold)
            if plain in _WITH_THRESHOLD:
                continue
        if name not in (*MAXIMIZED, *MINIMIZED):
            raise ValueError
    return names


def _some_of(names: tuple[str, ...]) -> Rule:
    def parse(text: str) -> tuple[str, ...]:
        found = tuple(name.strip() for name in text.split(","))
        if not {*found} <= {*names}:
            raise ValueError
        return found

    return Rule("some of " + ", ".join(f"'{name}'" for name in names) + ", separated by commas", parse)


def _signs(text: str) -> tuple[int, ...]:
    found = tuple(int(sign) for sign in text.strip(" ()").split(",") if sign.strip())
    if not {*found} <= {-1, 0, 1}:
        raise ValueError
    return found


def _groups(text: str) -> list[list[int]]:
    groups: list[list[int]] = json.loads(text)
    if not all(isinstance(group, list) and all(type(place) is int for place in group) for group in groups):
        raise ValueError
    return groups


_EVAL_METRICS = Rule(
    "a list, separated by commas, of "
    + ", ".join(f"'{name}'" for name in sorted((*MAXIMIZED, *MINIMIZED)))
    + ", or 'error@t', 'ndcg@n', 'map@n'",
    _metrics,
)


def _table() -> tuple[Hyperparameter, ...]:
    rules = {
        "csv_weights": _FLAG,
        "early_stopping_rounds": integer(),
        "booster": choice("gbtree", "gblinear", "dart"),
        "silent": _FLAG,
        "verbosity": integer(0, 3),
        "nthread": integer(),
        "eta": _SHARE,
        "learning_rate": _SHARE,
        "gamma": _NOT_NEGATIVE,
        "min_split_loss": _NOT_NEGATIVE,
        "max_depth": integer(0),
        "min_child_weight": _NOT_NEGATIVE,
        "max_delta_step": _NOT_NEGATIVE,
        "subsample": _PART,
        "colsample_bytree": _PART,
        "colsample_bylevel": _PART,
        "colsample_bynode": _PART,
        "lambda": _NOT_NEGATIVE,
        "reg_lambda": _NOT_NEGATIVE,
        "alpha": _NOT_NEGATIVE,
        "reg_alpha": _NOT_NEGATIVE,
        "tree_method": choice("auto", "exact", "approx", "hist"),
        "sketch_eps": number(above=0, below=1),
        "scale_pos_weight": number(above=0),
        "updater": _some_of(_UPDATERS),
        "dsplit": choice("row", "col"),
        "refresh_leaf": _FLAG,
        "process_type": choice("default", "update"),
        "grow_policy": choice("depthwise", "lossguide"),
        "max_leaves": integer(0),
        "max_bin": integer(0),
        "predictor": choice("auto", "cpu_predictor"),
        "monotone_constraints": Rule("a tuple of -1, 0 and 1, such as '(0, 1)'", _signs),
        "interaction_constraints": Rule("a list of lists of features, such as '[[0, 1], [2]]'", _groups),
        "sample_type": choice("uniform", "weighted"),
        "normalize_type": choice("tree", "forest"),
        "rate_drop": _SHARE,
        "one_drop": _FLAG,
        "skip_drop": _SHARE,
        "lambda_bias": _SHARE,
        "tweedie_variance_power": number(above=1, below=2),
        "quantile_alpha": number(above=0, below=1),
        "huber_slope": number(above=0),
        "objective": choice(*_OBJECTIVES),
        "num_class": integer(2),
        "base_score": _NOT_NEGATIVE,
        "eval_metric": _EVAL_METRICS,
        "seed": integer(-(2**31) + 1, 2**31 - 2),
        "num_parallel_tree": integer(),
        "save_model_on_termination": boolean(),
        "aft_loss_distribution": choice("normal", "logistic", "extreme"),
        "aft_loss_distribution_scale": _NOT_NEGATIVE,
        "single_precision_histogram": boolean(),
        "deterministic_histogram": boolean(),
        "sampling_method": choice("uniform", "gradient_based"),
        "prob_buffer_row": number(above=1),
        "use_dask_gpu_training": Rule("'false': a GPU is not used here", choice("false").parse),
        "_kfold": integer(2),
        "_num_cv_round": integer(),
    }
    return (
        Hyperparameter("num_round", integer()),
        *(Hyperparameter(name, optional(rule), "") for name, rule in rules.items()),
        *SERVICE,
    )


TABLE = _table()

OURS = (
    "num_round", "csv_weights", "early_stopping_rounds", "eval_metric", "save_model_on_termination",
    "use_dask_gpu_training", "_kfold", "_num_cv_round",
)  # fmt: skip
"""What steers the training; all others are handed to XGBoost."""

METRICS = tuple(
    MetricDefinition(f"{channel}:{name}", rf"\[\d+\].*\t{channel}-{name}:(\S+)")
    for channel in ("train", "validation")
    for name in (*MAXIMIZED, *MINIMIZED)
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    settings(values)


def settings(values: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters that were given, parsed. Raises Invalid as `validate_hyperparameters` does."""
    chosen = {name: value for name, value in resolve(TABLE, values).items() if value not in (None, "")}
    chosen = {name: value for name, value in chosen.items() if name not in {row.name for row in SERVICE}}
    tuned = values.get("_tuning_objective_metric", "").partition(":")[2]
    if tuned and tuned not in chosen.get("eval_metric", ()):
        chosen["eval_metric"] = (*chosen.get("eval_metric", ()), tuned)
    for fault in _faults(chosen):
        raise Invalid(fault)
    return chosen


def _faults(chosen: Mapping[str, Any]) -> list[str]:
    """A sentence for each value that does not go with the others."""
    objective, method = chosen.get("objective", ""), chosen.get("tree_method")
    metrics = chosen.get("eval_metric", ())
    updaters = chosen.get("updater", ())
    linear, update = chosen.get("booster") == "gblinear", chosen.get("process_type") == "update"
    faults = (
        (
            objective in _MULTICLASS and "num_class" not in chosen,
            "Require input for parameter 'num_class' for multi-classification",
        ),
        (
            "auc" in metrics and not objective.startswith(("binary:", "rank:", "multi:")),
            "Metric 'auc' can only be applied for classification and ranking problems.",
        ),
        (
            "aft-nloglik" in metrics and objective != "survival:aft",
            "Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.",
        ),
        (
            "monotone_constraints" in chosen and method not in ("exact", "hist"),
            "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'.",
        ),
        (
            "interaction_constraints" in chosen and method not in ("exact", "hist", "approx"),
            "interaction_constraints can be used only when the tree_method parameter is set to either 'exact', 'hist' "
            "or 'approx'.",
        ),
        (
            bool(updaters) and linear and not (len(updaters) == 1 and updaters[0] in _LINEAR_UPDATERS),
            "Linear updater should be one of these options: 'shotgun', 'coord_descent'.",
        ),
        (
            update and not {*updaters} <= {*_UPDATES},
            "process_type 'update' can only be used with updater 'refresh' and 'prune'",
        ),
        (
            not linear and (bool({*updaters} & {*_LINEAR_UPDATERS}) or len({*updaters} & {*_GROWERS}) > 1),
            "Only one tree grow plugin can be selected, and no linear one.",
        ),
    )
    return [words for wrong, words in faults if wrong]
