"""The steps of one resource: made, changed, deleted; journaled before and after each call.

States: creating -> created -> done; updating -> updated -> done; deleting -> deleted -> done; or failed. The first of
each is written before the call, so that after a crash it is known that there may be something; the second once the call
has been answered, until what was asked for has arrived.
"""

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from studiolo.calling import Refused, Services
from studiolo.stacks.custom import CUSTOM, CustomRequests
from studiolo.stacks.live import owner_of, secrets_resolved
from studiolo.stacks.model import Operation, Resource, Stack
from studiolo.stacks.store import Store
from studiolo.stacks.template import TemplateInvalid
from studiolo.stacks.types import find_type, type_of
from studiolo.stacks.types.base import At, Nested, NotUpdatable, Properties, ResourceType

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MOVING = frozenset({"creating", "created", "updating", "updated", "deleting", "deleted"})
NEEDED = frozenset({"DependencyViolation", "DeleteConflict"})
"""The codes by which services refuse to delete what something else needs."""

OWN_WORDS = frozenset({"CustomNamed", "StackPolicy", "NotUpdatable", "Stack", "Properties", CUSTOM})
"""The codes of what the engine itself refuses, not a service: the words are told as they are."""

CANCELLED = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}


class Steps:
    """The steps of the resources of one stack, within one operation."""

    def __init__(
        self,
        store: Store,
        types: Callable[[str], ResourceType],
        services: Services,
        stack: Stack,
        operation: Operation,
        nested: Nested,
        requests: CustomRequests,
    ) -> None:
        self._store = store
        self._types = types
        self._services = services
        self._stack = stack
        self._operation = operation
        self._principal = operation.principal
        self._nested = nested
        self._requests = requests

    def at(self, resource: Resource) -> At:
        target = self._stack.target
        given = {} if target is None else target.tags
        kept = {key: value for key, value in given.items() if key.startswith("aws:")}
        tags = {**kept, **owner_of(self._stack), "aws:cloudformation:logical-id": resource.logical}
        if resource.generation > 1:
            tags["studiolo:generation"] = str(resource.generation)
        return At(
            self._stack.scope,
            self._principal,
            self._services,
            self._stack.name,
            self._stack.id,
            resource.logical,
            resource.generation,
            tags,
            self._nested,
            resource.type,
            self._operation.id,
            self._requests,
        )

    def create(self, resource: Resource, words: str | None = None) -> Resource:
        """Make a resource, whose row is new."""
        return self._checked(self._write(resource.with_(state="creating", reason=words), properties=True))

    def adopt(self, resource: Resource, physical: str) -> Resource:
        """Take what is there for a resource, whose row is new. Raises Refused."""
        return self._look(self._write(resource.with_(physical=physical, state="created"), properties=True))

    def _checked(self, resource: Resource) -> Resource:
        """Make a resource unless its template gives it a name that something has: that would be taken for its own."""
        kind = self._types(resource.type)
        name = kind.custom_name(resource.properties)
        if name is None:
            return self._make(resource)
        try:
            found = _ask(kind.find, self.at(resource), resource.properties)
        except Refused as error:
            if not error.denied:
                return self.fail(resource, error)
            found = None
        if found is not None:
            return self.fail(resource, Refused("AlreadyExists", f"{name} already exists"))
        return self._make(self._journal(resource.with_(definition={**resource.definition, "begun": True})))

    def carry_on(self, resource: Resource, patient: bool = False) -> Resource:
        """The next step of what moves: look whether it has arrived, or repeat the call whose answer is not known."""
        try:
            if resource.state == "creating":
                return self._found_or_made(resource)
            if resource.state in ("created", "updated"):
                return self._look(resource)
            if resource.state == "updating":
                return self.update(resource, resource.definition["before"], again=True)
            if resource.state == "deleting":
                return self.delete(resource, again=True, patient=patient)
            if _ask(self._types(resource.type).is_gone, self.at(resource), str(resource.physical)):
                return self._deleted(resource)
        except Refused as error:
            return self.fail(resource, error)
        return resource

    def update(self, resource: Resource, before: Properties, again: bool = False) -> Resource:
        """Change a resource in place from `before` to its properties."""
        kind, at = self._types(resource.type), self.at(resource)
        if not again:
            definition = {**resource.definition, "before": dict(before)}
            status = "UPDATE_IN_PROGRESS"
            resource = self._write(
                resource.with_(state="updating", status=status, reason=None, definition=definition), properties=True
            )
        try:
            _ask(kind.update, at, str(resource.physical), self._final(resource.properties), before)
            found = self._look(resource.with_(state="updated"))
            return self._journal(found) if found.state == "updated" else found
        except NotUpdatable as error:
            # Nothing was changed.
            return self.fail(resource.with_(properties=before), error)
        except Refused as error:
            return self.fail(resource, error)

    def delete(self, resource: Resource, again: bool = False, patient: bool = False) -> Resource:
        """Delete a resource. patient: what others still need is to be tried again, as they may be going."""
        kind, at = self._types(resource.type), self.at(resource)
        if resource.state == "creating":
            try:
                resource = resource.with_(physical=_ask(kind.find, at, resource.properties))
            except Refused:
                resource = resource.with_(physical=None)
        if resource.physical is None:
            # Nothing was made.
            return self._journal(resource.with_(state="done", status="DELETE_COMPLETE"))
        if not again:
            resource = self._write(resource.with_(state="deleting", status="DELETE_IN_PROGRESS", reason=None))
        try:
            _ask(kind.delete, at, str(resource.physical), resource.properties)
            gone = _ask(kind.is_gone, at, str(resource.physical))
        except Refused as error:
            if patient and error.code in NEEDED:
                return resource
            if not error.missing:
                return self.fail(resource, error)
            gone = True
        return self._deleted(resource) if gone else self._journal(resource.with_(state="deleted"))

    def skip(self, resource: Resource) -> Resource:
        """Let a resource be what it is: it is the stack's no more."""
        return self._write(resource.with_(state="done", status="DELETE_SKIPPED", reason=None))

    def cancel(self, resource: Resource) -> Resource:
        """Wait no more for a resource that is on its way, as others have failed."""
        verb = resource.status.partition("_")[0]
        return self._write(resource.with_(state="failed", status=f"{verb}_FAILED", reason=CANCELLED[verb]))

    def fail(self, resource: Resource, error: Exception) -> Resource:
        """Note that a step has failed, and what it may have left."""
        physical = resource.physical
        kind = self._types(resource.type)
        begun = "begun" in resource.definition or kind.custom_name(resource.properties) is None
        if resource.state == "creating" and physical is None and begun and not _exists(error):
            try:
                physical = _ask(kind.find, self.at(resource), resource.properties)
            except Refused:
                physical = None
        verb = resource.status.partition("_")[0]
        return self._write(
            resource.with_(physical=physical, state="failed", status=f"{verb}_FAILED", reason=worded(error)),
            properties=verb != "DELETE",
        )

    def _found_or_made(self, resource: Resource) -> Resource:
        kind = self._types(resource.type)
        if kind.custom_name(resource.properties) is not None and not resource.definition.get("begun"):
            return self._checked(resource)
        physical = _ask(kind.find, self.at(resource), resource.properties)
        return self._make(resource) if physical is None else self._initiated(resource, physical)

    def _make(self, resource: Resource) -> Resource:
        kind = self._types(resource.type)
        try:
            physical = _ask(kind.create, self.at(resource), self._final(resource.properties))
        except Refused as error:
            return self.fail(resource, error)
        return self._initiated(resource, physical)

    def _initiated(self, resource: Resource, physical: str) -> Resource:
        made = resource.with_(physical=physical, state="created", reason="Resource creation Initiated")
        made = self._write(made, properties=True)
        try:
            return self._look(made)
        except Refused as error:
            return self.fail(made, error)

    def _look(self, resource: Resource) -> Resource:
        """Whether what was made, or changed, has arrived. Raises Refused."""
        kind, at, physical = self._types(resource.type), self.at(resource), str(resource.physical)
        if not _ask(kind.ready, at, physical, resource.properties):
            return resource
        settled = _ask(kind.settled, at, physical, resource.properties)
        attributes = _ask(kind.attributes, at, physical, resource.properties)
        verb = resource.status.partition("_")[0]
        definition = {name: value for name, value in resource.definition.items() if name not in ("before", "begun")}
        done = resource.with_(
            physical=settled,
            state="done",
            status=f"{verb}_COMPLETE",
            reason=None,
            attributes=attributes,
            definition=definition,
        )
        if verb == "UPDATE" and settled != physical:
            return self._replaced(resource, done)
        return self._write(done, properties=True)

    def _replaced(self, resource: Resource, done: Resource) -> Resource:
        """A change has made another thing of a resource: that is the next generation, and what was before goes later.

        Where the change was one back to what was good, what it has made is what is good now.
        """
        known = [row.generation for row in self._store.resources(self._stack.id) if row.logical == resource.logical]
        back = resource.good is not None and resource.good["properties"] == resource.properties
        good = resource.good if back else None
        old = resource.with_(state="done", status="UPDATE_COMPLETE", reason=None, definition=done.definition)
        old = old.with_(good=None) if back else old.with_(properties=dict(resource.definition["before"]))
        with self._store.writing() as tx:
            tx.put(old)
        return self._write(done.with_(generation=max(known) + 1, good=good), properties=True)

    def _deleted(self, resource: Resource) -> Resource:
        return self._write(resource.with_(state="done", status="DELETE_COMPLETE", reason=None))

    def _final(self, properties: Properties) -> dict[str, Any]:
        """Properties as the services are given them: with what dynamic references stand for."""
        resolved: dict[str, Any] = secrets_resolved(
            dict(properties), self._services, self._principal, self._stack.scope.region
        )
        return resolved

    def _journal(self, resource: Resource) -> Resource:
        """Write a row without an event, where it says anything new."""
        changed = resource.with_(changed=self._store.clock(), operation=self._operation.id)
        with self._store.writing() as tx:
            tx.put(changed)
        return changed

    def _write(self, resource: Resource, properties: bool = False) -> Resource:
        """Write a row, and the event that tells of it."""
        changed = resource.with_(changed=self._store.clock(), operation=self._operation.id)
        told: dict[str, Any] = {
            "LogicalResourceId": changed.logical,
            "PhysicalResourceId": changed.physical or "",
            "ResourceType": changed.type,
            "ResourceStatus": changed.status,
        }
        if changed.reason is not None:
            told["ResourceStatusReason"] = self._shown(changed.reason)
        if properties:
            told["ResourceProperties"] = self._shown(json.dumps(changed.properties, default=str))
        with self._store.writing() as tx:
            tx.put(changed)
            tx.event(self._stack, self._operation.token, told)
        return changed

    def _shown(self, text: str) -> str:
        """A text without what parameters, and the functions of custom resources, say is not to be shown."""
        target = self._stack.target
        if target is None:
            return text
        if any(type_of(name).any_properties for name in target.template.types if find_type(name) is not None):
            for secret in self._requests.hidden(self._stack.id):
                text = text.replace(secret, "****")
        return target.hidden(text)


def _ask(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a type of resource answers. A bug of it fails its resource, and the log has the traceback. Raises Refused."""
    try:
        return method(*args, **kwargs)
    except Refused:
        raise
    except Exception as error:
        log.exception("a type of resource failed")
        raise Refused("InternalFailure", f"An internal error, of which the log says more: {error!r}") from error


def worded(error: Exception) -> str:
    """Why a step failed, in CloudFormation's words."""
    if isinstance(error, TemplateInvalid):
        return str(error)
    if isinstance(error, Refused) and error.code not in OWN_WORDS:
        return (
            f'Resource handler returned message: "{error.message}" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {_handler_code(error)})"
        )
    return str(error)


def _handler_code(error: Refused) -> str:
    if error.exists:
        return "AlreadyExists"
    if error.missing:
        return "NotFound"
    if error.denied:
        return "AccessDenied"
    if error.code == "NotStabilized":
        return "NotStabilized"
    invalid = ("Invalid", "Validation", "Malformed", "MissingParameter", "Parameter")
    return "InvalidRequest" if error.code.startswith(invalid) else "GeneralServiceException"


def _exists(error: Exception) -> bool:
    return isinstance(error, NotUpdatable) or (isinstance(error, Refused) and error.exists)
