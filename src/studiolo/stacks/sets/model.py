"""Stack sets, their instances and operations as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studiolo.domain import AlreadyExists, Conflict, NotFound, Scope

ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"
OPERATION = "stack-set-operation"
"""The kind of thing that transactions tell of; its name is that of the stack set, or its id, a slash, and its own id."""

RUNNING, STOPPING = "RUNNING", "STOPPING"


class NoStackSet(NotFound):
    """There is no such stack set."""


class NoInstance(NotFound):
    """The stack set has no instance in that account and region."""


class NoOperation(NotFound):
    """There is no such operation of the stack set."""


class SetExists(AlreadyExists):
    """There is a stack set of that name."""


class OperationExists(AlreadyExists):
    """There is another operation with that id."""


class OperationInProgress(Conflict):
    """Another operation of the stack set has not ended."""


class NotEmpty(Conflict):
    """The stack set has instances."""


class NotStoppable(Conflict):
    """The operation has ended."""


@dataclass(frozen=True)
class StackSet:
    """A stack set; its id is `NAME:UUID`.

    document: description, body (the template's text), parameters and tags (maps), capabilities, administration (an ARN;
    None: the role of that name), execution (a role's name), token.
    """

    id: str
    scope: Scope
    name: str
    live: str | None
    created: datetime
    document: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.document[name]

    @property
    def arn(self) -> str:
        return f"arn:{self.scope.partition}:cloudformation:{self.scope.region}:{self.scope.account}:stackset/{self.id}"

    @property
    def administration(self) -> str:
        """The ARN of the role that takes on the execution roles."""
        given = self["administration"]
        return given or f"arn:{self.scope.partition}:iam::{self.scope.account}:role/{ADMINISTRATION}"


@dataclass(frozen=True)
class Instance:
    """A stack set's stack in one account and region, or the attempt to make one. stack: its id; name: what it is called.

    status: CURRENT, OUTDATED, INOPERABLE; detailed: PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED, INOPERABLE; last: the
    operation that last had to do with it; drift: NOT_CHECKED, IN_SYNC, DRIFTED.
    """

    stack_set: str
    account: str
    region: str
    name: str
    stack: str | None
    overrides: Mapping[str, str]
    status: str
    detailed: str
    reason: str | None
    last: str
    drift: str = "NOT_CHECKED"
    drift_checked: datetime | None = None

    @property
    def place(self) -> tuple[str, str]:
        return self.account, self.region


@dataclass(frozen=True)
class SetOperation:
    """Something that is done to a stack set's instances: kind CREATE, UPDATE, DELETE, DETECT_DRIFT.

    status: RUNNING, STOPPING, SUCCEEDED, FAILED, STOPPED. document: preferences (OperationPreferences as it was sent),
    retain, administration, execution, request (what makes a repeated request the same).
    """

    stack_set: str
    id: str
    kind: str
    status: str
    created: datetime
    ended: datetime | None
    document: Mapping[str, Any]

    @property
    def under_way(self) -> bool:
        return self.status in (RUNNING, STOPPING)


@dataclass(frozen=True)
class Result:
    """What an operation came to in one account and region. number: its place in the operation.

    status: PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED; stage: how far a running one is (see `walk`).
    """

    stack_set: str
    operation: str
    number: int
    account: str
    region: str
    status: str
    stage: str
    reason: str | None

    @property
    def place(self) -> tuple[str, str]:
        return self.account, self.region
