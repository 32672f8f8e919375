"""Pipelines of SageMaker, through boto3 and the SageMaker SDK."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server

Client = Callable[..., Any]


def test_the_sdk_s_pipeline_prepares_trains_decides_and_makes_a_model(server: Server, role: str, bucket: str) -> None:
    script = Path(__file__).parent / "sdk_pipeline.py"
    done = subprocess.run(
        [sys.executable, str(script), role, bucket],
        env=server.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if ": " in line][-8:] == []
