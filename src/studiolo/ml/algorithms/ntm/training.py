"""A training job of NTM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from studiolo.domain import Invalid
from studiolo.ml.algorithms import neural
from studiolo.ml.algorithms.channels import RECORDIO, opened, read_features
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.ntm.hyperparameters import LOSSES, TABLE
from studiolo.ml.algorithms.ntm.model import Network, Shape, save

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from studiolo.ml.algorithms.container import Channel, Container, StopRequest

VOCABULARY = "vocab.txt"
"""The file of the channel `auxiliary`: a word a line, in the order of the features."""
WORDS = 10
"""How many words of each topic are told."""
MOST_LAYERS = 3


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    channels = channels_of(container, RECORDIO, "train", "validation", "test", "auxiliary")
    vocabulary = _vocabulary(channels.pop("auxiliary", None), chosen["feature_dim"])
    data = {}
    for name, channel in channels.items():
        rows = csr_matrix(read_features(channel), dtype=np.float32)
        check_width(rows.shape[1], name, chosen["feature_dim"])
        data[name] = _counts(rows, name)
    neural.seed()
    shape = Shape(
        chosen["feature_dim"],
        chosen["num_topics"],
        _layers(chosen),
        chosen["encoder_layers_activation"],
        chosen["batch_norm"],
    )
    network = Network(shape)
    _fit(network, chosen, data, report, stop)
    network.eval()
    save(container.model, shape, network)
    if "test" in data:
        for name, value in _losses(network, data["test"], chosen).items():
            report.quality("test", name, value)
    _tell_topics(network, vocabulary, log)


def _fit(network: Network, chosen: dict[str, Any], data: dict[str, Any], report: Report, stop: StopRequest) -> None:
    rows, size, share = data["train"], chosen["mini_batch_size"], chosen["sub_sample"]
    learner = neural.optimizer(chosen["optimizer"], network, chosen["learning_rate"], chosen["weight_decay"])
    taken = max(1, round(share * rows.shape[0]))
    # One document has no spread that its batch could be normalized by.
    least = 2 if chosen["batch_norm"] else 1

    def loss_of(picked: Any) -> Any:
        lost, divergence = network(_dense(rows[picked.numpy()]))
        return (lost + divergence).mean() * chosen["rescale_gradient"]

    def learn(epoch: int) -> float:
        batches = (picked for picked in neural.batches(rows.shape[0], size, share) if len(picked) >= least)
        neural.learn(network, learner, batches, loss_of, stop, clip=chosen["clip_gradient"])
        return epochs.measured(epoch, data, lambda documents: _losses(network, documents, chosen), LOSSES[0])

    epochs = neural.Epochs(chosen["epochs"], chosen["num_patience_epochs"], chosen["tolerance"], report, stop, taken)
    epochs.run(learn)


def _losses(network: Network, rows: Any, chosen: dict[str, Any]) -> dict[str, float]:
    """The mean loss of a document, and its two parts, by the names of LOSSES."""
    lost = divergence = 0.0
    with torch.no_grad():
        for start in range(0, rows.shape[0], chosen["mini_batch_size"]):
            of_words, of_code = network(_dense(rows[start : start + chosen["mini_batch_size"]]))
            lost += float(of_words.sum())
            divergence += float(of_code.sum())
    count = rows.shape[0]
    return dict(zip(LOSSES, ((lost + divergence) / count, lost / count, divergence / count), strict=True))


def _tell_topics(network: Network, vocabulary: Sequence[str] | None, log: logging.Logger) -> None:
    """Print the first words of each topic and, in brackets, the share of them that is of no other topic."""
    best = network.topics.weight.T.argsort(dim=1, descending=True)[:, :WORDS].tolist()
    said = [word for topic in best for word in topic]
    uniqueness = [sum(1 / said.count(word) for word in topic) / len(topic) for topic in best]
    log.info("Topics from epoch:final (num_topics:%d) [tu %.2f]:", len(best), float(np.mean(uniqueness)))
    for unique, topic in zip(uniqueness, best, strict=True):
        words = [vocabulary[word] if vocabulary else str(word) for word in topic]
        log.info("[%.2f] %s", unique, " ".join(words))


def _layers(chosen: dict[str, Any]) -> tuple[int, ...]:
    """The widths of the encoder's layers; `auto` narrows from the words to the topics."""
    if chosen["encoder_layers"] != "auto":
        return tuple(chosen["encoder_layers"])
    width = chosen["feature_dim"]
    found: list[int] = []
    while len(found) < MOST_LAYERS and width // 4 > 4 * chosen["num_topics"]:
        width = min(width // 4, 512)
        found.append(width)
    return tuple(found) or (max(8, 4 * chosen["num_topics"]),)


def _vocabulary(channel: Channel | None, size: int) -> list[str] | None:
    if channel is None:
        return None
    for path in channel.sources:
        if path.name == VOCABULARY:
            with opened(path) as file:
                words = file.read().decode(errors="replace").splitlines()
            if len(words) != size:
                raise Invalid(f"{VOCABULARY} has {len(words)} words, but hyperparameter 'feature_dim' is {size}.")
            return words
    raise Invalid(f"The auxiliary channel has no file {VOCABULARY}.")


def _counts(rows: Any, channel: str) -> Any:
    """The rows that have a word. Raises Invalid where one has fewer than none."""
    if rows.data.size and rows.data.min() < 0:
        raise Invalid(f"The {channel} channel has negative values; documents are counts of words.")
    filled = np.asarray(rows.sum(axis=1)).ravel() > 0
    if not filled.any():
        raise Invalid(f"No document of the {channel} channel has a word.")
    return rows[filled]


def _dense(rows: Any) -> Any:
    return torch.from_numpy(rows.toarray())
