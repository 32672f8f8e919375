"""The columns of a dataset: their values as texts, and which of those are numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
WHOLE = r"[+-]?\d+"


@dataclass(frozen=True)
class Column:
    """One column. texts: the values that are there; missing: how many are not."""

    name: str
    texts: "pd.Series[str]"
    missing: int

    @classmethod
    def of(cls, name: str, values: "pd.Series[str]") -> "Column":
        """The column of texts of which some are None."""
        present = values.dropna()
        return cls(name, present, len(values) - len(present))

    @property
    def present(self) -> int:
        return len(self.texts)

    @property
    def completeness(self) -> float:
        """The share of values that are there; of no values at all, 1."""
        return self.present / (self.present + self.missing) if self.present + self.missing else 1.0

    @cached_property
    def whole(self) -> int:
        """How many values are whole numbers."""
        return int(self.texts.str.fullmatch(WHOLE).sum()) if self.present else 0

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The values that are finite numbers."""
        values: NDArray[np.float64] = pd.to_numeric(self.texts, errors="coerce").to_numpy(dtype=np.float64)
        finite: NDArray[np.float64] = values[np.isfinite(values)]
        return finite

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each value is there, the most frequent first."""
        return {str(value): int(count) for value, count in self.texts.value_counts().items()}

    @cached_property
    def kind(self) -> str:
        """Its inferred type: a single value that is no number makes it one of strings."""
        if not self.present:
            return UNKNOWN
        if self.whole == self.present:
            return INTEGRAL
        return FRACTIONAL if len(self.numbers) == self.present else STRING

    def share_of(self, kind: str) -> float:
        """The share of values that are of the type. A whole number is a fraction too; numbers alone are no strings."""
        if not self.present or kind == UNKNOWN:
            return 1.0
        if kind == STRING:
            return 1.0 if self.kind == STRING else 0.0
        return (self.whole if kind == INTEGRAL else len(self.numbers)) / self.present


def columns_of(frame: pd.DataFrame) -> list[Column]:
    """The columns of a frame of texts."""
    return [Column.of(str(name), frame[name]) for name in frame.columns]
