"""Why a request was denied: told to whoever may decode authorization messages, which the root user may."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.domain import Clock, Denied, NotFound
from studiolo.identity import Identity, Question
from studiolo.signers import Signers, told_by

SERVICE = "sts"
"""For which the question is signed."""


class Why:
    """Answers GET /_studiolo/denials/REQUEST-ID, signed as a call of STS."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def __call__(self, request: HttpRequest, request_id: str) -> Mapping[str, Any]:
        """The denial. Raises ServiceError where there is none, or it is not for who asks."""
        signers = Signers(self._identity)
        verified = sigv4.verify(request, signers.find, self._clock(), service=SERVICE)
        principal = signers.principals[verified.access_key]
        try:
            asked = [Question("sts:DecodeAuthorizationMessage")]
            self._identity.authorize(principal, asked, told_by(request, verified.region))
            return asdict(self._identity.of(principal.account).denials.get(request_id))
        except Denied as error:
            raise ServiceError("AccessDenied", str(error), 403) from error
        except NotFound as error:
            raise ServiceError("NotFound", str(error), 404) from error
