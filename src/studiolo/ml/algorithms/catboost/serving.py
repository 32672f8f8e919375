"""Serving a CatBoost model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import catboost

from studiolo.domain import Invalid
from studiolo.ml.algorithms.boosted.serving import answers
from studiolo.ml.algorithms.catboost.training import DESCRIPTION, MODEL
from studiolo.ml.algorithms.serving import serve_model

if TYPE_CHECKING:
    from pathlib import Path

    from studiolo.ml.algorithms.serving import Inference


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    try:
        words = json.loads((folder / DESCRIPTION).read_text())
        model = catboost.CatBoost().load_model(str(folder / MODEL))
    except (OSError, ValueError, catboost.CatBoostError) as error:
        raise Invalid(f"The CatBoost model in {folder} cannot be read: {error}") from error

    def predict(rows: Any) -> Any:
        rows = rows.astype({f"f{place}": str for place in words["categorical"]})
        return model.predict(rows, prediction_type="Probability" if words["classes"] else "RawFormulaVal")

    return answers(predict, words["width"], tuple(words["categorical"]), words["classes"])
