"""Who is at the other end of a connection, and may they: nobody may anything before a token has said who asks."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from studiolo.domain import Conflict, Denied, NotFound, Scope
from studiolo.identity import Identity, Kind, Principal, Question
from studiolo.metastore.redaction import redacted
from studiolo.metastore.resources import resources
from studiolo.metastore.rights import needs

BELIEVED = 1.0
"""Seconds until a token is asked about again: a key may have expired, what ran as a role may have ended.

So long a right is held that depends on the time of day, too; a change of keys, roles and policies is seen at once.
"""

MOST_ALLOWED = 10_000
"""So many answers of IAM are remembered."""

UNKNOWN = (
    "Studiolo's metastore does not know who asks. {why} What `studiolo metastore-token` prints is to be the user name: "
    "HADOOP_USER_NAME for Spark, Flink and Hive, `ugi` for PyIceberg, hive.metastore.username for Trino."
)


class Caller:
    """The client of one connection to the metastore of a scope.

    policy: finds the policy of an account's catalog; behind: what a resource link leads to (catalog/targets.py).
    """

    def __init__(
        self,
        identity: Identity,
        scope: Scope,
        policy: Callable[[Scope], str | None],
        behind: Callable[[Scope, str, str], Sequence[str]],
    ) -> None:
        self._policy = policy
        self._behind = behind
        self._identity = identity
        self._scope = scope
        self._token = ""
        self._principal: Principal | None = None
        self._shown = ""
        # What was allowed, under which revision of the account's roles and policies, and which policy of the catalog.
        self._allowed: set[Question] = set()
        self._decided_by: tuple[int, str | None] = (-1, None)
        self._asked = 0.0
        # The revision of the account's keys under which the token was somebody's.
        self._found_by = -1
        self._why = "The client has told no user name."
        # What conditions of policies ask about, as for a request of Glue's API.
        self._context = {
            "aws:RequestedRegion": scope.region,
            # The metastore listens on this machine alone.
            "aws:SecureTransport": "true",
            "aws:SourceIp": "127.0.0.1",
        }

    def introduce(self, token: str) -> None:
        """Let the client be the holder of this token from now on. Raises Denied for a token of nobody's."""
        self._token, self._principal = token, None
        self._find_out()

    @property
    def holder(self) -> str | None:
        """The role, or the user, that the connection counts as one of; None before the client has said who it is."""
        return None if self._principal is None else self._principal.identity_arn

    @property
    def known(self) -> bool:
        """Whether the client has said who it is."""
        return self._principal is not None

    @property
    def principal(self) -> Principal:
        """Raises Denied, with how to say who one is."""
        changed = self._identity.revision != self._found_by
        if self._token and (changed or time.monotonic() - self._asked > BELIEVED):
            self._find_out()
        if self._principal is None:
            raise self.unknown()
        return self._principal

    def unknown(self) -> Denied:
        """What is said to a client that has not said who it is."""
        return Denied(UNKNOWN.format(why=self._why))

    @property
    def is_root(self) -> bool:
        """Whether the caller may do everything. Raises Denied."""
        return self.principal.is_root

    @property
    def name(self) -> str:
        """By which others may know the caller: the role's name, or `root`. Raises Denied."""
        return _name(self.principal)

    def may(self, action: str, place: str) -> None:
        """Raise Denied, in IAM's words, unless the caller may do that to an object, `bucket/key`."""
        owner, policy = self._identity.bucket(place.partition("/")[0])
        question = Question(action, self._identity.s3_arn(place), account=owner)
        self._identity.authorize(self.principal, [question], self._context, policy)

    def may_call(self, method: str, arguments: Sequence[Any]) -> None:
        """Raise Denied unless the caller may do what the method does."""
        principal, document = self.principal, self._policy(self._scope)
        deciding = self._identity.revision, document
        if deciding != self._decided_by or len(self._allowed) > MOST_ALLOWED:
            self._decided_by, self._allowed = deciding, set()
        policy = None if document is None else self._identity.compiled(document, "catalog")
        if principal.kind is Kind.ROOT and policy is None and not self._identity.organization.made:
            return
        for action in needs(method, arguments):
            named = resources(self._scope, method, action, arguments)
            prefix = f"arn:{self._scope.partition}:glue:{self._scope.region}:{self._scope.account}:"
            led = [self._behind(self._scope, action, arn.removeprefix(prefix)) for arn in named]
            named |= {arn for arns in led for arn in arns}
            asked = {Question(action, arn) for arn in named if arn.startswith(prefix)}
            self._identity.authorize(principal, sorted(asked - self._allowed, key=_breadth), self._context, policy)
            self._allowed |= asked
            for arn in sorted(named):
                if not arn.startswith(prefix):
                    self._ask_away(principal, Question(action, arn))

    def _ask_away(self, principal: Principal, question: Question) -> None:
        """Ask about what a resource link leads to in another account: that one's policy has its say, too."""
        if not self._identity.has_account(question.owner(self._scope.account)):
            return  # it is not here, and nothing of it can be reached
        document = self._policy(Scope(question.owner(self._scope.account), self._scope.region))
        policy = None if document is None else self._identity.compiled(document, "catalog")
        self._identity.authorize(principal, [question], self._context, policy)

    def redacted(self, thing: Any) -> Any:
        """The thing with the caller's name wherever a client has put the user name, which is its token."""
        return redacted(thing, self._token, self._shown)

    def _find_out(self) -> None:
        found_by = self._identity.revision
        try:
            principal = self._identity.caller(self._token)
            if principal.account != self._scope.account:
                raise Denied(f"This is the metastore of account {self._scope.account}, and not of the token's.")
        except (Denied, Conflict, NotFound) as error:
            self._principal, self._token, self._why = None, "", str(error)
            raise self.unknown() from error
        self._principal, self._shown, self._asked = principal, _name(principal), time.monotonic()
        self._found_by = found_by
        self._allowed = set()


def _breadth(question: Question) -> tuple[int, str]:
    """As Glue asks: the catalog first, then what is in it."""
    return question.resource.count("/"), question.resource


def _name(principal: Principal) -> str:
    return principal.name
