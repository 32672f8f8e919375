"""What a transform job writes down of the objects that went in and came out."""

import pytest

from studiolo.containers.batch.captures import manifest
from studiolo.containers.objects import Address


@pytest.mark.parametrize(
    ("keys", "prefix", "names"),
    [
        (["in/a.csv"], "s3://b/in/", ["a.csv"]),
        (["in/2/a.csv", "in/1/b.csv"], "s3://b/in/", ["1/b.csv", "2/a.csv"]),
        (["in/a.csv", "in2/a.csv"], "s3://b/", ["in/a.csv", "in2/a.csv"]),
        (["a.csv", "in/a.csv"], "s3://b/", ["a.csv", "in/a.csv"]),
    ],
)
def test_a_manifest_names_objects_below_the_folder_that_they_share(
    keys: list[str], prefix: str, names: list[str]
) -> None:
    assert manifest([Address("b", key) for key in keys]) == [{"prefix": prefix}, *names]
