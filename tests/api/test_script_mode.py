"""Scripts of a person's own in the images of frameworks: trained and served, and what goes wrong in them."""

import io
import re
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.machine_learning import ROWS, SOON, channel, training_job
from tests.conftest import Server

IMAGE = "141502667606.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"


@pytest.fixture(scope="module")
def rows(client: Callable[..., Any], bucket: str) -> str:
    client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    return bucket


def test_a_script_is_trained_and_served_with_the_sdk_unchanged(
    server: Server, role: str, rows: str, tmp_path: Path
) -> None:
    script = Path(__file__).with_name("sdk_script_mode.py")
    ran = subprocess.run(
        [sys.executable, script, role, rows, tmp_path],
        env={**server.environment(), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert [
        line for line in ran.stdout.splitlines() if line.startswith(("learned", "said", "predicted", "refused"))
    ] == [
        "learned: train:error True",
        "said: ['a \"quoted\" one', 2] hello you ",
        "predicted: [21, 1]",
        "refused: ModelError True",
    ]


def code(files: dict[str, str]) -> bytes:
    """A sourcedir.tar.gz of the files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


WRONG = {
    "raises": (
        {"train.py": "raise SystemExit(7)"},
        r"^AlgorithmError: ExecuteUserScriptError:\nExitCode 7(?s:.*)train.py.*, exit code: 1$",
    ),
    "unresolved": (
        {"train.py": "", "requirements.txt": "numpy==999\n"},
        r"^ClientError: The packages of requirements.txt cannot be had\. .*no version of numpy==999",
    ),
    "escapes": ({"train.py": "", "../evil.py": ""}, r"^ClientError: The code of the job, s3://.*'\.\./evil.py' leaves"),
    "missing": (None, r"^ClientError: The code of the job, s3://.* cannot be read \(NoSuchKey"),
}


@pytest.fixture(scope="module")
def reasons(client: Callable[..., Any], role: str, rows: str) -> dict[str, str]:
    """Why jobs failed that ran at once."""
    sagemaker, s3 = client("sagemaker"), client("s3")
    run = uuid.uuid4().hex[:8]
    for name, (files, _) in WRONG.items():
        key = f"code/{name}.tar.gz"
        if files is not None:
            s3.put_object(Bucket=rows, Key=key, Body=code(files))
        hyperparameters = {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{rows}/{key}"',
            "sagemaker_region": '"eu-central-1"',
        }
        sagemaker.create_training_job(
            **training_job(
                f"{name}-{run}",
                role,
                rows,
                AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
                HyperParameters=hyperparameters,
                InputDataConfig=[channel(f"s3://{rows}/train/")],
            )
        )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    reasons = {}
    for name in WRONG:
        with pytest.raises(Exception, match="Failed"):
            waiter.wait(TrainingJobName=f"{name}-{run}", WaiterConfig={**SOON, "MaxAttempts": 300})
        reasons[name] = sagemaker.describe_training_job(TrainingJobName=f"{name}-{run}")["FailureReason"]
    return reasons


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_in_a_script_or_its_code_is_the_reason_of_the_job(name: str, reasons: dict[str, str]) -> None:
    assert re.search(WRONG[name][1], reasons[name]), reasons[name]


def test_an_image_that_is_not_here_is_refused_with_what_can_be_done(
    client: Callable[..., Any], role: str, rows: str
) -> None:
    specification = {
        "TrainingImage": "012345678901.dkr.ecr.eu-central-1.amazonaws.com/mine:1",
        "TrainingInputMode": "File",
    }
    sagemaker = client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError, match=r"built-in algorithm.*framework.*images\.json.*Docker"):
        sagemaker.create_training_job(**training_job("mine", role, rows, AlgorithmSpecification=specification))
