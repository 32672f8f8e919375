"""A deployment takes over from another, step by step, and is turned back by alarms."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from studiolo.domain import Clock, Scope
from studiolo.metrics import Metrics
from studiolo.ml.serving.endpoint import DELETING, Deployment, Endpoint
from studiolo.ml.serving.fleet import Fleet
from studiolo.ml.serving.holding import Holding
from studiolo.ml.serving.invocation import SECONDS
from studiolo.ml.serving.policy import ROLLING
from studiolo.ml.serving.posts import Post, posts, posts_of
from studiolo.ml.serving.routes import Routes
from studiolo.ml.serving.store import Store

STARTING, SHIFTING, BAKING = "Creating", "ActivatingTraffic", "Baking"


@dataclass(frozen=True)
class Stage:
    """How far a deployment has come: its share of the calls, what is done to it now, and since when."""

    deployment: Deployment
    share: float
    status: str
    began: datetime


PutRoute = Callable[[Scope, str, Deployment], bool]


class Rollouts:
    """The deployments that take over now. put_route: to be called when a share or what serves has changed."""

    def __init__(
        self, fleet: Fleet, routes: Routes, store: Store[Endpoint], metrics: Metrics, put_route: PutRoute, clock: Clock
    ) -> None:
        self._fleet = fleet
        self._routes = routes
        self._store = store
        self._holding = Holding(metrics, clock)
        self._put_route = put_route
        self._clock = clock
        self._stages: dict[tuple[Scope, str], Stage] = {}

    def stage(self, scope: Scope, name: str) -> Stage | None:
        return self._stages.get((scope, name))

    def end(self, scope: Scope, name: str) -> None:
        """It has taken over, or is turned back: the next route is of one deployment."""
        self._stages.pop((scope, name), None)

    def run(self, scope: Scope, name: str, old: Deployment | None, new: Deployment) -> None:
        """Bring the new one up and lead the calls to it. Raises VariantFailed, TurnedBack and GivenUp.

        Whoever calls it records the outcome and ends what is to go.
        """
        if old is None or old.id == new.id:
            self._fleet.bring_up(posts(scope, name, new))
            return
        policy = new.policy
        self._enter(scope, name, new, 0.0, STARTING)
        rolling = policy.kind == ROLLING
        shares = policy.shares(sum(len(each.instances) for each in new.variants))
        if not rolling:
            self._fleet.bring_up(posts(scope, name, new))
        for share in shares:
            if rolling:
                self._fleet.bring_up(_first(scope, name, new, share))
            if share < 1.0 or policy.bake or policy.alarms:
                self._enter(scope, name, new, share, SHIFTING)
                self._put_route(scope, name, old)
            if rolling and share < 1.0:
                self._end(scope, name, old, share)
            if share < 1.0:
                self._hold(scope, name, new, policy.wait)
        if policy.bake or (rolling and policy.wait):
            self._enter(scope, name, new, 1.0, BAKING)
            self._hold(scope, name, new, policy.bake or policy.wait)

    def turn_back(self, scope: Scope, name: str, old: Deployment, new: Deployment) -> None:
        """Lead the calls to the old one again, whose processes may have ended. Raises VariantFailed."""
        self._fleet.bring_up(posts(scope, name, old))
        self._enter(scope, name, new, 0.0, SHIFTING)
        self._put_route(scope, name, old)

    def _enter(self, scope: Scope, name: str, new: Deployment, share: float, status: str) -> None:
        self._stages[scope, name] = Stage(new, share, status, self._clock())

    def _end(self, scope: Scope, name: str, old: Deployment, share: float) -> None:
        """End the part of the old one that the new one has taken over."""
        stay = {post.child_name for post in _first(scope, name, old, 1.0 - share)}
        leaving = [post for post in posts(scope, name, old) if post.child_name not in stay]

        def led_elsewhere(sockets: Sequence[str]) -> None:
            self._put_route(scope, name, old)
            self._routes.await_end_of_calls(sockets, SECONDS)

        self._fleet.take_down(leaving, after=led_elsewhere)

    def _hold(self, scope: Scope, name: str, new: Deployment, seconds: float) -> None:
        """Wait so long, watching the alarms. Raises TurnedBack and GivenUp."""

        def wanted() -> bool:
            found = self._store.find(scope, name)
            return not (self._fleet.closing or found is None or found.status == DELETING or found.desired != new)

        what = f"the endpoint configuration {new.config}"
        self._holding.hold(scope, new.policy, seconds, what, wanted)


def _first(scope: Scope, name: str, deployment: Deployment, share: float) -> list[Post]:
    """The posts of the first instances of each variant, so many that they are that share of them."""
    found = []
    for deployed in deployment.all:
        every = posts_of(scope, name, deployment, deployed)
        size = len(deployed.model.containers)
        found += every[: math.ceil(round(len(deployed.instances) * share, 6)) * size]
    return found
