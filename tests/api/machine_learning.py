"""Requests that the tests of training and serving share: a plane through small whole numbers."""

from pathlib import Path
from typing import Any

LINEAR_LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ROWS = "\n".join(f"{3 * a - 2 * b + 1},{a},{b}" for a in range(20) for b in range(20))
"""The target is 3a - 2b + 1."""
HYPERPARAMETERS = {"predictor_type": "regressor", "feature_dim": "2", "mini_batch_size": "100", "epochs": "3"}
SOON = {"Delay": 1, "MaxAttempts": 60}


def held(folder: Path) -> dict[str, str]:
    """The Environment of a job whose algorithm does not begin before there is a file named `go` in the folder."""
    go = f"pathlib.Path({str(folder / 'go')!r})"
    hold = f"import pathlib, time\nwhile not {go}.exists():\n    time.sleep(0.02)\n"
    (folder / "sitecustomize.py").write_text(hold)
    return {"PYTHONPATH": str(folder)}


def channel(uri: str, name: str = "train", **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}, **more}


def training_job(name: str, role: str, bucket: str, **changes: Any) -> dict[str, Any]:
    """The CreateTrainingJob request of a linear learner on the rows at s3://<bucket>/train/."""
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": LINEAR_LEARNER, "TrainingInputMode": "File"},
        "HyperParameters": HYPERPARAMETERS,
        "InputDataConfig": [channel(f"s3://{bucket}/train/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **changes,
    }


def variant(name: str, model: str, weight: float = 1.0) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
        "InitialVariantWeight": weight,
    }
