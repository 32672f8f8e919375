"""The way of a call to a model: bytes in, bytes out, over kept connections to the serving processes."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studiolo.domain import Conflict, Invalid, Scope
from studiolo.ml.serving.capture import Captures, Exchange
from studiolo.ml.serving.line import CutOff, Line, Said
from studiolo.ml.serving.measures import Called, CallMeasures
from studiolo.ml.serving.routes import Instance, Routes, Target
from studiolo.ml.serving.sessions import NEW

SECONDS = 60.0
"""What a model has to answer, as SageMaker gives it."""
LARGEST_ANSWER, LARGEST_LATER = 25 * 1024 * 1024, 1024 * 1024 * 1024
"""Bytes of an answer at most, as SageMaker takes them: at once, and of an asynchronous call."""
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
MOST_SHADOWED = 64
"""Copies of calls under way at shadows: further calls have none."""
RESTART_SECONDS = 10.0
"""How long a call waits for a process that is being started again."""
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, and who did: its variant and the process's log stream."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    variant: str
    log_stream_arn: str


class Unavailable(Conflict):
    """The variant does not serve at this moment; a later try may do."""


class NotReady(Conflict):
    """The model is still being loaded; a later try finds it."""


class NotLoaded(Conflict):
    """The model's process does not come up, with the reason."""


class NoCapacity(Conflict):
    """An inference component that has no copies is called."""


class Throttled(Conflict):
    """As many calls as the variant may have are under way."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an endpoint: of which variant, of which model of a multi-model one, of which container.

    body: perhaps in a file; seconds: what the model has to answer; component: the inference component; session: the
    open one that it belongs to, or NEW to open one.
    """

    body: bytes | Path
    headers: Mapping[str, str]
    variant: str | None = None
    model: str | None = None
    container: str | None = None
    seconds: float = SECONDS
    asynchronous: bool = False
    component: str | None = None
    session: str | None = None

    @property
    def open_session(self) -> str | None:
        """The session whose process is to answer."""
        return None if self.session == NEW else self.session


Wake = Callable[[Scope, str, str, str | None], None]
"""Has a variant's process started, or that of a model of it: blocks until it serves."""
Place = tuple[Scope, str, str]
"""A variant, by its endpoint and name."""


