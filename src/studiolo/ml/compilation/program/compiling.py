"""From a model's archive to the compiled one: unpack, convert, check that both agree, measure which is faster."""

from __future__ import annotations

import json
import shutil
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from studiolo.archives import unpack_tar
from studiolo.domain import Invalid
from studiolo.ml.algorithms.container import Container, run_training, training_logger
from studiolo.ml.compilation.compiled import MODEL, Compiled, optimize
from studiolo.ml.compilation.program.original import CODE, Original

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

log = training_logger(__name__)

CONFIG, DERIVED = "input/config/compilation.json", "output/derived"
"""Below /opt/ml: what is asked for, and the shapes that were found in the model."""
MOST_SAMPLES, SAMPLE_SECONDS = 100, 2.0
MEASURE_SECONDS, FEWEST_CALLS = 0.5, 5
RELATIVE, ABSOLUTE = 1e-3, 1e-5
DISAGREEING = 0.01
"""The share of values that may differ by more: a number that lies at a tree's threshold may fall to either side."""


def main() -> int:
    """Compile; the exit status. What cannot be compiled is a ClientError, said where the service reads it."""
    return run_training(compile_model, log)


def compile_model(container: Container) -> None:
    """Leave the compiled model in the container's model folder. Raises Invalid."""
    asked = json.loads((container.base / CONFIG).read_text())
    shapes = {name: tuple(shape) for name, shape in asked["shapes"].items()}
    folder = container.base / "unpacked"
    try:
        unpack_tar(container.base / "input" / "data" / "model" / asked["archive"], folder)
        original = _openers()[asked["framework"]](folder, shapes)
        log.info("The model is one of %s; its inputs: %s", original.name, _said(original.shapes))
        compiled = _convert(original, folder, container.model)
        _compare(original, compiled)
    except Invalid as error:
        raise Invalid(f"InputConfiguration: {error}") from error
    if not shapes:
        (container.base / DERIVED).write_text(_said(original.shapes))
    _measure(original, compiled)


def _openers() -> Mapping[str, Callable[[Path, Mapping[str, tuple[int, ...]]], Original]]:
    from studiolo.ml.compilation.program import graphs, neural, tabular

    return {
        "SKLEARN": tabular.open_sklearn,
        "XGBOOST": tabular.open_xgboost,
        "PYTORCH": neural.open_pytorch,
        "TENSORFLOW": graphs.open_tensorflow,
        "KERAS": graphs.open_keras,
        "ONNX": neural.open_onnx,
    }


def _convert(original: Original, source: Path, target: Path) -> Compiled:
    """The compiled model, written to the folder with the functions of the original that serve it."""
    began = time.perf_counter()
    target.mkdir(parents=True, exist_ok=True)
    converted = target / MODEL
    original.write(converted)
    optimize(converted)
    original.about.write(target)
    if (source / CODE).is_dir():
        shutil.copytree(source / CODE, target / CODE, dirs_exist_ok=True)
    log.info(
        "Compiled for ONNX Runtime %s in %.2f s: %s has %d bytes",
        onnxruntime.__version__,
        time.perf_counter() - began,
        MODEL,
        converted.stat().st_size,
    )
    return Compiled(target)


def _compare(original: Original, compiled: Compiled) -> None:
    """Raise Invalid where the two do not predict the same for inputs of the shapes that are asked for."""
    values = differing = samples = 0
    largest = 0.0
    until = time.monotonic() + SAMPLE_SECONDS
    while samples < MOST_SAMPLES and (samples == 0 or time.monotonic() < until):
        arrays = original.samples(samples)
        for wanted, given in _pairs(original.predict(arrays), compiled.predict(compiled.feed(arrays))):
            wrong, difference = _difference(wanted, given)
            values, differing, largest = values + np.size(wanted), differing + wrong, max(largest, difference)
        samples += 1
    if differing > DISAGREEING * values:
        raise Invalid(
            f"The compiled model does not predict what the original does: {differing} of {values} values differ, by up to "
            f"{largest:.3g}, over {samples} random inputs."
        )
    log.info(
        "The outputs agree: %d of %d values differ by more than %g, the largest difference is %.2g (%d random inputs)",
        *(differing, values, RELATIVE, largest, samples),
    )


def _pairs(wanted: Any, given: Any) -> list[tuple[Any, Any]]:
    several = isinstance(wanted, list), isinstance(given, list)
    if several[0] != several[1] or (several[0] and len(wanted) != len(given)):
        raise Invalid("The compiled model has another number of outputs than the original.")
    return list(zip(wanted, given)) if several[0] else [(wanted, given)]  # noqa: B905 (as long)


def _difference(wanted: Any, given: Any) -> tuple[int, float]:
    """How many values differ, and by how much at most. Raises Invalid where they are of different shapes."""
    wanted, given = np.asarray(wanted), np.asarray(given)
    if wanted.shape != given.shape:
        raise Invalid(f"The compiled model answers the shape {given.shape}, the original {wanted.shape}.")
    if wanted.dtype.kind not in "fiub" or given.dtype.kind not in "fiub":
        return int((wanted.astype(str) != given.astype(str)).sum()), 0.0
    close = np.isclose(given, wanted, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    gaps = np.abs(given.astype(np.float64) - wanted.astype(np.float64))
    return int((~close).sum()), float(np.nanmax(gaps, initial=0.0))


def _measure(original: Original, compiled: Compiled) -> None:
    """Say how long a prediction takes before and after."""
    arrays = original.samples(0)
    feed = compiled.feed(arrays)
    before, after = _microseconds(lambda: original.predict(arrays)), _microseconds(lambda: compiled.predict(feed))
    log.info("Latency of %s: %.1f us by %s", _said(original.shapes), before, original.name)
    log.info("Latency of %s: %.1f us by ONNX Runtime %s", _said(original.shapes), after, onnxruntime.__version__)
    log.info("Gain: %.1f times as fast", before / after)


def _microseconds(call: Callable[[], Any]) -> float:
    """The median of a call's time, after one to warm up."""
    call()
    times: list[float] = []
    until = time.perf_counter() + MEASURE_SECONDS
    while len(times) < FEWEST_CALLS or time.perf_counter() < until:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1e6 * median(times)


def _said(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return json.dumps({name: list(shape) for name, shape in shapes.items()})
