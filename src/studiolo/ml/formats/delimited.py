"""Examples as CSV, the way the built-in algorithms read it: numbers only, no header, the label in the first column."""

from __future__ import annotations

from io import TextIOWrapper
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.formats.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_ROWS_AT_ONCE = 65_536


def read_examples(stream: BinaryIO, label_size: int = 1) -> Iterator[Examples]:
    """The examples of a CSV stream, in blocks of bounded size.

    `label_size` is how many leading columns are the label: 0 or 1. Raises Invalid naming the line that is not right.
    """
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    first_line, width = 1, None
    try:
        while lines := list(islice(text, _ROWS_AT_ONCE)):
            rows = _parse(lines, first_line)
            if len(rows):
                width = rows.shape[1] if width is None else width
                if rows.shape[1] != width:
                    raise Invalid(f"Line {first_line} of the CSV data has {rows.shape[1]} columns, not {width}.")
                if width <= label_size:
                    raise Invalid(f"The CSV data has {width} columns; a label and at least one feature are expected.")
                yield Examples(rows[:, label_size:], rows[:, 0] if label_size else None)
            first_line += len(lines)
    except UnicodeDecodeError as error:
        raise Invalid(f"The CSV data is not UTF-8 text: {error.reason} after line {first_line - 1}.") from error


def _parse(lines: list[str], first_line: int) -> NDArray[np.float64]:
    filled = [line for line in lines if line.strip()]
    if not filled:
        return np.empty((0, 0))
    try:
        return np.loadtxt(filled, delimiter=",", ndmin=2, comments=None)
    except ValueError as error:
        raise Invalid(_first_fault(lines, first_line) or f"The CSV data cannot be read: {error}") from error


def _first_fault(lines: list[str], first_line: int) -> str | None:
    """A sentence about the first line that is not numbers, or has another count of columns than the first one."""
    width = None
    for number, line in enumerate(lines, start=first_line):
        if not line.strip():
            continue
        cells = line.strip("\r\n").split(",")
        width = width or len(cells)
        if len(cells) != width:
            return f"Line {number} of the CSV data has {len(cells)} columns; the lines before it have {width}."
        for column, cell in enumerate(cells, start=1):
            try:
                float(cell)
            except ValueError:
                return f"Line {number}, column {column} of the CSV data is {cell[:40]!r}, which is not a number."
    return None
