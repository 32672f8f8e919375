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
from collections.abc import Callable, Mapping, Sequence

from studiolo.calling import Refused, Services
from studiolo.domain import AlreadyExists
from studiolo.stacks.custom import CustomRequests
from studiolo.stacks.forward import Forward, definitions_of, failed_to, imports_of
from studiolo.stacks.live import Live
from studiolo.stacks.model import Operation, Resource, Stack, Target
from studiolo.stacks.pace import Pace
from studiolo.stacks.steps import MOVING, Steps
from studiolo.stacks.store import Store, Writing
from studiolo.stacks.template import Definition, TemplateInvalid
from studiolo.stacks.types.base import Nested, ResourceType
from studiolo.stacks.values import current_of, outputs_of


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
        self._pace = Pace(store, operation, wake, stopping)

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
            self._pace.check()
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
            self._end(stack, "ROLLBACK_FAILED", failed_to("delete", failed))
        else:
            with self._store.writing(stack) as tx:
                tx.set_imports(stack, [])
                self._finish(tx, stack, "ROLLBACK_COMPLETE", None)

    def _clean_up(self, stack: Stack) -> None:
        """Delete what a successful update has replaced or dropped; what fails to go stays, and is said so."""
        wanted = set(definitions_of(stack, self._target(stack)))
        current = current_of(self._rows(stack))
        old = [row for row in self._rows(stack) if row.logical not in wanted or row != current[row.logical]]
        failed = self._remove(old, lambda row: _retained(row, replaced=row.logical in wanted))
        with self._store.writing(stack) as tx:
            for row in self._store.resources(stack.id):
                if row.gone or row.status == "DELETE_FAILED":
                    tx.drop(row)
            self._finish(tx, stack, "UPDATE_COMPLETE", failed_to("delete", failed) if failed else None)

    def _revert(self, stack: Stack) -> None:
        """Bring what an update has changed back to what it was."""
        skipped = set(self._operation.document.get("skip", ()))
        failed: list[str] = []
        steps = self._steps(stack)
        moving: dict[str, Resource] = {}
        rows = [row for row in self._rows(stack) if row.good is not None]
        for row in rows:
            self._pace.check()
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
            self._end(stack, "UPDATE_ROLLBACK_FAILED", failed_to("update", failed))
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
            tx.set_imports(stack, imports_of(self._store, self._types, stack, good))
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
            self._end(stack, "DELETE_FAILED", failed_to("delete", failed))
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
        target, imports = self._target(stack), self._operation.document["imports"]
        forward = self._forward_of(stack, target)
        try:
            definitions = definitions_of(stack, target)
            for logical, definition in definitions.items():
                self._pace.check()
                if logical in imports:
                    forward.adopt(definition, imports[logical])
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
            definitions = definitions_of(stack, target)
            failed = self._forward_of(stack, target).walk(definitions)
            if failed is not None:
                return failed
            self._succeed(stack, target, definitions, verb)
        except (TemplateInvalid, Refused, AlreadyExists) as error:
            return f"{str(error).removesuffix('.')}."
        return None

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
            tx.set_imports(stack, sorted({*imports_of(self._store, self._types, stack, target), *live.imports}))
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
        # What others need though nothing says so, as an internet gateway's attachment is by addresses: it goes after them.
        waiting: set[tuple[str, int]] = set()
        while True:
            self._pace.check()
            needed = set().union(*(row.depends for row in left.values())) if left else set()
            blocked = set(failed)
            moved = False
            for key, row in list(left.items()):
                if row.logical in needed or row.logical in blocked:
                    continue
                patient = any(other != key and other not in waiting and other[0] not in blocked for other in left)
                if row.state in ("deleting", "deleted") and row.operation == self._operation.id:
                    row = steps.carry_on(row, patient)
                elif retained(row) and row.physical is not None:
                    row = steps.skip(row)
                else:
                    self._pace.check()
                    row = steps.delete(row, patient=patient)
                left[key] = row
                waiting = waiting | {key} if row.state == "deleting" else waiting - {key}
                if row.gone:
                    del left[key]
                    moved = True
                elif row.state == "failed":
                    failed.append(row.logical)
            if not any(row.state in ("deleting", "deleted") for row in left.values()) and not moved:
                return sorted(set(failed))
            self._pace.pause(moved)

    # --- what they share

    def _settle(self, steps: Steps, moving: dict[str, Resource]) -> list[str]:
        failed = []
        while moving:
            self._pace.check()
            for logical, row in list(moving.items()):
                found = moving[logical] = steps.carry_on(row)
                if found.state not in MOVING:
                    del moving[logical]
                    failed += [logical] if found.state == "failed" else []
            self._pace.pause(False)
        return failed

    def _forward_of(self, stack: Stack, target: Target) -> Forward:
        steps = self._steps(stack)
        return Forward(self._store, self._types, stack, target, self._operation, steps, self._pace)

    def _steps(self, stack: Stack) -> Steps:
        return Steps(self._store, self._types, self._services, stack, self._operation, self._nested, self._requests)

    def _rows(self, stack: Stack) -> list[Resource]:
        return [row for row in self._store.resources(stack.id) if not row.gone]

    def _target(self, stack: Stack) -> Target:
        assert stack.target is not None
        return stack.target

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


def _retained(row: Resource, replaced: bool = False) -> bool:
    policy = row.definition["replace_policy" if replaced else "deletion_policy"]
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and row.good is not None)


def _name_of(identifier: str) -> str:
    return identifier.split("/")[1]