class Invocations:
    """Calls to models. Belongs to one event loop, the one of its first call."""

    def __init__(
        self,
        routes: Routes,
        measures: CallMeasures,
        wake: Wake,
        captures: Captures | None,
        restart_seconds: float = RESTART_SECONDS,
    ) -> None:
        self._routes = routes
        self._measures = measures
        self._wake_up = wake
        self._captures = captures
        self._restart_seconds = restart_seconds
        # By the socket that they lead to.
        self._lines: dict[str, Line] = {}
        self._draw = random.Random()  # noqa: S311 - shares calls by weight, keeps no secret
        # How many calls are under way at variants that bound them.
        self._under_way: Counter[Place] = Counter()
        self._shadowed: set[asyncio.Future[None]] = set()
        self._waking: dict[tuple[Place, str | None], asyncio.Future[None]] = {}

    async def call(self, scope: Scope, endpoint: str, request: Request, began: float) -> Answer:
        """Have a variant of the endpoint answer.

        began: when the call came, by time.perf_counter. Raises NotFound, Invalid, Throttled, NoCapacity, NotReady,
        NotLoaded and Unavailable.
        """
        target, instance = take(self._routes, scope, endpoint, request, self._draw)
        place = (scope, endpoint, target.variant)
        sent, status = time.perf_counter(), None
        self._under_way[place] += 1
        try:
            check(target, request)
            if target.most is not None and self._under_way[place] > target.most:
                raise Throttled(f"Rate exceeded: variant {target.variant} has {target.most} calls under way.")
            if instance is None:
                target, instance = await self._another(place, request)
            self._shadow(scope, endpoint, target, request)
            sent = time.perf_counter()
            try:
                status, answered, content = await self._pass(target, instance, request)
            except CutOff as error:
                # Its process has died: another one may answer.
                if error.begun or request.open_session is not None:
                    raise
                died, instance = instance, None
                self._routes.leave(died.socket)
                target, instance = await self._another(place, request, without=died)
                status, answered, content = await self._pass(target, instance, request)
            self._capture(scope, endpoint, target, request, (status, answered, content))
            if request.session is not None:
                self._routes.sessions.note(scope, endpoint, instance.socket, answered)
            return Answer(status, answered, content, target.variant, instance.log_stream_arn)
        except asyncio.TimeoutError as error:
            raise Unavailable(f"Variant {target.variant} did not answer within {request.seconds:.0f} s.") from error
        except CutOff as error:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} cannot be reached: {error}.") from error
        finally:
            self._end(place, instance)
            end = time.perf_counter()
            served = Called(scope, endpoint, target.variant, len(target.instances), request.component)
            self._measures.add(served, status, end - sent, end - began)

    def _capture(self, scope: Scope, endpoint: str, target: Target, request: Request, answer: Said) -> None:
        status, headers, content = answer
        how, body = target.capture, request.body
        if how is None or self._captures is None or status != 200 or isinstance(body, Path):
            return
        exchange = Exchange(
            request.headers.get("Content-Type", ""),
            body,
            headers.get("Content-Type", ""),
            content,
            request.headers.get(INFERENCE_ID),
            request.headers.get(CUSTOM_ATTRIBUTES),
        )
        self._captures.keep(scope, endpoint, target.variant, target.role, how, exchange)

    def _shadow(self, scope: Scope, endpoint: str, target: Target, request: Request) -> None:
        """Give copies of a call to the shadows of its variant, whose answers nobody gets."""
        for shadow in self._routes.shadowing(scope, endpoint, target.weight, self._draw):
            if len(self._shadowed) < MOST_SHADOWED:
                task = asyncio.ensure_future(self._call_shadow(scope, endpoint, shadow, request))
                self._shadowed.add(task)
                task.add_done_callback(self._shadowed.discard)

    async def _call_shadow(self, scope: Scope, endpoint: str, shadow: Target, request: Request) -> None:
        instance = self._routes.take_from(shadow)
        if instance is None:
            return
        began, status = time.perf_counter(), None
        try:
            status, _, _ = await self._pass(shadow, instance, request)
        except (CutOff, asyncio.TimeoutError):
            pass  # it is measured
        finally:
            self._routes.leave(instance.socket)
            spent = time.perf_counter() - began
            self._measures.add(Called(scope, endpoint, shadow.variant, len(shadow.instances)), status, spent, spent)

    def _end(self, place: Place, instance: Instance | None) -> None:
        if instance is not None:
            self._routes.leave(instance.socket)
        self._under_way[place] -= 1
        if not self._under_way[place]:
            del self._under_way[place]

    async def _another(
        self, place: Place, request: Request, without: Instance | None = None
    ) -> tuple[Target, Instance]:
        """A process of the variant other than that, which has died: waited for, while one is being started.

        Raises NotReady, NotLoaded and Unavailable.
        """
        scope, endpoint, variant = place
        asked, deadline = replace(request, variant=variant), time.monotonic() + self._restart_seconds
        while True:
            target, instance = take(self._routes, scope, endpoint, asked, self._draw)
            if instance is None and target.on_demand:
                target, instance = await self._wake(place, request.model)
            if instance is not None and instance != without:
                return target, instance
            if instance is not None:
                self._routes.leave(instance.socket)
            if time.monotonic() > deadline:
                raise Unavailable(f"{what(target, request)} of endpoint {endpoint} is being restarted.")
            await asyncio.sleep(LOOK_SECONDS)

    async def _wake(self, place: Place, model: str | None) -> tuple[Target, Instance | None]:
        """Wait until a process is there that was not. The calls that wait for one have it started once."""
        scope, endpoint, variant = place
        key = (place, model)
        if key not in self._waking:
            self._waking[key] = asyncio.ensure_future(asyncio.to_thread(self._wake_up, *place, model))
            self._waking[key].add_done_callback(lambda _: self._waking.pop(key))
        try:
            await asyncio.wait_for(asyncio.shield(self._waking[key]), SECONDS)
        except asyncio.TimeoutError as error:
            what = f"Variant {variant}" if model is None else f"Model {model}"
            raise NotReady(f"{what} of endpoint {endpoint} is still being loaded. Wait and try again.") from error
        return self._routes.take(scope, endpoint, variant, self._draw, model)

    async def _pass(self, target: Target, instance: Instance, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """Have the container answer that is called, or one after the other what that before it has answered."""
        sockets = (instance.socket, *instance.further)
        if target.direct:
            called = request.container or target.hostnames[0]
            sockets = (sockets[target.hostnames.index(called)],)
        status, answered, content = 200, request.headers, b""
        body = request.body
        for number, socket in enumerate(sockets, 1):
            headers = {**request.headers, "Content-Type": answered.get("Content-Type", "application/octet-stream")}
            if number < len(sockets):
                # What the caller accepts is for the last to know.
                headers.pop("Accept", None)
            status, answered, content = await self._ask(socket, body, headers, request.seconds)
            if status != 200:
                break
            body = content
        return status, answered, content

    async def _ask(self, socket: str, body: bytes | Path, headers: Mapping[str, str], seconds: float) -> Said:
        if socket not in self._lines:
            self._drop_lines_to_what_is_gone()
            self._lines[socket] = Line(socket)
        largest = LARGEST_ANSWER if seconds <= SECONDS else LARGEST_LATER
        return await self._lines[socket].call(body, headers, seconds, largest)

    async def close(self) -> None:
        """End the kept connections; a later call opens new ones."""
        self._drop(list(self._lines))

    def _drop_lines_to_what_is_gone(self) -> None:
        served = self._routes.sockets
        self._drop([socket for socket, line in self._lines.items() if socket not in served and not line.calls])

    def _drop(self, sockets: Sequence[str]) -> None:
        for line in [self._lines.pop(socket) for socket in sockets]:
            line.close()


def take(
    routes: Routes, scope: Scope, endpoint: str, request: Request, draw: random.Random
) -> tuple[Target, Instance | None]:
    """As Routes.take, for what is asked."""
    return routes.take(scope, endpoint, request.variant, draw, request.model, request.component, request.open_session)


def what(target: Target, request: Request) -> str:
    """What is called, in words."""
    return f"Variant {target.variant}" if request.component is None else f"Inference component {request.component}"


def check(target: Target, request: Request) -> None:
    """Raise Invalid where the request names a model or a container, and the variant has none, or names none.

    Raise NoCapacity for an inference component that is to have no copies.
    """
    if target.hosting:
        raise Invalid(
            "Inference Component Name header is required for endpoints to which you plan to deploy inference "
            "components: name the one that is called by InferenceComponentName."
        )
    if target.copies == 0:
        raise NoCapacity(
            "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress "
            "(if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
        )
    if target.asynchronous != request.asynchronous:
        what = "an asynchronous" if target.asynchronous else "no asynchronous"
        operation = "InvokeEndpointAsync" if target.asynchronous else "InvokeEndpoint"
        raise Invalid(f"This is {what} inference endpoint: call it by {operation}.")
    if target.multi and request.model is None:
        raise Invalid("Target model must be provided for multi-model endpoints: name it by TargetModel.")
    if request.model is not None and not target.multi:
        raise Invalid(
            f"Invocation of model {request.model} is not supported: the endpoint has no multi-model container."
        )
    if target.direct and request.container is None:
        raise Invalid(
            "TargetContainerHostname must be provided for endpoints with direct invocation: "
            f"one of {', '.join(target.hostnames)}."
        )
    if request.container is None:
        return
    if not target.direct:
        raise Invalid("TargetContainerHostname is for endpoints whose InferenceExecutionConfig has the Mode Direct.")
    if request.container not in target.hostnames:
        raise Invalid(f"Container {request.container} not found: the endpoint has {', '.join(target.hostnames)}.")
