"""A model as its framework has it, and the same as ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from studiolo.ml.compilation.compiled import About

CODE = "code"
"""The folder, in a model's archive, of the functions that serve it."""


@dataclass(frozen=True)
class Original:
    """A model, ready to predict.

    name: of its framework, with the version. shapes: of its inputs. predict: what its serving program would answer to
    arrays by the inputs' names. write: makes the file of its ONNX. samples: makes such arrays, number by number.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    about: About
    predict: Callable[[Mapping[str, Any]], Any]
    write: Callable[[Path], None]
    samples: Callable[[int], Mapping[str, Any]]


def one_file(folder: Path, endings: Iterable[str]) -> Path:
    """The one file of the archive that has one of the endings; any ending will do where there are none. Raises Invalid."""
    wanted = tuple(endings)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    found = sorted(
        path for path in files if path.relative_to(folder).parts[0] != CODE and (not wanted or path.suffix in wanted)
    )
    if len(found) != 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found[:5])
        raise Invalid(
            f"Exactly one {' or '.join(wanted) or 'model'} file should be found in the archive; it has {len(found)}"
            f"{': ' + names if names else ''}."
        )
    return found[0]


def table_shape(shapes: Mapping[str, tuple[int, ...]], width: int) -> tuple[int, ...]:
    """The shape of the one input of a model of `width` features; a row where none is given. Raises Invalid."""
    given = list(shapes.values()) or [(1, width)]
    if len(given) != 1 or len(given[0]) != 2 or given[0][1] != width:
        raise Invalid(
            f"The DataInputConfig does not fit the model, which takes rows of {width} features: one input [rows, {width}]."
        )
    return given[0]
