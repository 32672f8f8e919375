"""A training job of Object2Vec."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from studiolo.domain import Invalid
from studiolo.ml.algorithms import neural
from studiolo.ml.algorithms.job import Report, channels_of, configuration
from studiolo.ml.algorithms.object2vec.hyperparameters import LINES, TABLE, validate_hyperparameters
from studiolo.ml.algorithms.object2vec.model import Network, Shape, padded, save
from studiolo.ml.algorithms.object2vec.pairs import Pair, read_pairs

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from studiolo.ml.algorithms.container import Container, StopRequest


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    validate_hyperparameters(container.hyperparameters)
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    shape = Shape.of(chosen)
    limits = [side.limits for side in shape.sides]
    channels = channels_of(container, LINES, "train", "validation", "test")
    data = {name: _labeled(read_pairs(channel, limits), name, shape) for name, channel in channels.items()}
    neural.seed()
    network = Network(shape)
    _fit(network, chosen, data, report, stop)
    network.eval()
    save(container.model, shape, network)
    if "test" in data:
        for name, value in _measured(network, data["test"], chosen).items():
            report.quality("test", name, value, loss=name != "accuracy")


def _labeled(pairs: list[Pair], channel: str, shape: Shape) -> list[Pair]:
    """The pairs. Raises Invalid where a label is none of the classes."""
    if shape.outputs > 1:
        for pair in pairs:
            if pair.label not in range(shape.outputs):
                raise Invalid(
                    f"The {channel} channel has the label {pair.label}; with num_classes {shape.outputs} labels are "
                    f"whole numbers from 0 to {shape.outputs - 1}."
                )
    return pairs


def _fit(
    network: Network, chosen: dict[str, Any], data: dict[str, list[Pair]], report: Report, stop: StopRequest
) -> None:
    learner = neural.optimizer(chosen["optimizer"], network, chosen["learning_rate"], chosen["weight_decay"])
    draw = random.Random(0)  # noqa: S311 - data, and no secret

    def learn(epoch: int) -> float:
        pairs = data["train"] + _negatives(data["train"], chosen["negative_sampling_rate"], draw)
        picked = neural.batches(len(pairs), chosen["mini_batch_size"])
        batches = ([pairs[number] for number in numbers.tolist()] for numbers in picked)
        neural.learn(network, learner, batches, lambda batch: _loss(_outputs(network, batch), batch), stop)
        return epochs.measured(epoch, data, lambda found: _measured(network, found, chosen), watched)

    watched = "cross_entropy" if chosen["output_layer"] == "softmax" else "mean_squared_error"
    patience, tolerance = chosen["early_stopping_patience"], chosen["early_stopping_tolerance"]
    epochs = neural.Epochs(chosen["epochs"], patience, tolerance, report, stop, len(data["train"]))
    epochs.run(learn)


def _negatives(pairs: Sequence[Pair], rate: int, draw: random.Random) -> list[Pair]:
    """For each pair `rate` others of its first side and another's second one, whose label is 0."""
    return [
        replace(pair, sides=(pair.sides[0], draw.choice(pairs).sides[1]), label=0)
        for pair in pairs
        for _ in range(rate)
    ]


def _outputs(network: Network, batch: Sequence[Pair]) -> Any:
    return network(*(padded([pair.sides[side] for pair in batch]) for side in (0, 1)))


def _loss(outputs: Any, batch: Sequence[Pair], reduction: str = "mean") -> Any:
    labels = [pair.label for pair in batch]
    if outputs.shape[1] > 1:
        return torch.nn.functional.cross_entropy(outputs, torch.tensor(labels).long(), reduction=reduction)
    return torch.nn.functional.mse_loss(outputs[:, 0], torch.tensor(labels).float(), reduction=reduction)


def _measured(network: Network, pairs: Sequence[Pair], chosen: dict[str, Any]) -> dict[str, float]:
    """The measures of the pairs, by name."""
    lost, right, size = 0.0, 0, max(chosen["mini_batch_size"], 256)
    classifies = chosen["output_layer"] == "softmax"
    with torch.no_grad():
        for start in range(0, len(pairs), size):
            batch = pairs[start : start + size]
            outputs = _outputs(network, batch)
            lost += float(_loss(outputs, batch, "sum"))
            if classifies:
                right += int((outputs.argmax(dim=1) == torch.tensor([pair.label for pair in batch])).sum())
    if classifies:
        return {"cross_entropy": lost / len(pairs), "accuracy": right / len(pairs)}
    return {"mean_squared_error": lost / len(pairs)}
