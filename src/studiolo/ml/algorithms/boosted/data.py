"""The data of LightGBM and CatBoost, as AWS documents it under "Input and Output interface" of each.

A channel `train` (or `training`) and, where it is given, `validation`; or both as folders of the one channel. CSV or
Parquet, no header, the label first. `categorical_index.json` beside the data names categorical features:
`{"cat_index_list": [0, 3]}`, counted from the first feature.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from studiolo.ml.algorithms.container import Channel

SPLIT = 0.2
"""The share of rows that validate where none are given."""
CATEGORIES = ("categorical_index.json", "cat_index.json")
CHANNELS = ("train", "training", "validation")


@dataclass(frozen=True)
class Data:
    """Rows to train on and to validate on, a data frame and labels each, and the indexes of categorical features."""

    train: Any
    train_labels: Any
    validation: Any
    validation_labels: Any
    categorical: tuple[int, ...]


def read(channels: Mapping[str, Channel]) -> Data:
    """The data of the job's channels. Raises Invalid."""
    main = channels.get("train") or channels.get("training")
    if main is None:
        raise Invalid("The train channel is missing; this algorithm requires it.")
    sources = [path for channel in channels.values() for path in channel.sources]
    categorical = _categorical(path for path in sources if path.name in CATEGORIES)
    files = [path for path in main.sources if path.name not in CATEGORIES]
    inner = [path for path in files if "validation" in path.parts[-3:-1]]
    outer = (
        [path for path in channels["validation"].sources if path.name not in CATEGORIES]
        if "validation" in channels
        else []
    )
    rows = _frame([path for path in files if path not in inner], "train")
    if rows is None:
        raise Invalid("The train channel has no data.")
    others = _frame([*inner, *outer], "validation")
    if others is None:
        picked = np.random.default_rng(0).permutation(len(rows))
        cut = max(1, round(len(rows) * SPLIT))
        rows, others = rows.iloc[picked[cut:]], rows.iloc[picked[:cut]]
    if others.shape[1] != rows.shape[1]:
        raise Invalid(f"The validation data has {others.shape[1]} columns; the train data has {rows.shape[1]}.")
    width = rows.shape[1] - 1
    if width < 1 or any(not 0 <= place < width for place in categorical):
        raise Invalid(f"The rows have {width} features; categorical are {list(categorical)}.")
    return Data(*_apart(rows, categorical), *_apart(others, categorical), categorical)


def features(text: bytes, categorical: tuple[int, ...]) -> Any:
    """The rows of a request in CSV. Raises Invalid."""
    from io import BytesIO

    try:
        return _typed(pd.read_csv(BytesIO(text), header=None), categorical)
    except ValueError as error:
        raise Invalid(f"The CSV body cannot be read: {error}") from error


def check_classes(data: Data) -> int:
    """The number of classes. Raises Invalid unless labels are the whole numbers from 0 on."""
    labels = np.concatenate([data.train_labels, data.validation_labels])
    if (labels != np.floor(labels)).any() or labels.min() < 0:
        raise Invalid("The labels of a classification are the whole numbers from 0 on.")
    return int(labels.max()) + 1


def _categorical(paths: Iterable[Path]) -> tuple[int, ...]:
    for path in paths:
        try:
            return tuple(int(place) for place in json.loads(path.read_text())["cat_index_list"])
        except (ValueError, LookupError, TypeError) as error:
            raise Invalid(f"{path.name} is not {{'cat_index_list': [...]}}: {error}") from error
    return ()


def _frame(paths: list[Path], channel: str) -> Any:
    frames = []
    for path in paths:
        try:
            if path.suffix == ".parquet":
                frames.append(pd.read_parquet(path))
            else:
                with opened(path) as stream:
                    frames.append(pd.read_csv(stream, header=None))
            frames[-1].columns = pd.RangeIndex(frames[-1].shape[1])
        except (ValueError, OSError, EOFError) as error:
            raise Invalid(f"Unable to read the {channel} channel, file {path.name}: {error}") from error
    return pd.concat(frames, ignore_index=True) if frames else None


def _apart(rows: Any, categorical: tuple[int, ...]) -> tuple[Any, Any]:
    try:
        labels = rows.iloc[:, 0].to_numpy(np.float64)
    except ValueError as error:
        raise Invalid(f"The labels, in the first column, are not all numbers: {error}") from error
    if not np.isfinite(labels).all():
        raise Invalid("There are rows without a label.")
    return _typed(rows.iloc[:, 1:], categorical), labels


def _typed(rows: Any, categorical: tuple[int, ...]) -> Any:
    rows = rows.copy()
    rows.columns = pd.Index([f"f{place}" for place in range(rows.shape[1])])
    for place, name in enumerate(rows.columns):
        if place in categorical:
            continue
        try:
            rows[name] = rows[name].astype(np.float64)
        except ValueError as error:
            raise Invalid(f"Feature {place} is not all numbers, and is not named as categorical: {error}") from error
    return rows
