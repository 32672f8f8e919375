"""Stacks, their resources, events and change sets as values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.identity import VIA, Kind, Principal
from studiolo.stacks.template import Parameter, Template, pseudo

STACK_TYPE = "AWS::CloudFormation::Stack"
MACRO = "AWS::CloudFormation::Macro"


@dataclass(frozen=True)
class Target:
    """What a stack is to be: its template and all that decides what that comes to."""

    body: str
    template: Template
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role: str | None = None
    notifications: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()

    def values(self, scope: Scope, name: str, identifier: str) -> dict[str, Any]:
        """The values of parameters and pseudo parameters."""
        own = {parameter.name: parameter.value for parameter in self.parameters.values()}
        return {**own, **pseudo(scope, name, identifier, list(self.notifications))}

    def hidden(self, text: str) -> str:
        """A text without what may not be shown."""
        for parameter in self.parameters.values():
            if parameter.hidden and parameter.given:
                text = text.replace(parameter.given, "****")
        return text

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("body", "capabilities", "role", "notifications", "transforms")},
            "template": self.template.body,
            "tags": dict(self.tags),
            "parameters": [asdict(parameter) for parameter in self.parameters.values()],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Target":
        return cls(
            kept["body"],
            Template(kept["template"]),
            {each["name"]: Parameter(**each) for each in kept["parameters"]},
            kept["tags"],
            tuple(kept["capabilities"]),
            kept["role"],
            tuple(kept["notifications"]),
            tuple(kept["transforms"]),
        )


@dataclass(frozen=True)
class Stack:
    """A stack. `target` is what it was last asked to be, `good` what it last came to be; times are UTC."""

    id: str
    scope: Scope
    name: str
    status: str
    reason: str | None
    created: datetime
    updated: datetime | None
    deleted: datetime | None
    parent: str | None
    root: str | None
    protected: bool
    policy: str | None
    target: Target | None
    good: Target | None
    outputs: list[dict[str, Any]]

    @property
    def running(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Resource:
    """One physical resource of a stack, or the attempt to make one.

    generation: which of its logical id; definition: what is kept of its template (see `kept_of`); properties: those it
    was last brought to; good: properties and definition of the stack's last good state, None where it was not there.
    operation, state: who last did something, and how far it is (started, waiting, done, failed).
    """

    stack: str
    logical: str
    generation: int
    type: str
    physical: str | None
    status: str
    reason: str | None
    changed: datetime
    operation: str
    state: str
    definition: Mapping[str, Any]
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    good: Mapping[str, Any] | None

    @property
    def depends(self) -> frozenset[str]:
        return frozenset(self.definition["depends"])

    @property
    def gone(self) -> bool:
        """Whether nothing of it is left, or is the stack's."""
        return self.status in ("DELETE_COMPLETE", "DELETE_SKIPPED")

    def with_(self, **changes: Any) -> "Resource":
        return replace(self, **changes)


@dataclass(frozen=True)
class Event:
    """Something that happened to a stack or one of its resources. number: its place among the stack's events."""

    stack: str
    number: int
    id: str
    at: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Drift:
    """What a look at one resource found. differences: of PropertyPath, ExpectedValue, ActualValue, DifferenceType."""

    stack: str
    logical: str
    status: str
    at: datetime
    document: Mapping[str, Any]

    @property
    def differences(self) -> Sequence[Mapping[str, str]]:
        found: Sequence[Mapping[str, str]] = self.document.get("differences", [])
        return found


@dataclass(frozen=True)
class Detection:
    """One look at a stack. status: DRIFTED or IN_SYNC; drifted: how many resources are."""

    id: str
    stack: str
    status: str
    drifted: int
    at: datetime


@dataclass(frozen=True)
class ChangeSet:
    """What an update, or creation, would do."""

    id: str
    stack: str
    name: str
    created: datetime
    status: str
    execution: str
    reason: str | None
    document: Mapping[str, Any]

    @property
    def target(self) -> Target:
        return Target.from_json(self.document["target"])


@dataclass(frozen=True)
class Operation:
    """Something that is being done to a stack; `document` holds its options and in whose name it is done."""

    id: str
    stack: str
    kind: str
    token: str | None
    cancelled: bool
    document: Mapping[str, Any]

    @property
    def principal(self) -> Principal:
        return principal_from(self.document["principal"])


def principal_as_json(principal: Principal) -> dict[str, Any]:
    """Who calls, for a journal: of what the request told, by which services it came alone."""
    told = {VIA: list(principal.told[VIA])} if VIA in principal.told else {}
    return {**asdict(replace(principal, told={})), "kind": principal.kind.name, "told": told}


def principal_from(kept: Mapping[str, Any]) -> Principal:
    pairs = {name: tuple(tuple(pair) for pair in kept[name]) for name in ("tags", "context")}
    lists = {name: tuple(kept[name]) for name in ("session_policies", "transitive")}
    told = {name: tuple(values) for name, values in kept.get("told", {}).items()}
    return Principal(**{**kept, **pairs, **lists, "kind": Kind[kept["kind"]], "told": told})
