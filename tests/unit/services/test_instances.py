"""Instances that jobs ask for by an order of preference."""

from typing import Any

import pytest

from studiolo.aws.errors import ServiceError
from studiolo.services.sagemaker.instances import check_preferences, told

LARGE, SMALL = {"InstanceType": "ml.c5.xlarge"}, {"InstanceType": "ml.m5.large"}


def test_the_first_of_the_preferences_is_selected_with_its_count_or_that_of_all() -> None:
    one = {"InstancePreferences": [LARGE, SMALL], "InstanceCount": 2}
    each = {"InstancePreferences": [{**SMALL, "InstanceCount": 3}, {**LARGE, "InstanceCount": 1}]}
    for cluster in (one, each):
        check_preferences(cluster)
    assert told(one) == {**one, "SelectedInstanceType": "ml.c5.xlarge", "SelectedInstanceCount": 2}
    assert told(each) == {**each, "SelectedInstanceType": "ml.m5.large", "SelectedInstanceCount": 3}


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"InstancePreferences": [LARGE], "InstanceCount": 1, "InstanceType": "ml.m5.large"}, "InstanceType cannot"),
        ({"InstancePreferences": [LARGE, LARGE], "InstanceCount": 1}, "unique"),
        ({"InstancePreferences": [LARGE]}, "either once"),
        ({"InstancePreferences": [{**LARGE, "InstanceCount": 1}], "InstanceCount": 1}, "either once"),
        ({"InstancePreferences": [{**LARGE, "InstanceCount": 1}, SMALL]}, "either once"),
    ],
)
def test_preferences_that_leave_something_open_or_say_it_twice_are_refused(cluster: dict[str, Any], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        check_preferences(cluster)
