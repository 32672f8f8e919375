"""PyTorch's models, and those that are ONNX already: arrays of the shapes that the job says."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.compilation.compiled import About, Compiled, Input
from studiolo.ml.compilation.program.original import CODE, Original, one_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Shapes = Mapping[str, tuple[int, ...]]


def open_pytorch(folder: Path, shapes: Shapes) -> Original:
    """A module as TorchScript, or whole as torch.save writes it, with its classes in code/. Raises Invalid."""
    import torch

    model = _module(one_file(folder, (".pth", ".pt")), torch)
    model.eval()
    samples = _arrays({name: (shape, np.float32) for name, shape in shapes.items()})

    def predict(arrays: Mapping[str, Any]) -> Any:
        with torch.inference_mode():
            found = model(*(torch.from_numpy(arrays[name]) for name in shapes))
        answers = found if isinstance(found, (tuple, list)) else [found]
        values = [answer.numpy() for answer in answers]
        return values if len(values) > 1 else values[0]

    try:
        predict(samples(0))
    except Exception as error:
        raise Invalid(f"The model cannot take inputs of the DataInputConfig's shapes: {_last(error)}") from error

    def write(path: Path) -> None:
        tensors = tuple(torch.from_numpy(array) for array in samples(0).values())
        # Any number of rows, where the model has no fixed one.
        rows = {name: {0: "rows"} for name in shapes} if len({shape[0] for shape in shapes.values()}) == 1 else {}
        # The newer exporter takes no TorchScript.
        older = {"dynamo": False} if _version(torch.__version__) >= (2, 5) else {}
        try:
            torch.onnx.export(model, tensors, str(path), input_names=list(shapes), dynamic_axes=rows, **older)
        except Exception as error:
            raise Invalid(f"PyTorch cannot export the model as ONNX: {_last(error)}") from error

    return Original(
        name=f"PyTorch {torch.__version__}",
        shapes=dict(shapes),
        about=About("PYTORCH", torch.__version__),
        predict=predict,
        write=write,
        samples=samples,
    )


def open_onnx(folder: Path, shapes: Shapes) -> Original:
    """A model of ONNX, run as it is by ONNX Runtime without its optimizations. Raises Invalid."""
    import onnx
    import onnxruntime

    file = one_file(folder, (".onnx",))
    model = Compiled(file.parent, optimized=False)
    names = [each.name for each in model.inputs]
    if shapes and sorted(shapes) != sorted(names):
        raise Invalid(f"The DataInputConfig names {', '.join(shapes)}; the model's inputs are {', '.join(names)}.")
    wanted = {each.name: shapes.get(each.name) or _plain(each) for each in model.inputs}
    samples = _arrays({each.name: (wanted[each.name], each.type) for each in model.inputs})
    model.feed(samples(0))

    def write(path: Path) -> None:
        try:
            onnx.checker.check_model(str(file))
        except (onnx.checker.ValidationError, ValueError) as error:
            raise Invalid(f"{file.name} is not valid ONNX: {error}") from error
        shutil.copytree(file.parent, path.parent, dirs_exist_ok=True)
        (path.parent / file.name).rename(path)

    return Original(
        name=f"ONNX Runtime {onnxruntime.__version__} without optimizations",
        shapes=wanted,
        about=About("ONNX", onnxruntime.__version__),
        predict=model.predict,
        write=write,
        samples=samples,
    )


def _module(file: Path, torch: Any) -> Any:
    try:
        return torch.jit.load(str(file), map_location="cpu")
    except RuntimeError:
        pass
    sys.path[:0] = [str(file.parent / CODE), str(file.parent)]
    try:
        # It is the user's own model, in the user's own fence.
        model = torch.load(str(file), map_location="cpu", weights_only=False)
    except Exception as error:
        raise Invalid(
            f"Framework cannot load PyTorch model {file.name}: {type(error).__name__}: {error}. It must be TorchScript "
            "(torch.jit.trace and save), or a whole module whose class is in the archive's folder code."
        ) from error
    if not isinstance(model, torch.nn.Module):
        raise Invalid(
            f"{file.name} is a {type(model).__name__} and no module: a state_dict does not say what is to be computed. "
            "Save the model by torch.jit.trace(model, example).save."
        )
    return model


def _plain(each: Input) -> tuple[int, ...]:
    """A shape for an input, of one row. Raises Invalid where the model leaves too much open."""
    if None in each.dimensions[1:]:
        raise Invalid(f"The model does not say the shape of its input {each.name}: a DataInputConfig must.")
    return tuple(1 if size is None else size for size in each.dimensions)


def _arrays(wanted: Mapping[str, tuple[tuple[int, ...], Any]]) -> Callable[[int], Mapping[str, Any]]:
    def make(number: int) -> Mapping[str, Any]:
        random = np.random.default_rng(number)
        return {name: random.standard_normal(shape).astype(kind) for name, (shape, kind) in wanted.items()}

    return make


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def _last(error: Exception) -> str:
    """What an error says after the trace that PyTorch puts before it."""
    return str(error).strip().rpartition("\n")[2]
