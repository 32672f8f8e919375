"""What the algorithms that PyTorch computes have in common: optimizers, batches, the end of training, weights as arrays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from studiolo.ml.algorithms.container import StopRequest
    from studiolo.ml.algorithms.job import Report

# The networks are small: threads wait for each other longer than they count.
torch.set_num_threads(1)

_OPTIMIZERS = {
    "adadelta": torch.optim.Adadelta,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}


def optimizer(name: str, network: Any, rate: float, decay: float) -> Any:
    """The optimizer of that name for what a network learns."""
    learned = [weights for weights in network.parameters() if weights.requires_grad]
    return _OPTIMIZERS[name](learned, lr=rate, weight_decay=decay)


def batches(count: int, size: int, share: float = 1.0) -> Iterator[Any]:
    """That share of the numbers 0 to count - 1, in random order, `size` at a time."""
    order = torch.randperm(count)[: max(1, round(share * count))]
    for start in range(0, len(order), size):
        yield order[start : start + size]


def seed() -> None:
    """The same data and hyperparameters give the same model."""
    torch.manual_seed(0)
    np.random.seed(0)


class Epochs:
    """Goes through epochs until there have been `most`, the loss stands still, or the job is to stop.

    patience: so many epochs in a row may gain less than `tolerance`, a share of the loss; None for no such end.
    """

    def __init__(
        self, most: int, patience: int | None, tolerance: float, report: Report, stop: StopRequest, records: int
    ) -> None:
        self._most = most
        self._patience = patience
        self._tolerance = tolerance
        self._report = report
        self._stop = stop
        self._records = records

    def run(self, learn: Callable[[int], float]) -> None:
        """`learn` is given the number of each epoch, and says what its loss was. Raises Invalid."""
        best, stood = np.inf, 0
        for number in range(self._most):
            began = time.monotonic()
            loss = learn(number)
            if not np.isfinite(loss):
                raise Invalid("The loss is not a finite number: learn with a lower learning_rate, or on other values.")
            self._report.progress(100 * (number + 1) // self._most)
            self._report.throughput(self._records, time.monotonic() - began)
            stood = 0 if loss < best - self._tolerance * abs(best if np.isfinite(best) else 0.0) else stood + 1
            best = min(best, loss)
            if self._stop.received or (self._patience is not None and stood >= self._patience):
                return


def arrays_of(network: Any) -> dict[str, Any]:
    """The weights of a network by their names."""
    return {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}


def fill(network: Any, arrays: Mapping[str, Any]) -> None:
    """Give a network the weights that `arrays_of` took. Raises RuntimeError for those of another shape."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    network.eval()
