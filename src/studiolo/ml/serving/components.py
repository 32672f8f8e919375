"""Inference components: models that share the instances of an endpoint's variant, each with copies of its own.

What each is to serve is recorded first, then brought about, by the next server if this one is killed.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studiolo.containers.images import Images
from studiolo.containers.obituaries import in_short
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.metrics import Metrics
from studiolo.ml.listing import Listing
from studiolo.ml.names import checked_name
from studiolo.ml.resources import Models, ModelSpecification
from studiolo.ml.serving.component import Component, Copies, Wanted, as_component, posts_of
from studiolo.ml.serving.component_rollouts import ComponentRollouts
from studiolo.ml.serving.endpoint import (
    CREATING,
    DELETING,
    FAILED,
    IN_SERVICE,
    UPDATING,
    DeployedVariant,
    Deployment,
)
from studiolo.ml.serving.endpoints import MOST_INSTANCES, Endpoints
from studiolo.ml.serving.fleet import Fleet, VariantFailed
from studiolo.ml.serving.holding import GivenUp
from studiolo.ml.serving.invocation import SECONDS
from studiolo.ml.serving.measures import Called, Serves, Utilization
from studiolo.ml.serving.policy import Policy
from studiolo.ml.serving.posts import COMPONENT, Post
from studiolo.ml.serving.rooms import MIB, Size, instances_for, size_of
from studiolo.ml.serving.routing import target_of_component
from studiolo.ml.serving.store import Store
from studiolo.ml.tables import inference_components
from studiolo.processes import Processes
from studiolo.state import State

log = logging.getLogger(__name__)

MOST_COPIES = 64
"""Processes of one component: each holds the model in memory."""


class Components:
    """The inference components of every scope."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        surroundings: Surroundings,
        images: Images,
        models: Models,
        endpoints: Endpoints,
        metrics: Metrics,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._store = Store(state, clock, inference_components, COMPONENT, as_component)
        self._models = models
        self._endpoints = endpoints
        self._routes = endpoints.routes
        self._lock = endpoints.lock
        self._fleet = Fleet(processes, surroundings, images, folder, self._on_move, self._on_fail, COMPONENT)
        self._utilization = Utilization(metrics, self._served_now)
        self._rollouts = ComponentRollouts(self._fleet, self._routes, self._store, metrics, self._settle, clock)
        endpoints.check_rooms = self._check_rooms

    def start(self) -> None:
        """Take over the copies that still serve, and bring back in the background those that do not."""
        self._fleet.open()
        known = self._store.all()
        self._fleet.end_others([post for scope, component in known for post in _wanted(scope, component)])
        for scope, component in known:
            if component.status == DELETING:
                self._in_background(self._finish_deletion, scope, component)
                continue
            missing: list[Post] = []
            if component.status != FAILED:
                served = posts_of(scope, component.endpoint, component.name, component.deployed)
                missing = [post for post in served if not self._fleet.adopt(post)]
                self._settle(scope, component.name)
            self._in_background(self._go_on, scope, component, missing)
        self._utilization.start()

    def close(self) -> None:
        """End the copies; they come back with the next start."""
        self._utilization.close()
        self._fleet.close()

    def empty(self) -> None:
        """End the copies and forget every component."""
        self._store.empty()
        self._fleet.close()
        self._fleet.empty()
        self._fleet.open()

    def create(
        self,
        scope: Scope,
        name: str,
        endpoint: str,
        variant: str | None,
        wanted: Wanted,
        count: int,
        tags: Mapping[str, str],
    ) -> Component:
        """Record a component and begin to bring its copies up.

        Raises AlreadyExists, Conflict, Denied, Invalid, LimitExceeded and NotFound.
        """
        checked_name(name, "inferenceComponentName")
        with self._lock:
            room = self._room(scope, endpoint, variant)
            copies = Copies.of(room.variant.name, self._model(scope, room, wanted), wanted, count)
            needed = self._needed(scope, name, endpoint, room, copies)
            place = {"endpoint": endpoint, "variant": room.variant.name}
            self._store.add(scope, name, tags, **place, status=CREATING, desired=copies)
            self._grow(scope, endpoint, room, needed)
        self._in_background(self._deploy, scope, name, copies)
        return self.get(scope, name)

    def get(self, scope: Scope, name: str) -> Component:
        """Raises NotFound."""
        return self._store.get(scope, name)

    def page(self, scope: Scope, listing: Listing, endpoint: str | None, variant: str | None) -> Page[Component]:
        asked = {"endpoint": endpoint, "variant": variant}
        return self._store.page(scope, listing, **{name: value for name, value in asked.items() if value})

    def update(
        self, scope: Scope, name: str, wanted: Wanted | None, count: int | None, policy: Policy | None = None
    ) -> Component:
        """Begin to serve something else, or by another number of copies; what is served serves until that is up.

        Raises Conflict, Denied, Invalid, LimitExceeded and NotFound.
        """
        with self._lock:
            component = self.get(scope, name)
            before = component.target
            if component.status not in (IN_SERVICE, FAILED) or before is None:
                raise Conflict(
                    f'Cannot update in-progress inference component "{component.arn}": its status is '
                    f"{component.status}."
                )
            room = self._room(scope, component.endpoint, component.variant)
            count = before.count if count is None else count
            if wanted is None and component.status == IN_SERVICE:
                copies = before.counted(count)
            else:
                wanted = wanted or before.wanted
                copies = Copies.of(component.variant, self._model(scope, room, wanted), wanted, count, policy)
            if copies.count > 1:
                copies.policy.check(copies.count)
            self._grow(scope, component.endpoint, room, self._needed(scope, name, component.endpoint, room, copies))
            # What has failed serves no more: its processes have ended.
            deployed = component.deployed if component.status == IN_SERVICE else None
            self._store.change(scope, name, status=UPDATING, deployed=deployed, desired=copies)
        self._in_background(self._deploy, scope, name, copies)
        return self.get(scope, name)

    def delete(self, scope: Scope, name: str) -> None:
        """Begin to end a component. Raises NotFound."""
        with self._lock:
            component = self.get(scope, name)
            self._store.change(scope, name, status=DELETING)
            self._routes.put_component(scope, component.endpoint, name, None)
        self._in_background(self._finish_deletion, scope, component)

    def serving(self, scope: Scope, component: Component) -> int:
        """How many of its copies serve now."""
        if component.status in (FAILED, DELETING):
            return 0
        every = self._rollouts.serving(scope, component)
        return sum(self._fleet.socket(post) is not None for post in every)

    def _room(self, scope: Scope, endpoint: str, variant: str | None) -> DeployedVariant:
        """The variant whose instances it is on. Raises Conflict, Invalid and NotFound."""
        found = self._endpoints.get(scope, endpoint)
        if found.status != IN_SERVICE or found.deployed is None:
            raise Conflict(f'The endpoint "{found.arn}" must be InService; its status is {found.status}.')
        variants = {each.variant.name: each for each in found.deployed.variants}
        if variant is None and len(variants) > 1:
            raise Invalid(f"Name the VariantName: the endpoint {endpoint} has {', '.join(variants)}.")
        room = next(iter(variants.values())) if variant is None else variants.get(variant)
        if room is None:
            raise NotFound(f"The endpoint {endpoint} has no production variant {variant}.")
        if not room.hosting:
            raise Invalid(
                f"The production variant {room.variant.name} of the endpoint {endpoint} serves a model of its own: "
                "inference components need variants without a ModelName."
            )
        return room

    def _model(self, scope: Scope, room: DeployedVariant, wanted: Wanted) -> ModelSpecification:
        """What is to be served. Raises Denied, Invalid and NotFound."""
        if wanted.model is None:
            given = ModelSpecification("", "", room.model.role)
        else:
            given = self._models.get(scope, wanted.model).specification
        model = wanted.of(given)
        if given.multi or given.further:
            raise Invalid(f"The model {wanted.model} of several models or containers cannot be an inference component.")
        if not model.image:
            raise Invalid("An inference component needs a ModelName, or a Container with an Image.")
        self._models.check(scope, model)
        return model

    def _needed(self, scope: Scope, name: str, endpoint: str, room: DeployedVariant, copies: Copies) -> int:
        """How many instances the variant needs with these copies of the component. Raises Invalid and LimitExceeded."""
        if copies.count > MOST_COPIES:
            raise LimitExceeded(f"An inference component can have at most {MOST_COPIES} copies here.")
        kind = room.variant.recorded.get("InstanceType", "")
        size, needs = size_of(kind), copies.wanted.needs
        if not needs.fits(size):
            raise Invalid(f"A copy of {name} needs {needs}; an instance {kind} has {size}.")
        others = [each for each in self._sharing(scope, endpoint, room.variant.name) if each[0] != name]
        needed = _instances([*others, (name, copies)], size)
        most = _bounds(room)[1]
        if needed is None or needed > most:
            raise Invalid(
                f"There is no capacity for {copies.count} copies of {name}, each of {needs}: the production variant "
                f"{room.variant.name} has at most {most} instances {kind}, each of {size}, and "
                f"{sum(each.count for _, each in others)} copies of other inference components are on them."
            )
        return needed

    def _sharing(self, scope: Scope, endpoint: str, variant: str) -> list[tuple[str, Copies]]:
        """The components that take something of the variant's instances."""
        found = self._store.where(scope, endpoint=endpoint, variant=variant)
        kept = [each for each in found if each.status not in (FAILED, DELETING)]
        return [(each.name, each.target) for each in kept if each.target is not None]

    def _grow(self, scope: Scope, endpoint: str, room: DeployedVariant, needed: int) -> None:
        if needed > len(room.instances):
            self._endpoints.resize(scope, endpoint, room.variant.name, needed)

    def _shrink(self, scope: Scope, endpoint: str, variant: str) -> None:
        """Give back the instances that nobody needs, where ManagedInstanceScaling says so."""
        with self._lock, contextlib.suppress(DomainError):
            room = self._room(scope, endpoint, variant)
            size = size_of(room.variant.recorded.get("InstanceType", ""))
            needed = _instances(self._sharing(scope, endpoint, variant), size) or 0
            least = _bounds(room)[0]
            if len(room.instances) > max(least, needed):
                self._endpoints.resize(scope, endpoint, variant, max(least, needed))

    def _check_rooms(self, scope: Scope, endpoint: str, deployment: Deployment | None) -> None:
        """Raise Conflict where components of the endpoint have no room in what it is to be."""
        for component in self._store.where(scope, endpoint=endpoint):
            rooms = {} if deployment is None else {each.variant.name: each for each in deployment.variants}
            room = rooms.get(component.variant)
            if deployment is None or room is None or not room.hosting:
                raise Conflict(
                    f"The endpoint {endpoint} has the inference component {component.name}: delete that first."
                )
            size = size_of(room.variant.recorded.get("InstanceType", ""))
            needed = _instances(self._sharing(scope, endpoint, component.variant), size)
            if needed is None or needed > len(room.instances):
                words = "larger ones" if needed is None else f"{needed} of them"
                raise Conflict(
                    f"The inference components of the production variant {component.variant} need {words}, not "
                    f"{len(room.instances)} instances of {size}."
                )

    def _deploy(self, scope: Scope, name: str, copies: Copies) -> None:
        """Bring copies up and let them take over; where they cannot, the component stays with what it served."""
        component, failure = self._store.find(scope, name), None
        if component is None:
            return
        try:
            self._rollouts.run(scope, component, copies)
        except GivenUp:
            failure = "The update was given up."
        except Exception as error:  # noqa: BLE001 - whatever it was, the component must say why it failed
            failure = in_short(str(error))
            self._turn_back(scope, component)
        if self._fleet.closing:
            return
        with self._lock:
            self._rollouts.end(scope, name)
            replaced, served = self._switch(scope, name, copies, failure)
            self._settle(scope, name)
        stay = {post.child_name for post in posts_of(scope, component.endpoint, name, served)}
        leaving = posts_of(scope, component.endpoint, name, replaced)
        self._fleet.take_down([post for post in leaving if post.child_name not in stay], after=self._await_calls)
        self._shrink(scope, component.endpoint, component.variant)

    def _turn_back(self, scope: Scope, component: Component) -> None:
        try:
            self._rollouts.turn_back(scope, component)
        except VariantFailed as error:
            log.warning("inference component %s could not be rolled back: %s", component.name, error)

    def _switch(
        self, scope: Scope, name: str, copies: Copies, failure: str | None
    ) -> tuple[Copies | None, Copies | None]:
        """Record that copies have taken over, or why not: those to end, and those that serve."""
        component = self._store.find(scope, name)
        if component is None or component.status in (DELETING, FAILED):
            return copies, None
        if failure is None:
            self._store.change(scope, name, status=IN_SERVICE, deployed=copies, desired=None, failure=None)
            return component.deployed, copies
        if component.deployed is None:
            self._store.change(scope, name, status=FAILED, deployed=copies, desired=None, failure=failure)
            return copies, None
        self._store.change(scope, name, status=IN_SERVICE, desired=None, failure=failure)
        return copies, component.deployed

    def _go_on(self, scope: Scope, component: Component, missing: list[Post]) -> None:
        """Bring back what is missing, then what was on its way."""
        if missing:
            try:
                self._fleet.bring_up(missing)
            except Exception as error:  # noqa: BLE001 - as in _deploy
                if not self._fleet.closing:
                    self._on_fail(missing[0], str(error))
                return
            self._settle(scope, component.name)
        if component.desired is not None:
            self._deploy(scope, component.name, component.desired)

    def _finish_deletion(self, scope: Scope, component: Component) -> None:
        every = [
            post
            for copies in (component.deployed, component.desired)
            for post in posts_of(scope, component.endpoint, component.name, copies)
        ]
        self._fleet.take_down(every, after=self._await_calls)
        self._store.drop(scope, component)
        self._shrink(scope, component.endpoint, component.variant)

    def _on_move(self, post: Post) -> None:
        """A copy is gone, or serves again."""
        if self._is_served(post):
            self._settle(post.scope, post.owner)

    def _on_fail(self, post: Post, reason: str) -> None:
        """A copy was given up: the component has failed."""
        with self._lock:
            if not self._is_served(post):
                return
            component = self.get(post.scope, post.owner)
            failure = in_short(reason)
            self._store.change(post.scope, post.owner, status=FAILED, failure=failure, desired=None)
            self._routes.put_component(post.scope, post.endpoint, post.owner, None)
        for copies in (component.deployed, component.desired):
            self._fleet.take_down(posts_of(post.scope, post.endpoint, post.owner, copies))

    def _is_served(self, post: Post) -> bool:
        found = self._store.find(post.scope, post.owner)
        if found is None or found.status in (DELETING, FAILED) or found.deployed is None:
            return False
        return post.child_name in {each.child_name for each in self._rollouts.serving(post.scope, found)}

    def _settle(self, scope: Scope, name: str) -> None:
        """Lead calls to the copies that serve now; while one of them does not, and no update is under way: Updating."""
        with self._lock:
            found = self._store.find(scope, name)
            if found is None or found.status in (DELETING, FAILED) or found.deployed is None:
                return
            every = self._rollouts.serving(scope, found)
            target = target_of_component(every, found.variant, found.deployed.deployed.model.role, self._fleet)
            self._routes.put_component(scope, found.endpoint, name, target)
            status = IN_SERVICE if len(target.instances) == len(every) else UPDATING
            if found.desired is None and found.status != status:
                self._store.change(scope, name, status=status)

    def _served_now(self) -> Iterator[Serves]:
        for scope, component in self._store.all():
            needs = Size(0, 0) if component.target is None else component.target.wanted.needs
            for post in _wanted(scope, component):
                if (child := self._fleet.child(post)) is not None:
                    called = Called(scope, post.endpoint, post.variant, 1, component.name)
                    yield Serves(called, child, needs.cores or None, needs.memory * MIB)

    def _await_calls(self, sockets: Any) -> None:
        self._routes.await_end_of_calls(sockets, SECONDS)

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                work(*arguments)
            except Exception:
                log.exception("an inference component's work in the background failed")

        threading.Thread(target=run, name="inference-component", daemon=True).start()


def _instances(components: list[tuple[str, Copies]], size: Size) -> int | None:
    return instances_for([copies.wanted.needs for _, copies in components for _ in range(copies.count)], size)


def _bounds(room: DeployedVariant) -> tuple[int, int]:
    """How few and how many instances the variant may have."""
    scaling, present = room.variant.recorded.get("ManagedInstanceScaling", {}), len(room.instances)
    if scaling.get("Status") != "ENABLED":
        return present, present
    return max(scaling.get("MinInstanceCount", 1), 1), scaling.get("MaxInstanceCount", MOST_INSTANCES)


def _wanted(scope: Scope, component: Component) -> list[Post]:
    """The processes that it has, or is to have."""
    if component.status in (DELETING, FAILED):
        return []
    every = [
        post
        for copies in (component.deployed, component.desired)
        for post in posts_of(scope, component.endpoint, component.name, copies)
    ]
    return list({post.child_name: post for post in every}.values())
