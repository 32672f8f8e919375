"""Serving models of ONNX: compiled ones as their originals are served, any other by the names of its inputs.

`python -m studiolo.ml.compilation.serving serve`. A model of XGBoost takes and gives what the built-in algorithm does,
others what SageMaker's toolkits do: arrays as JSON, CSV and NumPy's files. Functions input_fn, predict_fn and output_fn
of the module SAGEMAKER_PROGRAM, in the folder code, take the place of ours.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.serving import JSON, Answer, Inference, refused, serve_model
from studiolo.ml.algorithms.tabular import READERS, accepted, unacceptable, unsupported
from studiolo.ml.compilation.compiled import GRAPHS, Compiled
from studiolo.ml.formats import responses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CSV, NPY, NPZ, LINES = b"text/csv", b"application/x-npy", b"application/x-npz", b"application/jsonlines"
RECORDS = b"application/x-recordio-protobuf"

log = logging.getLogger(__name__)


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    compiled = Compiled(folder)
    # In the archive, or brought from where SAGEMAKER_SUBMIT_DIRECTORY says.
    functions = _functions(folder / "code") or _functions(folder.parent / "code")
    if functions:
        return Scripted(compiled, functions)
    return Trees(compiled) if compiled.about.framework == "XGBOOST" else Arrays(compiled)


class Arrays:
    """Arrays in and out, as SageMaker's toolkits decode and encode them."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        read = _READERS.get(content_type.partition(b";")[0].strip().lower() or JSON)
        if read is None:
            return unsupported(content_type, _READERS)
        answer_type = accepted(accept, _WRITERS)
        if answer_type is None:
            return unacceptable(accept, _WRITERS)
        try:
            found = self._plain(self._compiled.predict(self._compiled.feed(named(self._compiled, read(body)))))
            if answer_type == JSON and self._compiled.about.framework in GRAPHS:
                found = {"predictions": _by_row(found) if isinstance(found, dict) else found}
            return 200, answer_type, _WRITERS[answer_type](found)
        except Invalid as error:
            return refused(400, str(error))

    def _plain(self, found: Any) -> Any:
        """Several outputs by their names."""
        return dict(zip(self._compiled.outputs, found)) if isinstance(found, list) else found  # noqa: B905 (as long)


