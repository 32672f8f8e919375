"""The ASGI app: the table of services, and the way of a request from top to bottom.

    claim: by the head alone, is it signed, well-formed and timely -> take the body, as it is -> prove the signature
    -> identify the service and operation -> parse by the botocore model -> authorize (IAM) -> validate -> handler
    -> serialize by the model; a read of what is on its way is held, and goes the way once more (studiolo/patience.py)

What is authorized depends on the parameters; yet who has no right to an operation is not told what is wrong with them.

Nothing is unzipped, split or parsed of a body before the signature that covers it is proven. S3 goes another way: it is
passed on to the S3 door (studiolo/door), which decides about it.
"""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.model import OperationModel
from starlette.types import ASGIApp

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head, send_response
from studiolo.aws import protocols
from studiolo.aws.errors import ServiceError, internal_failure, not_implemented
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import bare_operation, operation_model
from studiolo.aws.protocols import new_request_id
from studiolo.aws.refusals import refusals
from studiolo.aws.routing import Router, protocol_guess, signing_name_of
from studiolo.aws.sigv4 import Claim, Verified, claimed, prove
from studiolo.aws.validation import validate
from studiolo.bodies import FREE, Bodies, Crowded, TooLarge
from studiolo.domain import DomainError, Scope, now
from studiolo.door import Passage
from studiolo.http_server import Limits
from studiolo.identity import NotAuthorized, Principal, anonymous, reaches
from studiolo.lanes import Lanes
from studiolo.livy_door import LivyEndpoint
from studiolo.mlflow_door import SignedMlflow
from studiolo.patience import Holds, OnItsWay, is_patient, is_waiter
from studiolo.services.accessanalyzer import accessanalyzer
from studiolo.services.accounts import authorize
from studiolo.services.application_autoscaling import application_autoscaling
from studiolo.services.call import Call, Studio
from studiolo.services.cloudformation import cloudformation
from studiolo.services.cloudwatch import cloudwatch
from studiolo.services.ec2 import ec2
from studiolo.services.ecr import ecr
from studiolo.services.emr import emr
from studiolo.services.emr_serverless import emr_serverless
from studiolo.services.events import events
from studiolo.services.glue import glue
from studiolo.services.iam import iam
from studiolo.services.kms import kms
from studiolo.services.lakeformation import lakeformation
from studiolo.services.lambda_ import lambda_
from studiolo.services.logs import logs
from studiolo.services.organizations import organizations
from studiolo.services.rights import RIGHTS
from studiolo.services.sagemaker import sagemaker
from studiolo.services.sagemaker_featurestore_runtime import sagemaker_featurestore_runtime
from studiolo.services.sagemaker_metrics import sagemaker_metrics
from studiolo.services.sagemaker_runtime import sagemaker_runtime
from studiolo.services.scheduler import scheduler
from studiolo.services.secretsmanager import secretsmanager
from studiolo.services.service import Handler, Service
from studiolo.services.servicecatalog import servicecatalog
from studiolo.services.sns import sns
from studiolo.services.sqs import sqs
from studiolo.services.ssm import ssm
from studiolo.services.sts import sts
from studiolo.signers import Signers, told_by
from studiolo.sites import Sites
from studiolo.state import Changes, StateUnavailable
from studiolo.storage import StoreUnavailable

log = logging.getLogger("studiolo")

SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        accessanalyzer,
        application_autoscaling,
        cloudwatch,
        glue,
        iam,
        lakeformation,
        lambda_,
        logs,
        sagemaker,
        sagemaker_metrics,
        sagemaker_featurestore_runtime,
        sagemaker_runtime,
        emr,
        emr_serverless,
        events,
        cloudformation,
        ec2,
        ecr,
        kms,
        scheduler,
        secretsmanager,
        servicecatalog,
        organizations,
        sns,
        sqs,
        ssm,
        sts,
    )
}

READS = ("BatchGet", "Describe", "Get", "List")
"""How the names of operations begin that only read the state, and are quick."""

MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"
UNSIGNED = 256 * 1024
"""Bytes of the largest body that nobody has signed: room for a SAML assertion."""

GLOBAL_REGION = "us-east-1"
"""The region of requests that are signed for none."""

