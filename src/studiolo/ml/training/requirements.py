"""What a built-in algorithm asks of the channels of its jobs."""

from collections.abc import Sequence

from studiolo.containers.algorithm import Algorithm
from studiolo.domain import Invalid
from studiolo.ml.training.job import Channel


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
