"""A compiled model: a folder with model.onnx and, beside it, what its outputs stand for. Runs where ONNX Runtime is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL, ABOUT = "model.onnx", "compiled.json"
ONNX = "ONNX"
TABULAR = ("SKLEARN", "XGBOOST")
GRAPHS = ("TENSORFLOW", "KERAS")
"""Answered as TensorFlow Serving does."""

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


@dataclass(frozen=True)
class About:
    """What a compiled model is of, and which of its outputs is the original's prediction: all where none is named.

    column: the one of the output that counts.
    """

    framework: str = ONNX
    version: str = ""
    output: str = ""
    column: int | None = None

    def write(self, folder: Path) -> None:
        (folder / ABOUT).write_text(json.dumps(asdict(self)))


@dataclass(frozen=True)
class Input:
    """An input of a model: its dimensions as the model has them, None for those of any size."""

    name: str
    dimensions: tuple[int | None, ...]
    type: Any


class Compiled:
    """A model of a folder, ready to predict. Raises Invalid where there is none."""

    def __init__(self, folder: Path, *, optimized: bool = True) -> None:
        self.about = _about(folder)
        # One row of a table is too little work for several threads; 0: as many as the machine has cores.
        options = _options(threads=1 if self.about.framework in TABULAR else 0, optimized=optimized)
        self._session = _session(_model(folder), options)
        self.inputs = tuple(
            Input(each.name, tuple(size if isinstance(size, int) else None for size in each.shape), _type(each))
            for each in self._session.get_inputs()
        )
        self.outputs = tuple(each.name for each in self._session.get_outputs())
        self._wanted = [self.about.output] if self.about.output else list(self.outputs)

    def feed(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """The arrays as the inputs have them: their type, and a first dimension for what is one row. Raises Invalid."""
        return {each.name: fitted(each, arrays[each.name]) for each in self.inputs}

    def predict(self, feed: Mapping[str, Any]) -> Any:
        """What the original would predict: an array, or for several outputs a list of them. Raises Invalid."""
        try:
            found = self._session.run(self._wanted, feed)
        except Exception as error:  # ONNX Runtime has a class of its own for each kind, and none for all
            raise Invalid(f"The model cannot take that: {error}") from error
        if len(found) > 1:
            return found
        return found[0] if self.about.column is None else found[0][:, self.about.column]


def optimize(model: Path) -> None:
    """Write a model anew as ONNX Runtime would run it: constants folded, operators joined. Raises Invalid."""
    optimized = model.with_name(f"{model.stem}-optimized.onnx")
    options = _options(threads=1, optimized=True)
    options.optimized_model_filepath = str(optimized)
    _session(model, options)
    optimized.replace(model)


def _options(*, threads: int, optimized: bool) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    # What is beyond is for one make of processor, and the model may be served on another.
    options.graph_optimization_level = levels.ORT_ENABLE_EXTENDED if optimized else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    # A thread that spins takes a core from others while there is nothing to do.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _session(model: Path, options: Any) -> Any:
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Invalid(f"{model.name} cannot be loaded by ONNX Runtime: {error}") from error


def _about(folder: Path) -> About:
    try:
        return About(**json.loads((folder / ABOUT).read_text()))
    except FileNotFoundError:
        return About()
    except (ValueError, TypeError) as error:
        raise Invalid(f"{ABOUT} is not what a compilation job wrote: {error}") from error


def _model(folder: Path) -> Path:
    """The one model of the folder, whatever its name."""
    named = folder / MODEL
    found = [named] if named.is_file() else sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        raise Invalid(
            f"Exactly one .onnx file is expected in the model's archive; it has {len(found)}"
            f"{': ' + ', '.join(path.name for path in found[:5]) if found else ''}."
        )
    return found[0]


def _type(each: Any) -> Any:
    try:
        return _TYPES[each.type]
    except KeyError:
        raise Invalid(
            f"The model's input {each.name} is of type {each.type}, which no request can be made to."
        ) from None


def fitted(each: Input, value: Any) -> Any:
    try:
        array = np.asarray(value).astype(each.type, copy=False)
    except (TypeError, ValueError) as error:
        raise Invalid(f"The input {each.name} is not an array of {np.dtype(each.type).name}: {error}") from error
    if array.ndim == len(each.dimensions) - 1:
        array = array[np.newaxis]
    wrong = array.ndim != len(each.dimensions) or any(
        size not in (None, given)
        for size, given in zip(each.dimensions, array.shape)  # noqa: B905 (as long)
    )
    if wrong:
        wanted = ", ".join("any" if size is None else str(size) for size in each.dimensions)
        raise Invalid(f"The input {each.name} has the shape {list(array.shape)}; the model takes [{wanted}].")
    return array
