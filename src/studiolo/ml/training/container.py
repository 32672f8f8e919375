"""SageMaker's container contract for training: the /opt/ml layout, its configuration files, the SM_* variables.

Source: "How Amazon SageMaker AI provides training information" and the variables of sagemaker-training-toolkit.
"""

import json
import os
from pathlib import Path
from typing import Any

from studiolo.ml.training.plan import Plan

HOST = "algo-1"


def lay_out(root: Path, plan: Plan) -> None:
    """Make the folders and configuration files under `root`, which the algorithm sees as /opt/ml."""
    for folder in ("input/config", "input/data", "model", "output/data", "code"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    config = root / "input/config"
    (config / "hyperparameters.json").write_text(json.dumps(dict(plan.specification.hyperparameters)))
    (config / "inputdataconfig.json").write_text(json.dumps(_channels(plan)))
    (config / "resourceconfig.json").write_text(json.dumps(_resources()))


def environment(root: Path, plan: Plan) -> dict[str, str]:
    """The whole environment of the algorithm's program: the plan's, the SM_* variables, and the job's own over them."""
    hyperparameters, own = plan.specification.hyperparameters, plan.specification.environment
    # The program must find our packages too where a job brings a path of its own.
    path = os.pathsep.join(filter(None, [own.get("PYTHONPATH"), plan.environment.get("PYTHONPATH")]))
    names = [channel.name for channel in plan.specification.channels]
    return {
        **plan.environment,
        "SAGEMAKER_BASE_DIR": str(root),
        "TRAINING_JOB_NAME": plan.name,
        "TRAINING_JOB_ARN": plan.arn,
        "SM_MODEL_DIR": str(root / "model"),
        "SM_INPUT_DIR": str(root / "input"),
        "SM_INPUT_CONFIG_DIR": str(root / "input/config"),
        "SM_OUTPUT_DIR": str(root / "output"),
        "SM_OUTPUT_DATA_DIR": str(root / "output/data"),
        "SM_CHANNELS": json.dumps(names),
        **{f"SM_CHANNEL_{_variable(name)}": str(root / "input/data" / name) for name in names},
        "SM_HPS": json.dumps(dict(hyperparameters)),
        **{f"SM_HP_{_variable(name)}": value for name, value in hyperparameters.items()},
        "SM_INPUT_DATA_CONFIG": json.dumps(_channels(plan)),
        "SM_RESOURCE_CONFIG": json.dumps(_resources()),
        "SM_CURRENT_HOST": HOST,
        "SM_HOSTS": json.dumps([HOST]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        **own,
        "PYTHONPATH": path,
    }


def _variable(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _channels(plan: Plan) -> dict[str, Any]:
    return {
        channel.name: {
            "TrainingInputMode": "File",
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": "None",
            **({"ContentType": channel.content_type} if channel.content_type else {}),
        }
        for channel in plan.specification.channels
    }


def _resources() -> dict[str, Any]:
    return {"current_host": HOST, "hosts": [HOST], "network_interface_name": "lo"}
