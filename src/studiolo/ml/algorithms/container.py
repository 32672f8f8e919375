"""The container contract, seen from inside: where the job's configuration, data, model and failure lie.

AWS describes it in "How Amazon SageMaker Provides Training Information" and "Use Your Own Inference Code". The root is
/opt/ml, or SAGEMAKER_BASE_DIR where that is set.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

DEFAULT_BASE = "/opt/ml"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a training job: its name, content type (lower case, no parameters), and that type's parameters.

    `sources` are the files and pipes its data comes from.
    """

    name: str
    content_type: str
    parameters: Mapping[str, str]
    sources: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Container:
    """The folders of one job under `base`."""

    base: Path

    @classmethod
    def from_environment(cls) -> Container:
        """The container this process runs in."""
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR", DEFAULT_BASE)))

    @property
    def model(self) -> Path:
        """Where training leaves the model, and serving finds it."""
        return self.base / "model"

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The job's hyperparameters, all of them strings. Raises Invalid."""
        values = self._config("hyperparameters.json")
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}

    @property
    def host(self) -> str:
        """This host's name in the job, as `algo-1`."""
        return str(self._resources.get("current_host", "algo-1"))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of all hosts of the job."""
        return tuple(self._resources.get("hosts", [self.host]))

    @property
    def is_sharded(self) -> bool:
        """Whether a channel's data is shared out among the hosts."""
        entries = self._config("inputdataconfig.json").values()
        return any(entry.get("S3DistributionType") == "ShardedByS3Key" for entry in entries)

    def channels(self, default_content_type: str) -> dict[str, Channel]:
        """The job's channels by name. Raises Invalid."""
        config = self._config("inputdataconfig.json")
        return {name: self._channel(name, entry, default_content_type) for name, entry in config.items()}

    def fail(self, reason: str) -> None:
        """Leave the reason of a failure where the service reads it (it shows the first 1,024 characters)."""
        output = self.base / "output"
        output.mkdir(parents=True, exist_ok=True)
        (output / "failure").write_text(reason, encoding="utf-8")

    @property
    def _resources(self) -> dict[str, Any]:
        try:
            return self._config("resourceconfig.json")
        except Invalid:
            return {}

    def _config(self, name: str) -> dict[str, Any]:
        path = self.base / "input" / "config" / name
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise Invalid(f"The job's configuration {path} is missing.") from error
        except ValueError as error:
            raise Invalid(f"The job's configuration {path} is not JSON: {error}.") from error
        if not isinstance(config, dict):
            raise Invalid(f"The job's configuration {path} is not a JSON object.")
        return config

    def _channel(self, name: str, entry: Mapping[str, str], default_content_type: str) -> Channel:
        content_type, _, rest = (entry.get("ContentType") or default_content_type).partition(";")
        parameters = {
            key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in rest.split(";"))
        }
        data = self.base / "input" / "data"
        pipe = data / f"{name}_0"
        if entry.get("TrainingInputMode") == "Pipe" and pipe.exists():
            sources: tuple[Path, ...] = (pipe,)
        else:
            files = (path for path in (data / name).rglob("*") if path.is_file())
            sources = tuple(sorted(path for path in files if not path.name.startswith(".")))
        return Channel(name, content_type.strip().lower(), parameters, sources)


class StopRequest:
    """Whether the service asked the process to stop (SIGTERM, 120 seconds before it is killed)."""

    def __init__(self) -> None:
        self.received = False

    @classmethod
    def from_signals(cls) -> StopRequest:
        """Listens for SIGTERM from now on, in place of ending the process."""
        request = cls()

        def receive(_number: int, _frame: FrameType | None) -> None:
            request.received = True

        signal.signal(signal.SIGTERM, receive)
        return request


def training_logger(name: str) -> logging.Logger:
    """A logger on standard output, in the form of the built-in algorithms' logs."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        logging.Formatter("[%(asctime)s %(levelname)s %(thread)d] %(message)s", datefmt="%m/%d/%Y %H:%M:%S")
    )
    logger = logging.getLogger(name)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return logger


def run_training(train: Callable[[Container], None], log: logging.Logger) -> int:
    """Run a training program; answer its exit status, and leave the reason where it fails.

    What the user can mend (`Invalid`, more data than memory) is a ClientError, anything else an AlgorithmError.
    """
    container = Container.from_environment()
    try:
        if len(container.hosts) > 1:
            if container.is_sharded:
                raise Invalid(
                    "This algorithm learns on one instance, which must be given all the data: FullyReplicated."
                )
            if container.host != container.hosts[0]:
                log.info("This algorithm learns on one instance, %s. There is nothing to do here.", container.hosts[0])
                return 0
        train(container)
    except Invalid as error:
        return _failed(container, log, f"ClientError: {error}")
    except MemoryError:
        return _failed(container, log, "ClientError: Out of Memory. Train on less data or fewer features at once.")
    except Exception as error:
        log.exception("Unexpected failure")
        return _failed(container, log, f"AlgorithmError: {type(error).__name__}: {error}")
    return 0


def _failed(container: Container, log: logging.Logger, reason: str) -> int:
    log.error(reason)
    container.fail(reason)
    return 1
