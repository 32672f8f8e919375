"""A training container in a folder, and the files that users put into its channels."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse

import studiolo
from studiolo.containers.image import PYTHON
from studiolo.containers.images.resolution import image_of
from studiolo.containers.making import made
from studiolo.ml.algorithms.container import Container, StopRequest, run_training
from studiolo.ml.algorithms.linear_learner.model import Model, load
from studiolo.ml.algorithms.linear_learner.training import train

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studiolo.ml.algorithms import Algorithm

Data = tuple[Any, "NDArray[Any]"]
Answer = tuple[int, str, bytes]
"""Status, content type and body."""

ASK = """
import importlib, json, pathlib, sys
folder, module, asked = sys.argv[1:]
model = importlib.import_module(module + ".serving").open_model(pathlib.Path(folder))
answers = (model(*(part.encode("latin-1") for part in one)) for one in json.loads(asked))
print(json.dumps([[status, kind.decode(), body.decode("latin-1")] for status, kind, body in answers]))
"""


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

    def run(self, stop: StopRequest | None = None, train: Any = train) -> int:
        """Run the training program, linear-learner's or another's, in this process; its exit status."""
        logger = logging.Logger("algorithm")
        logger.addHandler(self.log)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SAGEMAKER_BASE_DIR", str(self.base))
            return run_training(lambda container: train(container, logger, stop or StopRequest()), logger)

    def run_apart(self, algorithm: Algorithm, *, succeeds: bool = True) -> str:
        """Run the algorithm's training program in its own environment, as far as it `succeeds`; what it prints."""
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(self.base)}
        python = self._python(algorithm)
        command = [python if word == PYTHON else word for word in image_of(algorithm, algorithm.name).command("train")]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert (run.returncode == 0) == succeeds, run.stdout + run.stderr
        return run.stdout

    def ask_apart(self, algorithm: Algorithm, *asked: tuple[str, str, bytes], **variables: str) -> list[Answer]:
        """What the model answers, in the algorithm's own environment, to content types, accept headers and bodies."""
        requests = [[kind, accept, body.decode("latin-1")] for kind, accept, body in asked]
        package = re.sub(r"\.(classification|regression)$", "", algorithm.module)
        printed = self.run_python(algorithm, ASK, package, json.dumps(requests), **variables)
        return [(status, kind, body.encode("latin-1")) for status, kind, body in json.loads(printed)]

    def run_python(self, algorithm: Algorithm, code: str, *arguments: str, **variables: str) -> str:
        """What code prints in the algorithm's own environment; its first argument is the folder of the model."""
        run = subprocess.run(
            [self._python(algorithm), "-c", code, str(self.base / "model"), *arguments],
            env={**os.environ, "PYTHONPATH": str(Path(studiolo.__file__).parent.parent), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def _python(self, algorithm: Algorithm) -> str:
        return str(made(image_of(algorithm, algorithm.name).environment, self.base, print))

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
