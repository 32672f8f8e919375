"""Serving XGBoost models, as the container's algorithm mode does: one, or several whose predictions are joined."""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from studiolo.domain import Invalid
from studiolo.ml.algorithms.serving import JSON, Answer, refused, serve_model
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported
from studiolo.ml.algorithms.xgboost import selection
from studiolo.ml.algorithms.xgboost.data import csv_matrix, libsvm_matrix
from studiolo.ml.algorithms.xgboost.version import VERSION
from studiolo.ml.formats import responses

if TYPE_CHECKING:
    from pathlib import Path

_CSV, _LINES, _RECORDS = b"text/csv", b"application/jsonlines", b"application/x-recordio-protobuf"
_READ = (_CSV, b"text/libsvm", b"text/x-libsvm", _RECORDS, JSON, _LINES)
_WRITTEN = (_CSV, JSON, _LINES, _RECORDS)
_SMALL = 64 << 10
_PICKLED = b"\x80"
"""How a pickle begins, and no model of XGBoost's own formats."""


def serve() -> int:
    """Serve the container's models until SIGTERM; the exit status."""
    if find_spec("pandas") is None:
        # XGBoost tries to import it for each prediction; that it is not there need be found out once.
        sys.modules["pandas"] = None  # type: ignore[assignment]
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the models in the folder. Raises Invalid."""
    files = (
        sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        if folder.is_dir()
        else []
    )
    if not files:
        raise Invalid(f"There is no XGBoost model in {folder}.")
    if os.environ.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true").lower() == "false":
        files = files[:1]
    return Inference([_load(path) for path in files])


def _load(path: Path) -> Any:
    try:
        if path.read_bytes()[:1] == _PICKLED:
            # The containers before 1.3 write pickles. It is the user's own model, in the user's own fence.
            booster = pickle.loads(path.read_bytes())  # noqa: S301
        else:
            booster = xgboost.Booster()
            booster.load_model(str(path))
    except Exception as error:
        raise Invalid(f"Model at {path} cannot be loaded: {error}") from error
    booster = booster.get_booster() if hasattr(booster, "get_booster") else booster
    booster.set_param({"nthread": 1})
    return booster


class Inference:
    """Answers invocations with the models' predictions."""

    def __init__(self, boosters: list[Any]) -> None:
        self._boosters = boosters
        self._width = _width(boosters[0])
        self._keys = selection.keys(os.environ.get("SAGEMAKER_INFERENCE_OUTPUT"))
        self._objective, self._classes = _learner(boosters[0])
        self._in_place = VERSION >= (1, 7) and all(_of_trees(booster) for booster in boosters)
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv").encode()
        # XGBoost's predictions were not safe in threads before 1.4.
        self._lock = threading.Lock()

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower() or _CSV
        if kind not in _READ:
            return unsupported(content_type, dict.fromkeys(_READ))
        answer_type = accepted(accept, dict.fromkeys(_WRITTEN), self._default)
        if answer_type not in _WRITTEN:
            return unacceptable(accept, dict.fromkeys(_WRITTEN))
        if not body.strip():
            return refused(400, "The body is empty: at least one row of features is expected.")
        try:
            rows = self._rows(kind, body)
            with self._lock:
                predictions = self._predict(rows)
        except (Invalid, xgboost.core.XGBoostError, ValueError) as error:
            return refused(400, f"Unable to evaluate payload provided: {error}")
        if self._keys:
            return self._selected(predictions, answer_type)
        return 200, answer_type, _written(predictions, answer_type)

    def _rows(self, kind: bytes, body: bytes) -> Any:
        from studiolo.ml.formats import requests

        if kind == _RECORDS:
            return requests.from_recordio(body, self._width)
        if kind == JSON:
            return requests.from_json(body, self._width)
        if kind == _LINES:
            return requests.from_jsonlines(body, self._width)
        if kind != _CSV:
            return libsvm_matrix(body.decode(), self._width)
        rows = _csv_rows(body) if len(body) < _SMALL else csv_matrix(body)
        if rows.shape[1] != self._width:
            raise Invalid(
                f"Feature size of csv inference data {rows.shape[1]} is not consistent with feature size of trained "
                f"model {self._width}."
            )
        return rows

    def _predict(self, rows: Any) -> Any:
        if self._in_place and isinstance(rows, np.ndarray):
            found = [_predictions_in_place(booster, rows) for booster in self._boosters]
        else:
            matrix = xgboost.DMatrix(rows, nthread=1)
            found = [_predictions(booster, matrix) for booster in self._boosters]
        if len(found) == 1:
            return found[0]
        if self._objective in selection.OF_LABELS:
            # The commonest label, the lowest of those that are equally common.
            return np.array(
                [np.bincount(votes.astype(np.int64)).argmax() for votes in np.stack(found, axis=1)], np.float64
            )
        return np.mean(found, axis=0)

    def _selected(self, predictions: Any, answer_type: bytes) -> Answer:
        if self._objective not in selection.KEYS_OF:
            return refused(500, f"Objective `{self._objective}` unsupported for selectable inference predictions.")
        chosen = selection.select(predictions, self._keys, self._objective, self._classes)
        return 200, answer_type, selection.encode(chosen, self._keys, answer_type)