BODIES = 4
"""So many of the largest bodies may be in memory at a time."""
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way: what it is for, and how its answer is to be written."""

    request: HttpRequest
    service: Service
    model: OperationModel
    handler: Handler
    protocol: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal by IAM, which is to be remembered before it is told."""

    answer: HttpResponse
    request_id: str
    why: NotAuthorized


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be carried out."""

    exchange: Exchange
    call: Call
    parameters: dict[str, Any]


Answer = HttpResponse | Admitted | OnItsWay | Denied
"""What the chain gives, in whichever lane."""


class App:
    """Answers every request that comes to the one endpoint.

    changes: who tells what has changed; own_pages: the app of /_studiolo/; sites: what is for browsers; livy: who
    answers for the Livy endpoints of EMR Serverless; mlflow: who does for tracking servers; max_body: the largest
    request outside S3, in MiB.
    """

    def __init__(
        self,
        studio: Studio,
        changes: Changes,
        passage: Passage,
        own_pages: ASGIApp,
        sites: Sites,
        livy: LivyEndpoint,
        mlflow: SignedMlflow,
        max_body: int,
    ) -> None:
        self._studio = studio
        self._changes = changes
        self._passage = passage
        self._own_pages = own_pages
        self._livy = livy
        self._mlflow = mlflow
        self._sites = sites
        self._max_body = max_body
        self._router = Router(list(SERVICES))
        self._bodies = Bodies(max_body * MIB, BODIES * max_body * MIB)
        self._lanes = Lanes()
        self._at_hand = studio.identity.at_hand
        # So many that there is room for who does not wait.
        self._holds = Holds(Limits().connections // 2)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif (site := self._sites.of(scope)) is not None:
            await site(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        elif scope["path"].startswith("/_studiolo/"):
            await self._own_pages(scope, receive, send)
        elif self._mlflow.is_meant(scope):
            await self._mlflow(scope, receive, send)
        else:
            head = request_head(scope)
            # Said once more in the head: a read that is held need not keep both.
            scope["headers"].clear()
            try:
                if (found := self._livy.application(head)) is not None:
                    await send_response(send, await self._livy.answer(head, receive, *found))
                elif self._is_s3(head):
                    await self._passage(head, receive, send, new_request_id())
                else:
                    await send_response(send, await self._answer(head, receive), receive)
            except Disconnected:
                log.debug("a client went away in the middle of its request")

    async def _answer(self, head: HttpRequest, receive: Receive) -> HttpResponse:
        request_id = new_request_id()
        length = _content_length(head)
        try:
            claim = None if _is_unsigned(head) else claimed(head, now(), protocol=protocol_guess(head))
            if claim is None and (length is None or length > UNSIGNED):
                raise _missing_token()
            if claim is not None and (length is None or length > FREE):
                # A stranger is not waited for; with a small body it is found out at once with the signature.
                await self._lanes.run(claim.credential, Signers(self._studio.identity).find)
            async with self._bodies.body(receive, length) as body:
                request = replace(head, body=body)
                # Handlers and domains are plain synchronous Python; the event loop belongs to HTTP alone.
                run = self._lane(request, claim)
                answer: Answer = await run(self._carry_out, request, claim, request_id)
                if isinstance(answer, Admitted):
                    return await _carry(answer)
            if isinstance(answer, OnItsWay):
                look = partial(run, self._carry_out, request, claim, request_id)
                answer = await self._holds.hold(answer, look, receive)
            if isinstance(answer, Denied):
                await self._lanes.run(self._studio.identity.note_denial, answer.request_id, answer.why)
                return answer.answer
            return answer
        except TooLarge:
            message = f"The request body is larger than {self._max_body} MiB."
            return _refusal(head, ServiceError("RequestEntityTooLargeException", message, 413), request_id)
        except Crowded:
            message = "Please reduce your request rate: there is no room for this body beside those of other requests."
            return _refusal(head, ServiceError("SlowDown", message, 503), request_id)
        except (ServiceError, StateUnavailable) as error:
            return _refusal(head, error, request_id)

    def _lane(self, request: HttpRequest, claim: Claim | None) -> Callable[..., Awaitable[Any]]:
        """Where the request is carried out, by the operation that it seems to name."""
        operation = _seems_to_be(request)
        is_small = isinstance(request.body, bytes) and len(request.body) <= FREE
        if self._at_hand and is_small and claim is not None and "content-encoding" not in request.headers:
            service = SERVICES.get(claim.signature.service)
            if _only_asks_a_model(request) or (service is not None and service.is_at_once(operation)):
                return self._lanes.at_once
        return self._lanes.quick if operation.startswith(READS) else self._lanes.run

    def _carry_out(self, request: HttpRequest, claim: Claim | None, request_id: str) -> Answer:
        """The chain. The few handlers that carry bodies run in the event loop: they are given back."""
        try:
            signers = Signers(self._studio.identity)
            verified = None if claim is None else prove(request, claim, signers.find, now())
            exchange = self._exchange(request, claim, request_id)
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer and the log its traceback)
            return _refusal(request, error, request_id)
        try:
            if verified is None:
                admitted = self._admit_anyone(exchange)
            else:
                admitted = self._admit(exchange, verified, signers.principals[verified.access_key])
            if inspect.iscoroutinefunction(exchange.handler):
                return admitted
            return self._handled(admitted)
        except Exception as error:  # noqa: BLE001 (as above)
            failure = _failure(exchange, error)
            return Denied(failure, request_id, error) if isinstance(error, NotAuthorized) else failure

    def _handled(self, admitted: Admitted) -> HttpResponse | OnItsWay:
        exchange, call, parameters = admitted.exchange, admitted.call, admitted.parameters
        patience = exchange.service.patience(exchange.model.name)
        thing = None if patience is None else patience.thing(call.scope, parameters)
        if patience is None or thing is None or not is_patient(exchange.request.headers):
            return _success(exchange, exchange.handler(call, parameters))
        with ExitStack() as unless_held:
            # Before it is read: what changes after that is heard.
            listener = self._changes.listen(thing)
            unless_held.callback(listener.close)
            found = exchange.handler(call, parameters)
            answer = _success(exchange, found)
            wait = patience.wait(call, parameters, found, waiter=is_waiter(exchange.request.headers))
            if wait is None:
                return answer
            unless_held.pop_all()
            pause = None if wait.again is None else max(0.0, (wait.again - now()).total_seconds())
            return OnItsWay(answer, listener, wait.seconds, pause)

    def _exchange(self, request: HttpRequest, claim: Claim | None, request_id: str) -> Exchange:
        route = self._router.identify(request)
        if route.operation is None:
            raise _missing_token()
        service = SERVICES[route.service]
        if claim is not None:
            claim.check_scope(service.name, route.protocol)
        elif operation_model(service.name, route.operation).auth_type != "none":
            raise _missing_token()
        handler = service.handler(route.operation)
        if handler is None:
            raise not_implemented(service.name, route.operation)
        return Exchange(
            request, service, operation_model(service.name, route.operation), handler, route.protocol, request_id
        )

    def _admit(self, exchange: Exchange, verified: Verified, principal: Principal) -> Admitted:
        """Parse, authorize and validate."""
        request, model, identity = exchange.request, exchange.model, self._studio.identity
        if not reaches(principal, exchange.service.name, model.name):
            raise ServiceError("InvalidClientTokenId", "The security token included in the request is invalid", 403)
        scope = Scope(principal.account, verified.region)
        if scope.partition != principal.partition:
            raise refusals(exchange.protocol, exchange.service.name).error(
                "unknown_key",
                f"The security token included in the request is invalid: this server is in the partition "
                f"{principal.partition}, by its STUDIOLO_REGION, and the region {scope.region} is in {scope.partition}.",
            )
        identity.note_use(verified.access_key, principal, verified.service, verified.region)
        principal = replace(principal, told=told_by(request, verified.region))
        call = Call(scope, principal, self._studio, exchange.request_id)
        try:
            parameters = self._parsed(exchange)
        except ServiceError:
            identity.require_anywhere(principal, RIGHTS[exchange.service.name].action(model.name))
            raise
        authorize(call, exchange.service.name, model.name, parameters)
        return Admitted(exchange, call, parameters)

    def _admit_anyone(self, exchange: Exchange) -> Admitted:
        """Parse and validate a request that says itself who makes it: its handler proves that, and authorizes."""
        account = self._studio.identity.account
        principal = replace(
            anonymous(account, self._studio.identity.partition), told=told_by(exchange.request, GLOBAL_REGION)
        )
        call = Call(Scope(account, GLOBAL_REGION), principal, self._studio, exchange.request_id)
        return Admitted(exchange, call, self._parsed(exchange))

    def _parsed(self, exchange: Exchange) -> dict[str, Any]:
        parameters = protocols.parse(exchange.model, exchange.request, max_body=self._max_body * MIB)
        validate(exchange.model, parameters, code=exchange.service.invalid)
        return parameters

    def stop(self) -> None:
        """Hold no answers any more; to be called in the event loop."""
        self._holds.end()
        self._livy.stop()

    def _is_s3(self, head: HttpRequest) -> bool:
        """Whether a request is signed for S3; or not signed at all, and claimed by no other service."""
        signing_name = signing_name_of(head)
        if signing_name is not None or head.headers.get("content-type", "").startswith(FORM):
            return signing_name == "s3"
        try:
            return self._router.identify(head).service == "s3"
        except ServiceError:
            return False

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: what belongs to the event loop begins and ends with it."""
        await receive()
        await self._passage.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._passage.close()
        await self._sites.close()
        await self._mlflow.close()
        await self._studio.ml.close_connections()
        self._lanes.close()
        self._livy.close()
        await send({"type": "lifespan.shutdown.complete"})


