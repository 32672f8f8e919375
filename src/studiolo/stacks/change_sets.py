"""Change sets: what an update, a creation or an import would do, said before it is done."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from studiolo.calling import Refused
from studiolo.domain import Conflict, Invalid, Scope
from studiolo.identity import Principal
from studiolo.stacks.beginning import STARTED, Beginning, check_name, check_updatable, new_stack, new_stack_id
from studiolo.stacks.changes import nothing_changes, planned_changes
from studiolo.stacks.importing import Import, Importing, imported
from studiolo.stacks.live import Live
from studiolo.stacks.model import ChangeSet, Stack, Target
from studiolo.stacks.store import Missing, Store
from studiolo.stacks.template import TemplateInvalid
from studiolo.stacks.types import type_of
from studiolo.stacks.types.base import At
from studiolo.stacks.wanted import Targets, Wanted

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."

PAST = frozenset({"EXECUTE_COMPLETE", "EXECUTE_FAILED", "OBSOLETE"})
"""What has been executed gives its name free: the aws CLI takes the second for one, in which a deployment can end here."""


class WrongStatus(Conflict):
    """A change set is not in a state to be executed, or deleted."""


class Exists(Invalid):
    """There is a change set of that name."""


class ChangeSets:
    """The change sets of stacks."""

    def __init__(
        self,
        store: Store,
        targets: Targets,
        beginning: Beginning,
        at: Callable[[Principal, Stack, str], At],
    ) -> None:
        """at: where somebody looks up a resource, by its logical id, that is not a stack's yet."""
        self._store = store
        self._targets = targets
        self._beginning = beginning
        self._at = at

    def create(
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

        Raises AlreadyExists, Invalid and what `Stacks.update` does.
        """
        stack = self._stack(scope, wanted, kind)
        namesakes = [each for each in self._store.change_sets(stack.id) if each.name == name]
        if any(each.execution not in PAST for each in namesakes):
            raise Exists(f"ChangeSet {name} already exists")
        is_new = stack.status == "REVIEW_IN_PROGRESS"
        target = self._targets.target(
            scope, principal, wanted, None if is_new else stack.target, identifier=stack.id, by_change_set=True
        )
        actor = self._beginning.actor(principal, wanted.role, target.role)
        status, execution, reason, changes = "CREATE_COMPLETE", "AVAILABLE", None, []
        found: dict[str, str] = {}
        try:
            changes = self.changes(stack, target, values=True)
            if kind == "IMPORT":
                found = self._found(actor, stack, target, imports)
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
            self._store.clock(),
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
        with self._store.writing(stack) as tx:
            if is_new and self._store.living(scope, stack.name) is None:
                tx.add_stack(stack)
                tx.event(stack, wanted.token, {"ResourceStatus": stack.status, "ResourceStatusReason": STARTED})
            tx.drop_change_sets(lambda columns: columns.id.in_([each.id for each in namesakes]))
            tx.put_change_set(made)
        return made

    def execute(
        self,
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
        stack, target = self._store.find(change_set.stack), change_set.target
        options = dict(change_set.document["options"])
        if disable_rollback is not None:
            options["on_failure"] = "DO_NOTHING" if disable_rollback else "ROLLBACK"
        options["change_set"] = change_set.id
        actor = self._beginning.actor(principal, change_set.document["role"], target.role)
        begin = self._beginning.create_reviewed
        if stack.status != "REVIEW_IN_PROGRESS":
            check_updatable(stack)
            begin = self._beginning.update
        if change_set.document["kind"] == "IMPORT":
            options["imports"] = change_set.document["imports"]
            begin = self._beginning.import_resources
        begin(stack, target, actor, token, options)

    def delete(self, change_set: ChangeSet) -> None:
        """Forget a change set. Raises WrongStatus for one that is being executed."""
        if change_set.execution == "EXECUTE_IN_PROGRESS":
            raise WrongStatus(f"ChangeSet [{change_set.id}] cannot be deleted while it is executed")
        with self._store.writing() as tx:
            tx.drop_change_sets(lambda columns: columns.id == change_set.id)

    def changes(self, stack: Stack, target: Target, values: bool = False) -> list[dict[str, Any]]:
        """What bringing a stack to a target would change. Raises TemplateInvalid, Refused."""
        current = self._store.current(stack)
        return planned_changes(stack, target, current, type_of, self._live(stack), values=values)

    def changes_nothing(self, stack: Stack, target: Target) -> bool:
        """Raises TemplateInvalid."""
        try:
            return nothing_changes(self.changes(stack, target), stack, target, self._live(stack))
        except Refused:
            # What is wrong with a resource is told in its event.
            return False

    # --- parts

    def _found(self, actor: Principal, stack: Stack, target: Target, imports: Sequence[Import]) -> dict[str, str]:
        importing = Importing(self._store, type_of, lambda stack, logical: self._at(actor, stack, logical))
        return importing.found(stack, target, self._store.current(stack), imports)

    def _stack(self, scope: Scope, wanted: Wanted, kind: str) -> Stack:
        check_name(wanted.name)
        stack = self._store.living(scope, wanted.name)
        if stack is None:
            if kind == "UPDATE":
                raise Missing(f"Stack [{wanted.name}] does not exist", wanted.name)
            return new_stack(scope, wanted, new_stack_id(scope, wanted.name), self._store.clock(), None)
        if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise Invalid(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet [CREATE]."
            )
        if kind == "UPDATE" or (kind == "IMPORT" and stack.status != "REVIEW_IN_PROGRESS"):
            check_updatable(stack)
        return stack

    def _live(self, stack: Stack) -> Live:
        return Live(self._store, type_of, stack.scope, self._store.current(stack))
