"""The Livy endpoints of EMR Serverless' applications, at the one endpoint: signed, as its other requests are.

By the name of the host that the service gives them, or by a path: `/livy/emr-serverless/APPLICATION/sessions`.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from studiolo.asgi import Receive
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.sigv4 import Claim, claimed, prove
from studiolo.bodies import Bodies, Crowded, TooLarge
from studiolo.domain import Denied, DomainError, Scope, now
from studiolo.identity import Identity, NotAuthorized, Principal, Question
from studiolo.lanes import Lanes
from studiolo.livy import Place
from studiolo.livy_door.rest import MOST_BODY, Caller, Rest, is_start, refused
from studiolo.patience import Holds, OnItsWay
from studiolo.serverless import Serverless
from studiolo.services.emr_serverless.service import arn_of
from studiolo.services.rights.emr_serverless import LIVY
from studiolo.signers import Signers, told_by
from studiolo.state import StateUnavailable

log = logging.getLogger(__name__)

SERVICE = "emr-serverless"
HOST = re.compile(r"(?P<app>[0-9a-z]+)\.livy\.emr-serverless-services\.[a-z0-9-]+\.amazonaws\.com(\.cn)?(:\d+)?")
PATH = re.compile(r"/livy/emr-serverless/(?P<app>[0-9a-z]+)(?P<rest>/.*)")
ROLE = "emr-serverless.session.executionRoleArn"
"""The setting by which a session, or a batch, says which role it is to act as."""

MOST_HELD = 500


class LivyEndpoint:
    """Answers the requests to every application's Livy endpoint."""

    def __init__(self, rest: Rest, serverless: Serverless, identity: Identity) -> None:
        self._rest = rest
        self._serverless = serverless
        self._identity = identity
        self._bodies = Bodies(MOST_BODY, 4 * MOST_BODY)
        self._lanes = Lanes(threads=8)
        self._holds = Holds(MOST_HELD)

    def application(self, head: HttpRequest) -> tuple[str, str] | None:
        """The application whose Livy endpoint a request is for, and Livy's own target; None where it is for none."""
        if (found := PATH.fullmatch(head.path)) is not None:
            return found["app"], f"{found['rest']}?{head.query}" if head.query else found["rest"]
        if (found := HOST.fullmatch(head.host.lower())) is not None:
            return found["app"], head.url
        return None

    async def answer(self, head: HttpRequest, receive: Receive, application: str, target: str) -> HttpResponse:
        try:
            claim = claimed(head, now(), protocol="rest-json", service=SERVICE)
            await self._lanes.run(claim.credential, Signers(self._identity).find)
            async with self._bodies.body(receive, None) as body:
                look: Callable[[], Awaitable[HttpResponse | OnItsWay]] = partial(
                    self._lanes.run, self._carry_out, replace(head, body=body), claim, application, target
                )
                answer = await look()
            if isinstance(answer, OnItsWay):
                return await self._holds.hold(answer, look, receive)
            return answer
        except ServiceError as error:
            return _said(error)
        except TooLarge:
            return _said(ServiceError("ValidationException", f"A request to Livy has at most {MOST_BODY} bytes.", 413))
        except Crowded:
            return _said(ServiceError("SlowDown", "There is no room for this body beside those of others.", 503))

    def _carry_out(self, request: HttpRequest, claim: Claim, application: str, target: str) -> HttpResponse | OnItsWay:
        try:
            signers = Signers(self._identity)
            verified = prove(request, claim, signers.find, now())
            principal = replace(signers.principals[verified.access_key], told=told_by(request, verified.region))
            scope = Scope(principal.account, verified.region)
            self._identity.note_use(verified.access_key, principal, verified.service, verified.region)
            place = self._admitted(principal, scope, application)
            inner = replace(request, url=target)
            caller = Caller(principal.arn, self._role(principal, inner), partial(self._may_pass, principal))
            return self._rest.answer(place, inner, caller)
        except NotAuthorized as error:
            return _said(ServiceError("AccessDeniedException", str(error), 403))
        except ServiceError as error:
            return _said(error)
        except DomainError as error:
            return refused(error)
        except StateUnavailable as error:
            return _said(ServiceError("ServiceUnavailable", str(error), 503))

    def _admitted(self, principal: Principal, scope: Scope, application: str) -> Place:
        """The application's Livy server, if the caller may use it."""

        def tags() -> Mapping[str, str]:
            try:
                return self._serverless.application(scope, application).tags
            except DomainError:
                return {}

        question = Question(LIVY, arn_of(scope, "applications", application), {}, tags)
        self._identity.authorize(principal, [question])
        return self._serverless.livy_place(scope, application)

    def _role(self, principal: Principal, request: HttpRequest) -> str | None:
        """The role of what a request starts, if it starts something and the caller may pass it."""
        if not is_start(request):
            return None
        assert isinstance(request.body, bytes)
        try:
            role = json.loads(request.body)["conf"][ROLE]
        except (ValueError, LookupError, TypeError, RecursionError):
            role = None
        if not isinstance(role, str):
            raise Denied(f"Say which role it is to act as: conf {{{ROLE!r}: ARN}}.")
        self._serverless.pass_role(principal, role)
        return role

    def _may_pass(self, principal: Principal, role: str) -> bool:
        try:
            self._serverless.pass_role(principal, role)
        except DomainError:
            return False
        return True

    def stop(self) -> None:
        """Hold no answers any more; to be called in the event loop."""
        self._holds.end()

    def close(self) -> None:
        self._lanes.close()


def _said(error: ServiceError) -> HttpResponse:
    body = json.dumps({"message": error.message, "msg": error.message}).encode()
    headers = {"Content-Type": "application/json", "x-amzn-errortype": error.code}
    return HttpResponse(error.status or 400, headers, body)
