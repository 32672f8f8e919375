"""The model of NTM: a variational autoencoder of documents whose code is their mixture of topics.

The network is that of "Coherence-Aware Neural Topic Modeling" (Ding, Nallapati, Xiang; EMNLP 2018), which AWS names.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.neural import arrays_of, fill

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ntm"
_ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the network, beside its weights."""

    feature_dim: int
    num_topics: int
    layers: tuple[int, ...]
    activation: str
    batch_norm: bool


class Network(nn.Module):  # type: ignore[misc]  # torch is not in the environment that is checked
    """Counts of words (documents, feature_dim) to what is lost of them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        parts: list[Any] = []
        width = shape.feature_dim
        for layer in shape.layers:
            parts += [nn.Linear(width, layer), _ACTIVATIONS[shape.activation]()]
            parts += [nn.BatchNorm1d(layer)] if shape.batch_norm else []
            width = layer
        self.encoder = nn.Sequential(*parts)
        self.mean = nn.Linear(width, shape.num_topics)
        self.spread = nn.Linear(width, shape.num_topics)
        self.topics = nn.Linear(shape.num_topics, shape.feature_dim)

    def mixture(self, counts: Any) -> Any:
        """Each document's shares of the topics."""
        return torch.softmax(self._code(counts)[0], dim=1)

    def forward(self, counts: Any) -> tuple[Any, Any]:
        """Of each document: the negative log-likelihood of its words, and the Kullback-Leibler divergence."""
        mean, spread = self._code(counts)
        drawn = mean + torch.exp(0.5 * spread) * torch.randn_like(mean) if self.training else mean
        words = torch.log_softmax(self.topics(torch.softmax(drawn, dim=1)), dim=1)
        divergence = -0.5 * (1 + spread - mean**2 - spread.exp()).sum(dim=1)
        return -(counts * words).sum(dim=1), divergence

    def _code(self, counts: Any) -> tuple[Any, Any]:
        # Documents are of any length; what is encoded is what they are about.
        hidden = self.encoder(counts / counts.sum(dim=1, keepdim=True).clamp(min=1e-9))
        return self.mean(hidden), self.spread(hidden).clamp(-10, 10)


def save(folder: Path, shape: Shape, network: Network) -> None:
    """Write the model into the folder."""
    artifact.save(folder, NAME, arrays_of(network), {"shape": asdict(shape)})


def load(folder: Path) -> tuple[Shape, Network]:
    """The model that `save` wrote. Raises Invalid."""
    arrays, description = artifact.load(folder, NAME)
    try:
        shape = Shape(**{**description["shape"], "layers": tuple(description["shape"]["layers"])})
        network = Network(shape)
        fill(network, arrays)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Invalid(f"The {NAME} model in {folder} cannot be read: {error}.") from error
    return shape, network
