"""SageMaker's container contract for training: the /opt/ml layout, its configuration files, the SM_* variables.

Source: "How Amazon SageMaker AI provides training information" and the variables of sagemaker-training-toolkit.
"""

import json
import os
from pathlib import Path
from typing import Any

from studiolo.ml.training.job import TrainingSpecification

HOST = "algo-1"


def lay_out(root: Path, specification: TrainingSpecification) -> None:
    """Make the folders and configuration files under `root`, which the algorithm sees as /opt/ml."""
    for folder in ("input/config", "input/data", "model", "output/data", "code"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    config = root / "input/config"
    (config / "hyperparameters.json").write_text(json.dumps(dict(specification.hyperparameters)))
    (config / "inputdataconfig.json").write_text(json.dumps(_channels(specification)))
    (config / "resourceconfig.json").write_text(json.dumps(_resources()))


def variables(base: Path, name: str, arn: str, specification: TrainingSpecification) -> dict[str, str]:
    """The variables that tell the algorithm's program of its job; it finds /opt/ml at `base`."""
    hyperparameters = specification.hyperparameters
    names = [channel.name for channel in specification.channels]
    return {
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINING_JOB_NAME": name,
        "TRAINING_JOB_ARN": arn,
        "SM_MODEL_DIR": str(base / "model"),
        "SM_INPUT_DIR": str(base / "input"),
        "SM_INPUT_CONFIG_DIR": str(base / "input/config"),
        "SM_OUTPUT_DIR": str(base / "output"),
        "SM_OUTPUT_DATA_DIR": str(base / "output/data"),
        "SM_CHANNELS": json.dumps(names),
        **{f"SM_CHANNEL_{_variable(name)}": str(base / "input/data" / name) for name in names},
        "SM_HPS": json.dumps(dict(hyperparameters)),
        **{f"SM_HP_{_variable(name)}": value for name, value in hyperparameters.items()},
        "SM_INPUT_DATA_CONFIG": json.dumps(_channels(specification)),
        "SM_RESOURCE_CONFIG": json.dumps(_resources()),
        "SM_CURRENT_HOST": HOST,
        "SM_HOSTS": json.dumps([HOST]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
    }


def _variable(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _channels(specification: TrainingSpecification) -> dict[str, Any]:
    return {
        channel.name: {
            "TrainingInputMode": "File",
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": "None",
            **({"ContentType": channel.content_type} if channel.content_type else {}),
        }
        for channel in specification.channels
    }


def _resources() -> dict[str, Any]:
    return {"current_host": HOST, "hosts": [HOST], "network_interface_name": "lo"}
