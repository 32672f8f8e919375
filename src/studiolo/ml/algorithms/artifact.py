"""How the algorithms of our own code keep a model: `model.npz`, its arrays, and `model.json`, what they mean.

Both are plain data: nothing in them is executed when they are read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_FORMAT = 1
_ARRAYS, _DESCRIPTION = "model.npz", "model.json"


def save(folder: Path, algorithm: str, arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> None:
    """Write a model of the algorithm into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / _ARRAYS, **arrays)
    words = {"algorithm": algorithm, "format": _FORMAT, **description}
    (folder / _DESCRIPTION).write_text(json.dumps(words, indent=2) + "\n", encoding="utf-8")


def load(folder: Path, algorithm: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the description that `save` wrote.

    Raises Invalid where there is no model, or not one of this algorithm.
    """
    try:
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        if (description.pop("algorithm"), description.pop("format")) != (algorithm, _FORMAT):
            raise Invalid(f"{folder / _DESCRIPTION} does not describe a {algorithm} model of format {_FORMAT}.")
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}, description
    except FileNotFoundError as error:
        raise Invalid(f"There is no {algorithm} model: {error.filename} is missing.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"The {algorithm} model in {folder} cannot be read: {error}.") from error
