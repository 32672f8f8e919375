"""What can be scaled: the variants of endpoints, `endpoint/E/variant/V`, and inference components."""

import re
from typing import Protocol

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.ml.serving.component import Component
from studiolo.ml.serving.components import Components
from studiolo.ml.serving.endpoint import IN_SERVICE, PASSING, DeployedVariant, Endpoint
from studiolo.ml.serving.endpoints import Endpoints
from studiolo.scaling.model import COPIES, DIMENSION

_NAME = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_COMPONENT = re.compile(r"inference-component/([^/]+)")


class Scalable(Protocol):
    """What can be scaled in a dimension; a resource is named by its ResourceId.

    capacity: what that is called; least: the smallest there is.
    """

    capacity: str
    least: int

    def count(self, scope: Scope, resource: str) -> int:
        """The capacity that it has, or is on its way to. Raises Invalid and NotFound."""

    def scale(self, scope: Scope, resource: str, count: int) -> None:
        """Begin to give it another capacity. Raises DomainError."""

    def outcome(self, scope: Scope, resource: str, count: int) -> str | None:
        """Why it has not come to the capacity that it was to have, "" where it has; None while it is on its way."""


class Variants:
    """The instance counts of variants."""

    capacity, least = "instance count", 1

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def count(self, scope: Scope, resource: str) -> int:
        return len(self._find(scope, resource)[1].instances)

    def scale(self, scope: Scope, resource: str, count: int) -> None:
        endpoint, deployed = self._find(scope, resource)
        self._endpoints.reweigh(scope, endpoint.name, {}, {deployed.variant.name: count})

    def outcome(self, scope: Scope, resource: str, count: int) -> str | None:
        try:
            endpoint, deployed = self._find(scope, resource)
        except NotFound as error:
            return str(error)
        if endpoint.status in PASSING:
            return None
        if len(deployed.instances) == count:
            return ""
        return endpoint.failure or f"It has {len(deployed.instances)} instances, not {count}."

    def _find(self, scope: Scope, resource: str) -> tuple[Endpoint, DeployedVariant]:
        named = _NAME.fullmatch(resource)
        if named is None:
            raise Invalid(f"The resource ID {resource} must be endpoint/ENDPOINT/variant/VARIANT.")
        endpoint = self._endpoints.get(scope, named[1])
        variants = endpoint.target.variants if endpoint.target else ()
        found = next((each for each in variants if each.variant.name == named[2]), None)
        if found is None:
            raise NotFound(f"The endpoint {named[1]} serves no production variant {named[2]}.")
        return endpoint, found


class CopyCounts:
    """How many copies inference components have: `inference-component/C`."""

    capacity, least = "copy count", 0

    def __init__(self, components: Components) -> None:
        self._components = components

    def count(self, scope: Scope, resource: str) -> int:
        target = self._find(scope, resource).target
        return 0 if target is None else target.count

    def scale(self, scope: Scope, resource: str, count: int) -> None:
        self._components.update(scope, self._find(scope, resource).name, None, count)

    def outcome(self, scope: Scope, resource: str, count: int) -> str | None:
        try:
            component = self._find(scope, resource)
        except NotFound as error:
            return str(error)
        if component.status in PASSING:
            return None
        served = 0 if component.deployed is None else component.deployed.count
        if served == count and component.status == IN_SERVICE:
            return ""
        return component.failure or f"It has {served} copies, not {count}."

    def _find(self, scope: Scope, resource: str) -> Component:
        named = _COMPONENT.fullmatch(resource)
        if named is None:
            raise Invalid(f"The resource ID {resource} must be inference-component/NAME.")
        return self._components.get(scope, named[1])


def scalable(endpoints: Endpoints, components: Components) -> dict[str, Scalable]:
    """What there is to scale, by its dimension."""
    return {DIMENSION: Variants(endpoints), COPIES: CopyCounts(components)}
