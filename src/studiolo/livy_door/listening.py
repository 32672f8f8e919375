"""The ports of Livy servers: plain HTTP without a signature, as EMR's, for programs of this system user alone.

What an EMR cluster's security group does there, the system's knowledge of who connects does here. On a cluster with
runtime roles a password says who asks, and as which role.
"""

import json
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head, send_response
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.bodies import Bodies, Crowded, TooLarge
from studiolo.clusters.admission import Admission
from studiolo.clusters.roles import ClusterRoles
from studiolo.domain import Conflict, Denied, DomainError, NotFound, Scope
from studiolo.http_server import Limits, SameOrigin, server
from studiolo.lanes import Lanes
from studiolo.livy import Place
from studiolo.livy_door.rest import MOST_BODY, Caller, Rest, is_start
from studiolo.patience import Holds, OnItsWay
from studiolo.socket_table import Address

log = logging.getLogger(__name__)

MOST_HELD = 500
START_SECONDS = 10.0
ASK = {"Content-Type": "application/json", "WWW-Authenticate": 'Basic realm="Livy"'}


class LivyDoors:
    """The listening sockets of all Livy servers of this process, each served in a thread of its own."""

    def __init__(
        self, rest: Rest, find: Callable[[Scope, str], Place], admission: Admission, roles: ClusterRoles
    ) -> None:
        self._rest = rest
        self._admission = admission
        self._roles = roles
        self._find = find
        self._lock = threading.Lock()
        self._open: dict[tuple[Scope, str], tuple[uvicorn.Server, threading.Thread, Address]] = {}

    def open(self, place: Place) -> None:
        """Answer at the place's address, if it is not done already. Raises Conflict where that cannot be had."""
        assert place.address is not None
        assert place.port is not None
        key = (place.scope, place.id)
        with self._lock:
            if key in self._open and self._open[key][2] == (place.address, place.port):
                return
        self.close(place)
        listener = _bound(place.address, place.port)
        app = _Door(self._rest, partial(self._find, place.scope, place.id), self._admission, self._roles)
        serving = server(SameOrigin(app), [listener], (), Limits(connections=200), app.stop)
        thread = threading.Thread(target=_serve, args=(serving, listener), name=f"livy {place.id}", daemon=True)
        with self._lock:
            self._open[key] = (serving, thread, (place.address, place.port))
        thread.start()

    def close(self, place: Place) -> None:
        with self._lock:
            found = self._open.pop((place.scope, place.id), None)
        if found is not None:
            found[0].should_exit = True
            found[1].join(START_SECONDS)

    def close_all(self) -> None:
        """Answer nowhere any more."""
        with self._lock:
            found = list(self._open.values())
            self._open.clear()
        for serving, _, _ in found:
            serving.should_exit = True
        for _, thread, _ in found:
            thread.join(START_SECONDS)


class _Door:
    """The ASGI app of one Livy server. `find` gives its place, as it is now."""

    def __init__(self, rest: Rest, find: Callable[[], Place], admission: Admission, roles: ClusterRoles) -> None:
        self._rest = rest
        self._admission = admission
        self._roles = roles
        self._find = find
        self._bodies = Bodies(MOST_BODY, 4 * MOST_BODY)
        self._lanes = Lanes(threads=8)
        self._holds = Holds(MOST_HELD)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._lanes.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        try:
            await send_response(send, await self._answer(scope, receive))
        except Disconnected:
            log.debug("a client of Livy went away in the middle of its request")

    async def _answer(self, scope: Message, receive: Receive) -> HttpResponse:
        # Before anything is read of a body.
        head = request_head(scope)
        caller = await self._lanes.run(self._admitted, _address(scope["client"]), _address(scope["server"]), head)
        if isinstance(caller, HttpResponse):
            return caller
        try:
            async with self._bodies.body(receive, None) as body:
                look: Callable[[], Awaitable[HttpResponse | OnItsWay]] = partial(
                    self._lanes.run, self._carry_out, replace(head, body=body), caller
                )
                answer = await look()
            if isinstance(answer, OnItsWay):
                return await self._holds.hold(answer, look, receive)
            return answer
        except TooLarge:
            return _said(413, f"A request to Livy has at most {MOST_BODY} bytes.")
        except Crowded:
            return _said(503, "There is no room for this body beside those of other requests: please try again.")

    def _admitted(self, peer: Address, own: Address, head: HttpRequest) -> Caller | HttpResponse:
        """Who asks, or why they are not served."""
        try:
            cluster = self._find().id
            try:
                role = self._roles.role_of(cluster, head.headers.get("authorization"))
            except Denied as denied:
                return replace(_said(401, str(denied)), headers=ASK)
            if role is None:
                self._admission.check(cluster, peer, own)
                return Caller()
            self._admission.check_user(peer, own)
            if is_start(head):
                self._roles.require(self._roles.find(cluster), role)
        except NotFound as ended:
            return _said(404, str(ended))
        except DomainError as denied:
            return _said(403, str(denied))
        # Who else has credentials of the role is nobody else here.
        return Caller(role, role, role.__eq__)

    def _carry_out(self, request: HttpRequest, caller: Caller) -> HttpResponse | OnItsWay:
        try:
            return self._rest.answer(self._find(), request, caller)
        except NotFound as ended:
            return _said(404, str(ended))

    def stop(self) -> None:
        self._holds.end()


def _address(told: Sequence[Any]) -> Address:
    return str(told[0]), int(told[1])


def _said(status: int, message: str) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "application/json"}, json.dumps({"msg": message}).encode())


def _bound(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise Conflict(f"Livy cannot listen at {address}:{port} ({error.strerror}).") from error
    listener.listen(128)
    return listener


def _serve(serving: uvicorn.Server, listener: socket.socket) -> None:
    try:
        serving.run(sockets=[listener])
    finally:
        listener.close()
