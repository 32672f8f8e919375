"""Endpoints: what each is to serve is recorded first, then brought about, by the next server if this one is killed."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studiolo.containers.images import Images
from studiolo.containers.obituaries import in_short
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.metrics import Metrics
from studiolo.ml.listing import Listing
from studiolo.ml.names import checked_name
from studiolo.ml.resources import EndpointConfigs, Models, ModelSpecification
from studiolo.ml.serving.demand import OnDemand
from studiolo.ml.serving.endpoint import (
    CREATING,
    DELETING,
    FAILED,
    IN_SERVICE,
    ROLLING_BACK,
    SYSTEM_UPDATING,
    UPDATING,
    DeployedVariant,
    Deployment,
    Endpoint,
)
from studiolo.ml.serving.fleet import Fleet, VariantFailed
from studiolo.ml.serving.holding import GivenUp
from studiolo.ml.serving.invocation import SECONDS, NotLoaded
from studiolo.ml.serving.measures import Called, Serves, Utilization
from studiolo.ml.serving.policy import Policy
from studiolo.ml.serving.posts import KIND, Post, posts, posts_of, wanted
from studiolo.ml.serving.rollout import Rollouts, Stage
from studiolo.ml.serving.routes import Routes
from studiolo.ml.serving.routing import route_of
from studiolo.ml.serving.store import Store, as_endpoint
from studiolo.ml.tables import endpoints
from studiolo.processes import Processes
from studiolo.state import State

log = logging.getLogger(__name__)

CheckRooms = Callable[[Scope, str, Deployment | None], None]
"""Raises Invalid or Conflict where inference components of an endpoint have no room in what it is to be; None: gone."""
MOST_INSTANCES = 64
"""Processes of one variant: each holds the model in memory."""


@dataclass(frozen=True)
class Update:
    """How an update is made: what is kept of the variants that were, and how it takes over."""

    policy: Policy | None = None
    retains_policy: bool = False
    retains_weights: bool = False
    retains_counts: bool = False
    retains_capture: bool = False


class Endpoints:
    """The endpoints of every scope, and the routes to those that serve."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        surroundings: Surroundings,
        images: Images,
        models: Models,
        configs: EndpointConfigs,
        metrics: Metrics,
        folder: Path,
        idle_seconds: float,
        clock: Clock,
    ) -> None:
        self._store = Store(state, clock, endpoints, "endpoint", as_endpoint)
        self._models = models
        self._configs = configs
        self._fleet = Fleet(processes, surroundings, images, folder, self._on_move, self._on_fail, KIND)
        # Taken where a status and a route change together, and where inference components take and leave instances.
        self.lock = threading.RLock()
        self.routes = Routes()
        self.check_rooms: CheckRooms = lambda _scope, _name, _deployment: None
        self._rollouts = Rollouts(self._fleet, self.routes, self._store, metrics, self._put_route, clock)
        self._on_demand = OnDemand(self._fleet, self.routes, idle_seconds)
        self._utilization = Utilization(metrics, self._served_now)

    def start(self) -> None:
        """Take over what still serves, and bring back in the background what does not."""
        self._fleet.open()
        known = self._store.all()
        self._fleet.end_others([post for scope, endpoint in known for post in wanted(scope, endpoint)])
        for scope, endpoint in known:
            if endpoint.status == DELETING:
                self._in_background(self._finish_deletion, scope, endpoint)
                continue
            missing: Sequence[Post] = ()
            if endpoint.deployed is not None and endpoint.status != FAILED:
                missing = self._resume(scope, endpoint, endpoint.deployed)
            self._in_background(self._go_on, scope, endpoint, missing)
        self._on_demand.start()
        self._utilization.start()

    def close(self) -> None:
        """End the serving processes; the endpoints come back with the next start."""
        self._utilization.close()
        self._on_demand.close()
        self._fleet.close()

    def empty(self) -> None:
        """End the serving processes and forget every endpoint."""
        self._store.empty()
        self._fleet.close()
        self._fleet.empty()
        self.routes.clear()
        self._fleet.open()

    def create(self, scope: Scope, name: str, config: str, tags: Mapping[str, str]) -> Endpoint:
        """Record an endpoint and begin to bring it up. Raises AlreadyExists, Invalid and NotFound."""
        checked_name(name, "endpointName")
        deployment = self._deployment(scope, config)
        self._store.add(scope, name, tags, status=CREATING, desired=deployment)
        self._in_background(self._deploy, scope, name, deployment)
        return self.get(scope, name)

    def get(self, scope: Scope, name: str) -> Endpoint:
        """Raises NotFound."""
        return self._store.get(scope, name)

    def page(self, scope: Scope, listing: Listing) -> Page[Endpoint]:
        return self._store.page(scope, listing)

    def update(self, scope: Scope, name: str, config: str, how: Update) -> Endpoint:
        """Begin to serve another configuration; the present one serves until that is up.

        Raises Conflict, Invalid and NotFound.
        """
        with self.lock:
            before = _require_in_service(self.get(scope, name))
            policy = before.policy if how.policy is None and how.retains_policy else how.policy
            deployment = self._deployment(scope, config, policy)
            deployment = deployment.retaining(before, weights=how.retains_weights, counts=how.retains_counts)
            if how.retains_capture:
                deployment = replace(deployment, capture=before.capture)
            _check_counts(deployment)
            deployment.policy.check(sum(len(each.instances) for each in deployment.variants))
            self.check_rooms(scope, name, deployment)
            self._store.change(scope, name, status=UPDATING, desired=deployment)
        self._in_background(self._deploy, scope, name, deployment)
        return self.get(scope, name)

    def reweigh(self, scope: Scope, name: str, weights: Mapping[str, float], instances: Mapping[str, int]) -> Endpoint:
        """Give variants other weights, at once, and begin to give them other instance counts.

        Raises Conflict, Invalid, LimitExceeded and NotFound.
        """
        with self.lock:
            deployed = _require_in_service(self.get(scope, name))
            unknown = {*weights, *instances} - {entry.variant.name for entry in deployed.variants}
            if unknown:
                raise NotFound(f"The endpoint has no production variant {', '.join(sorted(unknown))}.")
            reweighted, target = deployed.reweighted(weights, {}), deployed.reweighted(weights, instances)
            _check_counts(target)
            self.check_rooms(scope, name, target)
            changes: dict[str, Any] = {"deployed": reweighted}
            if target != reweighted:
                changes |= {"status": UPDATING, "desired": target}
            self._store.change(scope, name, **changes)
            self._put_route(scope, name, reweighted)
        if target != reweighted:
            self._in_background(self._deploy, scope, name, target)
        return self.get(scope, name)

    def resize(self, scope: Scope, name: str, variant: str, count: int) -> None:
        """Give a variant that serves inference components another instance count, at once.

        Raises Conflict, LimitExceeded and NotFound.
        """
        with self.lock:
            deployed = _require_in_service(self.get(scope, name))
            resized = deployed.reweighted({}, {variant: count})
            _check_counts(resized)
            self._store.change(scope, name, deployed=resized)

    def stage(self, scope: Scope, name: str) -> Stage | None:
        """How far an update has come; None where there is none."""
        return self._rollouts.stage(scope, name)

    def serving(self, scope: Scope, endpoint: Endpoint) -> Mapping[str, int]:
        """How many instances of each variant serve now: all, where they serve inference components."""
        target = endpoint.target
        rooms = {each.variant.name: len(each.instances) for each in (target.all if target else ()) if each.hosting}
        return {**self.up(posts(scope, endpoint.name, target)), **rooms}

    def pending(self, scope: Scope, endpoint: Endpoint) -> Mapping[str, int]:
        """How many instances of each variant that is on its way serve now."""
        return self.up(posts(scope, endpoint.name, endpoint.desired))

    def up(self, every: Sequence[Post]) -> Mapping[str, int]:
        """Of which variants how many instances are up."""
        found = {post.child_name: post for post in every if post.container == 0}
        return Counter(post.variant for post in found.values() if post.multi or self._fleet.socket(post) is not None)

    def delete(self, scope: Scope, name: str) -> None:
        """Begin to end an endpoint. Raises NotFound."""
        with self.lock:
            endpoint = self.get(scope, name)
            self.check_rooms(scope, name, None)
            self._store.change(scope, name, status=DELETING)
            self.routes.drop(scope, name)
        self._in_background(self._finish_deletion, scope, endpoint)

    def wake(self, scope: Scope, name: str, variant: str, model: str | None) -> None:
        """Have a variant served, or a model of a multi-model one, whose processes are there on demand.

        Raises NotFound, Invalid for a model that cannot be fetched, NotLoaded for one that does not come up.
        """
        deployed = self.get(scope, name).deployed
        entry = next((each for each in deployed.variants if each.variant.name == variant), None) if deployed else None
        if deployed is None or entry is None:
            raise NotFound(f"Endpoint {name} of account {scope.account} not found.")
        called = posts_of(scope, name, deployed, entry)
        if entry.model.multi:
            called = [replace(called[0], target=model)]
        for post in called:
            try:
                self._on_demand.wake(post)
            except VariantFailed as error:
                if isinstance(error.__cause__, DomainError):
                    raise Invalid(str(error.__cause__)) from error
                raise NotLoaded(str(error)) from error
            self._on_move(post)

    def _finish_deletion(self, scope: Scope, endpoint: Endpoint) -> None:
        for deployment in (endpoint.deployed, endpoint.desired):
            self._fleet.take_down(posts(scope, endpoint.name, deployment))
        self._store.drop(scope, endpoint)

    def _deploy(self, scope: Scope, name: str, deployment: Deployment) -> None:
        """Bring a deployment up and let it take over; where it cannot, the endpoint stays with what it served."""
        every, failure = posts(scope, name, deployment), None
        found = self._store.find(scope, name)
        before = None if found is None else found.deployed
        try:
            self._rollouts.run(scope, name, before, deployment)
        except GivenUp:
            failure = "The update was given up."
        except Exception as error:  # noqa: BLE001 - whatever it was, the endpoint must say why it failed
            failure = in_short(str(error))
            if before is not None and before.id != deployment.id and not self._fleet.closing:
                self._turn_back(scope, name, before, deployment)
        if self._fleet.closing:
            return
        for post in every:
            if post.on_demand:
                self._on_demand.watch(post)
        with self.lock:
            self._rollouts.end(scope, name)
            replaced, served = self._switch(scope, name, deployment, failure)
            if served is not None and not self._put_route(scope, name, served):
                self._unsettle(scope, name)
        stay = {post.child_name for post in posts(scope, name, served)}
        self._fleet.take_down(
            [post for post in posts(scope, name, replaced) if post.child_name not in stay],
            after=lambda sockets: self.routes.await_end_of_calls(sockets, SECONDS),
        )

    def _turn_back(self, scope: Scope, name: str, before: Deployment, deployment: Deployment) -> None:
        self._exchange(scope, name, UPDATING, ROLLING_BACK)
        try:
            self._rollouts.turn_back(scope, name, before, deployment)
        except VariantFailed as error:
            log.warning("endpoint %s could not be rolled back: %s", name, error)

    def _switch(
        self, scope: Scope, name: str, deployment: Deployment, failure: str | None
    ) -> tuple[Deployment | None, Deployment | None]:
        """Record that a deployment has taken over, or why not.

        The deployment to end, which may be this one itself, and the one that is served: they may share processes.
        """
        endpoint = self._store.find(scope, name)
        if endpoint is None or endpoint.status in (DELETING, FAILED):
            return deployment, None
        if endpoint.desired != deployment:
            return deployment, endpoint.deployed
        if failure is None:
            self._store.change(scope, name, status=IN_SERVICE, deployed=deployment, desired=None, failure=None)
            return endpoint.deployed, deployment
        status = FAILED if endpoint.deployed is None else IN_SERVICE
        self._store.change(scope, name, status=status, desired=None, failure=failure)
        return deployment, endpoint.deployed

    def _resume(self, scope: Scope, endpoint: Endpoint, deployment: Deployment) -> Sequence[Post]:
        """Serve again what was served when the last server ended; what is to be started again for that."""
        every = [post for post in posts(scope, endpoint.name, deployment) if not post.multi]
        missing = [post for post in every if not self._fleet.adopt(post) and not post.on_demand]
        for post in every:
            if post.on_demand:
                self._on_demand.watch(post)
        self._put_route(scope, endpoint.name, deployment)
        if missing:
            self._unsettle(scope, endpoint.name)
        else:
            self._restored(scope, endpoint.name)
        return missing

    def _go_on(self, scope: Scope, endpoint: Endpoint, missing: Sequence[Post]) -> None:
        """Bring back what is missing, then what was on its way: it may be more processes of the same deployment."""
        if missing:
            self._bring_back(missing)
        if endpoint.desired is not None:
            self._deploy(scope, endpoint.name, endpoint.desired)

    def _bring_back(self, missing: Sequence[Post]) -> None:
        try:
            self._fleet.bring_up(missing)
        except Exception as error:  # noqa: BLE001 - as in _deploy
            if not self._fleet.closing:
                self._on_fail(missing[0], str(error))
            return
        for post in missing:
            self._on_move(post)

    def _on_move(self, post: Post) -> None:
        """A serving process is gone, or serves again."""
        with self.lock:
            deployment = self._served(post)
            if deployment is None:
                return
            if self._put_route(post.scope, post.endpoint, deployment):
                self._restored(post.scope, post.endpoint)
            else:
                self._unsettle(post.scope, post.endpoint)

    def _on_fail(self, post: Post, reason: str) -> None:
        """A serving process was given up: the endpoint has failed."""
        with self.lock:
            if self._served(post) is None:
                return
            endpoint = self.get(post.scope, post.endpoint)
            failure = in_short(reason)
            self._store.change(post.scope, post.endpoint, status=FAILED, failure=failure, desired=None)
            self.routes.drop(post.scope, post.endpoint)
        for deployment in (endpoint.deployed, endpoint.desired):
            self._fleet.take_down(posts(post.scope, post.endpoint, deployment))

    def _served(self, post: Post) -> Deployment | None:
        """What the endpoint serves now, if the post is of that."""
        found = self._store.find(post.scope, post.endpoint)
        deployed = None if found is None or found.status in (DELETING, FAILED) else found.deployed
        stage = self._rollouts.stage(post.scope, post.endpoint)
        present = [] if deployed is None else [deployed.id, *([] if stage is None else [stage.deployment.id])]
        return deployed if post.deployment in present else None

    def _unsettle(self, scope: Scope, name: str) -> None:
        """InService no more, until every process of it serves again."""
        self._exchange(scope, name, IN_SERVICE, SYSTEM_UPDATING)

    def _restored(self, scope: Scope, name: str) -> None:
        self._exchange(scope, name, SYSTEM_UPDATING, IN_SERVICE)

    def _exchange(self, scope: Scope, name: str, old: str, new: str) -> None:
        with self.lock:
            found = self._store.find(scope, name)
            if found is not None and found.status == old:
                self._store.change(scope, name, status=new)

    def _deployment(self, scope: Scope, config: str, policy: Policy | None = None) -> Deployment:
        found = self._configs.get(scope, config)
        names = {variant.model for variant in found.specification.all}
        models = {name: self._models.get(scope, name).specification for name in names if name}
        models[""] = ModelSpecification("", "", found.specification.role or "")
        deployment = Deployment.of(found, models, policy)
        _check_counts(deployment)
        return deployment

    def _put_route(self, scope: Scope, name: str, deployment: Deployment) -> bool:
        """Lead calls to where the deployment is served now; whether every variant is."""
        with self.lock:
            stage = self._rollouts.stage(scope, name)
            shift = None if stage is None or stage.deployment.id == deployment.id else (stage.deployment, stage.share)
            route, complete = route_of(scope, name, deployment, self._fleet, shift)
            self.routes.put(scope, name, route)
        return complete

    def _served_now(self) -> Iterator[Serves]:
        for scope, endpoint in self._store.all():
            for post in wanted(scope, endpoint):
                for each in (post, *(self._fleet.models(post) if post.multi else ())):
                    if (child := self._fleet.child(each)) is not None:
                        yield Serves(Called(scope, endpoint.name, each.variant, 1), child)

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                work(*arguments)
            except Exception:
                log.exception("an endpoint's work in the background failed")

        threading.Thread(target=run, name="endpoint", daemon=True).start()


def _require_in_service(endpoint: Endpoint) -> Deployment:
    if endpoint.status != IN_SERVICE or endpoint.deployed is None:
        raise Conflict(f'Cannot update in-progress endpoint "{endpoint.arn}": its status is {endpoint.status}.')
    return endpoint.deployed


def _check_counts(deployment: Deployment) -> None:
    for deployed in deployment.all:
        _check_count(deployed, least=0 if deployment.asynchronous else 1)


def _check_count(deployed: DeployedVariant, *, least: int) -> None:
    count, name = len(deployed.instances), deployed.variant.name
    if count < least:
        raise Invalid(f"The production variant {name} needs at least 1 instance; delete the endpoint to have none.")
    if count > MOST_INSTANCES:
        raise LimitExceeded(
            f"The production variant {name} can have at most {MOST_INSTANCES} instances here, not {count}."
        )
