"""Serving a DeepAR model: means, quantiles and samples of each series' future."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.deepar.model import load
from studiolo.ml.algorithms.deepar.series import parse
from studiolo.ml.algorithms.documents import Documents
from studiolo.ml.algorithms.serving import serve_model

if TYPE_CHECKING:
    from pathlib import Path

_OUTPUTS = ("mean", "quantiles", "samples")
MOST_SAMPLES = 10_000
BATCH_CONFIGURATION = "DEEPAR_INFERENCE_CONFIG"
"""The environment's variable that has the configuration for JSON Lines, which have no room for one."""


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Documents:
    """The invocations of the model in the folder. Raises Invalid."""
    try:
        of_lines = _configuration(json.loads(os.environ.get(BATCH_CONFIGURATION) or "{}"))
    except ValueError as error:
        raise Invalid(f"{BATCH_CONFIGURATION} is not JSON: {error}.") from error
    model = load(folder)

    def answer(instances: list[Any], configuration: Any) -> list[dict[str, Any]]:
        asked = of_lines if configuration is None else _configuration(configuration)
        paths = model.sample([parse(instance) for instance in instances], asked.num_samples)
        return [_answer(each, asked) for each in paths]

    return Documents(answer)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is asked of the forecasts. `quantiles` are as written in the request."""

    num_samples: int = 100
    output_types: tuple[str, ...] = ("mean", "quantiles")
    quantiles: tuple[str, ...] = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")


def _answer(paths: Any, asked: Configuration) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "mean" in asked.output_types:
        found["mean"] = paths.mean(axis=0).tolist()
    if "quantiles" in asked.output_types:
        found["quantiles"] = {name: np.quantile(paths, float(name), axis=0).tolist() for name in asked.quantiles}
    if "samples" in asked.output_types:
        found["samples"] = paths.tolist()
    return found


def _configuration(given: Any) -> Configuration:
    """Raises Invalid."""
    if not isinstance(given, dict):
        raise Invalid("'configuration' is not an object.")
    default = Configuration()
    samples = given.get("num_samples", default.num_samples)
    if type(samples) is not int or not 1 <= samples <= MOST_SAMPLES:
        raise Invalid(f"'num_samples' must be an integer from 1 to {MOST_SAMPLES}.")
    outputs = given.get("output_types", default.output_types)
    if not isinstance(outputs, (list, tuple)) or not outputs or not all(one in _OUTPUTS for one in outputs):
        raise Invalid(f"'output_types' must be a list of some of {', '.join(_OUTPUTS)}.")
    quantiles = given.get("quantiles", default.quantiles)
    if not isinstance(quantiles, (list, tuple)) or not all(_is_quantile(one) for one in quantiles):
        raise Invalid("'quantiles' must be a list of numbers between 0 and 1, such as \"0.5\".")
    return Configuration(samples, tuple(outputs), tuple(map(str, quantiles)))


def _is_quantile(value: Any) -> bool:
    try:
        return isinstance(value, (str, float)) and 0 < float(value) < 1
    except ValueError:
        return False
