"""What an endpoint is: what it was asked to serve, and what it serves."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.ml.resources import Asynchronous, Capture, EndpointConfig, ModelSpecification, ProductionVariant
from studiolo.ml.serving.policy import Policy

CREATING, UPDATING, SYSTEM_UPDATING = "Creating", "Updating", "SystemUpdating"
ROLLING_BACK = "RollingBack"
IN_SERVICE, FAILED, DELETING = "InService", "Failed", "Deleting"
PASSING = frozenset({CREATING, UPDATING, SYSTEM_UPDATING, ROLLING_BACK, DELETING})


@dataclass(frozen=True)
class DeployedVariant:
    """A production variant with the model as it was when the endpoint took it, and the ids of its instances.

    Or an inference component: its instances are the copies.
    """

    variant: ProductionVariant
    model: ModelSpecification
    instances: tuple[str, ...]

    @property
    def hosting(self) -> bool:
        """Whether inference components are served on its instances, and no model of its own."""
        return self.variant.hosting

    @classmethod
    def of(cls, variant: ProductionVariant, model: ModelSpecification) -> "DeployedVariant":
        return cls(variant, model, _instances(variant.instances))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "DeployedVariant":
        model = ModelSpecification.from_json(values["model"])
        return cls(ProductionVariant(**values["variant"]), model, tuple(values["instances"]))

    def with_instances(self, count: int) -> "DeployedVariant":
        """The same with so many: the oldest stay."""
        added = _instances(max(count - len(self.instances), 0))
        return replace(self, instances=(*self.instances[:count], *added))


@dataclass(frozen=True)
class Deployment:
    """One set of variants that an endpoint serves, or is to serve."""

    id: str
    config: str
    variants: tuple[DeployedVariant, ...]
    asynchronous: Asynchronous | None = None
    shadows: tuple[DeployedVariant, ...] = ()
    policy: Policy = field(default_factory=Policy)
    capture: Capture | None = None

    @classmethod
    def of(
        cls, config: EndpointConfig, models: Mapping[str, ModelSpecification], policy: Policy | None = None
    ) -> "Deployment":
        """A new deployment of the configuration; `models` by name."""

        def deployed(variants: Sequence[ProductionVariant]) -> tuple[DeployedVariant, ...]:
            return tuple(DeployedVariant.of(variant, models[variant.model]) for variant in variants)

        specification = config.specification
        return cls(
            uuid.uuid4().hex[:12],
            config.name,
            deployed(specification.variants),
            specification.asynchronous,
            deployed(specification.shadows),
            policy or Policy(),
            specification.capture,
        )

    @property
    def all(self) -> tuple[DeployedVariant, ...]:
        """Every variant that has processes."""
        return (*self.variants, *self.shadows)

    def retaining(self, before: "Deployment", *, weights: bool, counts: bool) -> "Deployment":
        """The same, whose variants have the weights and instance counts of those of the same name before."""
        same = [each for each in before.variants if each.variant.name in {new.variant.name for new in self.variants}]
        return self.reweighted(
            {each.variant.name: each.variant.weight for each in same if weights},
            {each.variant.name: len(each.instances) for each in same if counts},
        )

    def reweighted(self, weights: Mapping[str, float], instances: Mapping[str, int]) -> "Deployment":
        """The same with other weights and instance counts, by variant."""

        def changed(deployed: DeployedVariant) -> DeployedVariant:
            old = deployed.variant
            new = replace(deployed, variant=replace(old, weight=weights.get(old.name, old.weight)))
            return new.with_instances(instances[old.name]) if old.name in instances else new

        return replace(self, variants=tuple(changed(deployed) for deployed in self.variants))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Deployment":
        asynchronous = values.get("asynchronous")
        return cls(
            values["id"],
            values["config"],
            _variants(values["variants"]),
            asynchronous and Asynchronous(**asynchronous),
            _variants(values.get("shadows", ())),
            Policy.from_json(values.get("policy", {})),
            Capture.from_json(values["capture"]) if values.get("capture") else None,
        )


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as the service shows it: `deployed` is served, `desired` is on its way there."""

    name: str
    arn: str
    status: str
    failure: str | None
    deployed: Deployment | None
    desired: Deployment | None
    created: datetime
    changed: datetime

    @property
    def target(self) -> Deployment | None:
        """What its variants are to be: other weights and counts of those served are on their way, or what is served."""
        if self.desired is not None and self.deployed is not None and self.desired.id == self.deployed.id:
            return self.desired
        return self.deployed


def _instances(count: int) -> tuple[str, ...]:
    return tuple(f"i-{uuid.uuid4().hex[:17]}" for _ in range(count))


def _variants(documents: Sequence[Mapping[str, Any]]) -> tuple[DeployedVariant, ...]:
    return tuple(DeployedVariant.from_json(entry) for entry in documents)
