"""What the algorithms that PyTorch computes have in common: optimizers, batches, the end of training, weights as arrays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

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


def learn(
    network: Any,
    learner: Any,
    batches: Iterable[Any],
    loss_of: Callable[[Any], Any],
    stop: StopRequest,
    *,
    clip: float | None = None,
) -> float:
    """A step of the optimizer for each batch, until the job is to stop; the mean loss of what was learned from.

    loss_of: the loss of a batch, a mean. clip: no gradient is larger.
    """
    network.train()
    total, count = 0.0, 0
    for batch in batches:
        learner.zero_grad()
        loss = loss_of(batch)
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_value_(network.parameters(), clip)
        learner.step()
        total, count = total + float(loss) * len(batch), count + len(batch)
        if stop.received:
            break
    network.eval()
    return total / max(count, 1)


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

    def measured(
        self, epoch: int, data: Mapping[str, Any], measure: Callable[[Any], Mapping[str, float]], watched: str
    ) -> float:
        """Report the measures of train and validation data; the one of that name, of the last of them, is the loss."""
        values: Mapping[str, float] = {}
        for channel in ("train", "validation"):
            if channel in data:
                values = measure(data[channel])
                for name, value in values.items():
                    self._report.quality(channel, name, value, loss=name != "accuracy", epoch=epoch)
        return values[watched]

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
