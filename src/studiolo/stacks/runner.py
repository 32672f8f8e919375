"""An operation on a stack, from wherever it is to its end.

The stack's status says which phase it is in, the rows of its resources how far each is: a server that was killed goes on
from there.

    CREATE_IN_PROGRESS                            -> CREATE_COMPLETE, or ROLLBACK_IN_PROGRESS -> ROLLBACK_COMPLETE
    UPDATE_IN_PROGRESS                            -> UPDATE_COMPLETE_CLEANUP_IN_PROGRESS -> UPDATE_COMPLETE
                                                  or UPDATE_ROLLBACK_IN_PROGRESS
    UPDATE_ROLLBACK_IN_PROGRESS                   -> UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
                                                  -> UPDATE_ROLLBACK_COMPLETE
    DELETE_IN_PROGRESS                            -> DELETE_COMPLETE
    IMPORT_IN_PROGRESS                            -> IMPORT_COMPLETE, or IMPORT_ROLLBACK_IN_PROGRESS
                                                  -> IMPORT_ROLLBACK_COMPLETE
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import AlreadyExists
from studiolo.stacks import policies
from studiolo.stacks.custom import CustomRequests
from studiolo.stacks.deciding import Action, check_replacement, decide
from studiolo.stacks.live import Live
from studiolo.stacks.model import Operation, Resource, Stack, Target
from studiolo.stacks.steps import MOVING, Steps
from studiolo.stacks.store import Store, Writing
from studiolo.stacks.template import Definition, TemplateInvalid
from studiolo.stacks.types.base import Nested, ResourceType
from studiolo.stacks.values import Known, current_of, imports_in, kept_of, outputs_of, resolved
from studiolo.stacks.workers import Interrupted

SHORTEST, LONGEST = 0.02, 1.0
"""Seconds between two looks at what moves."""

MOST_AT_ONCE = 40
"""Resources of one stack that are on their way at a time."""


class Runner:
    """Runs one operation in one thread.

    wake: set when something may have arrived; stopping: whether to leave off; ended: told once all is done.
    """

    def __init__(
        self,
        store: Store,
        types: Callable[[str], ResourceType],
        services: Services,
        operation: Operation,
        nested: Nested,
        requests: CustomRequests,
        wake: threading.Event,
        stopping: Callable[[], bool],
        ended: Callable[[Stack], None],
    ) -> None:
        self._store = store
        self._types = types
        self._services = services
        self._operation = operation
        self._nested = nested
        self._requests = requests
        self._ended = ended
        self._wake = wake
        self._stopping = stopping
        self._delay = SHORTEST

    def run(self) -> None:
        """Bring the operation to its end. Raises Interrupted."""
        phases: Mapping[str, Callable[[Stack], None]] = {
            "CREATE_IN_PROGRESS": self._create,
            "ROLLBACK_IN_PROGRESS": self._roll_back,
            "UPDATE_IN_PROGRESS": self._update,
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": self._clean_up,
            "UPDATE_ROLLBACK_IN_PROGRESS": self._revert,
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": self._clean_up_reverted,
            "DELETE_IN_PROGRESS": self._delete,
            "IMPORT_IN_PROGRESS": self._import,
            "IMPORT_ROLLBACK_IN_PROGRESS": self._let_go,
        }
        while True:
            self._check()
            stack = self._store.find(self._operation.stack)
            phase = phases.get(stack.status)
            if phase is None:
                with self._store.writing(stack) as tx:
                    tx.end_operation(self._operation.id)
                self._ended(stack)
                return
            phase(stack)

    # --- the phases

    def _create(self, stack: Stack) -> None:
        failed = self._forward(stack, "CREATE")
        if failed is None:
            return
        option = self._operation.document.get("on_failure", "ROLLBACK")
        if option == "DO_NOTHING":
            self._end(stack, "CREATE_FAILED", failed)
        elif option == "DELETE":
            self._move(stack, "DELETE_IN_PROGRESS", f"{failed} Delete requested by user.")
        else:
            self._move(stack, "ROLLBACK_IN_PROGRESS", f"{failed} Rollback requested by user.")

    def _update(self, stack: Stack) -> None:
        failed = self._forward(stack, "UPDATE")
        if failed is None:
            return
        if self._operation.document.get("on_failure") == "DO_NOTHING":
            self._end(stack, "UPDATE_FAILED", failed)
        else:
            self._move(stack, "UPDATE_ROLLBACK_IN_PROGRESS", failed)

    def _roll_back(self, stack: Stack) -> None:
        keep_new = self._operation.document.get("retain_except_on_create", False)
        failed = self._remove(self._rows(stack), lambda row: _retained(row) and not keep_new)
        if failed:
            self._end(stack, "ROLLBACK_FAILED", _failed_to("delete", failed))
        else:
            with self._store.writing(stack) as tx:
                tx.set_imports(stack, [])
                self._finish(tx, stack, "ROLLBACK_COMPLETE", None)

    def _clean_up(self, stack: Stack) -> None:
        """Delete what a successful update has replaced or dropped; what fails to go stays, and is said so."""
        wanted = set(self._definitions(stack, self._target(stack)))
        current = current_of(self._rows(stack))
        old = [row for row in self._rows(stack) if row.logical not in wanted or row != current[row.logical]]
        failed = self._remove(old, lambda row: _retained(row, replaced=row.logical in wanted))
        with self._store.writing(stack) as tx:
            for row in self._store.resources(stack.id):
                if row.gone or row.status == "DELETE_FAILED":
                    tx.drop(row)
            self._finish(tx, stack, "UPDATE_COMPLETE", _failed_to("delete", failed) if failed else None)

    def _revert(self, stack: Stack) -> None:
        """Bring what an update has changed back to what it was."""
        skipped = set(self._operation.document.get("skip", ()))
        failed: list[str] = []
        steps = self._steps(stack)
        moving: dict[str, Resource] = {}
        rows = [row for row in self._rows(stack) if row.good is not None]
        for row in rows:
            self._check()
            before = dict(row.good["properties"]) if row.good is not None else {}
            back = row.with_(properties=before, definition=dict(row.good["definition"]) if row.good else row.definition)
            touched = row.properties != before or row.state in ("updating", "updated")
            if row.logical in skipped:
                back = back.with_(state="done", status="UPDATE_COMPLETE")
                with self._store.writing() as tx:
                    tx.put(back)
            elif row.operation == self._operation.id and row.state == "updated" and row.properties == before:
                moving[row.logical] = row
            elif touched:
                # One that was on its way back when the server ended has the properties of both.
                is_going_back = row.properties == before
                found = steps.update(back, row.definition.get("before", before) if is_going_back else row.properties)
                if found.state in MOVING:
                    moving[row.logical] = found
                failed += [row.logical] if found.state == "failed" else []
            elif row.definition != back.definition or row.state == "failed":
                with self._store.writing() as tx:
                    tx.put(back.with_(state="done", status="UPDATE_COMPLETE", reason=None))
        failed += self._settle(steps, moving)
        if failed:
            self._end(stack, "UPDATE_ROLLBACK_FAILED", _failed_to("update", failed))
        else:
            self._move(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None)

    def _clean_up_reverted(self, stack: Stack) -> None:
        """Delete what a failed update has made."""
        new = [row for row in self._rows(stack) if row.good is None]
        self._remove(new, _retained)
        with self._store.writing(stack) as tx:
            for row in self._store.resources(stack.id):
                if row.good is None:
                    tx.drop(row)
            good = stack.good or self._target(stack)
            tx.set_stack(stack.id, target=good)
            tx.set_imports(stack, self._imports(stack, good))
            self._finish(tx, stack, "UPDATE_ROLLBACK_COMPLETE", None)

    def _delete(self, stack: Stack) -> None:
        used = [row for row in self._store.exports(stack.scope) if row.stack == stack.id]
        for export in used:
            if importers := self._store.importers(stack.scope, export.name):
                by = " and ".join(_name_of(importer) for importer in importers)
                self._end(stack, "DELETE_FAILED", f"Export {export.name} cannot be deleted as it is in use by {by}")
                return
        retained = set(self._operation.document.get("retain", ()))
        failed = self._remove(self._rows(stack), lambda row: _retained(row) or row.logical in retained)
        if failed:
            self._end(stack, "DELETE_FAILED", _failed_to("delete", failed))
            return
        with self._store.writing(stack) as tx:
            tx.set_exports(stack, {})
            tx.set_imports(stack, [])
            tx.drop_change_sets(lambda columns: columns.stack == stack.id)
            tx.drop_drifts(stack.id)
            tx.set_stack(stack.id, live=None, deleted=tx.moment)
            self._finish(tx, stack, "DELETE_COMPLETE", None)
        self._requests.forget(stack.id)

    def _import(self, stack: Stack) -> None:
        """Take what is there for the stack's."""
        target, imports, steps = self._target(stack), self._operation.document["imports"], self._steps(stack)
        known = Known(self._rows(stack))
        try:
            definitions = self._definitions(stack, target)
            for definition in definitions.values():
                self._check()
                row = known.current.get(definition.logical)
                if definition.logical not in imports or (row is not None and row.state == "done"):
                    continue
                if row is None:
                    properties = self._properties(stack, target, definition, known.current)
                    generation = known.next_generation(definition.logical)
                    row = self._row(stack, definition, properties, generation, "IMPORT")
                known.note(steps.adopt(row, imports[definition.logical]))
            self._succeed(stack, target, definitions, "IMPORT")
        except (TemplateInvalid, Refused, AlreadyExists) as error:
            self._move(stack, "IMPORT_ROLLBACK_IN_PROGRESS", str(error))

    def _let_go(self, stack: Stack) -> None:
        """Be without what a failed import has taken; it stays as it is."""
        with self._store.writing(stack) as tx:
            for row in self._rows(stack):
                if row.good is None:
                    tx.drop(row)
            tx.set_stack(stack.id, target=stack.good or self._target(stack))
            self._finish(tx, stack, "IMPORT_ROLLBACK_COMPLETE", stack.reason)

    # --- forward

    def _forward(self, stack: Stack, verb: str) -> str | None:
        """Bring every resource to what the target wants; why that failed, None where the stack has moved on."""
        target = self._target(stack)
        try:
            definitions = self._definitions(stack, target)
            failed = self._walk(stack, target, definitions)
            if failed is not None:
                return failed
            self._succeed(stack, target, definitions, verb)
        except (TemplateInvalid, Refused, AlreadyExists) as error:
            return str(error)
        return None

    def _walk(self, stack: Stack, target: Target, definitions: Mapping[str, Definition]) -> str | None:
        steps = self._steps(stack)
        known = Known(self._store.resources(stack.id))
        done: set[str] = set()
        moving: dict[str, Resource] = {}
        failed: dict[str, str] = {}
        why = ""
        while len(done) < len(definitions):
            before = len(done)
            operation = self._check()
            if operation.cancelled:
                why = "Stack update was cancelled by the user."
            elif self._late():
                why = "The stack did not complete within its TimeoutInMinutes."
            if not failed and not why:
                for logical, definition in definitions.items():
                    if logical in done or logical in moving or not set(definition.depends) <= done:
                        continue
                    if len(moving) >= MOST_AT_ONCE:
                        break
                    self._check()
                    row = known.note(self._begin(stack, target, definition, known, steps))
                    self._sort(row, logical, done, moving, failed)
                    if failed:
                        break
            if failed or why:
                for row in moving.values():
                    steps.cancel(row)
                told = [
                    _failed_to(verb, [logical for logical, failing in failed.items() if failing == verb])
                    for verb in ("create", "update")
                    if verb in failed.values()
                ]
                return why or " ".join(told)
            for logical, row in list(moving.items()):
                del moving[logical]
                self._sort(known.note(steps.carry_on(row)), logical, done, moving, failed)
            self._pause(len(done) > before)
        return None

    def _sort(
        self, row: Resource | None, logical: str, done: set[str], moving: dict[str, Resource], failed: dict[str, str]
    ) -> None:
        if row is not None and row.state in MOVING:
            moving[logical] = row
        elif row is not None and row.state == "failed":
            failed[logical] = "create" if row.status == "CREATE_FAILED" else "update"
        else:
            done.add(logical)

    def _begin(
        self, stack: Stack, target: Target, definition: Definition, known: Known, steps: Steps
    ) -> Resource | None:
        """The first step of a resource; None where there is nothing to do."""
        row = known.current.get(definition.logical)
        if row is not None and row.operation == self._operation.id and row.state != "done":
            return steps.carry_on(row) if row.state in MOVING else row
        generation = known.next_generation(definition.logical)
        kept = kept_of(definition)
        try:
            kind = self._types(definition.type)
            properties = self._properties(stack, target, definition, known.current)
            if row is None or row.physical is None:
                fresh = self._row(stack, definition, properties, generation, "CREATE")
                return steps.create(fresh)
            return self._changed(stack, kind, row, definition, properties, generation, steps)
        except (TemplateInvalid, Refused) as error:
            at = row or self._row(stack, definition, {}, generation, "CREATE")
            verb = "CREATE" if row is None else "UPDATE"
            return steps.fail(at.with_(status=f"{verb}_IN_PROGRESS", definition={**at.definition, **kept}), error)

    def _changed(
        self,
        stack: Stack,
        kind: ResourceType,
        row: Resource,
        definition: Definition,
        properties: dict[str, Any],
        generation: int,
        steps: Steps,
    ) -> Resource | None:
        action = Action.REPLACE if row.type != definition.type else decide(kind, properties, row.properties)
        if action is Action.NOTHING and row.state != "failed":
            if row.definition != kept_of(definition):
                with self._store.writing() as tx:
                    tx.put(row.with_(definition=kept_of(definition)))
            return None
        if action is Action.REPLACE:
            policies.require(stack.policy, "Update:Replace", row.logical, row.type)
            if row.type == definition.type:
                check_replacement(kind, properties, row.properties)
            fresh = self._row(stack, definition, properties, generation, "UPDATE")
            words = "Requested update requires the creation of a new physical resource; hence creating one."
            return steps.create(fresh, words)
        policies.require(stack.policy, "Update:Modify", row.logical, row.type)
        return steps.update(row.with_(properties=properties, definition=kept_of(definition)), row.properties)

    def _row(
        self, stack: Stack, definition: Definition, properties: dict[str, Any], generation: int, verb: str
    ) -> Resource:
        return Resource(
            stack=stack.id,
            logical=definition.logical,
            generation=generation,
            type=definition.type,
            physical=None,
            status=f"{verb}_IN_PROGRESS",
            reason=None,
            changed=self._store.clock(),
            operation=self._operation.id,
            state="creating",
            definition=kept_of(definition),
            properties=properties,
            attributes={},
            good=None,
        )

    def _properties(
        self, stack: Stack, target: Target, definition: Definition, current: Mapping[str, Resource]
    ) -> dict[str, Any]:
        live = Live(self._store, self._types, stack.scope, current)
        properties = resolved(stack, target, definition, self._types(definition.type), live)
        if live.imports:
            known = set(self._imports(stack, target))
            with self._store.writing() as tx:
                tx.set_imports(stack, sorted(known | live.imports))
        return properties

    def _succeed(self, stack: Stack, target: Target, definitions: Mapping[str, Definition], verb: str) -> None:
        """Take the target as the stack's good state, with its outputs and exports. Raises where these cannot be."""
        rows = self._rows(stack)
        current = current_of(rows)
        live = Live(self._store, self._types, stack.scope, current)
        outputs = outputs_of(stack, target, live)
        exported = {each["ExportName"]: each["OutputValue"] for each in outputs if "ExportName" in each}
        for row in self._store.exports(stack.scope):
            if row.stack == stack.id and exported.get(row.name) != row.value:
                importers = [each for each in self._store.importers(stack.scope, row.name) if each != stack.id]
                if importers:
                    change = "updated" if row.name in exported else "deleted"
                    by = " and ".join(map(_name_of, importers))
                    raise TemplateInvalid(f"Export {row.name} cannot be {change} as it is in use by {by}")
        with self._store.writing(stack) as tx:
            tx.set_exports(stack, exported)
            tx.set_imports(stack, sorted({*self._imports(stack, target), *live.imports}))
            for logical in definitions:
                made = current[logical]
                good = {"properties": dict(made.properties), "definition": dict(made.definition)}
                tx.put(made.with_(good=good))
            tx.set_stack(stack.id, good=target, outputs=outputs)
            if verb != "UPDATE":
                self._finish(tx, stack, f"{verb}_COMPLETE", None)
            else:
                self._told(tx, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None)

    # --- removal

    def _remove(self, rows: Sequence[Resource], retained: Callable[[Resource], bool]) -> list[str]:
        """Delete resources, each after those that depend on it; the logical ids of those that failed to go."""
        stack = self._store.find(self._operation.stack)
        steps = self._steps(stack)
        left = {(row.logical, row.generation): row for row in rows}
        failed: list[str] = []
        while True:
            self._check()
            needed = set().union(*(row.depends for row in left.values())) if left else set()
            blocked = set(failed)
            moved = False
            for key, row in list(left.items()):
                if row.logical in needed or row.logical in blocked:
                    continue
                if row.state in ("deleting", "deleted") and row.operation == self._operation.id:
                    row = steps.carry_on(row)
                elif retained(row) and row.physical is not None:
                    row = steps.skip(row)
                else:
                    self._check()
                    row = steps.delete(row)
                left[key] = row
                if row.gone:
                    del left[key]
                    moved = True
                elif row.state == "failed":
                    failed.append(row.logical)
            if not any(row.state in ("deleting", "deleted") for row in left.values()) and not moved:
                return sorted(set(failed))
            self._pause(moved)

    # --- what they share

    def _settle(self, steps: Steps, moving: dict[str, Resource]) -> list[str]:
        failed = []
        while moving:
            self._check()
            for logical, row in list(moving.items()):
                found = moving[logical] = steps.carry_on(row)
                if found.state not in MOVING:
                    del moving[logical]
                    failed += [logical] if found.state == "failed" else []
            self._pause(False)
        return failed

    def _steps(self, stack: Stack) -> Steps:
        return Steps(self._store, self._types, self._services, stack, self._operation, self._nested, self._requests)

    def _rows(self, stack: Stack) -> list[Resource]:
        return [row for row in self._store.resources(stack.id) if not row.gone]

    def _target(self, stack: Stack) -> Target:
        assert stack.target is not None
        return stack.target

    def _definitions(self, stack: Stack, target: Target) -> dict[str, Definition]:
        return target.template.definitions(target.template.evaluator(target.values(stack.scope, stack.name, stack.id)))

    def _imports(self, stack: Stack, target: Target) -> list[str]:
        """The exports that a target uses."""
        live = Live(self._store, self._types, stack.scope, current_of(self._rows(stack)))
        evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
        evaluator.resources = live
        for definition in self._definitions(stack, target).values():
            for imported in imports_in(definition.properties):
                evaluator.value(imported)
        return sorted(live.imports)

    def _move(self, stack: Stack, status: str, reason: str | None) -> None:
        with self._store.writing(stack) as tx:
            self._told(tx, stack, status, reason)

    def _end(self, stack: Stack, status: str, reason: str | None) -> None:
        with self._store.writing(stack) as tx:
            self._finish(tx, stack, status, reason)

    def _finish(self, tx: Writing, stack: Stack, status: str, reason: str | None) -> None:
        if "change_set" in self._operation.document:
            done = status in ("CREATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE")
            tx.executed(self._operation.document["change_set"], "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED")
        self._told(tx, stack, status, reason)

    def _told(self, tx: Writing, stack: Stack, status: str, reason: str | None) -> None:
        if reason is not None and stack.target is not None:
            reason = stack.target.hidden(reason)
        tx.set_stack(stack.id, status=status, reason=reason)
        told = (
            {"ResourceStatus": status} if reason is None else {"ResourceStatus": status, "ResourceStatusReason": reason}
        )
        tx.event(stack, self._operation.token, told)

    def _late(self) -> bool:
        deadline = self._operation.document.get("deadline")
        return deadline is not None and time.time() > deadline

    def _check(self) -> Operation:
        """Raise Interrupted where this operation is not to go on here."""
        if self._stopping():
            raise Interrupted
        operation = next(
            (each for each in self._store.running(self._operation.stack) if each.id == self._operation.id), None
        )
        if operation is None:
            raise Interrupted
        return operation

    def _pause(self, moved: bool) -> None:
        self._delay = SHORTEST if moved else min(LONGEST, self._delay * 1.5)
        if not moved:
            self._wake.wait(self._delay)
            self._wake.clear()


def _retained(row: Resource, replaced: bool = False) -> bool:
    policy = row.definition["replace_policy" if replaced else "deletion_policy"]
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and row.good is not None)


def _failed_to(verb: str, names: Sequence[str]) -> str:
    return f"The following resource(s) failed to {verb}: [{', '.join(sorted(names))}]."


def _name_of(identifier: str) -> str:
    return identifier.split("/")[1]
