"""Stacks as resources of stacks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.calling import Refused
from studiolo.domain import DomainError, Invalid
from studiolo.stacks.model import Stack
from studiolo.stacks.types.base import At
from studiolo.stacks.wanted import Wanted

if TYPE_CHECKING:
    from studiolo.stacks.stacks import Stacks

DEEPEST = 10
"""A template that names itself would be made without an end."""

CAPABILITIES = ("CAPABILITY_AUTO_EXPAND", "CAPABILITY_NAMED_IAM")
"""Who makes the outer stack has said to know of what is in it."""


class Nesting:
    """What the type AWS::CloudFormation::Stack does: in the name of who works on the outer stack, and may do it."""

    def __init__(self, stacks: "Stacks") -> None:
        self._stacks = stacks

    def create_nested(self, at: At, properties: Mapping[str, Any]) -> str:
        parent, wanted = self._stacks.store.find(at.stack_id), _wanted(at, properties)
        if self._depth(parent) >= DEEPEST:
            raise Refused(
                "LimitExceeded", f"Stacks are nested {DEEPEST} deep at most: {wanted.url} may lead to itself."
            )
        _require(at, "CreateStack", wanted.name, TemplateURL=wanted.url)
        try:
            made = self._stacks.create(at.scope, at.principal, wanted, parent)
        except DomainError as error:
            raise Refused("Stack", str(error)) from error
        return made.id

    def _depth(self, stack: Stack) -> int:
        """How many stacks a stack is in, itself too."""
        depth = 1
        while stack.parent is not None:
            depth, stack = depth + 1, self._stacks.store.find(stack.parent)
        return depth

    def update_nested(self, at: At, stack: str, properties: Mapping[str, Any]) -> None:
        found = self._stacks.store.find(stack)
        if found.running:
            # Before a crash it was asked already.
            return
        name = found.name
        wanted = _wanted(at, properties)
        _require(at, "UpdateStack", stack, TemplateURL=wanted.url)
        try:
            self._stacks.update(at.scope, at.principal, Wanted(**{**vars(wanted), "name": name, "token": None}))
        except Invalid as error:
            if str(error) != "No updates are to be performed.":
                raise Refused("Stack", str(error)) from error
        except DomainError as error:
            raise Refused("Stack", str(error)) from error

    def delete_nested(self, at: At, stack: str) -> None:
        _require(at, "DeleteStack", stack)
        try:
            self._stacks.delete(at.scope, at.principal, stack, None, None, ())
        except DomainError as error:
            raise Refused("Stack", str(error)) from error

    def find_nested(self, at: At, name: str) -> str | None:
        found = self._stacks.store.living(at.scope, name)
        return None if found is None else found.id

    def macro(self, at: At, name: str) -> str | None:
        return self._stacks.store.macro(at.scope, name)

    def status_of(self, stack: str) -> tuple[str, str | None]:
        found = self._stacks.store.find(stack)
        return found.status, found.reason

    def outputs_of(self, stack: str) -> Mapping[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self._stacks.store.find(stack).outputs}


def _require(at: At, operation: str, stack: str, **parameters: Any) -> None:
    """Raise Refused unless who works on the outer stack may do that to the inner one."""
    at.services.require(at.principal, at.scope.region, "cloudformation", operation, {"StackName": stack, **parameters})


def _wanted(at: At, properties: Mapping[str, Any]) -> Wanted:
    given = properties.get("Parameters") or {}
    minutes = properties.get("TimeoutInMinutes")
    return Wanted(
        at.name(128),
        url=properties["TemplateURL"],
        parameters={name: ",".join(v) if isinstance(v, list) else str(v) for name, v in given.items()},
        tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []},
        capabilities=CAPABILITIES,
        notifications=tuple(properties.get("NotificationARNs") or ()),
        options={} if minutes is None else {"minutes": int(minutes)},
    )
