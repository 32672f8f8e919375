"""A training job of IP Insights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studiolo.ml.algorithms import neural
from studiolo.ml.algorithms.channels import CSV
from studiolo.ml.algorithms.ipinsights.events import BITS, Events, read_events
from studiolo.ml.algorithms.ipinsights.hyperparameters import TABLE
from studiolo.ml.algorithms.ipinsights.model import Network, Shape, save
from studiolo.ml.algorithms.job import Report, channels_of, configuration

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    data = {name: read_events(each) for name, each in channels_of(container, CSV, "train", "validation").items()}
    neural.seed()
    shape = Shape(**{name: chosen[name] for name in ("num_entity_vectors", "vector_dim", "num_ip_encoder_layers")})
    network = Network(shape)
    _fit(network, chosen, data, report, stop)
    save(container.model, shape, network)


def _fit(network: Network, chosen: dict[str, Any], data: dict[str, Events], report: Report, stop: StopRequest) -> None:
    events = data["train"]
    count = len(events.entities)
    addresses = torch.from_numpy(events.addresses)
    learner = neural.optimizer("adam", network, chosen["learning_rate"], chosen["weight_decay"])

    def loss_of(picked: Any) -> Any:
        seen = addresses[picked]
        unseen = _unseen(seen, addresses, chosen)
        scores = network(np.tile(events.entities[picked.numpy()], 1 + len(unseen)), torch.cat([seen, *unseen]))
        truth = torch.zeros(len(scores))
        truth[: len(seen)] = 1
        return torch.nn.functional.binary_cross_entropy_with_logits(scores, truth)

    def learn(epoch: int) -> float:
        batches = neural.batches(count, chosen["mini_batch_size"])
        loss = neural.learn(network, learner, batches, loss_of, stop)
        report.quality("train", "cross_entropy", loss, epoch=epoch)
        if "validation" in data:
            value = _area(network, data["validation"], events)
            report.quality("validation", "discriminator_auc", value, loss=False, epoch=epoch)
        return loss

    neural.Epochs(chosen["epochs"], None, 0.0, report, stop, count).run(learn)


def _unseen(seen: Any, every: Any, chosen: dict[str, Any]) -> list[Any]:
    """Addresses that the entities did not use, as far as is known: any, and those of other entities."""
    count = len(seen)
    found = [torch.randint(0, 2, (count, BITS)).float() for _ in range(chosen["random_negative_sampling_rate"])]
    others = range(chosen["shuffled_negative_sampling_rate"])
    return found + [every[torch.randint(0, len(every), (count,))] for _ in others]


def _area(network: Network, events: Events, known: Events) -> float:
    """The area under the curve by which events are told from the same entities with addresses of other ones."""
    random = np.random.default_rng(0)
    addresses = known.addresses[random.integers(0, len(known.addresses), len(events.entities))]
    good = network.score(events)["dot_product"]
    bad = network.score(Events(events.entities, addresses))["dot_product"]
    order = np.concatenate([good, bad]).argsort(kind="stable").argsort(kind="stable") + 1
    return float((order[: len(good)].sum() - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad)))
