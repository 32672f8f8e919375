"""Operations that Studiolo carries out itself in somebody's name, as stacks do.

They are authorized, validated and handled as those of the wire. Only the signature is missing, as nobody has sent them.
S3's go by the S3 door, signed.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from inspect import iscoroutine
from typing import Any

import botocore.exceptions
from botocore import xform_name

from studiolo.aws.errors import ServiceError
from studiolo.aws.models import operation_model
from studiolo.aws.protocols import new_request_id
from studiolo.aws.validation import validate
from studiolo.domain import DomainError, Scope
from studiolo.identity import VIA, NotAuthorized, Principal
from studiolo.objects import Objects
from studiolo.services.accounts import authorize
from studiolo.services.call import Call, Studio
from studiolo.services.service import Service
from studiolo.stacks import Refused
from studiolo.state import StateUnavailable
from studiolo.storage import StoreUnavailable

log = logging.getLogger("studiolo")


class Inside:
    """The services as one of Studiolo's own parts calls them. via: what IAM knows that part by, as aws:CalledVia."""

    def __init__(self, services: Mapping[str, Service], studio: Studio, objects: Objects, via: str) -> None:
        self._services = services
        self._studio = studio
        self._objects = objects
        self._via = via

    def __call__(
        self, principal: Principal, region: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The answer of an operation. Raises Refused."""
        if service == "s3":
            return self._s3(principal, operation, parameters)
        found = self._services.get(service)
        handler = None if found is None else found.handler(operation)
        if found is None or handler is None:
            raise Refused("NotImplemented", f"{service} {operation} is not implemented by Studiolo")
        call = self._call(principal, region)
        try:
            authorize(call, service, operation, parameters)
            validate(operation_model(service, operation), parameters, code=found.invalid)
            given = handler(call, dict(parameters))
            # The few that carry bodies are for an event loop.
            answer: Mapping[str, Any] = (asyncio.run(given) if iscoroutine(given) else given) or {}
        except NotAuthorized as error:
            raise self._denied(call, service, error) from error
        except DomainError as error:
            said = found.error(error)
            raise Refused(said.code, said.message) from error
        except ServiceError as error:
            raise Refused(error.code, error.message) from error
        except (StateUnavailable, StoreUnavailable) as error:
            raise Refused("ServiceUnavailable", str(error)) from error
        except Exception as error:
            log.exception("%s %s failed inside; request id %s", service, operation, call.request_id)
            message = f"An internal error; the log has it under request id {call.request_id}"
            raise Refused("InternalFailure", message) from error
        return answer

    def require(
        self, principal: Principal, region: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Raise Refused unless the principal may do that."""
        call = self._call(principal, region)
        try:
            authorize(call, service, operation, parameters)
        except NotAuthorized as error:
            raise self._denied(call, service, error) from error
        except ServiceError as error:
            raise Refused(error.code, error.message) from error

    def _call(self, principal: Principal, region: str) -> Call:
        before = tuple(principal.told.get(VIA, ()))
        # A service that calls itself, as a stack does for one within it, counts once.
        chain = before if before[-1:] == (self._via,) else (*before, self._via)
        told = {
            "aws:RequestedRegion": region,
            VIA: chain,
            "aws:CalledViaFirst": chain[0],
            "aws:CalledViaLast": chain[-1],
            "aws:ViaAWSService": "true",
        }
        caller = replace(principal, told=told)
        return Call(Scope(principal.account, region), caller, self._studio, new_request_id())

    def _denied(self, call: Call, service: str, error: NotAuthorized) -> Refused:
        self._studio.identity.note_denial(call.request_id, error)
        return Refused("AccessDenied", f"{error} (Service: {service}, Request ID: {call.request_id})")

    def knows(self, service: str, operation: str) -> bool:
        """Whether that is implemented."""
        found = self._services.get(service)
        return service == "s3" or (found is not None and found.handler(operation) is not None)

    def _s3(self, principal: Principal, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            client = self._objects.client(principal)
            answer: Mapping[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except botocore.exceptions.ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"].get("Message", "")) from error
        except botocore.exceptions.BotoCoreError as error:
            raise Refused("InvalidRequest", str(error)) from error
        return answer
