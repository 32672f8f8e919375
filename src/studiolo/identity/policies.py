"""What policies say of a request: a deny wins, else an allow, else nothing.

After "Policy evaluation logic" of the IAM User Guide.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from studiolo.identity.conditions import Condition, Missing, conditions
from studiolo.identity.patterns import Context, Pattern, Patterns, variables_of

PrincipalName = tuple[str, str]
"""A kind (AWS, Service, Federated) and a name: an ARN, an account id, a service's host name."""

OF_VARIABLES = "2012-10-17"
"""The version of policies that have variables; without a version a policy is of 2008-10-17."""

MOST_ACTIONS = 4096
"""Of so many actions a set of policies remembers which statements speak."""


class Answer(Enum):
    """What policies say together."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    SILENT = "implicitDeny"


@dataclass(frozen=True)
class Request:
    """What is asked of the policies.

    `resource` is an ARN, `*` for an action on nothing in particular, or None to ask whether there is any resource at
    all: then an Allow of any counts whatever its conditions, and a Deny only if it is of all and has none. `principals`
    are the names the caller goes by; they matter to resource policies alone.
    """

    action: str
    resource: str | None = "*"
    context: Context = field(default_factory=dict)
    principals: frozenset[PrincipalName] = frozenset()


@dataclass(frozen=True)
class Matcher:
    """A list of patterns, or all that the list does not name (NotAction, NotResource)."""

    patterns: Patterns
    negated: bool = False
    variables: tuple[str, ...] = ()

    def matches(self, value: str, context: Context) -> bool:
        return self.patterns.matches(value, context) != self.negated

    @property
    def everything(self) -> bool:
        """Whether the list names all there is."""
        return self.patterns.everything


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a policy, the `index`-th of the one called `policy`.

    `resources` is None in a trust policy, `principals` in an identity's.
    """

    policy: str
    index: int
    sid: str | None
    allows: bool
    actions: Matcher
    resources: Matcher | None
    principals: frozenset[PrincipalName] | None
    not_principals: bool
    conditions: tuple[Condition | Missing, ...]
    spelled: tuple[str, ...] = ()
    """The condition keys that it asks for, as it spells them."""

    def applies(self, request: Request) -> bool:
        """Whether the statement, which is of the request's action and resource, is about this request."""
        if request.resource is None:
            return self._may_apply() and self._names_principal(request)
        return self._names_principal(request) and all(condition.holds(request.context) for condition in self.conditions)

    def _may_apply(self) -> bool:
        """Whether there is a resource that it allows, or it denies all."""
        every = self.resources is None or self.resources.everything
        negated = self.resources is not None and self.resources.negated
        return not (negated and every) if self.allows else not negated and every and not self.conditions

    def _names_principal(self, request: Request) -> bool:
        if self.principals is None:
            return True
        everyone = {("*", "*")} | {(kind, "*") for kind, _ in request.principals}
        if not self.principals.isdisjoint(everyone):
            return not self.not_principals
        if self.not_principals:
            # Whom it spares it must name by every name: a session, its role, and their account.
            return not request.principals <= self.principals
        return not self.principals.isdisjoint(request.principals)


@dataclass(frozen=True)
class Policy:
    """A policy ready to be asked."""

    statements: tuple[Statement, ...]


