"""Scripts in the images of all frameworks, whose environments are of GBs: by the option --frameworks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.machine_learning import ROWS
from tests.conftest import Server


@pytest.fixture(autouse=True)
def _asked_for(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--frameworks"):
        pytest.skip("environments of GBs: make test-all, or --frameworks")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("framework", ["sklearn", "pytorch", "tensorflow"])
def test_a_script_of_a_framework_is_trained_and_served_with_the_sdk(
    framework: str, server: Server, role: str, bucket: str, tmp_path: Path
) -> None:
    server.client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_frameworks.py"), framework, role, bucket, tmp_path],
        env={**server.environment(), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "predicted: [21, 1]" in ran.stdout


@pytest.mark.timeout(1800)
def test_a_model_of_transformers_is_served_by_its_task_with_the_sdk(server: Server, role: str, bucket: str) -> None:
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_hugging_face.py"), role, bucket],
        env={**server.environment(), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "predicted: POS" in ran.stdout
    assert "refused: 400 InternalServerException" in ran.stdout
