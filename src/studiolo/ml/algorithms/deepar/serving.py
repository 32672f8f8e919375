"""Serving a DeepAR model: means, quantiles and samples of each series' future."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.deepar.model import Model, load
from studiolo.ml.algorithms.deepar.series import Series, parse
from studiolo.ml.algorithms.serving import JSON, Answer, refused, serve_model
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINES = b"application/jsonlines"
_TYPES = {JSON: None, _LINES: None}
_OUTPUTS = ("mean", "quantiles", "samples")
MOST_SAMPLES = 10_000
BATCH_CONFIGURATION = "DEEPAR_INFERENCE_CONFIG"
"""The environment's variable that has the configuration for JSON Lines, which have no room for one."""


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    try:
        lines = _configuration(json.loads(os.environ.get(BATCH_CONFIGURATION) or "{}"))
    except ValueError as error:
        raise Invalid(f"{BATCH_CONFIGURATION} is not JSON: {error}.") from error
    return Inference(load(folder), lines)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is asked of the forecasts. `quantiles` are as written in the request."""

    num_samples: int = 100
    output_types: tuple[str, ...] = ("mean", "quantiles")
    quantiles: tuple[str, ...] = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")


class Inference:
    """Answers invocations: `{"instances": [...], "configuration": {...}}`, or a series a line."""

    def __init__(self, model: Model, of_lines: Configuration) -> None:
        self._model = model
        self._of_lines = of_lines

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in _TYPES:
            return unsupported(content_type, _TYPES)
        answer_type = accepted(accept, _TYPES, kind)
        if answer_type is None:
            return unacceptable(accept, _TYPES)
        try:
            series, asked = _request(body) if kind == JSON else (list(_lines(body)), self._of_lines)
            answers = [_answer(paths, asked) for paths in self._model.sample(series, asked.num_samples)]
        except Invalid as error:
            return refused(400, str(error))
        if answer_type == _LINES:
            return 200, _LINES, "".join(json.dumps(one) + "\n" for one in answers).encode()
        return 200, JSON, json.dumps({"predictions": answers}).encode()


def _answer(paths: Any, asked: Configuration) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "mean" in asked.output_types:
        found["mean"] = paths.mean(axis=0).tolist()
    if "quantiles" in asked.output_types:
        found["quantiles"] = {name: np.quantile(paths, float(name), axis=0).tolist() for name in asked.quantiles}
    if "samples" in asked.output_types:
        found["samples"] = paths.tolist()
    return found


def _request(body: bytes) -> tuple[list[Series], Configuration]:
    document = _parsed(body)
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not instances:
        raise Invalid('The body is not a JSON object with a list "instances" of time series.')
    return [parse(instance) for instance in instances], _configuration(document.get("configuration") or {})


def _lines(body: bytes) -> Iterator[Series]:
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise Invalid("The body is empty: a time series a line is expected.")
    for line in lines:
        yield parse(_parsed(line))


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


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}.") from error
