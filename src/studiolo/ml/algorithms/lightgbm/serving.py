"""Serving a LightGBM model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
import pandas as pd

from studiolo.domain import Invalid
from studiolo.ml.algorithms.boosted.serving import answers
from studiolo.ml.algorithms.lightgbm.training import DESCRIPTION, MODEL
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
        booster = lightgbm.Booster(model_file=str(folder / MODEL))
    except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
        raise Invalid(f"The LightGBM model in {folder} cannot be read: {error}") from error

    def predict(rows: Any) -> Any:
        for place, categories in zip(words["categorical"], words["categories"], strict=True):
            rows[f"f{place}"] = pd.Categorical(rows[f"f{place}"], categories)
        found = booster.predict(rows)
        return np.column_stack([1 - found, found]) if 0 < words["classes"] <= 2 else found

    return answers(predict, words["width"], tuple(words["categorical"]), words["classes"])
