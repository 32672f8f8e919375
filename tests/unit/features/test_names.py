"""Names of feature groups and features."""

import pytest

from studiolo.domain import Invalid
from studiolo.features.checking import check
from studiolo.features.model import Feature, Specification


def specification(*names: str) -> Specification:
    return Specification(names[0], "moment", tuple(Feature(name, "String") for name in (*names, "moment")), online=True)


@pytest.mark.parametrize("name", ["..", "../../x", "a/b", "a\0", "-a", "", "a%2fb", "a" * 65])
def test_a_group_has_a_name_that_leads_nowhere_else(name: str) -> None:
    check("air-2013", specification("id"))
    with pytest.raises(Invalid, match="featureGroupName"):
        check(name, specification("id"))


@pytest.mark.parametrize("name", ["../x", "a`b", 'a"b', "a b", "_a"])
def test_so_has_a_feature(name: str) -> None:
    check("air", specification("an_id", "tail-number"))
    with pytest.raises(Invalid, match="featureName"):
        check("air", specification("id", name))
