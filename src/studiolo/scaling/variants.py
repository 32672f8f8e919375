"""The variants of endpoints as something to scale: `endpoint/E/variant/V`."""

import re
from typing import Protocol

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.ml.serving.endpoint import PASSING, DeployedVariant, Endpoint
from studiolo.ml.serving.endpoints import Endpoints

_NAME = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


class Scalable(Protocol):
    """What can be scaled in a dimension; a resource is named by its ResourceId."""

    def count(self, scope: Scope, resource: str) -> int:
        """The capacity that it has, or is on its way to. Raises Invalid and NotFound."""

    def scale(self, scope: Scope, resource: str, count: int) -> None:
        """Begin to give it another capacity. Raises DomainError."""

    def outcome(self, scope: Scope, resource: str, count: int) -> str | None:
        """Why it has not come to the capacity that it was to have, "" where it has; None while it is on its way."""


class Variants:
    """Their instance counts."""

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
