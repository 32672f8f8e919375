"""What an inference component is: what each of its copies serves and takes of an instance, and how many there are."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from studiolo.domain import Scope
from studiolo.ml.names import arn
from studiolo.ml.resources import STARTUP_SECONDS, ModelSpecification, ProductionVariant
from studiolo.ml.serving.endpoint import DeployedVariant
from studiolo.ml.serving.policy import Policy
from studiolo.ml.serving.posts import COMPONENT, Post
from studiolo.ml.serving.rooms import Size


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a model by its name, or what its container is; `needs` of each copy.

    recorded: the Specification as it was asked for.
    """

    needs: Size
    model: str | None = None
    image: str | None = None
    data: str | None = None
    environment: Mapping[str, str] | None = None
    startup_seconds: int = STARTUP_SECONDS
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def of(self, given: ModelSpecification) -> ModelSpecification:
        """The model with what is said of its container."""
        said: dict[str, Any] = {
            "image": self.image,
            "data": self.data,
            "environment": self.environment,
            "compressed": None if self.data is None else True,
        }
        return replace(given, **{name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True)
class Copies:
    """What is served, or is to be: the copies are the instances of `deployed`. policy: how these take over."""

    id: str
    deployed: DeployedVariant
    wanted: Wanted
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def of(
        cls, variant: str, model: ModelSpecification, wanted: Wanted, count: int, policy: Policy | None = None
    ) -> "Copies":
        served = ProductionVariant(variant, wanted.model or "", instances=count, startup_seconds=wanted.startup_seconds)
        return cls(uuid.uuid4().hex[:12], DeployedVariant.of(served, model), wanted, policy or Policy())

    @property
    def count(self) -> int:
        return len(self.deployed.instances)

    def counted(self, count: int) -> "Copies":
        """The same, so many: the oldest stay."""
        return replace(self, deployed=self.deployed.with_instances(count))

    def part(self, share: float) -> "Copies":
        """The same, with the first of its copies: that share of them, one more where that is no whole number."""
        return self.counted(math.ceil(round(self.count * share, 6)))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Copies":
        wanted = {**values["wanted"], "needs": Size(**values["wanted"]["needs"])}
        policy = Policy.from_json(values.get("policy", {}))
        return cls(values["id"], DeployedVariant.from_json(values["deployed"]), Wanted(**wanted), policy)


@dataclass(frozen=True)
class Component:
    """An inference component as the service shows it: `deployed` is served, `desired` is on its way there."""

    name: str
    arn: str
    endpoint: str
    variant: str
    status: str
    failure: str | None
    deployed: Copies | None
    desired: Copies | None
    created: datetime
    changed: datetime

    @property
    def target(self) -> Copies | None:
        """What it is to be."""
        return self.desired or self.deployed


def posts_of(scope: Scope, endpoint: str, name: str, copies: Copies | None) -> list[Post]:
    """The processes of its copies."""
    if copies is None:
        return []
    return [
        Post(scope, endpoint, copies.id, copies.deployed, instance, component=name)
        for instance in copies.deployed.instances
    ]


def as_component(row: Row[Any]) -> Component:
    return Component(
        name=row.name,
        arn=arn(Scope(row.account, row.region), COMPONENT, row.name),
        endpoint=row.endpoint,
        variant=row.variant,
        status=row.status,
        failure=row.failure,
        deployed=Copies.from_json(row.deployed) if row.deployed else None,
        desired=Copies.from_json(row.desired) if row.desired else None,
        created=row.created,
        changed=row.changed,
    )
