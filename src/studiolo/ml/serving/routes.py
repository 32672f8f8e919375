"""From an endpoint's name to the addresses that serve it, in memory: a call to a model reads no database."""

import itertools
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.ml.resources import Capture
from studiolo.ml.serving.sessions import NEW, Place, Sessions

LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Instance:
    """One serving process: its socket, and its log stream. further: the sockets of the model's other containers."""

    socket: str
    log_stream_arn: str
    further: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One variant: its share of the calls, and its processes that serve now.

    on_demand: its processes are started for calls; most: how many calls may be under way at once; multi: its calls name
    a model, `models` are those loaded; hostnames: of several containers, which a call names where they are `direct`;
    capture: what is captured of calls, as the role; hosting: calls name an inference component, which has a target of
    its own; copies: how many that is to have.
    """

    variant: str
    weight: float
    instances: Sequence[Instance]
    models: Mapping[str, Instance] = field(default_factory=dict)
    multi: bool = False
    on_demand: bool = False
    most: int | None = None
    hostnames: Sequence[str] = ()
    direct: bool = False
    asynchronous: bool = False
    role: str = ""
    capture: Capture | None = None
    hosting: bool = False
    copies: int | None = None

    @property
    def served(self) -> Sequence[Instance]:
        """Every process of it."""
        return (*self.instances, *self.models.values())


@dataclass(slots=True)
class _Use:
    """How many calls are under way at a socket, the number of the last that came to it, and when it last had one."""

    calls: int = 0
    last: int = 0
    used: float = field(default_factory=time.monotonic)


class Route:
    """The variants of one endpoint: those that answer, and the shadows that get copies of calls.

    other: the route that has that `share` of the calls meanwhile.
    """

    def __init__(
        self,
        targets: Mapping[str, Target],
        shadows: Sequence[Target] = (),
        other: "Route | None" = None,
        share: float = 0.0,
    ) -> None:
        self.shadows = shadows
        self._other = other
        self._share = share
        self._targets = targets
        self._order = list(targets.values())
        self._weights = list(itertools.accumulate(target.weight for target in self._order))

    @property
    def sockets(self) -> set[str]:
        further = set() if self._other is None else self._other.sockets
        return further | {
            socket
            for target in (*self._order, *self.shadows)
            for instance in target.served
            for socket in (instance.socket, *instance.further)
        }

    @property
    def targets(self) -> Sequence[Target]:
        """The variants that answer."""
        return (*self._order, *(() if self._other is None else self._other.targets))

    def choose(self, variant: str | None, draw: random.Random) -> Target:
        """The variant asked for, else one drawn by weight. Raises NotFound for a variant that is not there."""
        other = self._other
        if other is not None and (
            draw.random() < self._share
            if variant is None or {variant} <= self._targets.keys() & other._targets.keys()
            else variant in other._targets
        ):
            return other.choose(variant, draw)
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
    """The routes of the endpoints in service, and how many calls are under way at each socket."""

    def __init__(self) -> None:
        self._routes: dict[tuple[Scope, str], Route] = {}
        # Those of inference components, by endpoint and name.
        self._components: dict[Place, Target] = {}
        self.sessions = Sessions()
        self._uses: dict[str, _Use] = {}
        self._count = itertools.count(1)
        # Who is about to end a process replaces the route first: from then on no call is led to it.
        self._lock = threading.Lock()

    def take(
        self,
        scope: Scope,
        endpoint: str,
        variant: str | None,
        draw: random.Random,
        model: str | None = None,
        component: str | None = None,
        session: str | None = None,
    ) -> tuple[Target, Instance | None]:
        """Choose who is to answer a call: `leave` its socket after. None where no process of the variant serves.

        It is the process with the fewest calls under way; of those, the one that waits the longest. model: which one of
        a multi-model variant; component: which inference component; session: the one that is open, whose process it
        is. Raises Invalid and NotFound.
        """
        with self._lock:
            route = self._routes.get((scope, endpoint))
            if route is None:
                raise NotFound(f"Endpoint {endpoint} of account {scope.account} not found.")
            if component is None:
                targets: Sequence[Target] = [route.choose(variant, draw)] if session is None else route.targets
            else:
                targets = [self._component(scope, endpoint, component, variant)]
            if session is not None:
                return self._of_session(scope, endpoint, session, targets)
            target = targets[0]
            instances = target.instances
            if target.multi:
                instances = [found] if model is not None and (found := target.models.get(model)) is not None else []
            return target, self._least(instances)

    def _component(self, scope: Scope, endpoint: str, name: str, variant: str | None) -> Target:
        found = self._components.get((scope, endpoint, name))
        if found is None or variant not in (None, found.variant):
            where = endpoint if found is None else f"{endpoint}, variant {variant}"
            raise NotFound(f"Inference Component {name} of endpoint {where} not found.")
        return found

    def _of_session(
        self, scope: Scope, endpoint: str, session: str, targets: Sequence[Target]
    ) -> tuple[Target, Instance]:
        socket = self.sessions.find((scope, endpoint, session))
        for target in targets:
            for instance in target.instances:
                if instance.socket == socket:
                    return target, self._least([instance]) or instance
        raise Invalid(
            f"Session {session} is not open at endpoint {endpoint}: it was closed, has expired, or its process has ended. "
            f"Open another by the SessionId {NEW}."
        )

    def _least(self, instances: Sequence[Instance]) -> Instance | None:
        uses = [self._uses.setdefault(instance.socket, _Use()) for instance in instances]
        if not uses:
            return None
        chosen = min(range(len(uses)), key=lambda number: (uses[number].calls, uses[number].last))
        uses[chosen].calls += 1
        uses[chosen].last = next(self._count)
        return instances[chosen]

    def idle(self, socket: str) -> float | None:
        """For how many seconds no call was under way there; None while one is."""
        with self._lock:
            use = self._uses.setdefault(socket, _Use())
            return None if use.calls else time.monotonic() - use.used

    def shadowing(self, scope: Scope, endpoint: str, weight: float, draw: random.Random) -> Sequence[Target]:
        """The shadows that get a copy of a call, which went to a variant of that weight."""
        route = self._routes.get((scope, endpoint))
        shadows = () if route is None else route.shadows
        return [shadow for shadow in shadows if draw.random() * weight < shadow.weight]

    def take_from(self, target: Target, without: str | None = None) -> Instance | None:
        """An instance of a target that was chosen already, other than at that socket: `leave` its socket after."""
        with self._lock:
            return self._least([each for each in target.instances if each.socket != without])

    def leave(self, socket: str) -> None:
        """A call to that socket has its answer."""
        with self._lock:
            use = self._uses[socket]
            use.calls -= 1
            use.used = time.monotonic()

    def await_end_of_calls(self, sockets: Sequence[str], seconds: float) -> None:
        """Wait until no call is under way at the sockets, to which no route may lead any more; so long at most."""
        deadline = time.monotonic() + seconds
        while any(socket in self._uses and self._uses[socket].calls for socket in sockets):
            if time.monotonic() > deadline:
                return
            time.sleep(LOOK_SECONDS)

    @property
    def sockets(self) -> set[str]:
        """Every socket at which something serves."""
        copies = {each.socket for target in tuple(self._components.values()) for each in target.instances}
        return copies.union(*(route.sockets for route in tuple(self._routes.values())))

    def put(self, scope: Scope, endpoint: str, route: Route) -> None:
        with self._lock:
            self._routes[scope, endpoint] = route
            self._forget_uses()

    def put_component(self, scope: Scope, endpoint: str, name: str, target: Target | None) -> None:
        """Lead the calls that name an inference component to its target; None: nowhere."""
        with self._lock:
            if target is None:
                self._components.pop((scope, endpoint, name), None)
            else:
                self._components[scope, endpoint, name] = target
            self._forget_uses()

    def _forget_uses(self) -> None:
        served = self.sockets
        self._uses = {socket: use for socket, use in self._uses.items() if use.calls or socket in served}

    def clear(self) -> None:
        with self._lock:
            self._routes = {}
            self._components = {}

    def drop(self, scope: Scope, endpoint: str) -> None:
        with self._lock:
            self._routes.pop((scope, endpoint), None)
