"""What a transform job is asked to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from studiolo.containers.batch.specification import Batch
from studiolo.domain import Invalid
from studiolo.ml.resources import ModelSpecification


@dataclass(frozen=True)
class ServedModel:
    """A model as it was when the job was made: it may be gone before the job begins."""

    name: str
    image: str
    data: str
    role: str
    scripted: bool
    environment: Mapping[str, str]
    compressed: bool = True

    @classmethod
    def of(cls, name: str, model: ModelSpecification) -> "ServedModel":
        """Raises Invalid for what is not one model in one container."""
        if model.multi or model.further:
            raise Invalid(f"Batch transforms by a model of several containers or models, as {name}, are not supported.")
        environment = dict(model.environment)
        return cls(name, model.image, model.data, model.role, model.scripted, environment, model.compressed)


@dataclass(frozen=True)
class TransformSpecification:
    """What was asked for. `recorded` is kept and shown, and changes nothing that the job does.

    count: instances, each a serving process. `batch` has no logs yet, and its model's URI is that of `model`.
    """

    model: ServedModel
    batch: Batch
    count: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TransformSpecification":
        batch = Batch(**{**values["batch"], "logs": tuple(values["batch"]["logs"])})
        return cls(**{**values, "model": ServedModel(**values["model"]), "batch": batch})
