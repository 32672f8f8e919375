"""Who asks for objects, and may they: signatures and IAM, for the door to the object store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Verified
from studiolo.domain import Clock, Denied
from studiolo.door.actions import Need
from studiolo.door.authentication import verify_s3
from studiolo.door.forms import verify_form
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.identity import Identity, Principal
from studiolo.signers import Signers

_OF_ANYBODY = frozenset({"GetObject", "HeadObject", "Preflight", "PutObject"})
"""Operations that the store may let everybody do, by bucket policy."""


@dataclass(frozen=True)
class Caller:
    """Who asks. verified, principal: None for somebody unknown, of whom the store decides by bucket policy."""

    identity: Identity
    verified: Verified | None = None
    principal: Principal | None = None

    @property
    def known(self) -> Verified:
        """What the signature says. Raises ServiceError (AccessDenied) where there is none."""
        if self.verified is None:
            raise _unsigned()
        return self.verified

    def enter(self, named: Named, operation: Operation) -> None:
        """Raise ServiceError for what is not for somebody unknown."""
        if self.verified is not None:
            return
        if operation.name not in _OF_ANYBODY or named.source is not None:
            raise _unsigned()
        if any(name.startswith("response-") for name in named.parameters):
            message = "Request specific response headers cannot be used for anonymous GET requests."
            raise ServiceError("InvalidRequest", message, 400)

    def permit(self, needs: Iterable[Need]) -> None:
        """Raise ServiceError (AccessDenied) unless all may be done."""
        refusal = self.refusal(needs)
        if refusal is not None:
            raise refusal

    def may(self, needs: Iterable[Need]) -> bool:
        """Whether all may be done."""
        return self.refusal(needs) is None

    def refusal(self, needs: Iterable[Need]) -> ServiceError | None:
        """Why not all may be done."""
        try:
            for need in needs:
                self._ask(need)
        except Denied as denied:
            return ServiceError("AccessDenied", str(denied), 403)
        return None

    def _ask(self, need: Need) -> None:
        if self.verified is None or self.principal is None:
            if need.action not in ("s3:GetObject", "s3:PutObject"):
                raise Denied(f"Access Denied: {need.action} needs a signed request.")
            return
        context = {"aws:RequestedRegion": self.verified.region, "aws:SecureTransport": "false", **need.context}
        self.identity.authorize(self.principal, need.action, need.resource, context)


class Admission:
    """Finds out who signed a request or a form."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def caller(self, request: HttpRequest) -> Caller:
        """Who signed the request. Raises ServiceError for a signature that does not hold."""
        if request.method == "OPTIONS":
            # Browsers never sign it, though the address that they ask of may be presigned.
            return Caller(self._identity)
        keys = Signers(self._identity)
        return self._caller(keys, verify_s3(request, keys.find, self._clock()))

    def signer(self, fields: Mapping[str, str]) -> Caller:
        """Who signed the policy of a form. Raises ServiceError where nobody did, or the policy does not hold."""
        keys = Signers(self._identity)
        return self._caller(keys, verify_form(fields, keys.find, self._clock()))

    def _caller(self, keys: Signers, verified: Verified | None) -> Caller:
        if verified is None:
            return Caller(self._identity)
        principal = keys.principals[verified.access_key]
        self._identity.note_use(verified.access_key, principal, "s3", verified.region)
        return Caller(self._identity, verified, principal)


def _unsigned() -> ServiceError:
    return ServiceError("AccessDenied", "Access Denied: the request is not signed.", 403)