class Trees:
    """Rows of features in, a prediction for each out, as the built-in XGBoost has them."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._width = compiled.inputs[0].dimensions[1] or 0
        self._readers = {**READERS, CSV: _rows, b"text/libsvm": _libsvm, b"text/x-libsvm": _libsvm}
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv").encode()

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        read = self._readers.get(content_type.partition(b";")[0].strip().lower() or CSV)
        if read is None:
            return unsupported(content_type, self._readers)
        answer_type = accepted(accept, _TREES, self._default)
        if answer_type is None or answer_type not in _TREES:
            return unacceptable(accept, _TREES)
        try:
            rows = read(body, self._width)
            if not len(rows):
                raise Invalid("The body is empty: at least one row of features is expected.")
            found = self._compiled.predict(self._compiled.feed({self._compiled.inputs[0].name: rows}))
        except (Invalid, ValueError) as error:
            return refused(400, f"Unable to evaluate payload provided: {error}")
        return 200, answer_type, _TREES[answer_type](np.asarray(found, np.float32))


class Scripted:
    """The user's functions about the model. What predict_fn is given predicts where it is called, by arrays."""

    def __init__(self, compiled: Compiled, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._compiled = compiled
        self._functions = functions

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind, wanted = (each.partition(b";")[0].strip().lower() or JSON for each in (content_type, accept))
        wanted = JSON if wanted in (b"*/*", b"application/*") else wanted
        try:
            return self._answer(kind, wanted, body)
        except Invalid as error:
            return refused(400, str(error))
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            return refused(500, f"{error}\n{traceback.format_exc()}")

    def _answer(self, kind: bytes, wanted: bytes, body: bytes) -> Answer:
        text = kind.startswith(b"text/") or kind == JSON
        if "input_fn" in self._functions:
            data = self._functions["input_fn"](body.decode() if text else body, kind.decode())
        elif kind in _READERS:
            data = _READERS[kind](body)
        else:
            return unsupported(kind, _READERS)
        if "predict_fn" in self._functions:
            found = self._functions["predict_fn"](data, self._predict)
        else:
            found = self._predict(data)
        if "output_fn" in self._functions:
            found = self._functions["output_fn"](found, wanted.decode())
            if isinstance(found, tuple):
                found, wanted = found[0], str(found[1]).encode()
            return 200, wanted, found if isinstance(found, bytes) else str(found).encode()
        if wanted not in _WRITERS:
            return unacceptable(wanted, _WRITERS)
        return 200, wanted, _WRITERS[wanted](found)

    def _predict(self, data: Any) -> Any:
        return self._compiled.predict(self._compiled.feed(named(self._compiled, data)))


def named(compiled: Compiled, data: Any) -> Mapping[str, Any]:
    """The arrays of a request by the names of the model's inputs. Raises Invalid."""
    names = [each.name for each in compiled.inputs]
    if isinstance(data, dict) and set(data) == set(names):
        return data
    if isinstance(data, dict) and list(data) == ["instances"]:
        data = data["instances"]
    if len(names) > 1 or isinstance(data, dict):
        raise Invalid(f"The model's inputs are {', '.join(names)}: a JSON object with an array for each is expected.")
    return {names[0]: data}


def _functions(code: Path) -> dict[str, Callable[..., Any]]:
    """The user's functions that there are. Raises Invalid where their module cannot be imported."""
    program = os.environ.get("SAGEMAKER_PROGRAM", "inference.py").removesuffix(".py")
    if not (code / f"{program}.py").is_file():
        return {}
    sys.path.insert(0, str(code))
    try:
        module = importlib.import_module(program)
    except Exception as error:
        raise Invalid(
            f"{program}.py of the model's code cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if hasattr(module, "model_fn"):
        log.warning("model_fn of %s.py is not called: the compiled model takes the place of what it loads.", program)
    return {name: getattr(module, name) for name in ("input_fn", "predict_fn", "output_fn") if hasattr(module, name)}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}.") from error


def _array_rows(body: bytes) -> Any:
    return _rows(body, None)


def _rows(body: bytes, width: int | None) -> Any:
    """Rows of numbers; what is empty is NaN."""
    rows = []
    for number, line in enumerate((line for line in body.decode("utf-8-sig").splitlines() if line.strip()), start=1):
        try:
            rows.append([float(cell) if cell.strip() else np.nan for cell in line.split(",")])
        except ValueError:
            raise Invalid(f"Line {number} of the CSV body is not numbers separated by commas.") from None
        if len(rows[-1]) != (width or len(rows[0])):
            raise Invalid(
                f"Line {number} of the CSV body has {len(rows[-1])} columns; {width or len(rows[0])} are expected."
            )
    return np.array(rows)


def _libsvm(body: bytes, width: int) -> Any:
    """Lines `[label] feature:value ...`; what is not there is missing, as XGBoost has it."""
    lines = [line for line in body.decode().splitlines() if line.strip()]
    rows = np.full((len(lines), width), np.nan)
    for number, line in enumerate(lines):
        for cell in line.split():
            feature, colon, value = cell.partition(":")
            if colon and feature != "qid":
                try:
                    rows[number, int(feature)] = float(value)
                except (ValueError, IndexError):
                    raise Invalid(
                        f"Line {number + 1} has {cell!r}; feature:value is expected, the features from 0 to {width - 1}."
                    ) from None
    return rows


def _numpy(body: bytes) -> Any:
    try:
        return np.load(io.BytesIO(body), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise Invalid(f"The body is not a file of NumPy: {error}") from error


def _numpy_arrays(body: bytes) -> Any:
    found = _numpy(body)
    if isinstance(found, np.ndarray):
        raise Invalid("The body is one array of NumPy, and no archive of arrays.")
    return {name: found[name] for name in found.files}


def _listed(value: Any) -> Any:
    """An array, or what has some in it, as lists."""
    if isinstance(value, dict):
        return {name: _listed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _by_row(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(found, row)) for row in zip(*found.values())]  # noqa: B905 (as long)


def _one(value: Any) -> Any:
    if isinstance(value, dict):
        raise Invalid(
            f"The model's outputs are {', '.join(value)}, which only JSON holds: set Accept to application/json."
        )
    return np.asarray(value)


def _csv(value: Any) -> bytes:
    array = _one(value)
    stream = io.StringIO()
    np.savetxt(stream, array.reshape(len(array), -1) if array.ndim > 2 else array, delimiter=",", fmt="%s")
    return stream.getvalue().encode()


def _npy(value: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, _one(value))
    return stream.getvalue()


_READERS: Mapping[bytes, Callable[[bytes], Any]] = {JSON: _json, CSV: _array_rows, NPY: _numpy, NPZ: _numpy_arrays}
_WRITERS: Mapping[bytes, Callable[[Any], bytes]] = {
    JSON: lambda value: json.dumps(_listed(value)).encode(),
    CSV: _csv,
    NPY: _npy,
}
_TREES: Mapping[bytes, Callable[[Any], bytes]] = {
    CSV: lambda found: "".join(f"{row}\n" for row in found.tolist()).encode(),
    JSON: lambda found: responses.to_json({"score": found}),
    LINES: lambda found: responses.to_jsonlines({"score": found}),
    RECORDS: lambda found: responses.to_recordio({"score": found}),
}


if __name__ == "__main__":
    sys.exit(serve())
