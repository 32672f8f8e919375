"""Stacks: what a template describes, made, changed and deleted together."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.calling import Refused, Services, principal_as_json
from studiolo.domain import Clock, Conflict, Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.objects import Objects
from studiolo.stacks import policies
from studiolo.stacks.changes import nothing_changes, planned_changes
from studiolo.stacks.custom import CustomRequests
from studiolo.stacks.drift import Drifts
from studiolo.stacks.importing import Import, Importing, imported
from studiolo.stacks.live import Live
from studiolo.stacks.model import ChangeSet, Operation, Resource, Stack, Target
from studiolo.stacks.nesting import Nesting
from studiolo.stacks.runner import Runner
from studiolo.stacks.store import Missing, Store
from studiolo.stacks.template import TemplateInvalid
from studiolo.stacks.types import find_type, type_of
from studiolo.stacks.types.base import At
from studiolo.stacks.wanted import Targets, Wanted
from studiolo.stacks.workers import Workers
from studiolo.state import State

NAME = r"[a-zA-Z][-a-zA-Z0-9]*"
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
        "CREATE_FAILED", "UPDATE_FAILED",
    }
)  # fmt: skip
ANSWERS = "/_studiolo/responses/"
"""Where functions of custom resources answer, each under a token of its own."""
STARTED = "User Initiated"
UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."


class WrongStatus(Conflict):
    """A change set is not in a state to be executed, or deleted."""


class Stacks:
    """The stacks of every scope. `start` is given how to call the services, and goes on with what was begun."""

    def __init__(
        self,
        state: State,
        identity: Identity,
        objects: Objects,
        hosts: frozenset[str],
        clock: Clock,
        endpoint: str = "",
    ) -> None:
        """hosts: the names of this server; endpoint: where the functions of custom resources find it."""
        self.store = Store(state, clock)
        self.requests = CustomRequests(state, f"{endpoint}{ANSWERS}", self.wake, clock)
        self._identity = identity
        self._services: Services | None = None
        self.targets = Targets(
            objects, self._calling, find_type, hosts, self.store.macro, identity.policies.of_aws_by_name
        )
        self.drifts = Drifts(self.store, type_of, self._calling, Nesting(self), self.requests)
        self._workers = Workers(self.store.running, self._runner)

    def start(self, services: Services) -> None:
        """Go on with the operations that an earlier server has begun."""
        self._services = services
        for stack in {operation.stack for operation in self.store.running()}:
            self._workers.wake(stack)

    def close(self) -> None:
        self._workers.close()

    def wake(self, stack: str) -> None:
        """Something that the stack waits for may have come."""
        self._workers.nudge(stack)

    # --- stacks

    def create(self, scope: Scope, principal: Principal, wanted: Wanted, parent: Stack | None = None) -> Stack:
        """Begin to make a stack. Raises AlreadyExists, TemplateInvalid, InsufficientCapabilities, Denied and NotFound."""
        if wanted.token is not None and (made := self._made(scope, wanted)) is not None:
            return made
        self._check_name(wanted.name)
        identifier = _stack_id(scope, wanted.name)
        target = self.targets.target(scope, principal, wanted, None, identifier=identifier)
        _check_policies(wanted)
        actor = self._actor(principal, wanted.role)
        stack = self._stack(scope, wanted, identifier, "CREATE_IN_PROGRESS", target, parent)
        with self.store.writing(stack) as tx:
            tx.add_stack(stack)
            self._begin(tx, stack, "CREATE", wanted.token, actor, wanted.options)
            tx.event(stack, wanted.token, {"ResourceStatus": stack.status, "ResourceStatusReason": STARTED})
        self._workers.wake(stack.id)
        return stack

    def update(self, scope: Scope, principal: Principal, wanted: Wanted) -> Stack:
        """Begin to change a stack. Raises Conflict, Missing, TemplateInvalid and what `create` does."""
        stack = self.store.stack(scope, wanted.name, deleted=False)
        if wanted.token is not None and self.store.with_token(stack.id, "UPDATE", wanted.token):
            return stack
        self._check_updatable(stack)
        target = self.targets.target(scope, principal, wanted, stack.target, identifier=stack.id)
        actor = self._actor(principal, wanted.role, target.role)
        _check_policies(wanted)
        if self._changes_nothing(stack, target):
            raise Invalid("No updates are to be performed.")
        return self._update(stack, target, actor, wanted.token, wanted.options)

    def delete(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        role: str | None,
        token: str | None,
        retain: tuple[str, ...],
    ) -> Stack | None:
        """Begin to delete a stack; None where there is none of that name. Raises Invalid, Denied."""
        try:
            stack = self.store.stack(scope, name)
        except Missing:
            return None
        if stack.deleted is not None or stack.status == "DELETE_IN_PROGRESS":
            return stack
        if stack.protected:
            raise Invalid(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled: disable it by "
                "UpdateTerminationProtection first"
            )
        if retain and stack.status != "DELETE_FAILED":
            raise Invalid("Invalid operation on stack. RetainResources is for a stack in the state DELETE_FAILED.")
        actor = self._actor(principal, role, None if stack.target is None else stack.target.role)
        with self.store.writing(stack) as tx:
            if stack.status == "REVIEW_IN_PROGRESS":
                tx.set_stack(stack.id, status="DELETE_COMPLETE", live=None, deleted=tx.moment)
                tx.drop_change_sets(lambda columns: columns.stack == stack.id)
                return stack
            for operation in self.store.running(stack.id):
                tx.end_operation(operation.id)
            self._begin(tx, stack, "DELETE", token, actor, {"retain": list(retain)})
            tx.set_stack(stack.id, status="DELETE_IN_PROGRESS", reason=STARTED)
            tx.event(stack, token, {"ResourceStatus": "DELETE_IN_PROGRESS", "ResourceStatusReason": STARTED})
        self._workers.wake(stack.id)
        return stack

    def cancel(self, scope: Scope, name: str) -> None:
        """Turn an update back. Raises Invalid where none runs."""
        stack = self.store.stack(scope, name, deleted=False)
        running = self.store.running(stack.id)
        if stack.status != "UPDATE_IN_PROGRESS" or not running:
            raise Invalid("CancelUpdateStack cannot be called from current stack status")
        with self.store.writing(stack) as tx:
            tx.cancel_operation(running[-1].id)
        self._workers.nudge(stack.id)

    def roll_back(self, scope: Scope, principal: Principal, name: str, role: str | None, token: str | None) -> Stack:
        """Bring a stack that was left as it failed back to its last good state. Raises Invalid."""
        stack = self.store.stack(scope, name, deleted=False)
        moves = {"CREATE_FAILED": "ROLLBACK_IN_PROGRESS", "UPDATE_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS"}
        if stack.status not in moves:
            raise Invalid(f"RollbackStack is not supported for a stack in the state {stack.status}.")
        return self._go_on(stack, principal, role, token, moves[stack.status], {})

    def continue_rollback(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        role: str | None,
        token: str | None,
        skip: tuple[str, ...],
    ) -> Stack:
        """Go on with a rollback of an update that failed, without some resources. Raises Invalid."""
        stack = self.store.stack(scope, name, deleted=False)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise Invalid(
                f"Stack:{stack.id} is in {stack.status} state and can not be rolled back: it must be in "
                "UPDATE_ROLLBACK_FAILED"
            )
        known = {row.logical for row in self.store.resources(stack.id)}
        if unknown := [logical for logical in skip if logical not in known]:
            raise Invalid(f"ResourcesToSkip: {', '.join(unknown)} are no resources of the stack {stack.name}")
        return self._go_on(stack, principal, role, token, "UPDATE_ROLLBACK_IN_PROGRESS", {"skip": list(skip)})

    def protect(self, scope: Scope, name: str, protected: bool) -> Stack:
        """Set whether a stack may be deleted."""
        stack = self.store.stack(scope, name, deleted=False)
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, protected=protected)
        return stack

    def set_policy(self, scope: Scope, name: str, document: str) -> None:
        """Set what updates may do to a stack's resources. Raises Invalid."""
        policies.check_policy(document)
        stack = self.store.stack(scope, name, deleted=False)
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, policy=document)

    # --- change sets

    def create_change_set(
        self,
        scope: Scope,
        principal: Principal,
        wanted: Wanted,
        name: str,
        kind: str,
        description: str | None,
        imports: Sequence[Import] = (),
    ) -> ChangeSet:
        """Say what an update, creation (`kind` CREATE) or IMPORT would do; a new stack is made for review.

        Raises AlreadyExists, Invalid and what `update` does.
        """
        stack = self._stack_for_change_set(scope, wanted, kind)
        if any(each.name == name for each in self.store.change_sets(stack.id)):
            raise Exists(f"ChangeSet {name} already exists")
        is_new = stack.status == "REVIEW_IN_PROGRESS"
        target = self.targets.target(
            scope, principal, wanted, None if is_new else stack.target, identifier=stack.id, by_change_set=True
        )
        actor = self._actor(principal, wanted.role, target.role)
        status, execution, reason, changes = "CREATE_COMPLETE", "AVAILABLE", None, []
        found: dict[str, str] = {}
        try:
            changes = self.changes(stack, target, values=True)
            if kind == "IMPORT":
                found = Importing(self.store, type_of, self._look_as(actor)).found(
                    stack, target, self.current(stack), imports
                )
                changes = imported(changes, found)
            elif not is_new and nothing_changes(changes, stack, target, self._live(stack)):
                status, execution = "FAILED", "UNAVAILABLE"
                reason = "No updates are to be performed." if target.transforms else UNCHANGED
        except (TemplateInvalid, Refused) as error:
            status, execution, reason = "FAILED", "UNAVAILABLE", str(error)
        made = ChangeSet(
            f"arn:{scope.partition}:cloudformation:{scope.region}:{scope.account}:changeSet/{name}/{uuid.uuid4()}",
            stack.id,
            name,
            self.store.clock(),
            status,
            execution,
            reason,
            {
                "target": target.as_json(),
                "changes": changes,
                "description": description,
                "kind": kind,
                "imports": found,
                "options": dict(wanted.options),
                "role": wanted.role,
            },
        )
        with self.store.writing(stack) as tx:
            if is_new and not self._is_there(scope, stack.name):
                tx.add_stack(stack)
                tx.event(stack, wanted.token, {"ResourceStatus": stack.status, "ResourceStatusReason": STARTED})
            tx.put_change_set(made)
        return made

    def execute(
        self,
        scope: Scope,
        principal: Principal,
        change_set: ChangeSet,
        token: str | None,
        disable_rollback: bool | None,
    ) -> None:
        """Begin what a change set says. Raises WrongStatus, Conflict."""
        if change_set.execution != "AVAILABLE":
            raise WrongStatus(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]"
            )
        stack, target = self.store.find(change_set.stack), change_set.target
        options = dict(change_set.document["options"])
        if disable_rollback is not None:
            options["on_failure"] = "DO_NOTHING" if disable_rollback else "ROLLBACK"
        options["change_set"] = change_set.id
        actor = self._actor(principal, change_set.document["role"], target.role)
        if change_set.document["kind"] == "IMPORT":
            self._import(stack, target, actor, token, {**options, "imports": change_set.document["imports"]})
            return
        if stack.status != "REVIEW_IN_PROGRESS":
            self._check_updatable(stack)
            self._update(stack, target, actor, token, options)
            return
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, status="CREATE_IN_PROGRESS", target=target)
            self._begin(tx, stack, "CREATE", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "CREATE_IN_PROGRESS", "ResourceStatusReason": STARTED})
            tx.executing(stack.id, change_set.id)
        self._workers.wake(stack.id)

    def delete_change_set(self, change_set: ChangeSet) -> None:
        """Forget a change set. Raises WrongStatus for one that is being executed."""
        if change_set.execution == "EXECUTE_IN_PROGRESS":
            raise WrongStatus(f"ChangeSet [{change_set.id}] cannot be deleted while it is executed")
        with self.store.writing() as tx:
            tx.drop_change_sets(lambda columns: columns.id == change_set.id)

    def changes(self, stack: Stack, target: Target, values: bool = False) -> list[dict[str, Any]]:
        """What bringing a stack to a target would change. Raises TemplateInvalid, Refused."""
        current = self.current(stack)
        return planned_changes(stack, target, current, type_of, self._live(stack), values=values)

    def current(self, stack: Stack) -> dict[str, Resource]:
        """The resources that a stack has, by logical id."""
        rows = self.store.resources(stack.id)
        shown = [row for row in rows if not row.gone or stack.deleted is not None]
        return {row.logical: row for row in shown}

    # --- parts

    def _changes_nothing(self, stack: Stack, target: Target) -> bool:
        try:
            return nothing_changes(self.changes(stack, target), stack, target, self._live(stack))
        except Refused:
            # What is wrong with a resource is told in its event.
            return False

    def _update(
        self, stack: Stack, target: Target, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> Stack:
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, status="UPDATE_IN_PROGRESS", reason=None, target=target, updated=tx.moment)
            if "policy" in options:
                tx.set_stack(stack.id, policy=options["policy"])
            self._begin(tx, stack, "UPDATE", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "UPDATE_IN_PROGRESS", "ResourceStatusReason": STARTED})
            if "change_set" in options:
                tx.executing(stack.id, options["change_set"])
            else:
                tx.executing(stack.id, None)
        self._workers.wake(stack.id)
        return stack

    def _import(
        self, stack: Stack, target: Target, actor: Principal, token: str | None, options: Mapping[str, Any]
    ) -> None:
        if stack.status != "REVIEW_IN_PROGRESS":
            self._check_updatable(stack)
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, status="IMPORT_IN_PROGRESS", reason=None, target=target)
            self._begin(tx, stack, "IMPORT", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": "IMPORT_IN_PROGRESS", "ResourceStatusReason": STARTED})
            tx.executing(stack.id, options["change_set"])
        self._workers.wake(stack.id)

    def _look_as(self, principal: Principal) -> Callable[[Stack, str], At]:
        """Where a resource that is not a stack's yet is looked up."""

        def at(stack: Stack, logical: str) -> At:
            tags: dict[str, str] = {}
            services, nested = self._calling(), Nesting(self)
            return At(
                stack.scope, principal, services, stack.name, stack.id, logical, 1, tags, nested, "", "", self.requests
            )

        return at

    def _go_on(
        self,
        stack: Stack,
        principal: Principal,
        role: str | None,
        token: str | None,
        status: str,
        options: Mapping[str, Any],
    ) -> Stack:
        actor = self._actor(principal, role, None if stack.target is None else stack.target.role)
        with self.store.writing(stack) as tx:
            tx.set_stack(stack.id, status=status, reason=STARTED)
            self._begin(tx, stack, "ROLLBACK", token, actor, options)
            tx.event(stack, token, {"ResourceStatus": status, "ResourceStatusReason": STARTED})
        self._workers.wake(stack.id)
        return stack

    def _begin(
        self, tx: Any, stack: Stack, kind: str, token: str | None, actor: Principal, options: Mapping[str, Any]
    ) -> None:
        document = {**options, "principal": principal_as_json(actor)}
        if "minutes" in options:
            document["deadline"] = time.time() + 60 * options["minutes"]
        tx.add_operation(Operation(str(uuid.uuid4()), stack.id, kind, token, False, document))

    def _actor(self, principal: Principal, role: str | None, kept: str | None = None) -> Principal:
        """In whose name a stack is worked on: a role's that the caller may pass, or that the stack has; else his own."""
        if role is not None:
            self._identity.pass_role(principal, role, "cloudformation.amazonaws.com")
        used = role or kept
        return principal if used is None else self._identity.session_of(used, "AWSCloudFormation")

    def _stack(
        self, scope: Scope, wanted: Wanted, identifier: str, status: str, target: Target | None, parent: Stack | None
    ) -> Stack:
        return Stack(
            id=identifier,
            scope=scope,
            name=wanted.name,
            status=status,
            reason=STARTED if status == "CREATE_IN_PROGRESS" else None,
            created=self.store.clock(),
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

    def _stack_for_change_set(self, scope: Scope, wanted: Wanted, kind: str) -> Stack:
        self._check_name(wanted.name)
        try:
            stack = self.store.stack(scope, wanted.name, deleted=False)
        except Missing:
            if kind == "UPDATE":
                raise Missing(f"Stack [{wanted.name}] does not exist", wanted.name) from None
            return self._stack(scope, wanted, _stack_id(scope, wanted.name), "REVIEW_IN_PROGRESS", None, None)
        if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise Invalid(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet [CREATE]."
            )
        if kind == "UPDATE" or (kind == "IMPORT" and stack.status != "REVIEW_IN_PROGRESS"):
            self._check_updatable(stack)
        return stack

    def _is_there(self, scope: Scope, name: str) -> bool:
        try:
            self.store.stack(scope, name, deleted=False)
        except Missing:
            return False
        return True

    def _made(self, scope: Scope, wanted: Wanted) -> Stack | None:
        try:
            stack = self.store.stack(scope, wanted.name, deleted=False)
        except Missing:
            return None
        return stack if self.store.with_token(stack.id, "CREATE", str(wanted.token)) else None

    def _check_name(self, name: str) -> None:
        if name.startswith("arn:"):
            return
        if not re.fullmatch(NAME, name) or len(name) > 128:
            raise Invalid(
                f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy constraint: Member "
                f"must satisfy regular expression pattern: {NAME}"
            )

    def _check_updatable(self, stack: Stack) -> None:
        if stack.status not in UPDATABLE:
            raise Invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")

    def _live(self, stack: Stack) -> Live:
        return Live(self.store, type_of, stack.scope, self.current(stack))

    def _runner(self, operation: Operation, wake: threading.Event, stopping: Callable[[], bool]) -> Runner:
        def ended(stack: Stack) -> None:
            if stack.parent is not None:
                self._workers.nudge(stack.parent)

        return Runner(
            self.store, type_of, self._calling(), operation, Nesting(self), self.requests, wake, stopping, ended
        )

    def _calling(self) -> Services:
        assert self._services is not None
        return self._services


class Exists(Invalid):
    """There is a change set of that name."""


def _check_policies(wanted: Wanted) -> None:
    for name in ("policy", "policy_meanwhile"):
        if name in wanted.options:
            policies.check_policy(wanted.options[name])


def _stack_id(scope: Scope, name: str) -> str:
    place = f"arn:{scope.partition}:cloudformation:{scope.region}:{scope.account}"
    return f"{place}:stack/{name}/{uuid.uuid4()}"
