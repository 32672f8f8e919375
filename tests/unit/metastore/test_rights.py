"""What each method needs: a right for every one of them, and none that Glue does not have."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from studiolo.metastore.rights import DEPENDING, NEEDS, OPEN, needs
from tests.unit.metastore.test_interface import ROOMS, methods

STATED = Counter([*OPEN, *DEPENDING, *(name for lines in NEEDS.values() for line in lines for name in line.split())])


def test_each_method_has_its_right_told_once() -> None:
    assert Counter(name for room in ROOMS for name in methods(room)) == STATED


def test_a_method_of_which_no_right_is_told_cannot_be_called() -> None:
    with pytest.raises(KeyError):
        needs("get_everything", ())


def test_each_right_is_that_of_a_call_of_glue() -> None:
    calls = botocore.session.get_session().get_service_model("glue").operation_names
    told = {action for actions in NEEDS for action in actions}
    assert {action.removeprefix("glue:") for action in told} <= set(calls)


TABLE, PARTITION = (SimpleNamespace(statsDesc=SimpleNamespace(isTblLevel=whole)) for whole in (True, False))
OF_TABLE, OF_PARTITION = (f"glue:UpdateColumnStatisticsFor{of}" for of in ("Table", "Partition"))
CASCADE = SimpleNamespace(properties={"CASCADE": "true"})


@pytest.mark.parametrize(
    ("method", "arguments", "wanted"),
    [
        ("get_table_objects_by_name_req", [SimpleNamespace(tblNames=["t"])], {"glue:GetTable"}),
        ("get_table_objects_by_name_req", [SimpleNamespace(tblNames=None)], {"glue:GetTables"}),
        ("alter_table", ["air", "t", None], {"glue:UpdateTable"}),
        ("alter_table_with_cascade", ["air", "t", None, True], {"glue:UpdateTable", "glue:UpdatePartition"}),
        ("alter_table_with_environment_context", ["air", "t", None, None], {"glue:UpdateTable"}),
        (
            "alter_table_req",
            [SimpleNamespace(environmentContext=CASCADE)],
            {"glue:UpdateTable", "glue:UpdatePartition"},
        ),
        ("update_table_column_statistics", [PARTITION], {OF_PARTITION}),
        ("set_aggr_stats_for", [SimpleNamespace(colStats=[TABLE, PARTITION])], {OF_TABLE, OF_PARTITION}),
        (
            "delete_column_statistics_req",
            [SimpleNamespace(tableLevel=True)],
            {"glue:DeleteColumnStatisticsForTable"},
        ),
    ],
)
def test_what_a_method_does_by_its_arguments_it_needs_by_them(
    method: str, arguments: list[Any], wanted: set[str]
) -> None:
    assert set(needs(method, arguments)) == wanted
