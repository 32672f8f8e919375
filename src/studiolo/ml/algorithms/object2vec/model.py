"""The model of Object2Vec: two encoders of tokens, what compares their vectors, and a network that answers from that."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.neural import arrays_of, fill
from studiolo.ml.algorithms.object2vec.pairs import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from studiolo.ml.algorithms.object2vec.pairs import Tokens

NAME = "object2vec"
_ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "linear": nn.Identity}
_LAYERS = {"hcnn": 4, "bilstm": 1, "pooled_embedding": 1}
"""What `auto` means."""


@dataclass(frozen=True, slots=True)
class Side:
    """One encoder."""

    network: str
    vocabulary: int
    longest: int
    token_dim: int
    layers: int
    filter_width: int

    @property
    def limits(self) -> Limits:
        return Limits(self.vocabulary, self.longest)


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the network, beside its weights. `one`: both sides have the same encoder; `tied`: the same tokens."""

    sides: tuple[Side, Side]
    one: bool
    tied: bool
    enc_dim: int
    comparators: tuple[str, ...]
    dropout: float
    mlp_layers: int
    mlp_dim: int
    mlp_activation: str
    outputs: int

    @classmethod
    def of(cls, chosen: dict[str, Any]) -> Shape:
        """That of hyperparameters."""
        one = chosen["enc1_network"] == "enc0"
        sides = _side(chosen, "enc0"), _side(chosen, "enc0" if one else "enc1")
        return cls(
            sides,
            one,
            chosen["tied_token_embedding_weight"],
            chosen["enc_dim"],
            chosen["comparator_list"],
            chosen["dropout"],
            chosen["mlp_layers"],
            chosen["mlp_dim"],
            chosen["mlp_activation"],
            chosen["num_classes"] if chosen["output_layer"] == "softmax" else 1,
        )


def _side(chosen: dict[str, Any], name: str) -> Side:
    network, layers = chosen[f"{name}_network"], chosen[f"{name}_layers"]
    return Side(
        network,
        chosen[f"{name}_vocab_size"],
        chosen[f"{name}_max_seq_len"],
        chosen[f"{name}_token_embedding_dim"],
        _LAYERS[network] if layers == "auto" else layers,
        chosen[f"{name}_cnn_filter_width"],
    )


class Encoder(nn.Module):  # type: ignore[misc]  # torch is not in the environment that is checked
    """Padded tokens (pairs, longest), whose padding is -1, to vectors (pairs, enc_dim)."""

    def __init__(self, side: Side, enc_dim: int, tokens: Any) -> None:
        super().__init__()
        self._kind = side.network
        self.tokens = tokens
        width = side.token_dim
        parts: list[Any] = []
        if side.network == "hcnn":
            for _ in range(side.layers):
                parts.append(nn.Conv1d(width, enc_dim, side.filter_width, padding="same"))
                width = enc_dim
        elif side.network == "bilstm":
            parts.append(nn.LSTM(width, enc_dim, side.layers, batch_first=True, bidirectional=True))
            width = 2 * enc_dim
        self.parts = nn.ModuleList(parts)
        self.last = nn.Linear(width, enc_dim)

    def forward(self, padded: Any) -> Any:
        there = (padded >= 0).unsqueeze(2)
        hidden = self.tokens(padded.clamp(min=0)) * there
        if self._kind == "hcnn":
            for convolution in self.parts:
                hidden = torch.relu(convolution(hidden.transpose(1, 2))).transpose(1, 2) * there
        elif self._kind == "bilstm":
            hidden = self.parts[0](hidden)[0]
        if self._kind == "pooled_embedding":
            pooled = hidden.sum(dim=1) / there.sum(dim=1)
        else:
            pooled = hidden.masked_fill(~there, -torch.inf).max(dim=1).values
        return self.last(pooled)


class Network(nn.Module):  # type: ignore[misc]
    """Pairs of padded tokens to outputs (pairs, outputs), before a softmax."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        tables = [nn.Embedding(side.vocabulary, side.token_dim) for side in shape.sides]
        first = Encoder(shape.sides[0], shape.enc_dim, tables[0])
        shared = tables[0] if shape.tied else tables[1]
        second = first if shape.one else Encoder(shape.sides[1], shape.enc_dim, shared)
        self.encoders = nn.ModuleList([first, second])
        self._comparators = shape.comparators
        width = sum(2 if each == "concat" else 1 for each in shape.comparators) * shape.enc_dim
        parts: list[Any] = []
        for _ in range(shape.mlp_layers):
            parts += [nn.Linear(width, shape.mlp_dim), _ACTIVATIONS[shape.mlp_activation](), nn.Dropout(shape.dropout)]
            width = shape.mlp_dim
        self.answer = nn.Sequential(*parts, nn.Linear(width, shape.outputs))

    def forward(self, first: Any, second: Any) -> Any:
        one, other = self.encoders[0](first), self.encoders[1](second)
        compared = {"hadamard": one * other, "concat": torch.cat([one, other], 1), "abs_diff": (one - other).abs()}
        return self.answer(torch.cat([compared[each] for each in self._comparators], dim=1))


def padded(sequences: Sequence[Tokens | None]) -> Any:
    """Sequences as rows of one length, with -1 behind the shorter ones."""
    known = [torch.tensor(each) for each in sequences if each is not None]
    return nn.utils.rnn.pad_sequence(known, batch_first=True, padding_value=-1)


def save(folder: Path, shape: Shape, network: Network) -> None:
    """Write the model into the folder."""
    artifact.save(folder, NAME, arrays_of(network), {"shape": asdict(shape)})


def load(folder: Path) -> tuple[Shape, Network]:
    """The model that `save` wrote. Raises Invalid."""
    arrays, description = artifact.load(folder, NAME)
    try:
        given = description["shape"]
        first, second = (Side(**side) for side in given["sides"])
        shape = Shape(**{**given, "sides": (first, second), "comparators": tuple(given["comparators"])})
        network = Network(shape)
        fill(network, arrays)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Invalid(f"The {NAME} model in {folder} cannot be read: {error}.") from error
    return shape, network
