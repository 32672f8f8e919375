"""Who asks for objects, and may they: signatures and IAM, for the door to the object store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.payloads import UNSIGNED
from studiolo.aws.sigv4 import Verified
from studiolo.domain import Clock
from studiolo.door.actions import Need, actions_of, bucket_arn
from studiolo.door.authentication import verified_by_query, verify_s3
from studiolo.door.forms import verify_form
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.governance import Lake
from studiolo.identity import Answer, Identity, Kind, NotAuthorized, Policies, Principal, Question, Values
from studiolo.signers import Signers, told_by

_LEFT_TO_THE_STORE = frozenset({"s3:GetObject", "s3:PutObject"})
"""What lists of access may let everybody do."""

_OF_OWNER = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})

_OF_ANYBODY = frozenset({"GetObject", "HeadObject", "Preflight", "PutObject"})
"""Operations that lists of access may let everybody do."""


class AccessDenied(ServiceError):
    """What IAM denies, with what decided it; S3 puts the resource in quotes."""

    def __init__(self, denied: NotAuthorized) -> None:
        resource = denied.question.resource
        words = str(denied).replace(f"on resource: {resource} ", f'on resource: "{resource}" ', 1)
        super().__init__("AccessDenied", words, 403)
        self.denied = denied


@dataclass(frozen=True)
class Caller:
    """Who asks. verified, principal: None for somebody unknown, of whom bucket policies and the store decide.

    told: the condition keys that the request tells.
    """

    identity: Identity
    lake: Lake
    verified: Verified | None = None
    principal: Principal | None = None
    told: Values = field(default_factory=dict)

    @property
    def known(self) -> Verified:
        """What the signature says. Raises ServiceError (AccessDenied) where there is none."""
        if self.verified is None:
            raise _unsigned()
        return self.verified

    @property
    def known_principal(self) -> Principal:
        """Who has signed. Raises ServiceError (AccessDenied) where nobody has."""
        if self.principal is None:
            raise _unsigned()
        return self.principal

    def owns(self, bucket: str) -> bool:
        """Whether a bucket is the caller's account's."""
        return self.principal is not None and self.identity.buckets.of(bucket) == self.principal.account

    def asks_for(self, need: Need, prefix: str) -> bool:
        """Whether of a need a policy asks for a condition key, in lower case, that begins so."""
        _, policy = self._asked(need)
        return self.identity.asks(self.principal, need.action, prefix, policy)

    def enter(self, named: Named, operation: Operation) -> None:
        """Raise ServiceError for what is not for somebody unknown."""
        if self.verified is not None:
            return
        left_to_the_store = operation.name in _OF_ANYBODY and named.source is None
        if not left_to_the_store and not self.is_let(actions_of(named, operation)):
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
        for need in needs:
            question, policy = self._asked(need)
            if self.principal is None:
                if not self._anybody_may(question, policy):
                    return ServiceError("AccessDenied", "Access Denied", 403)
                if self._is_closed(need):
                    return _closed()
                continue
            try:
                of_bucket = {} if question.account is None else {"s3:ResourceAccount": question.account}
                self.identity.authorize(self.principal, [question], {**self.told, **of_bucket}, policy)
            except NotAuthorized as denied:
                if not self.lake.opens_despite(denied, self.principal, need.action, *_place(need)):
                    return AccessDenied(denied)
                continue
            if self._is_closed(need):
                return _closed()
        return None

    def _is_closed(self, need: Need) -> bool:
        """Whether Lake Formation takes away what IAM lets be done."""
        return self.lake.strict and need.tells and self.lake.closes(self.principal, need.action, *_place(need))

    def _asked(self, need: Need) -> tuple[Question, Policies | None]:
        """The question, with whose the bucket is, and the bucket's policy, which keeps no root user from another one."""
        bucket = bucket_arn(need.resource).rpartition(":")[2]
        resource = need.resource.replace("arn:aws:", f"arn:{self.identity.partition}:", 1)
        if bucket == "*" or need.action == "s3:CreateBucket":
            return Question(need.action, resource, need.context), None
        owner, policy = self.identity.bucket(bucket)
        question = Question(need.action, resource, need.context, account=owner)
        caller = self.principal
        of_owner = caller is not None and caller.kind is Kind.ROOT and caller.account == owner
        return question, None if of_owner and need.action in _OF_OWNER else policy

    def is_let(self, needs: Iterable[Need]) -> bool:
        """Whether a bucket policy lets somebody unknown do all that."""
        policies = [self._asked(each) for each in needs]
        return bool(policies) and all(
            policy is not None and self.identity.decide_for_anybody(question, self.told, policy).allowed
            for question, policy in policies
        )

    def acting(self, named: Named, needs: Iterable[Need], present: datetime) -> Verified | None:
        """As whom the store is asked: the caller, or somebody unknown whom a bucket policy lets in; else None."""
        if self.verified is not None or not self.is_let(needs):
            return self.verified
        return self.as_anybody(named, present)

    def as_anybody(self, named: Named, present: datetime) -> Verified:
        """As whom the store is asked for somebody unknown who is let in."""
        payload = named.headers.get("x-amz-content-sha256", UNSIGNED)
        return replace(verified_by_query("", "us-east-1", present), content_sha256=payload)

    def _anybody_may(self, question: Question, policy: Policies | None) -> bool:
        """Whether it may be left to the store, or a bucket policy lets everybody."""
        answer = Answer.SILENT
        if policy is not None:
            answer = self.identity.decide_for_anybody(question, self.told, policy).answer
        return answer is Answer.ALLOWED or (answer is Answer.SILENT and question.action in _LEFT_TO_THE_STORE)


