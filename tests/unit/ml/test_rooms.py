"""How many instances copies of inference components need, by what instance types have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.ml.serving.rooms import Size, instances_for, size_of

ROOM = Size(4, 1000)
NEEDS = st.lists(st.builds(Size, st.sampled_from([0, 0.25, 1, 2, 4]), st.integers(128, 1000)), max_size=30)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("ml.t2.medium", Size(2, 4096)),
        ("ml.m5.large", Size(2, 8192)),
        ("ml.c5.xlarge", Size(4, 8192)),
        ("ml.r6i.2xlarge", Size(8, 65536)),
        ("ml.g5.12xlarge", Size(48, 196608)),
    ],
)
def test_an_instance_has_what_its_type_has(kind: str, size: Size) -> None:
    assert size_of(kind) == size


@given(NEEDS)
def test_the_instances_hold_what_is_needed_and_no_more_of_them_than_copies(needs: list[Size]) -> None:
    count = instances_for(needs, ROOM)
    assert count is not None
    assert count <= len(needs)
    assert sum(need.cores for need in needs) <= count * ROOM.cores
    assert sum(need.memory for need in needs) <= count * ROOM.memory


def test_nothing_holds_a_copy_that_is_larger_than_an_instance() -> None:
    assert instances_for([Size(5, 128)], ROOM) is None
    assert instances_for([Size(1, 1001)], ROOM) is None
