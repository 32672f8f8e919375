"""The resources of a stack on their way to what a target wants, each after those that it depends on."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks import policies
from studiolo.stacks.deciding import Action, check_replacement, decide
from studiolo.stacks.live import Live
from studiolo.stacks.model import Operation, Resource, Stack, Target
from studiolo.stacks.pace import Pace
from studiolo.stacks.steps import MOVING, Steps
from studiolo.stacks.store import Store
from studiolo.stacks.template import Definition, TemplateInvalid
from studiolo.stacks.types.base import ResourceType
from studiolo.stacks.values import Known, current_of, imports_in, kept_of, resolved

Types = Callable[[str], ResourceType]

MOST_AT_ONCE = 40
"""Resources of one stack that are on their way at a time."""


class Forward:
    """One walk of one operation."""

    def __init__(
        self,
        store: Store,
        types: Types,
        stack: Stack,
        target: Target,
        operation: Operation,
        steps: Steps,
        pace: Pace,
    ) -> None:
        self._store = store
        self._types = types
        self._stack = stack
        self._target = target
        self._operation = operation
        self._steps = steps
        self._pace = pace
        self._policy = operation.document.get("policy_meanwhile") or stack.policy
        self._known = Known(store.resources(stack.id))
        self._done: set[str] = set()
        self._moving: dict[str, Resource] = {}
        self._failed: dict[str, str] = {}
        """Of each that has failed, the verb."""

    def walk(self, definitions: Mapping[str, Definition]) -> str | None:
        """Bring them all there; why that failed. Raises Interrupted."""
        if self._keeps_what_is_to_go(definitions):
            return " ".join(self._failures())
        while len(self._done) < len(definitions):
            before = len(self._done)
            why = self._why_not(self._pace.check())
            if not self._failed and not why:
                self._begin_all(definitions)
            if self._failed or why:
                for row in self._moving.values():
                    self._steps.cancel(row)
                return why or " ".join(self._failures())
            for logical, row in list(self._moving.items()):
                del self._moving[logical]
                self._sort(self._known.note(self._steps.carry_on(row)), logical)
            self._pace.pause(len(self._done) > before)
        return None

    def _keeps_what_is_to_go(self, definitions: Mapping[str, Definition]) -> bool:
        """Whether the stack's policy keeps one of the resources that the target has no more."""
        for row in self._known.current.values():
            if row.logical in definitions or row.gone or self._operation.kind != "UPDATE":
                continue
            try:
                policies.require(self._policy, "Update:Delete", row.logical, row.type)
            except Refused as error:
                self._steps.fail(row.with_(status="UPDATE_IN_PROGRESS"), error)
                self._failed[row.logical] = "update"
        return bool(self._failed)

    def adopt(self, definition: Definition, physical: str) -> None:
        """Take what is there for a resource, unless that is done already."""
        row = self._known.current.get(definition.logical)
        if row is not None and row.state == "done":
            return
        if row is None:
            properties = self._properties(definition)
            row = self._row(definition, properties, self._known.next_generation(definition.logical), "IMPORT")
        self._known.note(self._steps.adopt(row, physical))

    def _why_not(self, operation: Operation) -> str:
        """Why nothing more is to begin; nothing where it may."""
        if operation.cancelled:
            return "Stack update was cancelled by the user."
        deadline = operation.document.get("deadline")
        if deadline is not None and time.time() > deadline:
            return "The stack did not complete within its TimeoutInMinutes."
        return ""

    def _failures(self) -> list[str]:
        return [
            failed_to(verb, [logical for logical, failing in self._failed.items() if failing == verb])
            for verb in ("create", "update")
            if verb in self._failed.values()
        ]

    def _begin_all(self, definitions: Mapping[str, Definition]) -> None:
        """Begin what waits for nothing any more, until one fails."""
        for logical, definition in definitions.items():
            begun = logical in self._done or logical in self._moving
            if begun or not set(definition.depends) <= self._done:
                continue
            if len(self._moving) >= MOST_AT_ONCE:
                return
            self._pace.check()
            self._sort(self._known.note(self._begin(definition)), logical)
            if self._failed:
                return

    def _sort(self, row: Resource | None, logical: str) -> None:
        if row is not None and row.state in MOVING:
            self._moving[logical] = row
        elif row is not None and row.state == "failed":
            self._failed[logical] = "create" if row.status == "CREATE_FAILED" else "update"
        else:
            self._done.add(logical)

    def _begin(self, definition: Definition) -> Resource | None:
        """The first step of a resource; None where there is nothing to do."""
        row = self._known.current.get(definition.logical)
        if row is not None and row.operation == self._operation.id and row.state != "done":
            return self._steps.carry_on(row) if row.state in MOVING else row
        generation = self._known.next_generation(definition.logical)
        try:
            kind = self._types(definition.type)
            properties = self._properties(definition)
            if row is None or row.physical is None:
                return self._steps.create(self._row(definition, properties, generation, "CREATE"))
            return self._changed(kind, row, definition, properties, generation)
        except (TemplateInvalid, Refused) as error:
            at = row or self._row(definition, {}, generation, "CREATE")
            verb = "CREATE" if row is None else "UPDATE"
            kept = {**at.definition, **kept_of(definition)}
            return self._steps.fail(at.with_(status=f"{verb}_IN_PROGRESS", definition=kept), error)

    def _changed(
        self, kind: ResourceType, row: Resource, definition: Definition, properties: dict[str, Any], generation: int
    ) -> Resource | None:
        action = Action.REPLACE if row.type != definition.type else decide(kind, properties, row.properties)
        kept = kept_of(definition)
        if action is Action.NOTHING and row.state != "failed":
            if row.definition != kept:
                with self._store.writing() as tx:
                    tx.put(row.with_(definition=kept))
            return None
        if action is Action.REPLACE:
            policies.require(self._policy, "Update:Replace", row.logical, row.type)
            if row.type == definition.type:
                check_replacement(kind, properties, row.properties)
            fresh = self._row(definition, properties, generation, "UPDATE")
            words = "Requested update requires the creation of a new physical resource; hence creating one."
            return self._steps.create(fresh, words)
        policies.require(self._policy, "Update:Modify", row.logical, row.type)
        return self._steps.update(row.with_(properties=properties, definition=kept), row.properties)

    def _row(self, definition: Definition, properties: dict[str, Any], generation: int, verb: str) -> Resource:
        return Resource(
            stack=self._stack.id,
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

    def _properties(self, definition: Definition) -> dict[str, Any]:
        live = Live(self._store, self._types, self._stack.scope, self._known.current)
        properties = resolved(self._stack, self._target, definition, self._types(definition.type), live)
        if live.imports:
            known = set(imports_of(self._store, self._types, self._stack, self._target))
            with self._store.writing() as tx:
                tx.set_imports(self._stack, sorted(known | live.imports))
        return properties


def definitions_of(stack: Stack, target: Target) -> dict[str, Definition]:
    """The resources that a target has, by logical id. Raises TemplateInvalid."""
    return target.template.definitions(target.template.evaluator(target.values(stack.scope, stack.name, stack.id)))


def imports_of(store: Store, types: Types, stack: Stack, target: Target) -> list[str]:
    """The exports that a target uses."""
    rows = [row for row in store.resources(stack.id) if not row.gone]
    live = Live(store, types, stack.scope, current_of(rows))
    evaluator = target.template.evaluator(target.values(stack.scope, stack.name, stack.id))
    evaluator.resources = live
    for definition in definitions_of(stack, target).values():
        for imported in imports_in(definition.properties):
            evaluator.value(imported)
    return sorted(live.imports)


def failed_to(verb: str, names: Sequence[str]) -> str:
    return f"The following resource(s) failed to {verb}: [{', '.join(sorted(names))}]."
