"""CloudFormation's stack sets, for the accounts of one server."""

from studiolo.stacks.sets.model import (
    OPERATION,
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
    Result,
    SetExists,
    SetOperation,
    StackSet,
)
from studiolo.stacks.sets.runner import template_of
from studiolo.stacks.sets.sets import Asked, StackSets, WantedSet

__all__ = [
    "OPERATION", "RUNNING", "STOPPING", "Asked", "Instance", "NoInstance", "NoOperation", "NoStackSet", "NotEmpty",
    "NotStoppable", "OperationExists", "OperationInProgress", "Result", "SetExists", "SetOperation", "StackSet",
    "StackSets", "WantedSet", "template_of",
]  # fmt: skip