def _is_unsigned(head: HttpRequest) -> bool:
    """Whether a request may be one of the few that are not signed (AssumeRoleWithWebIdentity): a plain form."""
    return (
        head.method == "POST"
        and head.headers.get("content-type", "").startswith(FORM)
        and not {"authorization", "content-encoding"} & head.headers.keys()
        and "X-Amz-" not in head.query
    )


def _missing_token() -> ServiceError:
    return ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)


def _content_length(head: HttpRequest) -> int | None:
    """The bytes of the body as announced; None for a body in chunks."""
    if "transfer-encoding" in head.headers:
        return None
    length = head.headers.get("content-length", "0")
    return int(length) if length.isdecimal() and length.isascii() and len(length) < 20 else None


def _seems_to_be(request: HttpRequest) -> str:
    """The operation that a request seems to name; READS[0] for a GET that names none, else empty.

    A glance at the head and the first KiB of a form: it chooses a thread, and no more depends on it.
    """
    target = request.headers.get("x-amz-target")
    if target is not None:
        return target.rpartition(".")[2]
    if request.path.startswith("/service/"):
        return request.path.rpartition("/")[2]
    start = request.body[:1024] if isinstance(request.body, bytes) else b""
    action = _ACTION.search(start) or _ACTION.search(request.query.encode())
    if action is not None:
        return action[1].decode()
    return READS[0] if request.method == "GET" else ""


