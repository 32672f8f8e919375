"""How a session's Spark reaches objects."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.engine.plan import Plans
from studiolo.engine.size import Size
from studiolo.runtimes import Runtimes
from studiolo.server import CannotStart, serve
from studiolo.storage import StoreAccess

S3A = "spark.hadoop.fs.s3a"


def conf(settings: Settings) -> dict[str, str]:
    runtimes = Runtimes(settings)
    storage: Any = SimpleNamespace(access=StoreAccess("https://s3.example.org", "KEY", "secret"))
    plans = Plans(storage, settings, "http://127.0.0.1:1")
    return dict(plans.plan(runtimes.for_glue("5.0").runtime, Size(1, 1, 1024, 1, 1024), {}).conf)


def test_it_goes_by_the_door_and_no_key_is_in_its_configuration(tmp_path: Path) -> None:
    made = conf(Settings(data=tmp_path))
    assert made[f"{S3A}.endpoint"] == "http://127.0.0.1:1"
    assert made[f"{S3A}.aws.credentials.provider"].endswith("EC2ContainerCredentialsProviderWrapper")
    assert "secret" not in str(made.values())


def test_it_goes_straight_to_an_s3_of_one_s_own_where_a_person_says_so(tmp_path: Path) -> None:
    made = conf(Settings(data=tmp_path, s3_endpoint="https://s3.example.org", s3_direct=True))
    assert made[f"{S3A}.endpoint"] == "https://s3.example.org"
    assert made[f"{S3A}.secret.key"] == "secret"
    assert made[f"{S3A}.aws.credentials.provider"].endswith("SimpleAWSCredentialsProvider")


def test_without_an_s3_of_one_s_own_that_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="STUDIOLO_S3_ENDPOINT"):
        serve(Settings(data=tmp_path, s3_direct=True))
