"""Requests that the tests of training and serving share: a plane through small whole numbers."""

import json
import random
import uuid
from typing import Any

from tests.conftest import trust_policy

LINEAR_LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
ROWS = "\n".join(f"{3 * a - 2 * b + 1},{a},{b}" for a in range(20) for b in range(20))
"""The target is 3a - 2b + 1."""
HYPERPARAMETERS = {"predictor_type": "regressor", "feature_dim": "2", "mini_batch_size": "100", "epochs": "3"}
SOON = {"Delay": 1, "MaxAttempts": 60}


def lasting(s3: Any, bucket: str, models: int = 500) -> dict[str, Any]:
    """Changes to a job's request with which its algorithm works for minutes, or as long as so many `models` take."""
    draw = random.Random(1)  # noqa: S311 - data, and no secret
    rows = ((draw.randrange(40), *(draw.random() for _ in range(8))) for _ in range(2000))
    s3.put_object(
        Bucket=bucket, Key="lasting/rows.csv", Body="\n".join(",".join(map(str, row)) for row in rows).encode()
    )
    return {
        "HyperParameters": {
            "predictor_type": "multiclass_classifier",
            "num_classes": "40",
            "num_models": str(models),
            "epochs": "100000",
            "early_stopping_patience": "100000",
        },
        "InputDataConfig": [channel(f"s3://{bucket}/lasting/", name) for name in ("train", "validation")],
    }


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


def tuning_job(name: str, role: str, bucket: str, **config: Any) -> dict[str, Any]:
    """The CreateHyperParameterTuningJob request of two trials of the linear learner's weight decay."""
    definition = training_job("", role, bucket)
    static = definition.pop("HyperParameters")
    del definition["TrainingJobName"]
    uri = f"s3://{bucket}/train/"
    ranges = {"ContinuousParameterRanges": [{"Name": "wd", "MinValue": "1e-7", "MaxValue": "1e-3"}]}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:objective_loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
            **config,
        },
        "TrainingJobDefinition": {
            **definition,
            "StaticHyperParameters": static,
            "InputDataConfig": [channel(uri), channel(uri, "validation")],
        },
    }


def limited_role(iam: Any, *statements: dict[str, Any]) -> str:
    """The ARN of a role for SageMaker that may do what the statements allow."""
    name = f"role-{uuid.uuid4().hex[:8]}"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy())["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="limits", PolicyDocument=json.dumps(policy))
    return arn


def allow(action: str | list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": [f"arn:aws:s3:::{resource}" for resource in resources]}


def variant(name: str, model: str, weight: float = 1.0) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
        "InitialVariantWeight": weight,
    }