def _predictions(booster: Any, matrix: Any) -> Any:
    best = booster.attr("best_iteration")
    if best is None:
        return booster.predict(matrix, validate_features=False)
    if VERSION >= (1, 4):
        end = min(int(best) + 1, booster.num_boosted_rounds())
        return booster.predict(matrix, iteration_range=(0, end), validate_features=False)
    return booster.predict(matrix, ntree_limit=getattr(booster, "best_ntree_limit", 0), validate_features=False)


def _predictions_in_place(booster: Any, rows: Any) -> Any:
    """The same without a DMatrix, which costs more than the prediction of a row."""
    best = booster.attr("best_iteration")
    end = 0 if best is None else min(int(best) + 1, booster.num_boosted_rounds())
    return booster.inplace_predict(rows, iteration_range=(0, end), validate_features=False)


def _of_trees(booster: Any) -> bool:
    return bool(json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gbtree")


def _width(booster: Any) -> int:
    if hasattr(booster, "num_features"):
        return int(booster.num_features())
    if hasattr(booster, "save_config"):
        return int(json.loads(booster.save_config())["learner"]["learner_model_param"]["num_feature"])
    return len(booster.feature_names)


def _learner(booster: Any) -> tuple[str, int]:
    """The objective, and the number of classes (0 for none)."""
    if not hasattr(booster, "save_config"):
        return "", 0
    learner = json.loads(booster.save_config())["learner"]
    return learner["objective"]["name"], int(learner["learner_model_param"].get("num_class", 0))


def _csv_rows(body: bytes) -> Any:
    lines = [line for line in body.decode("utf-8-sig").splitlines() if line.strip()]
    delimiter = next((mark for mark in ",\t;| " if mark in lines[0]), ",")
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append([float(cell) if cell.strip() else np.nan for cell in line.split(delimiter)])
        except ValueError:
            raise Invalid(f"Line {number} of the CSV body is not numbers separated by {delimiter!r}.") from None
        if len(rows[-1]) != len(rows[0]):
            raise Invalid(f"Line {number} of the CSV body has {len(rows[-1])} columns; the first has {len(rows[0])}.")
    return np.array(rows)


def _written(predictions: Any, answer_type: bytes) -> bytes:
    columns = {"score": predictions}
    if answer_type == JSON:
        return responses.to_json(columns)
    if answer_type == _LINES:
        return responses.to_jsonlines(columns)
    if answer_type == _RECORDS:
        return responses.to_recordio(columns)
    rows = map(str, predictions.tolist())
    # Containers before 1.2 put all on one line, but for batch transforms.
    if VERSION < (1, 2) and not os.environ.get("SAGEMAKER_BATCH"):
        return ",".join(rows).encode()
    return "".join(f"{row}\n" for row in rows).encode()
