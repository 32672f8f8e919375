"""Images: what an image URI means here."""

import sys
from collections.abc import Sequence
from typing import Literal

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN, Algorithm, algorithm_for_image
from studiolo.ml.training.job import Channel, MetricDefinition


def algorithm_of(image: str) -> Algorithm:
    """The built-in algorithm that the image is of. Raises Invalid, which names those that are there."""
    algorithm = algorithm_for_image(image)
    if algorithm is None:
        raise Invalid(
            f"The image '{image}' is not one that Studiolo can run. "
            f"There are the images of the built-in algorithms: {', '.join(sorted(BUILT_IN))}."
        )
    return algorithm


def program(algorithm: Algorithm, task: Literal["train", "serve"]) -> list[str]:
    """The command that its container runs for `train` or `serve`."""
    return [sys.executable, "-m", algorithm.module, task]


def metrics_of(algorithm: Algorithm) -> tuple[MetricDefinition, ...]:
    """The metrics that the algorithm prints, as a job's own are given."""
    return tuple(MetricDefinition(metric.name, metric.regex) for metric in algorithm.metrics)


def check_channels(algorithm: Algorithm, channels: Sequence[Channel]) -> None:
    """Raise Invalid unless the algorithm has what it needs, knows each channel, and can read its content type."""
    names = [channel.name for channel in channels]
    known = (*algorithm.required_channels, *algorithm.optional_channels)
    if not {*algorithm.required_channels} <= {*names} <= {*known} or len(set(names)) != len(names):
        raise Invalid(
            f"The channels ({', '.join(names) or 'none'}) do not fit {algorithm.name}: it needs "
            f"{', '.join(algorithm.required_channels)}, may have {', '.join(algorithm.optional_channels)}, each once."
        )
    for channel in channels:
        kind = (channel.content_type or algorithm.default_content_type).partition(";")[0].strip().lower()
        if kind not in algorithm.content_types:
            raise Invalid(
                f"The content type '{channel.content_type}' of channel '{channel.name}' is not one that "
                f"{algorithm.name} reads: {', '.join(algorithm.content_types)}."
            )
