"""Reading a channel: all its files, as one matrix of features and one vector of labels."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.formats.examples import Examples, SparseRows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Channel

CSV = "text/csv"
RECORDIO = "application/x-recordio-protobuf"


@dataclass(frozen=True, slots=True)
class LabeledData:
    """A channel's data: features (rows, width), a NumPy array or a SciPy sparse matrix, and labels (rows,)."""

    features: Any
    labels: NDArray[np.float64]

    @property
    def is_sparse(self) -> bool:
        return not isinstance(self.features, np.ndarray)


def read_channel(channel: Channel) -> LabeledData:
    """All labeled examples of the channel. Raises Invalid, naming channel and file, where they cannot be had."""
    blocks: list[Examples] = []
    width = None
    for path in channel.sources:
        try:
            for block in _read_file(channel, path):
                width = block.width if width is None else width
                if block.width != width:
                    raise Invalid(f"A row has {block.width} features; those before it have {width}.")
                if block.labels is None:
                    raise Invalid("The examples have no labels.")
                blocks.append(block)
        except (Invalid, OSError, EOFError) as error:
            raise Invalid(f"Unable to read the {channel.name} channel, file {path.name}: {error}") from error
    if not blocks:
        raise Invalid(f"The {channel.name} channel has no data.")
    data = LabeledData(
        _join(blocks), np.concatenate([cast("Any", block.labels) for block in blocks]).astype(np.float64)
    )
    values = data.features.data if data.is_sparse else data.features
    if not np.isfinite(data.labels).all() or not np.isfinite(values).all():
        raise Invalid(f"The {channel.name} channel has values that are not finite numbers (NaN or infinity).")
    # SageMaker's algorithms count in single precision: what goes beyond it is infinite to them.
    if max(np.abs(data.labels).max(initial=0), np.abs(values).max(initial=0)) > np.finfo(np.float32).max:
        raise Invalid(f"The {channel.name} channel has values beyond 3.4e38, the largest number of single precision.")
    return data


def _join(blocks: list[Examples]) -> Any:
    if not any(isinstance(block.features, SparseRows) for block in blocks):
        return np.concatenate([cast("Any", block.features) for block in blocks])
    from scipy.sparse import csr_matrix, vstack

    return vstack([_as_csr(block.features, csr_matrix) for block in blocks], format="csr")


def _as_csr(features: Any, csr_matrix: Any) -> Any:
    if isinstance(features, SparseRows):
        shape = (len(features), features.width)
        return csr_matrix((features.values, features.columns, features.starts), shape=shape)
    return csr_matrix(features)


def _read_file(channel: Channel, path: Path) -> Iterator[Examples]:
    if channel.content_type == RECORDIO:
        from studiolo.ml.formats import record_examples

        with _opened(path) as stream:
            yield from record_examples.read_examples(stream)
    elif channel.content_type == CSV:
        from studiolo.ml.formats import delimited

        if channel.parameters.get("label_size", "1") != "1":
            raise Invalid(f"label_size is {channel.parameters['label_size']}; only 1, the first column, is supported.")
        with _opened(path) as stream:
            yield from delimited.read_examples(stream)
    else:
        raise Invalid(f"Content type {channel.content_type!r} is not supported; {RECORDIO} and {CSV} are.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.is_file():
            compressed = path.suffix == ".gz" or file.peek(2)[:2] == b"\x1f\x8b"
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
        else:
            yield file
