"""A training container in a folder, and the files that users put into its channels."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse

from studiolo.ml.algorithms.container import Container, StopRequest, run_training
from studiolo.ml.algorithms.linear_learner.model import Model, load
from studiolo.ml.algorithms.linear_learner.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Data = tuple[Any, "NDArray[Any]"]


def as_csv(features: Any, labels: NDArray[Any]) -> bytes:
    """A CSV file, its numbers written in full."""
    buffer = BytesIO()
    np.savetxt(buffer, np.column_stack([labels, features]), delimiter=",", fmt="%.17g")
    return buffer.getvalue()


def as_recordio(features: Any, labels: NDArray[Any] | None) -> bytes:
    """A RecordIO-protobuf file as the SageMaker SDK writes it, dense or sparse as the features are."""
    from sagemaker.amazon import common

    buffer = BytesIO()
    write = common.write_spmatrix_to_sparse_tensor if sparse.issparse(features) else common.write_numpy_to_dense_tensor
    write(buffer, features, labels)
    return buffer.getvalue()


class LinesOfLog(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass
class TrainingContainer:
    """The /opt/ml of one training job."""

    base: Path
    log: LinesOfLog = field(default_factory=LinesOfLog)

    def configure(self, hyperparameters: dict[str, str], channels: dict[str, dict[str, str]]) -> None:
        """Write the files of input/config."""
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        resources = {"current_host": "algo-1", "hosts": ["algo-1"]}
        files = {"hyperparameters": hyperparameters, "inputdataconfig": channels, "resourceconfig": resources}
        for name, content in files.items():
            (config / f"{name}.json").write_text(json.dumps(content))

    def put(self, channel: str, content: bytes, name: str = "part-0") -> None:
        """Write one file of a channel."""
        path = self.base / "input" / "data" / channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(self, stop: StopRequest | None = None) -> int:
        """Run the training program in this process; its exit status."""
        logger = logging.Logger("linear-learner")
        logger.addHandler(self.log)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SAGEMAKER_BASE_DIR", str(self.base))
            return run_training(lambda container: train(container, logger, stop or StopRequest()), logger)

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()

    @property
    def model(self) -> Model:
        return load(Container(self.base).model)

    def last(self, metric: str) -> float:
        """The last value of a metric in the log, found by its published expression."""
        import re

        from studiolo.ml.algorithms.linear_learner.metrics import METRICS

        (regex,) = [known.regex for known in METRICS if known.name == metric]
        return [float(match[1]) for line in self.log.lines if (match := re.search(regex, line))][-1]
