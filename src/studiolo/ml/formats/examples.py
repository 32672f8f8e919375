"""Examples: rows of features with their labels, dense or sparse, as the codecs hand them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows in compressed sparse row layout: row i holds `values[starts[i]:starts[i + 1]]` at those `columns`."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Floats
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def dense(self) -> Floats:
        """The same rows as a matrix of shape (rows, width); a column named twice in a row adds up."""
        matrix = np.zeros((len(self), self.width), dtype=self.values.dtype)
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        np.add.at(matrix, (rows, self.columns), self.values)
        return matrix


@dataclass(frozen=True, slots=True)
class Examples:
    """Features of shape (rows, width), and one label a row where the data carries them."""

    features: Floats | SparseRows
    labels: Floats | None

    def __len__(self) -> int:
        return len(self.features)

    @property
    def width(self) -> int:
        """How many features a row has."""
        return self.features.width if isinstance(self.features, SparseRows) else int(self.features.shape[1])
