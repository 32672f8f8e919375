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
    size = channel.parameters.get("label_size", "1")
    if channel.content_type == CSV and size != "1":
        raise Invalid(f"The {channel.name} channel's label_size is {size}; only 1, the first column, is supported.")
    blocks = _blocks(channel, label_size=1)
    if any(block.labels is None for block in blocks):
        raise Invalid(f"Unable to read the {channel.name} channel: The examples have no labels.")
    labels = np.concatenate([cast("Any", block.labels) for block in blocks]).astype(np.float64)
    return LabeledData(_checked(channel, _join(blocks), labels), labels)


def read_features(channel: Channel) -> Any:
    """The features of the channel, a matrix as in LabeledData; labels, where it has some, are left out.

    CSV has the label in its first column, unless the content type says `label_size=0`. Raises Invalid.
    """
    size = channel.parameters.get("label_size", "1")
    if size not in ("0", "1"):
        raise Invalid(f"The {channel.name} channel's label_size is {size}; 0 and 1 are supported.")
    return _checked(channel, _join(_blocks(channel, int(size))), np.empty(0))


def _blocks(channel: Channel, label_size: int) -> list[Examples]:
    blocks: list[Examples] = []
    width = None
    for path in channel.sources:
        try:
            for block in _read_file(channel, path, label_size):
                width = block.width if width is None else width
                if block.width != width:
                    raise Invalid(f"A row has {block.width} features; those before it have {width}.")
                blocks.append(block)
        except (Invalid, OSError, EOFError) as error:
            raise Invalid(f"Unable to read the {channel.name} channel, file {path.name}: {error}") from error
    if not blocks:
        raise Invalid(f"The {channel.name} channel has no data.")
    return blocks


def _checked(channel: Channel, features: Any, labels: NDArray[np.float64]) -> Any:
    values = features if isinstance(features, np.ndarray) else features.data
    if not np.isfinite(labels).all() or not np.isfinite(values).all():
        raise Invalid(f"The {channel.name} channel has values that are not finite numbers (NaN or infinity).")
    # SageMaker's algorithms count in single precision: what goes beyond it is infinite to them.
    if max(np.abs(labels).max(initial=0), np.abs(values).max(initial=0)) > np.finfo(np.float32).max:
        raise Invalid(f"The {channel.name} channel has values beyond 3.4e38, the largest number of single precision.")
    return features


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


def _read_file(channel: Channel, path: Path, label_size: int) -> Iterator[Examples]:
    if channel.content_type == RECORDIO:
        from studiolo.ml.formats import record_examples

        with opened(path) as stream:
            yield from record_examples.read_examples(stream)
    elif channel.content_type == CSV:
        from studiolo.ml.formats import delimited

        with opened(path) as stream:
            yield from delimited.read_examples(stream, label_size)
    else:
        raise Invalid(f"Content type {channel.content_type!r} is not supported; {RECORDIO} and {CSV} are.")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file or pipe of a channel, unpacked where they are gzip."""
    with path.open("rb") as file:
        if path.is_file():
            compressed = path.suffix == ".gz" or file.peek(2)[:2] == b"\x1f\x8b"
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
        else:
            yield file
