"""Stack sets: one template's stacks in many accounts and regions of this server.

The permissions are self-managed: an administration role of the stack set's account takes on an execution role in each
target account, as their policies let it. One operation of a stack set runs at a time.
"""

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from studiolo.calling import Services
from studiolo.domain import Clock, Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.stacks.sets.model import (
    EXECUTION,
    RUNNING,
    STOPPING,
    Instance,
    NoInstance,
    NoOperation,
    NoStackSet,
    NotEmpty,
    NotStoppable,
    OperationExists,
    OperationInProgress,
    SetOperation,
    StackSet,
)
from studiolo.stacks.sets.preferences import Preferences
from studiolo.stacks.sets.runner import SERVICE, Roles, SetRunner, stack_name, template_of
from studiolo.stacks.sets.store import SetStore, SetWriting
from studiolo.stacks.stacks import Stacks
from studiolo.stacks.types import find_type
from studiolo.stacks.wanted import WantedTemplate, check_capabilities, needed_capabilities, read_template
from studiolo.stacks.workers import Workers
from studiolo.state import State

NAME = r"[a-zA-Z][-a-zA-Z0-9]{0,127}"

Place = tuple[str, str]
"""An account and a region."""

Change = Callable[[SetWriting, str], None]
"""What an operation, by its id, changes when it is written."""


@dataclass(frozen=True)
class WantedSet(WantedTemplate):
    """What is asked of a stack set. None stands for the previous value."""

    capabilities: tuple[str, ...] | None = None
    description: str | None = None
    administration: str | None = None
    execution: str | None = None


@dataclass(frozen=True)
class Asked:
    """What is asked of an operation: in which accounts and regions (none: where there are instances), and how.

    preferences: OperationPreferences as they were sent; id: its own, which also makes a repeated request the same.
    """

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    preferences: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


