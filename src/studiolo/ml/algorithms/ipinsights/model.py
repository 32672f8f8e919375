"""The model of IP Insights: a vector for each entity, and a network from the bits of an address to one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.ipinsights.events import BITS, Events
from studiolo.ml.algorithms.neural import arrays_of, fill

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ipinsights"


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the network, beside its weights."""

    num_entity_vectors: int
    vector_dim: int
    num_ip_encoder_layers: int


class Network(nn.Module):  # type: ignore[misc]  # torch is not in the environment that is checked
    """Entities, as numbers of vectors, and the bits of addresses to the dot product of their vectors."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._count = shape.num_entity_vectors
        self.entities = nn.Embedding(shape.num_entity_vectors, shape.vector_dim)
        nn.init.normal_(self.entities.weight, std=0.1)
        layers: list[Any] = []
        width = BITS
        for _ in range(shape.num_ip_encoder_layers):
            layers += [nn.Linear(width, shape.vector_dim), nn.ReLU()]
            width = shape.vector_dim
        self.addresses = nn.Sequential(*layers, nn.Linear(width, shape.vector_dim))

    def entity_vectors(self, hashes: Any) -> Any:
        """Entities of the same hash, modulo the number of vectors, share one."""
        return self.entities(torch.from_numpy((hashes % np.uint64(self._count)).astype(np.int64)))

    def address_vectors(self, bits: Any) -> Any:
        # A bit that is not set tells as much as one that is.
        return self.addresses(2 * bits - 1)

    def forward(self, hashes: Any, bits: Any) -> Any:
        return (self.entity_vectors(hashes) * self.address_vectors(bits)).sum(dim=1)

    def score(self, events: Events) -> dict[str, Any]:
        """The dot product, where high means usual, and both vectors of each event."""
        with torch.no_grad():
            entities = self.entity_vectors(events.entities)
            addresses = self.address_vectors(torch.from_numpy(events.addresses))
            columns = {
                "dot_product": (entities * addresses).sum(dim=1),
                "ip_embedding": addresses,
                "entity_embedding": entities,
            }
            return {name: column.double().numpy() for name, column in columns.items()}


def save(folder: Path, shape: Shape, network: Network) -> None:
    """Write the model into the folder."""
    artifact.save(folder, NAME, arrays_of(network), {"shape": asdict(shape)})


def load(folder: Path) -> Network:
    """The model that `save` wrote. Raises Invalid."""
    arrays, description = artifact.load(folder, NAME)
    try:
        network = Network(Shape(**description["shape"]))
        fill(network, arrays)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Invalid(f"The {NAME} model in {folder} cannot be read: {error}.") from error
    return network
