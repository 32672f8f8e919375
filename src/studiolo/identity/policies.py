"""What policies say of a request: a deny wins, else an allow, else nothing.

After "Policy evaluation logic" of the IAM User Guide.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from studiolo.identity.conditions import Condition, Missing, conditions
from studiolo.identity.patterns import Context, Pattern

PrincipalName = tuple[str, str]
"""A kind (AWS, Service, Federated) and a name: an ARN, an account id, a service's host name."""


class Answer(Enum):
    """What policies say together."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    SILENT = "implicitDeny"


@dataclass(frozen=True)
class Request:
    """What is asked of the policies.

    `resource` is an ARN, `*` for an action on nothing in particular, or None where only the action is known: then an
    Allow of any resource counts, and a Deny only if it is of all. `principals` are the names the caller goes by; they
    matter to trust policies alone.
    """

    action: str
    resource: str | None = None
    context: Context = field(default_factory=dict)
    principals: frozenset[PrincipalName] = frozenset()


@dataclass(frozen=True)
class Matcher:
    """A list of patterns, or all that the list does not name (NotAction, NotResource)."""

    patterns: tuple[Pattern, ...]
    negated: bool = False

    def matches(self, value: str, context: Context) -> bool:
        return any(pattern.matches(value, context) for pattern in self.patterns) != self.negated

    @property
    def everything(self) -> bool:
        """Whether the list names all there is."""
        return any(pattern.text == "*" for pattern in self.patterns)


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. `resources` is None in a trust policy, `principals` in any other."""

    allows: bool
    actions: Matcher
    resources: Matcher | None
    principals: frozenset[PrincipalName] | None
    not_principals: bool
    conditions: tuple[Condition | Missing, ...]

    def applies(self, request: Request) -> bool:
        """Whether the statement is about this request."""
        return (
            self.actions.matches(request.action, request.context)
            and self._names_resource(request)
            and self._names_principal(request)
            and all(condition.holds(request.context) for condition in self.conditions)
        )

    def _names_resource(self, request: Request) -> bool:
        if self.resources is None:
            return True
        if request.resource is not None:
            return self.resources.matches(request.resource, request.context)
        if self.allows:
            return not (self.resources.negated and self.resources.everything)
        return not self.resources.negated and self.resources.everything

    def _names_principal(self, request: Request) -> bool:
        if self.principals is None:
            return True
        everyone = {("*", "*")} | {(kind, "*") for kind, _ in request.principals}
        named = not self.principals.isdisjoint(request.principals | everyone)
        return named != self.not_principals


@dataclass(frozen=True)
class Policy:
    """A policy ready to be asked."""

    statements: tuple[Statement, ...]


def compile_policy(document: str) -> Policy:
    """The policy of a valid JSON document. Raises ValueError or KeyError where it is not one."""
    return Policy(tuple(_statement(each) for each in as_list(json.loads(document)["Statement"])))


def evaluate(policies: Iterable[Policy], request: Request) -> Answer:
    """What the policies say together: one deny outweighs every allow."""
    answer = Answer.SILENT
    for policy in policies:
        for statement in policy.statements:
            if answer is Answer.ALLOWED and statement.allows:
                continue
            if statement.applies(request):
                if not statement.allows:
                    return Answer.DENIED
                answer = Answer.ALLOWED
    return answer


def as_list(value: Any) -> list[Any]:
    """What may stand alone or in a list."""
    return value if isinstance(value, list) else [value]


def _statement(text: Mapping[str, Any]) -> Statement:
    actions = _matcher(text, "Action", ignore_case=True)
    assert actions is not None
    negated = "NotPrincipal" in text
    named = text.get("NotPrincipal" if negated else "Principal")
    return Statement(
        allows=text["Effect"] == "Allow",
        actions=actions,
        resources=_matcher(text, "Resource"),
        principals=None if named is None else _principals(named),
        not_principals=negated,
        conditions=conditions(text.get("Condition", {})),
    )


def _matcher(text: Mapping[str, Any], name: str, *, ignore_case: bool = False) -> Matcher | None:
    for key, negated in ((name, False), (f"Not{name}", True)):
        if key in text:
            return Matcher(tuple(Pattern(each, ignore_case=ignore_case) for each in as_list(text[key])), negated)
    return None


def _principals(value: Any) -> frozenset[PrincipalName]:
    if value == "*":
        return frozenset({("*", "*")})
    return frozenset((kind, _principal_name(kind, each)) for kind, names in value.items() for each in as_list(names))


def _principal_name(kind: str, name: str) -> str:
    """An account id stands for its root ARN."""
    return f"arn:aws:iam::{name}:root" if kind == "AWS" and name.isdigit() else name
