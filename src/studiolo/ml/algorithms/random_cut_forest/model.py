"""The model of Random Cut Forest: krcf's forest, as krcf writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import krcf
import numpy as np

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FOREST = "forest.msgpack"


@dataclass(frozen=True)
class Model:
    """A forest of points with `width` features."""

    forest: Any

    @property
    def width(self) -> int:
        return int(self.forest.dimensions())

    def predict(self, rows: Any) -> dict[str, Any]:
        """The anomaly `score` of each row: the higher, the less a row is like those of the training."""
        return {"score": np.array([self.forest.score(row) for row in np.asarray(rows, np.float64)])}


def build(rows: NDArray[Any], num_trees: int, num_samples_per_tree: int) -> Model:
    """A forest whose trees each hold a random sample of the rows."""
    random = np.random.default_rng(0)
    # Each tree samples from what it sees: from this sample of all rows it comes to the same.
    seen = min(len(rows), num_trees * num_samples_per_tree)
    options = {
        "dimensions": rows.shape[1],
        "shingle_size": 1,
        "num_trees": num_trees,
        "sample_size": num_samples_per_tree,
        "output_after": 1,
        "random_seed": 1,
        "lambda": 0.0,
        "initial_accept_fraction": 1.0,
    }
    forest = krcf.RandomCutForest(options)
    for place in random.permutation(len(rows))[:seen]:
        forest.update(rows[place].astype(np.float64))
    return Model(forest)


def save(model: Model, folder: Path) -> None:
    """Write the model into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FOREST).write_bytes(bytes(model.forest.to_msgpack()))


def load(folder: Path) -> Model:
    """Read a model that `save` wrote. Raises Invalid."""
    try:
        return Model(krcf.RandomCutForest.from_msgpack((folder / _FOREST).read_bytes()))
    except FileNotFoundError as error:
        raise Invalid(f"There is no randomcutforest model: {error.filename} is missing.") from error
    except Exception as error:
        raise Invalid(f"The randomcutforest model in {folder} cannot be read: {error}.") from error
