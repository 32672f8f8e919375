"""The new copies of an inference component take over from those that serve: all at once, or batch by batch."""

from collections.abc import Callable

from studiolo.domain import Clock, Scope
from studiolo.metrics import Metrics
from studiolo.ml.serving.component import Component, Copies, posts_of
from studiolo.ml.serving.endpoint import DELETING
from studiolo.ml.serving.fleet import Fleet
from studiolo.ml.serving.holding import Holding
from studiolo.ml.serving.invocation import SECONDS
from studiolo.ml.serving.policy import ROLLING
from studiolo.ml.serving.posts import Post
from studiolo.ml.serving.routes import Routes
from studiolo.ml.serving.store import Store

Settle = Callable[[Scope, str], None]


class ComponentRollouts:
    """The updates that are under way. settle: to be called when what serves has changed."""

    def __init__(
        self, fleet: Fleet, routes: Routes, store: Store[Component], metrics: Metrics, settle: Settle, clock: Clock
    ) -> None:
        self._fleet = fleet
        self._routes = routes
        self._store = store
        self._holding = Holding(metrics, clock)
        self._settle = settle
        # How much of each component the new copies have taken over.
        self._shares: dict[tuple[Scope, str], float] = {}

    def serving(self, scope: Scope, component: Component) -> list[Post]:
        """The processes that are to serve now: of an update that is under way, some of the old and some of the new."""
        old, new, share = component.deployed, component.desired, self._shares.get((scope, component.name))
        if old is None or new is None or share is None:
            return posts_of(scope, component.endpoint, component.name, old)
        present = (old.part(1.0 - share), new.part(share))
        return [post for copies in present for post in posts_of(scope, component.endpoint, component.name, copies)]

    def run(self, scope: Scope, component: Component, new: Copies) -> None:
        """Bring the new copies up. Raises VariantFailed, TurnedBack and GivenUp.

        Whoever calls it records the outcome and ends what is to go.
        """
        old, policy, name = component.deployed, new.policy, component.name
        if old is None or old.id == new.id or policy.kind != ROLLING:
            self._fleet.bring_up(posts_of(scope, component.endpoint, name, new))
            return
        for share in policy.shares(new.count):
            self._fleet.bring_up(posts_of(scope, component.endpoint, name, new.part(share)))
            self._shares[scope, name] = share
            self._settle(scope, name)
            if share < 1.0:
                self._end(scope, component, old, old.part(1.0 - share))
            self._hold(scope, component, new)

    def turn_back(self, scope: Scope, component: Component) -> None:
        """Bring the old copies up again, of which some may have ended. Raises VariantFailed."""
        self._fleet.bring_up(posts_of(scope, component.endpoint, component.name, component.deployed))

    def end(self, scope: Scope, name: str) -> None:
        """The new copies have taken over, or are turned back."""
        self._shares.pop((scope, name), None)

    def _end(self, scope: Scope, component: Component, old: Copies, left: Copies) -> None:
        """End the old copies but for those that are left."""
        stay = {post.child_name for post in posts_of(scope, component.endpoint, component.name, left)}
        leaving = posts_of(scope, component.endpoint, component.name, old)
        self._fleet.take_down(
            [post for post in leaving if post.child_name not in stay],
            after=lambda sockets: self._routes.await_end_of_calls(sockets, SECONDS),
        )

    def _hold(self, scope: Scope, component: Component, new: Copies) -> None:
        def wanted() -> bool:
            found = self._store.find(scope, component.name)
            if self._fleet.closing or found is None or found.status == DELETING:
                return False
            return found.desired is not None and found.desired.id == new.id

        what = f"the inference component {component.name}"
        self._holding.hold(scope, new.policy, new.policy.wait, what, wanted)
