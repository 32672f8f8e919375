"""A training job: from the container's channels to the model in its folder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from studiolo.ml.algorithms.channels import RECORDIO, LabeledData, read_channel
from studiolo.ml.algorithms.job import Report, channels_of, configuration
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
    configuration(container, TABLE, log)
    chosen = settings(container.hyperparameters)
    data = _read(container, chosen, log)
    model = Fitting(chosen, data, log, stop, container.host).model()
    save(model, container.model)
    Report(container, log).throughput(len(data["train"].labels), time.monotonic() - started)
    log.info("The model is saved in %s.", container.model)


def _read(container: Container, chosen: Settings, log: logging.Logger) -> dict[str, LabeledData]:
    channels = channels_of(container, RECORDIO, *_CHANNELS)
    data: dict[str, LabeledData] = {}
    for name in (name for name in _CHANNELS if name in channels):
        data[name] = read_channel(channels[name])
        check(data[name], name, chosen, data["train"].features.shape[1])
        log.info("Read the %s channel: %d examples of %d features.", name, *data[name].features.shape)
    return data
