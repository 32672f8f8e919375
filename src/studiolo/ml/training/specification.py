"""What a training job is asked to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.image import Function

CHECKPOINTS = "/opt/ml/checkpoints"
CLIENT_PYTHON, CLIENT_SDK = "--client_python_version", "--client_sagemaker_pysdk_version"
"""The arguments by which the SDK's remote functions say their Python, which the job's must be, and the SDK's version."""
HOMOGENEOUS = "homogeneousCluster"
"""What SageMaker calls the one group of instances that are all alike."""


@dataclass(frozen=True)
class Channel:
    """One input of a job: the objects under an S3 prefix, or those that a manifest lists.

    seed: they are shuffled. attributes: of an augmented manifest, what is taken of each line. groups: the instance
    groups that get it; all where there are none.
    """

    name: str
    uri: str
    source: str = "S3Prefix"
    distribution: str = "FullyReplicated"
    content_type: str | None = None
    compression: str = "None"
    input_mode: str | None = None
    wrapper: str = "None"
    seed: int | None = None
    attributes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Instances that are alike."""

    name: str
    type: str
    count: int


@dataclass(frozen=True)
class Checkpoints:
    """Where checkpoints are kept, and where the program has them."""

    uri: str
    path: str = CHECKPOINTS


@dataclass(frozen=True)
class TrainingSpecification:
    """What was asked for. `recorded` is kept and shown, and changes nothing that the job does.

    entrypoint and arguments take the place of the image's command. compressed: the outputs are archives. spot: its
    instances may be taken away, at the latest `max_wait` seconds after its making it is no longer begun again;
    interruptions: the seconds of each attempt after which that is made to happen. retries: how often it is begun again
    after an error of ours. keep_alive: the seconds that a core is kept for the next job like it.
    """

    image: str
    role: str
    channels: tuple[Channel, ...]
    output: str
    max_runtime: int
    input_mode: str = "File"
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[MetricDefinition, ...] = ()
    groups: tuple[Group, ...] = (Group(HOMOGENEOUS, "ml.m5.large", 1),)
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    compressed: bool = True
    checkpoints: Checkpoints | None = None
    spot: bool = False
    max_wait: int | None = None
    interruptions: tuple[float, ...] = ()
    retries: int = 0
    keep_alive: int = 0
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def mode(self, channel: Channel) -> str:
        """How the channel's data comes: `File`, `FastFile` or `Pipe`."""
        return channel.input_mode or self.input_mode

    @property
    def scripted(self) -> bool:
        """Whether it runs a script or program of the user's, also in the image of a built-in algorithm."""
        return bool(self.entrypoint) or "sagemaker_program" in self.hyperparameters

    @property
    def function(self) -> Function | None:
        """The function that it runs; None of any other program."""
        told = dict(pairwise(self.arguments))
        return Function(told[CLIENT_PYTHON], told.get(CLIENT_SDK, "")) if CLIENT_PYTHON in told else None

    @property
    def hosts(self) -> tuple[tuple[str, Group], ...]:
        """The names of all hosts, `algo-1` and so on, with their groups."""
        groups = [group for group in self.groups for _ in range(group.count)]
        return tuple((f"algo-{number}", group) for number, group in enumerate(groups, 1))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainingSpecification":
        checkpoints = values["checkpoints"]
        return cls(
            **{
                **values,
                "channels": tuple(
                    Channel(**{**each, "attributes": tuple(each["attributes"]), "groups": tuple(each["groups"])})
                    for each in values["channels"]
                ),
                "metrics": tuple(MetricDefinition(**metric) for metric in values["metrics"]),
                "groups": tuple(Group(**group) for group in values["groups"]),
                "entrypoint": tuple(values["entrypoint"]),
                "arguments": tuple(values["arguments"]),
                "interruptions": tuple(values["interruptions"]),
                "checkpoints": checkpoints and Checkpoints(**checkpoints),
            }
        )
