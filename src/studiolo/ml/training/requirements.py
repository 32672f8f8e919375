"""What a training job must have to begin: what its algorithm asks of its channels, and what its channels ask of it."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from studiolo.containers.algorithm import Algorithm
from studiolo.containers.work import BASE
from studiolo.domain import Invalid
from studiolo.ml.training.specification import Channel, TrainingSpecification

RESERVED = ("input", "model", "output", "code")
"""Folders of /opt/ml that cannot be those of checkpoints."""


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


def check(specification: TrainingSpecification) -> None:
    """Raise Invalid where what is asked for does not go together."""
    groups = [group.name for group in specification.groups]
    for channel in specification.channels:
        where, mode = f"channel '{channel.name}'", specification.mode(channel)
        augmented = channel.source == "AugmentedManifestFile"
        if augmented and mode != "Pipe":
            raise Invalid(f"The {where} has an AugmentedManifestFile, which needs the input mode Pipe.")
        if augmented != bool(channel.attributes):
            raise Invalid(f"AttributeNames are needed with an AugmentedManifestFile, and with that alone: see {where}.")
        if channel.wrapper == "RecordIO" and mode != "Pipe":
            raise Invalid(f"RecordWrapperType RecordIO of {where} needs the input mode Pipe.")
        if mode == "FastFile" and channel.source != "S3Prefix":
            raise Invalid(f"The input mode FastFile of {where} needs the S3DataType S3Prefix.")
        unknown = set(channel.groups) - set(groups)
        if unknown:
            raise Invalid(
                f"The {where} is for instance groups ({', '.join(sorted(unknown))}) that are not those of "
                f"ResourceConfig: {', '.join(groups)}."
            )
    _check_checkpoints(specification)


def _check_checkpoints(specification: TrainingSpecification) -> None:
    kept = specification.checkpoints
    if kept is None:
        return
    path = PurePosixPath(kept.path)
    if not path.is_relative_to(BASE) or ".." in path.parts or path == PurePosixPath(BASE):
        raise Invalid(f"The LocalPath of CheckpointConfig, '{kept.path}', must be a folder below {BASE}.")
    if path.relative_to(BASE).parts[0] in RESERVED:
        raise Invalid(f"The LocalPath of CheckpointConfig, '{kept.path}', is one that training jobs use otherwise.")
