"""The model of k-NN: a faiss index of the sampled rows, and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_INDEX = "index.faiss"


@dataclass(frozen=True)
class Model:
    """`labels` are those of the indexed rows; `projection`, of shape (features, target), reduces rows to search for.

    `predictor_type` and `metric` are as the hyperparameters have them.
    """

    index: Any
    labels: NDArray[np.float64]
    projection: NDArray[np.float32]
    width: int
    k: int
    predictor_type: str
    metric: str

    def predict(self, rows: Any) -> dict[str, Any]:
        """`predicted_label` of each row: the commonest label of its neighbors, or their mean for a regressor."""
        return {"predicted_label": self._label(*self._neighbors(rows)[1:])}

    def predict_verbose(self, rows: Any) -> dict[str, Any]:
        """Besides, `distances` to the neighbors, in ascending order, and their `labels`."""
        distances, labels, found = self._neighbors(rows)
        return {"predicted_label": self._label(labels, found), "distances": distances, "labels": labels}

    def _neighbors(self, rows: Any) -> tuple[Any, Any, Any]:
        """Distances and labels of neighbors, and whether there is one: three matrices of shape (rows, k)."""
        distances, neighbors = self.index.search(prepared(rows, self.projection, self.metric), self.k)
        found = neighbors >= 0
        if self.metric != "L2":
            # Faiss gives similarities, the largest first.
            distances = (1.0 if self.metric == "COSINE" else 0.0) - distances
        # Where an inverted list ends before k rows are found: as far as the last one.
        distances = np.where(
            found, distances.astype(np.float64), distances.max(axis=1, where=found, initial=0.0)[:, None]
        )
        return distances, self.labels[np.maximum(neighbors, 0)], found

    def _label(self, labels: Any, found: Any) -> NDArray[np.float64]:
        if self.predictor_type == "regressor":
            return np.asarray((labels * found).sum(axis=1) / np.maximum(found.sum(axis=1), 1))
        classes, places = np.unique(labels, return_inverse=True)
        votes = np.zeros((len(labels), len(classes)))
        np.add.at(votes, (np.arange(len(labels))[:, None], places.reshape(labels.shape)), found)
        return np.asarray(classes[votes.argmax(axis=1)])


def build(rows: Any, labels: NDArray[np.float64], chosen: dict[str, Any]) -> Model:
    """The model of the rows, a matrix (rows, features). Raises Invalid."""
    projection = _projection(chosen)
    vectors = prepared(rows, projection, chosen["index_metric"])
    index = _index(len(vectors), vectors.shape[1], chosen)
    index.train(vectors)
    index.add(vectors)
    if len(labels) < chosen["k"]:
        raise Invalid(f"There are {len(labels)} sampled rows, fewer than the k = {chosen['k']} neighbors asked for.")
    return Model(
        index,
        labels,
        projection,
        chosen["feature_dim"],
        chosen["k"],
        chosen["predictor_type"],
        chosen["index_metric"],
    )


def prepared(rows: Any, projection: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """The rows as the index has them: reduced where there is a projection, of length 1 for cosines."""
    vectors = np.ascontiguousarray(rows, np.float32)
    if projection.size:
        vectors = np.ascontiguousarray(vectors @ projection)
    if metric == "COSINE":
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.where(lengths > 0, lengths, 1)
    return vectors


def save(model: Model, folder: Path) -> None:
    """Write the model into the folder."""
    words = {"width": model.width, "k": model.k, "predictor_type": model.predictor_type, "metric": model.metric}
    artifact.save(folder, "knn", {"labels": model.labels, "projection": model.projection}, words)
    faiss.write_index(model.index, str(folder / _INDEX))


def load(folder: Path) -> Model:
    """Read a model that `save` wrote. Raises Invalid."""
    arrays, words = artifact.load(folder, "knn")
    try:
        return Model(faiss.read_index(str(folder / _INDEX)), arrays["labels"], arrays["projection"], **words)
    except (KeyError, TypeError, RuntimeError) as error:
        raise Invalid(f"The knn model in {folder} cannot be read: {error}.") from error


def _index(count: int, width: int, chosen: dict[str, Any]) -> Any:
    metric = faiss.METRIC_L2 if chosen["index_metric"] == "L2" else faiss.METRIC_INNER_PRODUCT
    flat = faiss.IndexFlat(width, metric)
    if chosen["index_type"] == "faiss.Flat":
        return flat
    given = chosen["faiss_index_ivf_nlists"]
    lists = min(max(1, round(count**0.5)) if given == "auto" else int(given), count)
    if chosen["index_type"] == "faiss.IVFFlat":
        index = faiss.IndexIVFFlat(flat, width, lists, metric)
    else:
        # Faiss wants as many rows as there are codes.
        bits = min(8, int(np.log2(count)))
        index = faiss.IndexIVFPQ(flat, width, lists, chosen["faiss_index_pq_m"], bits, metric)
    index.nprobe = max(1, round(lists**0.5))
    return index


def _projection(chosen: dict[str, Any]) -> NDArray[np.float32]:
    """Random signs, or random columns of a Hadamard matrix with random signs of its rows; empty for none."""
    width, target = chosen["feature_dim"], chosen["dimension_reduction_target"]
    random = np.random.default_rng(0)
    if chosen["dimension_reduction_type"] is None:
        return np.empty(0, np.float32)
    if chosen["dimension_reduction_type"] == "sign":
        signs = random.choice([-1.0, 1.0], (width, target))
    else:
        order = 1 << (width - 1).bit_length()
        columns = random.choice(order, target, replace=False)
        both = np.arange(width)[:, None] & columns[None, :]
        parity = np.zeros(both.shape, np.int64)
        for bit in range(order.bit_length()):
            parity ^= (both >> bit) & 1
        signs = (1.0 - 2.0 * parity) * random.choice([-1.0, 1.0], width)[:, None]
    return np.asarray(signs / target**0.5, np.float32)
