"""Views that have a text for each of several engines (Glue's ViewDefinition), and how their texts change."""

from collections.abc import Mapping
from typing import Any

from studiolo.domain import Invalid

TEXTS = "Representations"


def changed_view(
    before: Mapping[str, Any] | None, asked: Mapping[str, Any] | None, action: str | None
) -> Mapping[str, Any] | None:
    """The definition after an update: the texts of the asked dialects are added, replaced or dropped, the others stay.

    action: ADD, REPLACE, ADD_OR_REPLACE or DROP. Raises Invalid where it is missing or out of place.
    """
    if before is None:
        if action is not None:
            raise Invalid("View update action is only supported on multi-dialect views.")
        return asked
    if action is None:
        if asked != before:
            raise Invalid("The definition of a multi-dialect view changes with a view update action only.")
        return before
    if asked is None:
        raise Invalid(f"The view update action {action} needs a ViewDefinition.")
    texts = {each.get("Dialect"): each for each in before.get(TEXTS) or ()}
    for each in asked.get(TEXTS) or ():
        dialect = each.get("Dialect")
        if action == "ADD" and dialect in texts:
            raise Invalid(f"The view has a representation of the dialect {dialect} already.")
        if action in ("REPLACE", "DROP") and dialect not in texts:
            raise Invalid(f"The view has no representation of the dialect {dialect}.")
        texts[dialect] = each
        if action == "DROP":
            del texts[dialect]
    if not texts:
        raise Invalid("A multi-dialect view needs a representation.")
    return {**before, **asked, TEXTS: list(texts.values())}
