"""Endpoints: what each is to serve is recorded first, then brought about, by the next server if this one is killed."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from studiolo.containers.images import Images
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import AlreadyExists, Clock, Conflict, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.metrics import Metrics
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn, checked_name
from studiolo.ml.resources import EndpointConfigs, Models
from studiolo.ml.serving.endpoint import (
    CREATING,
    DELETING,
    FAILED,
    IN_SERVICE,
    SYSTEM_UPDATING,
    UPDATING,
    DeployedVariant,
    Deployment,
    Endpoint,
)
from studiolo.ml.serving.fleet import Fleet, Post
from studiolo.ml.serving.invocation import SECONDS
from studiolo.ml.serving.measures import Served, Utilization
from studiolo.ml.serving.routes import Instance, Route, Routes, Target
from studiolo.ml.tables import endpoints
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.processes import Processes
from studiolo.state import State, Thing

log = logging.getLogger(__name__)

LONGEST_REASON = 1024
MOST_INSTANCES = 64
"""Processes of one variant: each holds the model in memory."""


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
        clock: Clock,
    ) -> None:
        self._state = state
        self._models = models
        self._configs = configs
        self._clock = clock
        self._fleet = Fleet(processes, surroundings, images, folder, self._on_move, self._on_fail)
        # Taken where a status and a route change together.
        self._lock = threading.RLock()
        self.routes = Routes()
        self._utilization = Utilization(metrics, self._served_now)

    def start(self) -> None:
        """Take over what still serves, and bring back in the background what does not."""
        self._fleet.open()
        with self._state.reading() as connection:
            rows = connection.execute(endpoints.select()).all()
        known = [(Scope(row.account, row.region), _as_endpoint(row)) for row in rows]
        self._fleet.end_others([post for scope, endpoint in known for post in _wanted(scope, endpoint)])
        for scope, endpoint in known:
            if endpoint.status == DELETING:
                self._in_background(self._finish_deletion, scope, endpoint)
                continue
            missing: Sequence[Post] = ()
            if endpoint.deployed is not None and endpoint.status != FAILED:
                missing = self._resume(scope, endpoint, endpoint.deployed)
            self._in_background(self._go_on, scope, endpoint, missing)
        self._utilization.start()

    def close(self) -> None:
        """End the serving processes; the endpoints come back with the next start."""
        self._utilization.close()
        self._fleet.close()

    def empty(self) -> None:
        """End the serving processes and forget every endpoint."""
        with self._state.transaction() as tx:
            tx.execute(endpoints.delete())
        self._fleet.close()
        self._fleet.empty()
        self.routes.clear()
        self._fleet.open()

    def create(self, scope: Scope, name: str, config: str, tags: Mapping[str, str]) -> Endpoint:
        """Record an endpoint and begin to bring it up. Raises AlreadyExists, Invalid and NotFound."""
        checked_name(name, "endpointName")
        deployment = self._deployment(scope, config)
        moment = self._clock()
        with self._state.transaction() as tx:
            if self._find(tx, scope, name) is not None:
                raise AlreadyExists(f'Cannot create already existing endpoint "{arn(scope, "endpoint", name)}".')
            tx.execute(
                endpoints.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    created=moment,
                    changed=moment,
                    status=CREATING,
                    desired=deployment.to_json(),
                )
            )
            set_tags(tx, arn(scope, "endpoint", name), tags)
        self._in_background(self._deploy, scope, name, deployment)
        return self.get(scope, name)

    def get(self, scope: Scope, name: str) -> Endpoint:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self._require(connection, scope, name)

    def page(self, scope: Scope, listing: Listing) -> Page[Endpoint]:
        with self._state.reading() as connection:
            found = select_page(connection, endpoints, scope, listing)
        return Page([_as_endpoint(row) for row in found.items], found.next)

    def update(self, scope: Scope, name: str, config: str) -> Endpoint:
        """Begin to serve another configuration; the present one serves until that is up. Raises Conflict, NotFound."""
        deployment = self._deployment(scope, config)
        with self._state.transaction() as tx:
            self._require_in_service(self._require(tx, scope, name))
            self._change(tx, scope, name, status=UPDATING, desired=deployment.to_json())
        self._in_background(self._deploy, scope, name, deployment)
        return self.get(scope, name)

    def reweigh(self, scope: Scope, name: str, weights: Mapping[str, float], instances: Mapping[str, int]) -> Endpoint:
        """Give variants other weights, at once, and begin to give them other instance counts.

        Raises Conflict, Invalid, LimitExceeded and NotFound.
        """
        with self._lock:
            with self._state.transaction(_thing(scope, name)) as tx:
                endpoint = self._require(tx, scope, name)
                deployed = self._require_in_service(endpoint)
                unknown = {*weights, *instances} - {entry.variant.name for entry in deployed.variants}
                if unknown:
                    raise NotFound(f"The endpoint has no production variant {', '.join(sorted(unknown))}.")
                reweighted, wanted = deployed.reweighted(weights, {}), deployed.reweighted(weights, instances)
                _check_counts(wanted)
                self._change(tx, scope, name, deployed=reweighted.to_json())
                if wanted != reweighted:
                    self._change(tx, scope, name, status=UPDATING, desired=wanted.to_json())
            self._put_route(scope, name, reweighted)
        if wanted != reweighted:
            self._in_background(self._deploy, scope, name, wanted)
        return self.get(scope, name)

    def serving(self, scope: Scope, endpoint: Endpoint) -> Mapping[str, int]:
        """How many processes of each variant serve now."""
        posts = {post.child_name: post for post in _wanted(scope, endpoint)}
        return Counter(post.variant for post in posts.values() if self._fleet.socket(post) is not None)

    def delete(self, scope: Scope, name: str) -> None:
        """Begin to end an endpoint. Raises NotFound."""
        with self._lock:
            with self._state.transaction(_thing(scope, name)) as tx:
                endpoint = self._require(tx, scope, name)
                self._change(tx, scope, name, status=DELETING)
            self.routes.drop(scope, name)
        self._in_background(self._finish_deletion, scope, endpoint)

    def _finish_deletion(self, scope: Scope, endpoint: Endpoint) -> None:
        for deployment in (endpoint.deployed, endpoint.desired):
            if deployment is not None:
                self._fleet.take_down(_posts(scope, endpoint.name, deployment))
        with self._state.transaction(_thing(scope, endpoint.name)) as tx:
            tx.execute(endpoints.delete().where(_is(scope, endpoint.name)))
            drop_tags(tx, endpoint.arn)

    def _deploy(self, scope: Scope, name: str, deployment: Deployment) -> None:
        """Bring a deployment up and let it take over; where it cannot, the endpoint stays with what it served."""
        posts = _posts(scope, name, deployment)
        failure = None
        try:
            self._fleet.bring_up(posts)
        except Exception as error:  # noqa: BLE001 - whatever it was, the endpoint must say why it failed
            failure = f"{error}"[:LONGEST_REASON]
        if self._fleet.closing:
            return
        with self._lock:
            replaced, served = self._switch(scope, name, deployment, failure)
            if served is not None and not self._put_route(scope, name, served):
                self._unsettle(scope, name)
        stay = {post.child_name for post in _posts(scope, name, served)}
        self._fleet.take_down(
            [post for post in _posts(scope, name, replaced) if post.child_name not in stay],
            after=lambda sockets: self.routes.await_end_of_calls(sockets, SECONDS),
        )

    def _switch(
        self, scope: Scope, name: str, deployment: Deployment, failure: str | None
    ) -> tuple[Deployment | None, Deployment | None]:
        """Record that a deployment has taken over, or why not.

        The deployment to end, which may be this one itself, and the one that is served: they may share processes.
        """
        with self._state.transaction(_thing(scope, name)) as tx:
            row = self._find(tx, scope, name)
            endpoint = _as_endpoint(row) if row is not None else None
            if endpoint is None or endpoint.status in (DELETING, FAILED):
                return deployment, None
            if endpoint.desired != deployment:
                return deployment, endpoint.deployed
            if failure is None:
                self._change(
                    tx, scope, name, status=IN_SERVICE, deployed=deployment.to_json(), desired=None, failure=None
                )
                return endpoint.deployed, deployment
            status = FAILED if endpoint.deployed is None else IN_SERVICE
            self._change(tx, scope, name, status=status, desired=None, failure=failure)
            return deployment, endpoint.deployed

    def _resume(self, scope: Scope, endpoint: Endpoint, deployment: Deployment) -> Sequence[Post]:
        """Serve again what was served when the last server ended; what is to be started again for that."""
        posts = _posts(scope, endpoint.name, deployment)
        missing = [post for post in posts if not self._fleet.adopt(post)]
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

    def _bring_back(self, posts: Sequence[Post]) -> None:
        try:
            self._fleet.bring_up(posts)
        except Exception as error:  # noqa: BLE001 - as in _deploy
            if not self._fleet.closing:
                self._on_fail(posts[0], str(error))
            return
        for post in posts:
            self._on_move(post)

    def _on_move(self, post: Post) -> None:
        """A serving process is gone, or serves again."""
        with self._lock:
            deployment = self._served(post)
            if deployment is None:
                return
            if self._put_route(post.scope, post.endpoint, deployment):
                self._restored(post.scope, post.endpoint)
            else:
                self._unsettle(post.scope, post.endpoint)

    def _on_fail(self, post: Post, reason: str) -> None:
        """A serving process was given up: the endpoint has failed."""
        with self._lock:
            if self._served(post) is None:
                return
            with self._state.transaction(_thing(post.scope, post.endpoint)) as tx:
                endpoint = self._require(tx, post.scope, post.endpoint)
                self._change(
                    tx, post.scope, post.endpoint, status=FAILED, failure=reason[:LONGEST_REASON], desired=None
                )
            self.routes.drop(post.scope, post.endpoint)
        for deployment in (endpoint.deployed, endpoint.desired):
            if deployment is not None:
                self._fleet.take_down(_posts(post.scope, post.endpoint, deployment))

    def _served(self, post: Post) -> Deployment | None:
        """What the endpoint serves now, if the post is of that."""
        with self._state.reading() as connection:
            row = self._find(connection, post.scope, post.endpoint)
        deployed = None if row is None or row.status in (DELETING, FAILED) else _as_endpoint(row).deployed
        return deployed if deployed is not None and deployed.id == post.deployment else None

    def _unsettle(self, scope: Scope, name: str) -> None:
        """InService no more, until every process of it serves again."""
        self._exchange(scope, name, IN_SERVICE, SYSTEM_UPDATING)

    def _restored(self, scope: Scope, name: str) -> None:
        self._exchange(scope, name, SYSTEM_UPDATING, IN_SERVICE)

    def _exchange(self, scope: Scope, name: str, old: str, new: str) -> None:
        with self._state.transaction(_thing(scope, name)) as tx:
            row = self._find(tx, scope, name)
            if row is not None and row.status == old:
                self._change(tx, scope, name, status=new)

    def _deployment(self, scope: Scope, config: str) -> Deployment:
        found = self._configs.get(scope, config)
        names = {variant.model for variant in found.specification.variants}
        deployment = Deployment.of(found, {name: self._models.get(scope, name).specification for name in names})
        _check_counts(deployment)
        return deployment

    def _put_route(self, scope: Scope, name: str, deployment: Deployment) -> bool:
        """Lead calls to where the deployment is served now; whether every variant is."""
        targets, complete = {}, True
        for deployed in deployment.variants:
            serving = []
            for post in _posts_of(scope, name, deployment, deployed):
                stream = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{post.log_group}"
                if (socket := self._fleet.socket(post)) is not None:
                    serving.append(Instance(socket, stream))
            variant = deployed.variant
            targets[variant.name] = Target(variant.name, variant.weight, serving)
            complete = complete and len(serving) == len(deployed.instances)
        self.routes.put(scope, name, Route(targets))
        return complete

    def _served_now(self) -> Served:
        with self._state.reading() as connection:
            rows = connection.execute(endpoints.select().where(endpoints.c.deployed.is_not(None))).all()
        for row in rows:
            for post in _wanted(Scope(row.account, row.region), _as_endpoint(row)):
                if (child := self._fleet.child(post)) is not None:
                    yield post.scope, post.endpoint, post.variant, child

    def _require_in_service(self, endpoint: Endpoint) -> Deployment:
        if endpoint.status != IN_SERVICE or endpoint.deployed is None:
            raise Conflict(f'Cannot update in-progress endpoint "{endpoint.arn}": its status is {endpoint.status}.')
        return endpoint.deployed

    def _require(self, connection: Connection, scope: Scope, name: str) -> Endpoint:
        row = self._find(connection, scope, name)
        if row is None:
            raise NotFound(f'Could not find endpoint "{arn(scope, "endpoint", name)}".')
        return _as_endpoint(row)

    def _find(self, connection: Connection, scope: Scope, name: str) -> Row[Any] | None:
        return connection.execute(endpoints.select().where(_is(scope, name))).first()

    def _change(self, tx: Connection, scope: Scope, name: str, **values: Any) -> None:
        tx.execute(endpoints.update().where(_is(scope, name)).values(changed=self._clock(), **values))

    def _in_background(self, work: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                work(*arguments)
            except Exception:
                log.exception("an endpoint's work in the background failed")

        threading.Thread(target=run, name="endpoint", daemon=True).start()


def _wanted(scope: Scope, endpoint: Endpoint) -> list[Post]:
    """The processes that an endpoint has, or is to have."""
    if endpoint.status in (DELETING, FAILED):
        return []
    wanted = [deployment for deployment in (endpoint.deployed, endpoint.desired) if deployment is not None]
    return [post for deployment in wanted for post in _posts(scope, endpoint.name, deployment)]


def _posts(scope: Scope, endpoint: str, deployment: Deployment | None) -> list[Post]:
    if deployment is None:
        return []
    return [post for each in deployment.variants for post in _posts_of(scope, endpoint, deployment, each)]


def _posts_of(scope: Scope, endpoint: str, deployment: Deployment, deployed: DeployedVariant) -> list[Post]:
    return [Post(scope, endpoint, deployment.id, deployed, instance) for instance in deployed.instances]


def _check_counts(deployment: Deployment) -> None:
    for deployed in deployment.variants:
        count, name = len(deployed.instances), deployed.variant.name
        if count < 1:
            raise Invalid(f"The production variant {name} needs at least 1 instance; delete the endpoint to have none.")
        if count > MOST_INSTANCES:
            raise LimitExceeded(
                f"The production variant {name} can have at most {MOST_INSTANCES} instances here, not {count}."
            )


def _thing(scope: Scope, name: str) -> Thing:
    """What those wait for who wait for an endpoint."""
    return Thing("endpoint", scope.account, scope.region, name)


def _is(scope: Scope, name: str) -> Any:
    columns = endpoints.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _as_endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        name=row.name,
        arn=arn(Scope(row.account, row.region), "endpoint", row.name),
        status=row.status,
        failure=row.failure,
        deployed=Deployment.from_json(row.deployed) if row.deployed else None,
        desired=Deployment.from_json(row.desired) if row.desired else None,
        created=row.created,
        changed=row.changed,
    )
