"""scikit-learn's and XGBoost's models: rows of numbers in, a prediction for each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.compilation.compiled import About
from studiolo.ml.compilation.program.original import Original, one_file, table_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Shapes = Mapping[str, tuple[int, ...]]

INPUT = "input"
OPSET = 15
PICKLED = b"\x80"

_EQUAL = {
    "reg:logistic": "binary:logistic",
    **dict.fromkeys(("rank:pairwise", "rank:ndcg", "rank:map"), "reg:squarederror"),
}
"""Objectives that predict as another one does, which onnxmltools knows."""


def open_sklearn(folder: Path, shapes: Shapes) -> Original:
    """A pickle of a fitted estimator. Raises Invalid."""
    import sklearn
    from skl2onnx import to_onnx

    file = one_file(folder, (".joblib", ".pkl", ".pickle"))
    model = _unpickled(file, sklearn.__version__)
    if not hasattr(model, "predict"):
        raise Invalid(f"{file.name} is a {type(model).__name__}, which does not predict.")
    width = getattr(model, "n_features_in_", None)
    if width is None:
        raise Invalid(
            f"{file.name} is a {type(model).__name__} that was not fitted, or does not say to how many features."
        )
    shape = table_shape(shapes, width)
    name = next(iter(shapes), INPUT)
    samples = _rows(name, shape)
    # Its classes decide which other options a converter has.
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    try:
        converted = to_onnx(model, initial_types=_floats(name, width), target_opset=OPSET, options=options)
    except Exception as error:
        raise Invalid(f"skl2onnx cannot convert a {type(model).__name__}: {error}") from error

    def predict(arrays: Mapping[str, Any]) -> Any:
        return model.predict(arrays[name].astype(np.float64))

    output = converted.graph.output[0]
    # A number for each row is a column of them in ONNX.
    nested = len(output.type.tensor_type.shape.dim) > np.ndim(predict(samples(0)))
    return Original(
        name=f"scikit-learn {sklearn.__version__}",
        shapes={name: shape},
        about=About("SKLEARN", sklearn.__version__, output.name, column=0 if nested else None),
        predict=predict,
        write=lambda path: _write(converted, path),
        samples=samples,
    )


def open_xgboost(folder: Path, shapes: Shapes) -> Original:
    """A model of XGBoost in a format of its own, or the pickle of one. Raises Invalid."""
    import xgboost
    from onnxmltools.convert import convert_xgboost

    booster = _booster(one_file(folder, ()), xgboost)
    width = booster.num_features()
    shape = table_shape(shapes, width)
    name = next(iter(shapes), INPUT)
    best = booster.attr("best_iteration")
    if best is not None:
        # Served, it predicts by the trees up to its best one.
        booster = booster[: min(int(best) + 1, booster.num_boosted_rounds())]
    booster.feature_names = booster.feature_types = None
    learner = json.loads(booster.save_config())["learner"]
    kind, objective = learner["gradient_booster"]["name"], learner["objective"]["name"]
    if kind != "gbtree":
        raise Invalid(f"Models of the booster {kind} cannot be compiled: ONNX has trees, as those of gbtree.")
    known = booster.copy()
    known.set_param({"objective": _EQUAL.get(objective, objective)})
    try:
        converted = convert_xgboost(known, initial_types=_floats(name, width, tools=True), target_opset=OPSET)
    except Exception as error:
        raise Invalid(f"onnxmltools cannot convert a model of the objective {objective}: {error}") from error
    label, values = converted.graph.output[0].name, converted.graph.output[-1].name
    # The output that is the prediction: a class, the probability of the second of two, those of all, or a number.
    output, column = {
        "multi:softmax": (label, None),
        "multi:softprob": (values, None),
        "binary:logistic": (values, 1),
        "reg:logistic": (values, 1),
    }.get(objective, (values, 0))
    return Original(
        name=f"XGBoost {xgboost.__version__}",
        shapes={name: shape},
        about=About("XGBOOST", xgboost.__version__, output, column),
        predict=lambda arrays: booster.predict(xgboost.DMatrix(arrays[name], nthread=1), validate_features=False),
        write=lambda path: _write(converted, path),
        samples=_rows(name, shape),
    )


def _unpickled(file: Path, version: str) -> Any:
    import joblib

    try:
        # It is the user's own model, in the user's own fence.
        return joblib.load(file)
    except Exception as error:
        made = re.search(rb"_sklearn_version.{1,12}?(\d+\.\d+)\.\d+", file.read_bytes(), re.DOTALL)
        hint = (
            f" It was made by scikit-learn {made[1].decode()}: set FrameworkVersion to that."
            if made and not version.startswith(f"{made[1].decode()}.")
            else ""
        )
        raise Invalid(
            f"{file.name} cannot be loaded by scikit-learn {version}: {type(error).__name__}: {error}.{hint}"
        ) from error


def _booster(file: Path, xgboost: Any) -> Any:
    import joblib

    try:
        if file.read_bytes()[:1] == PICKLED:
            model = joblib.load(file)
            booster = model.get_booster() if hasattr(model, "get_booster") else model
            if not isinstance(booster, xgboost.Booster):
                raise Invalid(f"{file.name} is the pickle of a {type(model).__name__}, and no model of XGBoost.")
        else:
            booster = xgboost.Booster()
            booster.load_model(str(file))
    except Invalid:
        raise
    except Exception as error:
        raise Invalid(f"Model {file.name} cannot be loaded by XGBoost {xgboost.__version__}: {error}") from error
    booster.set_param({"nthread": 1})
    return booster


def _floats(name: str, width: int, *, tools: bool = False) -> list[tuple[str, Any]]:
    if tools:
        from onnxmltools.convert.common.data_types import FloatTensorType
    else:
        from skl2onnx.common.data_types import FloatTensorType

    return [(name, FloatTensorType([None, width]))]


def _rows(name: str, shape: tuple[int, ...]) -> Callable[[int], Mapping[str, Any]]:
    """Random rows of all sizes: which numbers the model's features are, nobody says."""

    def make(number: int) -> Mapping[str, Any]:
        random = np.random.default_rng(number)
        sizes = 10.0 ** random.uniform(-2, 3, shape[1])
        return {name: (random.standard_normal(shape) * sizes).astype(np.float32)}

    return make


def _write(model: Any, path: Path) -> None:
    path.write_bytes(model.SerializeToString())
