"""How what is done to a stack begins: the states that allow it, in whose name, and the first entry in its journal."""

import re
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.calling import principal_as_json
from studiolo.domain import Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.stacks.model import Operation, Stack, Target
from studiolo.stacks.store import Store
from studiolo.stacks.wanted import Wanted
from studiolo.stacks.workers import Workers

NAME = r"[a-zA-Z][-a-zA-Z0-9]*"
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
        "CREATE_FAILED", "UPDATE_FAILED",
    }
)  # fmt: skip
STARTED = "User Initiated"


class Beginning:
    """Begins operations: what is written of one is worked on by a worker that is woken then."""

    def __init__(self, store: Store, identity: Identity, workers: Workers[Operation]) -> None:
        self._store = store
        self._identity = identity
        self._workers = workers

    def create(self, stack: Stack, actor: Principal, token: str | None, options: Mapping[str, Any]) -> None:
        """Raises AlreadyExists."""
        with self._store.writing(stack) as tx:
            tx.add_stack(stack)
            self.operation(tx, stack, "CREATE", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": stack.status, "ResourceStatusReason": STARTED})
        self._workers.wake(stack.id)

    def create_reviewed(
        self, stack: Stack, target: Target, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> None:
        """Make a stack that a change set of its creation has been reviewed for."""
        with self._store.writing(stack) as tx:
            tx.set_stack(stack.id, status="CREATE_IN_PROGRESS", target=target)
            self.operation(tx, stack, "CREATE", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "CREATE_IN_PROGRESS", "ResourceStatusReason": STARTED})
            tx.executing(stack.id, options["change_set"])
        self._workers.wake(stack.id)

    def update(
        self, stack: Stack, target: Target, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> None:
        with self._store.writing(stack) as tx:
            tx.set_stack(stack.id, status="UPDATE_IN_PROGRESS", reason=None, target=target, updated=tx.moment)
            if "policy" in options:
                tx.set_stack(stack.id, policy=options["policy"])
            self.operation(tx, stack, "UPDATE", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "UPDATE_IN_PROGRESS", "ResourceStatusReason": STARTED})
            tx.executing(stack.id, options.get("change_set"))
        self._workers.wake(stack.id)

    def import_resources(
        self, stack: Stack, target: Target, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> None:
        with self._store.writing(stack) as tx:
            tx.set_stack(stack.id, status="IMPORT_IN_PROGRESS", reason=None, target=target)
            self.operation(tx, stack, "IMPORT", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "IMPORT_IN_PROGRESS", "ResourceStatusReason": STARTED})
            tx.executing(stack.id, options["change_set"])
        self._workers.wake(stack.id)

    def rollback(
        self, stack: Stack, status: str, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> None:
        with self._store.writing(stack) as tx:
            tx.set_stack(stack.id, status=status, reason=STARTED)
            self.operation(tx, stack, "ROLLBACK", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": status, "ResourceStatusReason": STARTED})
        self._workers.wake(stack.id)

    def operation(
        self, tx: Any, stack: Stack, kind: str, token: str | None, actor: Principal, options: Mapping[str, Any]
    ) -> None:
        """Note an operation; who does so wakes the worker."""
        document = {**options, "principal": principal_as_json(actor)}
        if "minutes" in options:
            document["deadline"] = time.time() + 60 * options["minutes"]
        tx.add_operation(Operation(str(uuid.uuid4()), stack.id, kind, token, False, document))

    def actor(self, principal: Principal, role: str | None, kept: str | None = None) -> Principal:
        """In whose name a stack is worked on: a role's that the caller may pass, or that the stack has; else his own."""
        if role is not None:
            self._identity.pass_role(principal, role, "cloudformation.amazonaws.com")
        used = role or kept
        return principal if used is None else self._identity.session_of(used, "AWSCloudFormation")


def new_stack(
    scope: Scope, wanted: Wanted, identifier: str, created: datetime, target: Target | None, parent: Stack | None = None
) -> Stack:
    """A stack that is to be made at once, or after a review where nothing of it is decided (`target`)."""
    in_review = target is None
    return Stack(
        id=identifier,
        scope=scope,
        name=wanted.name,
        status="REVIEW_IN_PROGRESS" if in_review else "CREATE_IN_PROGRESS",
        reason=None if in_review else STARTED,
        created=created,
        updated=None,
        deleted=None,
        parent=None if parent is None else parent.id,
        root=None if parent is None else parent.root or parent.id,
        protected=bool(wanted.options.get("protected", False)),
        policy=wanted.options.get("policy"),
        target=target,
        good=None,
        outputs=[],
    )


def new_stack_id(scope: Scope, name: str) -> str:
    place = f"arn:{scope.partition}:cloudformation:{scope.region}:{scope.account}"
    return f"{place}:stack/{name}/{uuid.uuid4()}"


def check_name(name: str) -> None:
    """Raises Invalid for what names no stack."""
    if name.startswith("arn:"):
        return
    if not re.fullmatch(NAME, name) or len(name) > 128:
        raise Invalid(
            f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy constraint: Member "
            f"must satisfy regular expression pattern: {NAME}"
        )


def check_updatable(stack: Stack) -> None:
    """Raises Invalid."""
    if stack.status not in UPDATABLE:
        raise Invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
