"""What the training programs of the built-in algorithms have in common: configuration, channels, lines of the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studiolo.containers.algorithm import MetricDefinition
from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import resolve

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from studiolo.ml.algorithms.container import Channel, Container
    from studiolo.ml.algorithms.hyperparameter import Hyperparameter

PROGRESS: tuple[MetricDefinition, ...] = (
    MetricDefinition("train:progress", r"#progress_metric: host=\S+, completed (\S+) %"),
    MetricDefinition("train:throughput", r"#throughput_metric: host=\S+, train throughput=(\S+) records/second"),
)


def configuration(container: Container, table: Sequence[Hyperparameter], log: logging.Logger) -> dict[str, Any]:
    """The job's hyperparameters, parsed and with defaults, told in the log. Raises Invalid."""
    given = container.hyperparameters
    log.info("Reading default configuration: %s", json.dumps({row.name: row.default for row in table if row.default}))
    log.info("Merging with provided configuration from %s: %s", container.base / "input/config", json.dumps(given))
    chosen = resolve(table, given)
    log.info("Final configuration: %s", json.dumps(chosen))
    return chosen


def channels_of(container: Container, default_type: str, required: str, *optional: str) -> dict[str, Channel]:
    """The job's channels by name. Raises Invalid where the required one is missing, or one is not known."""
    channels = known_channels(container, default_type, (required, *optional))
    if required not in channels:
        raise Invalid(f"The {required} channel is missing; this algorithm requires it.")
    return channels


def known_channels(container: Container, default_type: str, known: Sequence[str]) -> dict[str, Channel]:
    """The job's channels by name. Raises Invalid where one is not known."""
    channels = container.channels(default_type)
    for name in channels:
        if name not in known:
            raise Invalid(f"Channel '{name}' is not known to this algorithm; it knows {', '.join(known)}.")
    return channels


def check_width(found: int, channel: str, feature_dim: int) -> None:
    """Raise Invalid unless the channel's rows have `feature_dim` features."""
    if found != feature_dim:
        raise Invalid(f"The {channel} channel has {found} features, but hyperparameter 'feature_dim' is {feature_dim}.")


class Report:
    """The lines of the log in which the service finds metrics."""

    def __init__(self, container: Container, log: logging.Logger) -> None:
        self._host = container.host
        self._log = log

    def quality(self, channel: str, name: str, value: float, *, loss: bool = True, epoch: int | None = None) -> None:
        """A measure of the model; of an epoch, or of the last model where that is None."""
        when = "" if epoch is None else f"epoch={epoch}, "
        kind = "loss" if loss else "score"
        self._log.info("#quality_metric: host=%s, %s%s %s <%s>=%s", self._host, when, channel, name, kind, value)

    def score(self, channel: str, values: Mapping[str, float], *, loss: bool = True) -> None:
        """Measures of the last model, in both forms that the algorithms' logs have."""
        for name, value in values.items():
            self._log.info("#%s_score (%s) : ('%s', %s)", channel, self._host, name, value)
        for name, value in values.items():
            self.quality(channel, name, value, loss=loss)

    def progress(self, percent: int) -> None:
        self._log.info("#progress_metric: host=%s, completed %d %% of epochs", self._host, percent)

    def throughput(self, records: int, seconds: float) -> None:
        rate = records / max(seconds, 1e-9)
        self._log.info("#throughput_metric: host=%s, train throughput=%.3f records/second", self._host, rate)


def quality_metric(channel: str, name: str, said: str = "", *, epochs: bool = False) -> MetricDefinition:
    """How the service finds a `Report.quality` line; `said` is the expression for the name in it, where they differ."""
    when = r"epoch=\S+, " if epochs else ""
    regex = rf"#quality_metric: host=\S+, {when}{channel} {said or name} <\w+>=(\S+)"
    return MetricDefinition(f"{channel}:{name}", regex)
