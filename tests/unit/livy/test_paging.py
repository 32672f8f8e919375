"""Parts of Livy's lists."""

from typing import Any

import pytest

from studiolo.aws.http import HttpRequest
from studiolo.livy_door.rest import Asked, _slice


@pytest.mark.parametrize(
    ("query", "numbers"), [("", [0, 1, 2, 3]), ("from=1&size=2", [1, 2]), ("from=-1&size=2", [0]), ("size=-1", [])]
)
def test_a_part_begins_where_it_is_asked_to_also_before_the_first(query: str, numbers: list[int]) -> None:
    request: Any = HttpRequest("GET", f"/sessions?{query}", {}, b"")
    nothing: Any = None
    asked = Asked(nothing, nothing, request, nothing, ())
    assert [each["id"] for each in _slice(asked, [{"id": number} for number in range(4)], 100)] == numbers