class StackSets:
    """The stack sets of every scope. `start` is given how to call the services, and goes on with what was begun."""

    def __init__(self, state: State, identity: Identity, stacks: Stacks, clock: Clock) -> None:
        self.store = SetStore(state, clock)
        self._identity = identity
        self._stacks = stacks
        self._roles = Roles(identity)
        self._services: Services | None = None
        self._workers = Workers(self.store.running, self._runner)
        # Of two requests at a time one finds what the other has begun.
        self._beginning = threading.Lock()

    def start(self, services: Services) -> None:
        self._services = services
        for stack_set in {operation.stack_set for operation in self.store.running()}:
            self._workers.wake(stack_set)

    def close(self) -> None:
        self._workers.close()

    # --- stack sets

    def create(self, scope: Scope, principal: Principal, wanted: WantedSet) -> StackSet:
        """Raises SetExists, Invalid, TemplateInvalid, InsufficientCapabilities, Denied."""
        if not re.fullmatch(NAME, wanted.name):
            raise Invalid(
                f"1 validation error detected: Value '{wanted.name[:200]}' at 'stackSetName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {NAME}"
            )
        if wanted.token is not None and (made := self._made(scope, wanted)) is not None:
            return made
        identifier = f"{wanted.name}:{uuid.uuid4()}"
        document = self._document(principal, wanted, None)
        made = StackSet(identifier, scope, wanted.name, wanted.name, self.store.clock(), document)
        with self.store.writing(made) as tx:
            tx.add()
        return made

    def update(self, scope: Scope, principal: Principal, wanted: WantedSet, asked: Asked) -> SetOperation:
        """Change a stack set, and begin to bring its instances to that: those asked for, else all.

        Raises NoStackSet, NoInstance, OperationInProgress, OperationExists and what `create` does.
        """
        stack_set = self.store.get(scope, wanted.name)
        if bool(asked.accounts) != bool(asked.regions):
            raise Invalid("Specify both Accounts and Regions, or neither of them.")
        document = self._document(principal, wanted, stack_set)
        changed = replace(stack_set, document=document)
        differs = any(document[name] != stack_set[name] for name in ("body", "parameters", "tags"))

        def change(tx: SetWriting, _operation: str) -> None:
            tx.change(document=document)
            if differs:
                tx.outdate()

        return self._begin(changed, "UPDATE", asked, self._there(changed, asked), {"wanted": asdict(wanted)}, change)

    def delete(self, scope: Scope, name: str) -> None:
        """Delete a stack set without instances. Raises NotEmpty, OperationInProgress. What is not there is deleted."""
        try:
            stack_set = self.store.get(scope, name)
        except NoStackSet:
            return
        with self._beginning:
            self._require_idle(stack_set)
            if self.store.instances(stack_set):
                raise NotEmpty("StackSet is not empty")
            with self.store.writing(stack_set) as tx:
                tx.change(live=None)

    # --- instances

    def create_instances(
        self, scope: Scope, name: str, asked: Asked, overrides: Mapping[str, str] | None
    ) -> SetOperation:
        """Begin to make stacks; those that are there are brought to what the stack set says. Raises as `update`."""
        stack_set = self.store.get(scope, name)
        _require_places(asked)
        places = self._ordered(asked, [(account, region) for region in asked.regions for account in asked.accounts])
        self._check_overrides(stack_set, overrides or {})
        known = {each.place: each for each in self.store.instances(stack_set)}

        def change(tx: SetWriting, operation: str) -> None:
            for place in places:
                if place not in known:
                    name, own = stack_name(stack_set.name), overrides or {}
                    tx.add_instance(
                        Instance(stack_set.id, *place, name, None, own, "OUTDATED", "PENDING", None, operation)
                    )
                elif overrides is not None:
                    tx.set_instance(place, overrides=dict(overrides))

        return self._begin(stack_set, "CREATE", asked, places, {"overrides": overrides}, change)

    def update_instances(
        self, scope: Scope, name: str, asked: Asked, overrides: Mapping[str, str | None] | None
    ) -> SetOperation:
        """Begin to bring stacks to other parameters: None as a value keeps the present one. Raises as `update`."""
        stack_set = self.store.get(scope, name)
        _require_places(asked)
        places = self._there(stack_set, asked)
        known = {each.place: each for each in self.store.instances(stack_set)}
        self._check_overrides(stack_set, overrides or {})
        values = {place: _overridden(known[place], overrides) for place in places}

        def change(tx: SetWriting, _operation: str) -> None:
            for place, given in values.items():
                tx.set_instance(place, overrides=given)

        return self._begin(stack_set, "UPDATE", asked, places, {"overrides": overrides}, change)

    def delete_instances(self, scope: Scope, name: str, asked: Asked, retain: bool) -> SetOperation:
        """Begin to delete stacks, or (`retain`) to let go of them. Raises as `update`."""
        stack_set = self.store.get(scope, name)
        _require_places(asked)
        wanted = {(account, region) for account in asked.accounts for region in asked.regions}
        there = [each.place for each in self.store.instances(stack_set) if each.place in wanted]
        return self._begin(stack_set, "DELETE", asked, self._ordered(asked, there), {"retain": retain})

    def detect_drift(self, scope: Scope, name: str, asked: Asked) -> SetOperation:
        """Begin to look at all stacks. Raises as `update`."""
        stack_set = self.store.get(scope, name)
        return self._begin(stack_set, "DETECT_DRIFT", asked, self._there(stack_set, asked), {})

    def stop(self, scope: Scope, name: str, identifier: str) -> None:
        """Begin nothing more in an operation; what is on its way goes on. Raises NotStoppable, NoOperation."""
        stack_set = self.store.get(scope, name)
        with self._beginning:
            operation = self.store.operation(stack_set, identifier)
            if not operation.under_way:
                raise NotStoppable(f"Operation {identifier} cannot be stopped: it is {operation.status}")
            with self.store.writing(stack_set, identifier) as tx:
                tx.set_operation(identifier, status=STOPPING)
        self._workers.wake(stack_set.id)

    # --- parts

    def _document(self, principal: Principal, wanted: WantedSet, before: StackSet | None) -> dict[str, Any]:
        """What a stack set is to be. Raises Invalid, TemplateInvalid, InsufficientCapabilities, Denied."""
        previous: Mapping[str, Any] = {} if before is None else before.document
        if wanted.administration is not None:
            self._identity.pass_role(principal, wanted.administration, SERVICE)
        text = self._stacks.targets.template_text(principal, wanted, previous.get("body"))
        template, transforms = read_template(text)
        unknown = [name for name in template.types if find_type(name) is None]
        if unknown and not transforms:
            raise Invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        capabilities = previous.get("capabilities", []) if wanted.capabilities is None else list(wanted.capabilities)
        check_capabilities(needed_capabilities(template), tuple(capabilities))
        had = previous.get("parameters", {})
        values = {name: had.get(name) if value is None else value for name, value in wanted.parameters.items()}
        parameters = {name: value for name, value in values.items() if value is not None}
        _check_parameters(template.parameters, parameters)
        return {
            "description": wanted.description or previous.get("description"),
            "body": text,
            "parameters": parameters,
            "tags": previous.get("tags", {}) if wanted.tags is None else dict(wanted.tags),
            "capabilities": capabilities,
            "administration": wanted.administration or previous.get("administration"),
            "execution": wanted.execution or previous.get("execution", EXECUTION),
            "token": wanted.token if before is None else before["token"],
        }

    def _made(self, scope: Scope, wanted: WantedSet) -> StackSet | None:
        try:
            found = self.store.get(scope, wanted.name)
        except NoStackSet:
            return None
        return found if found["token"] == wanted.token else None

    def _check_overrides(self, stack_set: StackSet, overrides: Mapping[str, str | None]) -> None:
        unknown = sorted(set(overrides) - set(template_of(stack_set).parameters))
        if unknown:
            raise Invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")

    def _there(self, stack_set: StackSet, asked: Asked) -> list[Place]:
        """The instances that are asked for, all where none are, in their order. Raises NoInstance, Invalid."""
        known = [each.place for each in self.store.instances(stack_set)]
        if not asked.accounts:
            return self._ordered(asked, sorted(known, key=lambda place: (place[1], place[0])))
        wanted = [(account, region) for region in asked.regions for account in asked.accounts]
        for account, region in wanted:
            if (account, region) not in known:
                raise NoInstance(
                    f"Stack instance not found for stack set {stack_set.id} in account {account}, region {region}"
                )
        return self._ordered(asked, wanted)

    def _ordered(self, asked: Asked, places: Sequence[Place]) -> list[Place]:
        """Each place once, region after region. Raises Invalid."""
        regions = Preferences.of(asked.preferences).ordered([region for _, region in places])
        return sorted(dict.fromkeys(places), key=lambda place: regions.index(place[1]))

    def _begin(
        self,
        stack_set: StackSet,
        kind: str,
        asked: Asked,
        places: Sequence[Place],
        more: Mapping[str, Any],
        change: Change = lambda _tx, _operation: None,
    ) -> SetOperation:
        """Write an operation, with what changes by it, and begin it. Asked for again, it is what it was.

        more: what else the request says, beside `asked`.
        """
        request = _digest({"kind": kind, "asked": asdict(asked), **more})
        with self._beginning:
            if asked.id is not None and (made := self._known(stack_set, asked.id)) is not None:
                if made.document["request"] != request:
                    raise OperationExists(f"Operation {asked.id} of StackSet {stack_set.arn} already exists")
                return made
            self._require_idle(stack_set)
            if places and not more.get("retain"):
                self._roles.administrator(stack_set)
            document = {
                "preferences": dict(asked.preferences),
                "retain": more.get("retain"),
                "administration": stack_set.administration,
                "execution": stack_set["execution"],
                "request": request,
            }
            identifier = asked.id or str(uuid.uuid4())
            made = SetOperation(stack_set.id, identifier, kind, RUNNING, self.store.clock(), None, document)
            status = {} if kind in ("DELETE", "DETECT_DRIFT") else {"status": "OUTDATED"}
            with self.store.writing(stack_set, made.id) as tx:
                change(tx, made.id)
                for place in places:
                    tx.set_instance(place, last=made.id, detailed="PENDING", reason=None, **status)
                tx.begin(made, places)
        self._workers.wake(stack_set.id)
        return made

    def _known(self, stack_set: StackSet, operation: str) -> SetOperation | None:
        try:
            return self.store.operation(stack_set, operation)
        except NoOperation:
            return None

    def _require_idle(self, stack_set: StackSet) -> None:
        for running in self.store.running(stack_set.id):
            raise OperationInProgress(f"Another Operation on StackSet {stack_set.arn} is in progress: {running.id}")

    def _runner(self, operation: SetOperation, wake: threading.Event, stopping: Callable[[], bool]) -> SetRunner:
        assert self._services is not None
        return SetRunner(self.store, self._stacks.store, self._roles, self._services, operation, wake, stopping)


def _require_places(asked: Asked) -> None:
    if not asked.accounts or not asked.regions:
        raise Invalid("Specify at least one account and at least one region.")


def _overridden(instance: Instance, overrides: Mapping[str, str | None] | None) -> dict[str, str]:
    """The overrides of an instance after an update: those that it names, and no others; all as they are for None."""
    if overrides is None:
        return dict(instance.overrides)
    kept = {name: instance.overrides.get(name) if value is None else value for name, value in overrides.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _check_parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> None:
    if unknown := sorted(set(given) - set(declared)):
        raise Invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := [name for name, each in declared.items() if "Default" not in each and name not in given]:
        raise Invalid(f"Parameters: [{', '.join(missing)}] must have values")


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
