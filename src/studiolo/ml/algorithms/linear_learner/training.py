"""A training job: from the container's channels to the model in its folder."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import RECORDIO, LabeledData, read_channel
from studiolo.ml.algorithms.hyperparameter import resolve
from studiolo.ml.algorithms.linear_learner.fitting import Fitting
from studiolo.ml.algorithms.linear_learner.hyperparameters import TABLE, Settings, settings
from studiolo.ml.algorithms.linear_learner.model import save
from studiolo.ml.algorithms.linear_learner.preparation import check

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest

_CHANNELS = ("train", "validation", "test")


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    given = container.hyperparameters
    log.info("Reading default configuration: %s", json.dumps({row.name: row.default for row in TABLE if row.default}))
    log.info("Merging with provided configuration from %s: %s", container.base / "input/config", json.dumps(given))
    chosen = settings(given)
    log.info("Final configuration: %s", json.dumps(resolve(TABLE, given)))
    data = _read(container, chosen, log)
    model = Fitting(chosen, data, log, stop, container.host).model()
    save(model, container.model)
    throughput = len(data["train"].labels) / max(time.monotonic() - started, 1e-9)
    log.info("#throughput_metric: host=%s, train throughput=%.3f records/second", container.host, throughput)
    log.info("The model is saved in %s.", container.model)


def _read(container: Container, chosen: Settings, log: logging.Logger) -> dict[str, LabeledData]:
    channels = container.channels(RECORDIO)
    for name in channels:
        if name not in _CHANNELS:
            raise Invalid(f"Channel '{name}' is not known to this algorithm; it knows {', '.join(_CHANNELS)}.")
    if "train" not in channels:
        raise Invalid("The train channel is missing; this algorithm requires it.")
    data: dict[str, LabeledData] = {}
    for name in (name for name in _CHANNELS if name in channels):
        data[name] = read_channel(channels[name])
        check(data[name], name, chosen, data["train"].features.shape[1])
        log.info("Read the %s channel: %d examples of %d features.", name, *data[name].features.shape)
    return data
