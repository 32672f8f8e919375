"""What a processing job is asked to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ProcessingInput:
    """Objects that the program finds at `path`; `recorded` is the request's own, for those that it brings itself."""

    name: str
    recorded: Mapping[str, Any]
    uri: str = ""
    path: str = ""
    source: str = "S3Prefix"
    mode: str = "File"
    distribution: str = "FullyReplicated"
    compression: str = "None"
    managed: bool = True


@dataclass(frozen=True)
class ProcessingOutput:
    """What is written from `path` under `uri`: at the end, or continuously."""

    name: str
    recorded: Mapping[str, Any]
    uri: str = ""
    path: str = ""
    continuous: bool = False
    managed: bool = True


@dataclass(frozen=True)
class ProcessingSpecification:
    """What was asked for. `recorded` is kept and shown, and changes nothing that the job does.

    entrypoint and arguments take the place of the image's command. `managed` inputs and outputs are Studiolo's to carry,
    the others the program's own.
    """

    image: str
    role: str
    inputs: tuple[ProcessingInput, ...] = ()
    outputs: tuple[ProcessingOutput, ...] = ()
    count: int = 1
    max_runtime: int = 24 * 60 * 60
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of all hosts, `algo-1` and so on."""
        return tuple(f"algo-{number}" for number in range(1, self.count + 1))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ProcessingSpecification":
        return cls(
            **{
                **values,
                "inputs": tuple(ProcessingInput(**each) for each in values["inputs"]),
                "outputs": tuple(ProcessingOutput(**each) for each in values["outputs"]),
                "entrypoint": tuple(values["entrypoint"]),
                "arguments": tuple(values["arguments"]),
            }
        )
