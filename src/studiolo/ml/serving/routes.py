"""From an endpoint's name to the addresses that serve it, in memory: a call to a model reads no database."""

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass

from studiolo.domain import NotFound, Scope


@dataclass(frozen=True, slots=True)
class Target:
    """One variant: its share of the calls, the socket it serves at (None while it is restarted), and its log stream."""

    variant: str
    weight: float
    socket: str | None
    log_stream_arn: str


class Route:
    """The variants of one endpoint."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets
        self._order = list(targets.values())
        self._weights = list(itertools.accumulate(target.weight for target in self._order))

    @property
    def sockets(self) -> set[str]:
        return {target.socket for target in self._order if target.socket is not None}

    def choose(self, variant: str | None, draw: random.Random) -> Target:
        """The variant asked for, else one drawn by weight. Raises NotFound for a variant that is not there."""
        if variant is not None:
            if variant not in self._targets:
                raise NotFound(f"Variant {variant} not found: the endpoint has {', '.join(self._targets)}.")
            return self._targets[variant]
        if len(self._order) == 1:
            return self._order[0]
        # Weights that are all 0 share evenly.
        weights = self._weights if self._weights[-1] > 0 else None
        return draw.choices(self._order, cum_weights=weights)[0]


class Routes:
    """The routes of the endpoints in service, replaced whole, so that a reader needs no lock."""

    def __init__(self) -> None:
        self._routes: dict[tuple[Scope, str], Route] = {}

    def find(self, scope: Scope, endpoint: str) -> Route | None:
        return self._routes.get((scope, endpoint))

    @property
    def sockets(self) -> set[str]:
        """Every socket at which something serves."""
        return set().union(*(route.sockets for route in tuple(self._routes.values())))

    def put(self, scope: Scope, endpoint: str, route: Route) -> None:
        self._routes[scope, endpoint] = route

    def clear(self) -> None:
        self._routes = {}

    def drop(self, scope: Scope, endpoint: str) -> None:
        self._routes.pop((scope, endpoint), None)
