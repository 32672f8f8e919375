"""Time series as DeepAR's channels and requests have them: JSON objects with `start`, `target`, `cat`, `dynamic_feat`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import opened
from studiolo.ml.algorithms.deepar.hyperparameters import JSON_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Channel


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its first moment, values (NaN where missing), categories, and rows of features that are known ahead."""

    start: str
    target: NDArray[np.float32]
    categories: tuple[int, ...] | None
    features: NDArray[np.float32] | None


def read_series(channel: Channel) -> list[Series]:
    """All series of a channel, a JSON object a line. Raises Invalid, naming channel, file and line."""
    if channel.content_type not in JSON_TYPES:
        raise Invalid(f"Content type {channel.content_type!r} is not supported; JSON Lines are.")
    found = list(_series(channel))
    if not found:
        raise Invalid(f"The {channel.name} channel has no data.")
    return found


def _series(channel: Channel) -> Iterator[Series]:
    for path in channel.sources:
        if ".parquet" in path.suffixes:
            raise Invalid(f"File {path.name} of the {channel.name} channel is Parquet; only JSON Lines are supported.")
        try:
            with opened(path) as stream:
                for number, line in enumerate(stream, start=1):
                    if line.strip():
                        yield _of_line(line, number)
        except (Invalid, OSError, EOFError) as error:
            raise Invalid(f"Unable to read the {channel.name} channel, file {path.name}: {error}") from error


def _of_line(line: bytes, number: int) -> Series:
    try:
        return parse(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"Line {number} is not JSON: {error}.") from error
    except Invalid as error:
        raise Invalid(f"Line {number}: {error}") from error


def parse(document: Any) -> Series:
    """The series of a JSON object. Raises Invalid."""
    if not isinstance(document, dict) or not isinstance(document.get("start"), str):
        raise Invalid('A time series is an object such as {"start": "2024-01-01 00:00:00", "target": [1.5, 2]}.')
    target = _values(document.get("target"), "target", missing=True)
    return Series(document["start"], target, _categories(document.get("cat")), _features(document.get("dynamic_feat")))


def _values(found: Any, name: str, *, missing: bool) -> NDArray[np.float32]:
    """A list of numbers; where some may be missing, `null` and `"NaN"` are those."""
    if not isinstance(found, list):
        raise Invalid(f"'{name}' is not a list of numbers.")
    for value in found:
        if not (isinstance(value, (int, float)) and not isinstance(value, bool)) and not (
            missing and (value is None or value == "NaN")
        ):
            raise Invalid(f"'{name}' has the value {json.dumps(value)}, which is not a number.")
    values = np.array([np.nan if value is None else float(value) for value in found], dtype=np.float64)
    known = values[~np.isnan(values)] if missing else values
    if not (np.abs(known) <= np.finfo(np.float32).max).all():
        raise Invalid(f"'{name}' has values that are not finite numbers of single precision.")
    return values.astype(np.float32)


def _categories(found: Any) -> tuple[int, ...] | None:
    if found is None:
        return None
    listed = found if isinstance(found, list) else [found]
    if not all(type(value) is int and value >= 0 for value in listed):
        raise Invalid("'cat' is not a list of integers from 0.")
    return tuple(listed)


def _features(found: Any) -> NDArray[np.float32] | None:
    if found is None:
        return None
    if not isinstance(found, list) or not found:
        raise Invalid("'dynamic_feat' is not a list of lists of numbers.")
    rows = [_values(row, "dynamic_feat", missing=False) for row in found]
    if len({len(row) for row in rows}) > 1:
        raise Invalid("The lists of 'dynamic_feat' are not of one length.")
    return np.stack(rows)