class Policies:
    """Policies that count together, asked by action: of each, the statements that speak of it are found once."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.statements = tuple(statement for policy in policies for statement in policy.statements)
        self._of_action: dict[str, tuple[_ByResource, _ByResource]] = {}
        self._spelled = tuple((each, tuple(map(str.lower, each.spelled))) for each in self.statements if each.spelled)

    def evaluate(self, request: Request) -> tuple[Answer, Statement | None]:
        """What they say together, and the statement that decided: one deny outweighs every allow."""
        denies, allows = self._about(request.action)
        for statement in denies.about(request):
            if statement.applies(request):
                return Answer.DENIED, statement
        for statement in allows.about(request):
            if statement.applies(request):
                return Answer.ALLOWED, statement
        return Answer.SILENT, None

    def asks(self, action: str, prefix: str) -> bool:
        """Whether of an action they ask for a condition key, in lower case, that begins so."""
        return any(
            any(key.startswith(prefix) for key in keys) and statement.actions.matches(action, {})
            for statement, keys in self._spelled
        )

    def matched(self, request: Request) -> Sequence[Statement]:
        """Every statement about the request, denies first."""
        about = (statement for group in self._about(request.action) for statement in group.about(request))
        return [statement for statement in dict.fromkeys(about) if statement.applies(request)]

    def _about(self, action: str) -> "tuple[_ByResource, _ByResource]":
        found = self._of_action.get(action)
        if found is None:
            speaking = [statement for statement in self.statements if statement.actions.matches(action, {})]
            denies = _ByResource(statement for statement in speaking if not statement.allows)
            found = denies, _ByResource(statement for statement in speaking if statement.allows)
            if len(self._of_action) >= MOST_ACTIONS:
                self._of_action.clear()
            self._of_action[action] = found
        return found


class _ByResource:
    """Statements, found by the resource that a request is for: hundreds cost little more than one."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._all = tuple(statements)
        self._exact: dict[str, list[Statement]] = {}
        # By their length, and then by themselves.
        self._prefixes: dict[int, dict[str, list[Statement]]] = {}
        self._others = []
        for statement in self._all:
            listed = statement.resources
            if listed is None or listed.negated or listed.patterns.others:
                self._others.append(statement)
            else:
                for text in listed.patterns.exact:
                    self._exact.setdefault(text, []).append(statement)
                for text in listed.patterns.prefixes:
                    self._prefixes.setdefault(len(text), {}).setdefault(text, []).append(statement)

    def about(self, request: Request) -> Iterator[Statement]:
        """Those whose resources the request's is one of; all, where none is asked for."""
        resource = request.resource
        if resource is None:
            yield from self._all
            return
        for length, prefixes in self._prefixes.items():
            yield from prefixes.get(resource[:length], ())
        yield from self._exact.get(resource, ())
        for statement in self._others:
            if statement.resources is None or statement.resources.matches(resource, request.context):
                yield statement


def compile_policy(document: str, name: str = "") -> Policy:
    """The policy of a valid JSON document, by which name it is known. Raises ValueError or KeyError for no policy."""
    policy = json.loads(document)
    variables = policy.get("Version") == OF_VARIABLES
    statements = enumerate(as_list(policy["Statement"]))
    return Policy(tuple(_statement(name, i, each, variables=variables) for i, each in statements))


def as_list(value: Any) -> list[Any]:
    """What may stand alone or in a list."""
    return value if isinstance(value, list) else [value]


def _statement(policy: str, index: int, text: Mapping[str, Any], *, variables: bool) -> Statement:
    actions = _matcher(text, "Action", ignore_case=True, variables=False)
    assert actions is not None
    resources = _matcher(text, "Resource", variables=variables)
    block = text.get("Condition", {})
    asked = conditions(block, variables=variables, strict=False)
    spelled = [key for keys in block.values() for key in keys]
    spelled += [name for condition in asked for name in condition.variables]
    negated = "NotPrincipal" in text
    named = text.get("NotPrincipal" if negated else "Principal")
    return Statement(
        policy=policy,
        index=index,
        sid=text.get("Sid") or None,
        allows=text["Effect"] == "Allow",
        actions=actions,
        resources=resources,
        principals=None if named is None else _principals(named),
        not_principals=negated,
        conditions=asked,
        spelled=(*spelled, *(resources.variables if resources is not None else ())),
    )


def _matcher(text: Mapping[str, Any], name: str, *, ignore_case: bool = False, variables: bool) -> Matcher | None:
    for key, negated in ((name, False), (f"Not{name}", True)):
        if key in text:
            texts = as_list(text[key])
            patterns = Patterns(Pattern(each, ignore_case=ignore_case, variables=variables) for each in texts)
            asked = tuple(name for each in texts for name in variables_of(each)) if variables else ()
            return Matcher(patterns, negated, asked)
    return None


def _principals(value: Any) -> frozenset[PrincipalName]:
    if value == "*":
        return frozenset({("*", "*")})
    return frozenset((kind, _principal_name(kind, each)) for kind, names in value.items() for each in as_list(names))


def _principal_name(kind: str, name: str) -> str:
    """An account id stands for its root ARN."""
    return f"arn:aws:iam::{name}:root" if kind == "AWS" and name.isdigit() else name
