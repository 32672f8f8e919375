"""CloudFormation's stacks: templates, and an engine that brings resources to them."""

from studiolo.stacks.change_sets import Exists, WrongStatus
from studiolo.stacks.contexts import without_values
from studiolo.stacks.importing import Import
from studiolo.stacks.model import ChangeSet, Detection, Drift, Event, Resource, Stack, Target
from studiolo.stacks.stacks import ANSWERS, Stacks
from studiolo.stacks.store import STACK, Missing
from studiolo.stacks.template import Template, TemplateInvalid, load
from studiolo.stacks.types import find_type, type_names
from studiolo.stacks.wanted import (
    InsufficientCapabilities,
    Wanted,
    absent,
    needed_capabilities,
    processed,
    read_template,
)

__all__ = [
    "ANSWERS", "STACK", "ChangeSet", "Detection", "Drift", "Event", "Exists", "Import", "InsufficientCapabilities",
    "Missing", "Resource", "Stack", "Stacks", "Target", "Template", "TemplateInvalid", "Wanted",
    "WrongStatus", "absent", "find_type", "load", "needed_capabilities", "processed", "read_template", "type_names",
    "without_values",
]  # fmt: skip