def _only_asks_a_model(request: HttpRequest) -> bool:
    """Whether a request seems to be InvokeEndpoint, of which little is done but to admit it. A glance, as above."""
    return request.method == "POST" and request.path.endswith("/invocations")


async def _carry(admitted: Admitted) -> HttpResponse:
    """The end of the chain, for the few handlers that carry bodies."""
    exchange = admitted.exchange
    try:
        return _success(exchange, await exchange.handler(admitted.call, admitted.parameters))
    except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer and the log its traceback)
        return _failure(exchange, error)


def _success(exchange: Exchange, result: Mapping[str, Any] | None) -> HttpResponse:
    return protocols.serialize(exchange.model, result, protocol=exchange.protocol, request_id=exchange.request_id)


def _failure(exchange: Exchange, error: Exception) -> HttpResponse:
    if isinstance(error, DomainError):
        error = exchange.service.error(error)
    said = _said(error, f"{exchange.service.name} {exchange.model.name}", exchange.request_id)
    return protocols.serialize_error(exchange.model, said, protocol=exchange.protocol, request_id=exchange.request_id)


def _refusal(head: HttpRequest, error: Exception, request_id: str) -> HttpResponse:
    """An answer to a request that came to no operation, in the protocol it seems to speak."""
    protocol = protocol_guess(head)
    said = _said(error, f"{head.method} {head.path}"[:200], request_id)
    answer = protocols.serialize_error(bare_operation(protocol), said, protocol=protocol, request_id=request_id)
    if "expect" in head.headers:
        # A client that was refused in place of `100 Continue` may send its body or not: its connection ends.
        answer.headers["Connection"] = "close"
    return answer


def _said(error: Exception, what: str, request_id: str) -> ServiceError:
    """The error as the client is told it; a bug of ours goes to the log."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, (StateUnavailable, StoreUnavailable)):
        log.error("%s", error)
        return ServiceError("ServiceUnavailable", str(error), 503)
    log.error("%s failed; request id %s", what, request_id, exc_info=error)
    return internal_failure(request_id)