class Admission:
    """Finds out who signed a request or a form."""

    def __init__(self, identity: Identity, lake: Lake, clock: Clock) -> None:
        self._identity = identity
        self._lake = lake
        self._clock = clock

    def caller(self, request: HttpRequest) -> Caller:
        """Who signed the request. Raises ServiceError for a signature that does not hold."""
        if request.method == "OPTIONS":
            # Browsers never sign it, though the address that they ask of may be presigned.
            return Caller(self._identity, self._lake)
        keys = Signers(self._identity)
        return self._caller(request, keys, verify_s3(request, keys.find, self._clock()))

    def signer(self, request: HttpRequest, fields: Mapping[str, str]) -> Caller:
        """Who signed the policy of a form. Raises ServiceError where nobody did, or the policy does not hold."""
        keys = Signers(self._identity)
        return self._caller(request, keys, verify_form(fields, keys.find, self._clock()), kind="POST")

    def _caller(self, request: HttpRequest, keys: Signers, verified: Verified | None, kind: str = "") -> Caller:
        if verified is None:
            return Caller(self._identity, self._lake, told=told_by(request, None))
        by_header = "authorization" in request.headers
        version = "AWS" if "AWSAccessKeyId=" in request.query else "AWS4-HMAC-SHA256"
        told = {
            **told_by(request, verified.region),
            "s3:authType": kind or ("REST-HEADER" if by_header else "REST-QUERY-STRING"),
            "s3:signatureversion": version,
            "s3:signatureAge": str(int((self._clock() - verified.signed_at).total_seconds() * 1000)),
        }
        principal = keys.principals[verified.access_key]
        self._identity.note_use(verified.access_key, principal, "s3", verified.region)
        return Caller(self._identity, self._lake, verified, principal, told)


def _place(need: Need) -> tuple[str, str]:
    """The bucket, and the key or the prefix of a list, that a need is about."""
    bucket, _, key = need.resource.partition(":::")[2].partition("/")
    return bucket, key or str(need.context.get("s3:prefix", ""))


def _closed() -> ServiceError:
    message = "Access Denied: the location is registered with Lake Formation, which does not open it to the caller."
    return ServiceError("AccessDenied", message, 403)


def _unsigned() -> ServiceError:
    return ServiceError("AccessDenied", "Access Denied: the request is not signed.", 403)
