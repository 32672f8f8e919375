"""Whether a request may be made, and what decided it: all policies that apply, in the order of AWS's evaluation.

After "Policy evaluation logic" of the IAM User Guide: an explicit deny of any policy; what the resource's own policy
grants; the identity's policies; its permissions boundary; its session's policies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from studiolo.identity.policies import Answer, Policies, PrincipalName, Request, Statement
from studiolo.identity.principals import Kind, Principal


class Layer(Enum):
    """The kinds of policies, as a denial names them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"

    @property
    def with_article(self) -> str:
        return f"{ARTICLES.get(self, 'a')} {self.value}"


ARTICLES = {Layer.IDENTITY: "an", Layer.TRUST: "the"}


class Grant(Enum):
    """How far a resource's policy goes that allows: to its caller by name, by its role, or by its account."""

    DIRECT = 3
    IDENTITY = 2
    ACCOUNT = 1
    NONE = 0


@dataclass(frozen=True, slots=True)
class Layers:
    """The policies that apply to a request, None where there are none of a kind.

    same_account: whether what is asked for belongs to the caller's account.
    """

    identity: Policies
    resource: Policies | None = None
    boundary: Policies | None = None
    session: Policies | None = None
    same_account: bool = True

    def each(self) -> Iterator[tuple[Layer, Policies]]:
        yield Layer.IDENTITY, self.identity
        if self.resource is not None:
            yield Layer.RESOURCE, self.resource
        if self.boundary is not None:
            yield Layer.BOUNDARY, self.boundary
        if self.session is not None:
            yield Layer.SESSION, self.session


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and by what: the statement of a policy of that kind, or the lack of one that allows."""

    answer: Answer
    layer: Layer | None = None
    statement: Statement | None = None

    @property
    def allowed(self) -> bool:
        return self.answer is Answer.ALLOWED

    def reason(self, action: str) -> str:
        """Why it was denied, in AWS's words."""
        if self.layer is None:
            return ""
        if self.answer is Answer.DENIED:
            return f"with an explicit deny in {self.layer.with_article}"
        return f"because no {self.layer.value} allows the {action} action"


OF_ROOT = Decision(Answer.ALLOWED)
"""The root user needs no policy."""


def decide(request: Request, caller: Principal, layers: Layers) -> Decision:
    """Whether the caller may. `request.principals` has all names of the caller."""
    if caller.kind is Kind.ROOT and layers.same_account:
        return _of_root(request, layers.resource)
    found = {layer: policies.evaluate(request) for layer, policies in layers.each()}
    for layer, (answer, statement) in found.items():
        if answer is Answer.DENIED:
            return Decision(answer, layer, statement)
    grant, granting = _granted(request, caller, layers.resource)
    if layers.same_account and grant is Grant.DIRECT:
        return Decision(Answer.ALLOWED, Layer.RESOURCE, granting)
    if not layers.same_account and grant is Grant.NONE:
        return Decision(Answer.SILENT, Layer.RESOURCE)
    answer, statement = found[Layer.IDENTITY]
    decided = Decision(answer, Layer.IDENTITY, statement)
    if not decided.allowed and layers.same_account and grant is Grant.IDENTITY:
        decided = Decision(Answer.ALLOWED, Layer.RESOURCE, granting)
    if not decided.allowed:
        return decided
    for layer in (Layer.BOUNDARY, Layer.SESSION):
        if layer in found and found[layer][0] is not Answer.ALLOWED:
            return Decision(Answer.SILENT, layer)
    return decided


def decide_taking(request: Request, caller: Principal, layers: Layers) -> Decision:
    """Whether the caller may take a role; `layers.resource` is its trust policy, which must allow."""
    assert layers.resource is not None
    answer, statement = layers.resource.evaluate(request)
    if answer is not Answer.ALLOWED:
        return Decision(answer, Layer.TRUST, statement)
    return decide(request, caller, layers)


def decide_for_anybody(request: Request, resource: Policies) -> Decision:
    """Whether somebody unknown may, of whom only the resource's policy speaks."""
    answer, statement = resource.evaluate(request)
    return Decision(answer, Layer.RESOURCE, statement)


def _of_root(request: Request, resource: Policies | None) -> Decision:
    if resource is not None:
        answer, statement = resource.evaluate(request)
        if answer is Answer.DENIED:
            return Decision(answer, Layer.RESOURCE, statement)
    return OF_ROOT


def _granted(request: Request, caller: Principal, resource: Policies | None) -> tuple[Grant, Statement | None]:
    """The furthest that the resource's policy goes, and the statement that does."""
    best: tuple[Grant, Statement | None] = (Grant.NONE, None)
    for statement in resource.matched(request) if resource is not None else ():
        grant = _grant(statement, caller) if statement.allows else Grant.NONE
        if grant.value > best[0].value:
            best = grant, statement
    return best


def _grant(statement: Statement, caller: Principal) -> Grant:
    """After "Policies and permissions: resource-based policies", how principals in them count.

    What names a session, or a user, is enough; what names a role, or everybody, is bounded as the role is.
    """
    named: frozenset[PrincipalName] = statement.principals or frozenset()
    everybody = statement.not_principals or not named.isdisjoint({("*", "*"), ("AWS", "*")})
    if not named.isdisjoint(caller.direct_names) and not statement.not_principals:
        return Grant.DIRECT
    if everybody:
        return Grant.DIRECT if caller.kind is Kind.USER else Grant.IDENTITY
    return Grant.IDENTITY if not named.isdisjoint(caller.own_names) else Grant.ACCOUNT
