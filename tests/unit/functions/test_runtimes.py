"""What functions run on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.containers.environments import available_pythons
from studiolo.functions.runtimes import Runtimes


@pytest.mark.parametrize(
    ("runtime", "python"),
    [("python3.7", available_pythons()[0]), ("python3.9", available_pythons()[0]), ("python3.13", "3.13")],
)
def test_a_python_that_aws_s_client_has_left_behind_is_stood_in_for_by_the_nearest(runtime: str, python: str) -> None:
    wanted: list[Any] = []
    environments = SimpleNamespace(make=lambda environment, say: wanted.append(environment) or Path("/e/bin/python"))
    Runtimes(environments).ready(runtime, "index.handler")  # type: ignore[arg-type]
    assert wanted[0].python == python
