"""Stacks: what a template describes, made, changed and deleted together."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from studiolo.calling import Services
from studiolo.domain import Clock, Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.objects import Objects
from studiolo.stacks import policies
from studiolo.stacks.beginning import STARTED, Beginning, check_name, check_updatable, new_stack, new_stack_id
from studiolo.stacks.change_sets import ChangeSets
from studiolo.stacks.custom import CustomRequests
from studiolo.stacks.drift import Drifts
from studiolo.stacks.model import Operation, Stack
from studiolo.stacks.nesting import Nesting
from studiolo.stacks.runner import Runner
from studiolo.stacks.store import Missing, Store
from studiolo.stacks.types import find_type, type_of
from studiolo.stacks.types.base import At
from studiolo.stacks.wanted import Targets, Wanted
from studiolo.stacks.workers import Workers
from studiolo.state import State

ANSWERS = "/_studiolo/responses/"
"""Where functions of custom resources answer, each under a token of its own."""


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
        self._services: Services | None = None
        self.targets = Targets(
            objects, self._calling, find_type, hosts, self.store.macro, identity.policies.of_aws_by_name
        )
        self.drifts = Drifts(self.store, type_of, self._calling, Nesting(self), self.requests)
        self._workers = Workers(self.store.running, self._runner)
        self._beginning = Beginning(self.store, identity, self._workers)
        self.change_sets = ChangeSets(self.store, self.targets, self._beginning, self._at)

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
        check_name(wanted.name)
        identifier = new_stack_id(scope, wanted.name)
        target = self.targets.target(scope, principal, wanted, None, identifier=identifier)
        _check_policies(wanted)
        actor = self._beginning.actor(principal, wanted.role)
        stack = new_stack(scope, wanted, identifier, self.store.clock(), target, parent)
        self._beginning.create(stack, actor, wanted.token, wanted.options)
        return stack

    def update(self, scope: Scope, principal: Principal, wanted: Wanted) -> Stack:
        """Begin to change a stack. Raises Conflict, Missing, TemplateInvalid and what `create` does."""
        stack = self.store.stack(scope, wanted.name, deleted=False)
        if wanted.token is not None and self.store.with_token(stack.id, "UPDATE", wanted.token):
            return stack
        check_updatable(stack)
        target = self.targets.target(scope, principal, wanted, stack.target, identifier=stack.id)
        actor = self._beginning.actor(principal, wanted.role, target.role)
        _check_policies(wanted)
        if self.change_sets.changes_nothing(stack, target):
            raise Invalid("No updates are to be performed.")
        self._beginning.update(stack, target, actor, wanted.token, wanted.options)
        return stack

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
        actor = self._beginning.actor(principal, role, None if stack.target is None else stack.target.role)
        with self.store.writing(stack) as tx:
            if stack.status == "REVIEW_IN_PROGRESS":
                tx.set_stack(stack.id, status="DELETE_COMPLETE", live=None, deleted=tx.moment)
                tx.drop_change_sets(lambda columns: columns.stack == stack.id)
                return stack
            for operation in self.store.running(stack.id):
                tx.end_operation(operation.id)
            self._beginning.operation(tx, stack, "DELETE", token, actor, {"retain": list(retain)})
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

    # --- parts

    def _go_on(
        self,
        stack: Stack,
        principal: Principal,
        role: str | None,
        token: str | None,
        status: str,
        options: Mapping[str, Any],
    ) -> Stack:
        actor = self._beginning.actor(principal, role, None if stack.target is None else stack.target.role)
        self._beginning.rollback(stack, status, actor, token, options)
        return stack

    def _at(self, principal: Principal, stack: Stack, logical: str) -> At:
        tags: dict[str, str] = {}
        services, nested = self._calling(), Nesting(self)
        return At(
            stack.scope, principal, services, stack.name, stack.id, logical, 1, tags, nested, "", "", self.requests
        )

    def _made(self, scope: Scope, wanted: Wanted) -> Stack | None:
        stack = self.store.living(scope, wanted.name)
        return stack if stack is not None and self.store.with_token(stack.id, "CREATE", str(wanted.token)) else None

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


def _check_policies(wanted: Wanted) -> None:
    for name in ("policy", "policy_meanwhile"):
        if name in wanted.options:
            policies.check_policy(wanted.options[name])
