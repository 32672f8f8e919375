"""JSONPath as batch transform has it: what is selected keeps the shape that the path says.

Source: "Associate Prediction Results with Input Records" (Developer Guide): names, indexes, several of them, slices and
the wildcard. A path to one place gives its value, several names an object of these, anything else a list.
"""

import re
from typing import Any

from jsonpath import CompoundJSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import IndexSelector, NameSelector, SliceSelector, WildcardSelector

from studiolo.domain import Invalid

_ENVIRONMENT = JSONPathEnvironment(strict=True)
_KNOWN = (IndexSelector, NameSelector, SliceSelector, WildcardSelector)
_DOT_BRACKET = re.compile(r"\.(?=\[)")
"""`$.features.['a','b']`, as the guide writes it."""


class Path:
    """A compiled JSONPath. Raises Invalid for one that batch transform does not take."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        try:
            query = _ENVIRONMENT.compile(_DOT_BRACKET.sub("", expression))
        except JSONPathError as error:
            said = str(error).partition("\n")[0]
            raise Invalid(f"'{expression}' is not a JSONPath that starts at $: {said}.") from error
        if isinstance(query, CompoundJSONPath):
            raise Invalid(f"'{expression}' is more than one JSONPath.")
        self._query = query
        segments = list(query.segments)
        selectors = [list(getattr(segment, "selectors", ())) for segment in segments]
        if not all(isinstance(segment, JSONPathChildSegment) for segment in segments) or not all(
            isinstance(each, _KNOWN) for of_segment in selectors for each in of_segment
        ):
            raise Invalid(
                f"The JSONPath '{expression}' has an operator that batch transform does not know: it takes names, "
                "indexes, slices and *."
            )
        self._one = all(len(each) == 1 and isinstance(each[0], (IndexSelector, NameSelector)) for each in selectors)
        last = selectors[-1] if selectors else []
        self._named = len(last) > 1 and all(isinstance(each, NameSelector) for each in last)
        self._least = len([each for each in last if isinstance(each, (IndexSelector, NameSelector))])

    def of(self, value: Any) -> Any:
        """What it selects of the value. Raises Invalid for a place that is not there."""
        found = list(self._query.finditer(value))
        if len(found) < self._least:
            raise Invalid(f"The record has nothing at '{self.expression}', or not all of it.")
        if self._one:
            return found[0].value
        if self._named:
            return {match.parts[-1]: match.value for match in found}
        return [match.value for match in found]
