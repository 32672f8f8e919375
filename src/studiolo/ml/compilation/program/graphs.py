"""TensorFlow's models, saved as TensorFlow or as Keras has them: their signatures say what they take and answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.compilation.compiled import About
from studiolo.ml.compilation.program.original import CODE, Original, one_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Shapes = Mapping[str, tuple[int, ...]]

SAVED_MODEL, SIGNATURE = "saved_model.pb", "serving_default"
OPSET = 17
LARGEST_INTEGER = 10
"""Random integers, as of tokens, are below this."""


@dataclass(frozen=True)
class Graph:
    """A function of TensorFlow: its inputs' specifications by name, and what answers tensors by those names."""

    inputs: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Mapping[str, Any]]


def open_tensorflow(folder: Path, shapes: Shapes) -> Original:
    """The SavedModel of the archive, by its signature serving_default. Raises Invalid."""
    import tensorflow as tf

    found = sorted(each.parent for each in folder.rglob(SAVED_MODEL) if each.relative_to(folder).parts[0] != CODE)
    if len(found) != 1:
        names = ", ".join(str(each.relative_to(folder)) for each in found[:5])
        raise Invalid(
            f"Exactly one SavedModel ({SAVED_MODEL}) should be found in the archive; it has {len(found)}"
            f"{': ' + names if names else ''}."
        )
    try:
        # It is the user's own model, in the user's own fence. The functions of its signatures do not keep it alive.
        loaded = tf.saved_model.load(str(found[0]))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise Invalid(f"Framework cannot load the SavedModel: {error}") from error
    function = loaded.signatures.get(SIGNATURE)
    if function is None:
        known = ", ".join(loaded.signatures) or "none"
        raise Invalid(f"The SavedModel has no signature {SIGNATURE}; its signatures: {known}.")

    def call(tensors: Mapping[str, Any], _kept: Any = loaded) -> Mapping[str, Any]:
        answers: Mapping[str, Any] = function(**tensors)
        return answers

    return _original(Graph(function.structured_input_signature[1], call), shapes, "TENSORFLOW", tf)


def open_keras(folder: Path, shapes: Shapes) -> Original:
    """A whole model as Keras saves it, in the format HDF5 or its own. Raises Invalid."""
    import tensorflow as tf

    file = one_file(folder, (".h5", ".hdf5", ".keras"))
    try:
        model = tf.keras.models.load_model(str(file), compile=False)
    except Exception as error:
        raise Invalid(f"Framework cannot load Keras model {file.name}: {type(error).__name__}: {error}") from error
    names = [each.name.partition(":")[0] for each in model.inputs]
    inputs = {
        name: tf.TensorSpec(each.shape, tf.as_dtype(each.dtype), name=name)
        for name, each in zip(names, model.inputs)  # noqa: B905 (as long)
    }

    def call(tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        given = [tensors[name] for name in names]
        found = model(given if len(given) > 1 else given[0], training=False)
        answers = found if isinstance(found, (list, tuple)) else [found]
        if isinstance(found, dict):
            return found
        return {f"output_{number}": answer for number, answer in enumerate(answers)}

    return _original(Graph(inputs, call), shapes, "KERAS", tf)


def _original(graph: Graph, shapes: Shapes, framework: str, tf: Any) -> Original:
    """Raises Invalid where the model does not take the shapes."""
    if shapes and sorted(shapes) != sorted(graph.inputs):
        raise Invalid(
            f"The DataInputConfig names {', '.join(shapes)}; the model's inputs are {', '.join(graph.inputs)}."
        )
    wanted = {name: shapes.get(name) or _plain(name, spec) for name, spec in graph.inputs.items()}
    kinds = {name: spec.dtype.as_numpy_dtype for name, spec in graph.inputs.items()}

    def samples(number: int) -> Mapping[str, Any]:
        random = np.random.default_rng(number)
        return {name: _random(random, shape, kinds[name]) for name, shape in wanted.items()}

    def predict(arrays: Mapping[str, Any]) -> Any:
        answers = graph.call({name: tf.constant(arrays[name]) for name in graph.inputs})
        values = [answers[name].numpy() for name in sorted(answers)]
        return values if len(values) > 1 else values[0]

    def write(path: Path) -> None:
        import tf2onnx

        # Any number of rows, where the model has no fixed one.
        specs = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in graph.inputs.items()]
        function = tf.function(
            lambda *tensors: graph.call(dict(zip(graph.inputs, tensors))),  # noqa: B905 (as long)
            input_signature=specs,
        )
        try:
            tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET, output_path=str(path))
        except Exception as error:
            raise Invalid(f"The model cannot be converted to ONNX: {error}") from error

    try:
        predict(samples(0))
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise Invalid(f"The model cannot take inputs of the DataInputConfig's shapes: {error}") from error
    return Original(
        name=f"TensorFlow {tf.__version__}",
        shapes=wanted,
        about=About(framework, tf.__version__),
        predict=predict,
        write=write,
        samples=samples,
    )


def _plain(name: str, spec: Any) -> tuple[int, ...]:
    """A shape for an input, of one row. Raises Invalid where the model leaves too much open."""
    sizes = None if spec.shape.rank is None else spec.shape.as_list()
    if not sizes or None in sizes[1:]:
        raise Invalid(f"The model does not say the shape of its input {name}: a DataInputConfig must.")
    return (sizes[0] or 1, *sizes[1:])


def _random(random: np.random.Generator, shape: tuple[int, ...], kind: Any) -> Any:
    if np.issubdtype(kind, np.floating):
        return random.standard_normal(shape).astype(kind)
    if np.issubdtype(kind, np.integer) or kind is np.bool_:
        return random.integers(0, 2 if kind is np.bool_ else LARGEST_INTEGER, shape).astype(kind)
    raise Invalid("The model takes texts: it cannot be compiled.")
