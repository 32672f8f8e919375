"""SageMaker's container contract for training: what is in /opt/ml, which variables there are, what comes and goes.

Source: "How Amazon SageMaker AI provides training information" and the variables of sagemaker-training-toolkit.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from studiolo.containers.image import Image
from studiolo.containers.variables import passed_on
from studiolo.containers.work import BASE, COMPLETED, FAILED, INTERRUPTED, OVERDUE, STOPPED, Input, Instance, Output
from studiolo.ml.jobs.job import Job
from studiolo.ml.training.specification import Channel, Group, TrainingSpecification
from studiolo.processes.fence import gpus

FOLDERS = ("input/config", "input/data", "model", "output/data", "code")
MODEL, DATA, CHECKPOINTS = "model", "output", "checkpoints"
"""The names of a job's outputs."""
INTERFACE = "lo"


def inputs(specification: TrainingSpecification) -> tuple[Input, ...]:
    """What comes to the programs: the channels, and the checkpoints of earlier jobs."""
    given = tuple(_input(specification, channel) for channel in specification.channels)
    kept = specification.checkpoints
    if kept is None:
        return given
    return (*given, Input(CHECKPOINTS, kept.path, kept.uri, optional=True))


def outputs(name: str, specification: TrainingSpecification) -> tuple[Output, ...]:
    """What is taken from the programs of the job of that name: model, other data, checkpoints.

    A job that was stopped leaves what there is of a model; one that failed, its other data.
    """
    place = f"{specification.output.rstrip('/')}/{name}/output"
    packed = specification.compressed
    model, data = ("model.tar.gz", "output.tar.gz") if packed else ("model/", "data/")
    ended = (COMPLETED, STOPPED, OVERDUE)
    taken = [
        Output(MODEL, f"{BASE}/model", f"{place}/{model}", ended, packed=packed, even_empty=packed),
        Output(DATA, f"{BASE}/output/data", f"{place}/{data}", (*ended, FAILED), packed=packed),
    ]
    kept = specification.checkpoints
    if kept is not None:
        always = (*ended, FAILED, INTERRUPTED)
        taken.append(Output(CHECKPOINTS, kept.path, kept.uri, always, continuous=True))
    return tuple(taken)


def instances(job: Job[TrainingSpecification], image: Image, logs: Mapping[str, str]) -> tuple[Instance, ...]:
    """The containers of a job; `logs` are their logs' files by host. Raises Invalid for an image that does not train."""
    specification = job.specification
    command = (*image.command("train", specification.entrypoint), *specification.arguments)
    own, _notes = passed(specification, image)
    return tuple(
        Instance(
            host=host,
            command=command,
            variables={**image.variables, **_variables(job, host, group), **own},
            files={
                "input/config/hyperparameters.json": json.dumps(dict(specification.hyperparameters)),
                "input/config/inputdataconfig.json": json.dumps(_channels(specification, group)),
                "input/config/resourceconfig.json": json.dumps(_resources(specification, host, group)),
            },
            log=logs[host],
            group=group.name,
        )
        for host, group in specification.hosts
    )


def passed(specification: TrainingSpecification, image: Image) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """What the program gets of the job's Environment, and a line for its log about what it does not."""
    if image.algorithm is None or specification.entrypoint:
        return specification.environment, ()
    return passed_on(specification.environment, image.name)


def _input(specification: TrainingSpecification, channel: Channel) -> Input:
    return Input(
        name=channel.name,
        path=f"{BASE}/input/data/{channel.name}",
        uri=channel.uri,
        source=channel.source,
        mode="Pipe" if specification.mode(channel) == "Pipe" else "File",
        sharded=channel.distribution == "ShardedByS3Key",
        gzip=channel.compression == "Gzip",
        wrapped=channel.wrapper == "RecordIO",
        seed=channel.seed,
        attributes=channel.attributes,
        groups=channel.groups,
    )


def _variables(job: Job[TrainingSpecification], host: str, group: Group) -> dict[str, str]:
    """The variables that tell a program of its job."""
    specification = job.specification
    hyperparameters = specification.hyperparameters
    channels = _channels(specification, group)
    resources = _resources(specification, host, group)
    return {
        "SAGEMAKER_BASE_DIR": BASE,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "SM_MODEL_DIR": f"{BASE}/model",
        "SM_INPUT_DIR": f"{BASE}/input",
        "SM_INPUT_CONFIG_DIR": f"{BASE}/input/config",
        "SM_OUTPUT_DIR": f"{BASE}/output",
        "SM_OUTPUT_DATA_DIR": f"{BASE}/output/data",
        "SM_CHANNELS": json.dumps([*channels]),
        **{f"SM_CHANNEL_{_variable(name)}": f"{BASE}/input/data/{name}" for name in channels},
        "SM_HPS": json.dumps(dict(hyperparameters)),
        **{f"SM_HP_{_variable(name)}": value for name, value in hyperparameters.items()},
        "SM_INPUT_DATA_CONFIG": json.dumps(channels),
        "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_CURRENT_HOST": host,
        "SM_CURRENT_INSTANCE_TYPE": group.type,
        "SM_CURRENT_INSTANCE_GROUP": group.name,
        "SM_HOSTS": json.dumps(resources["hosts"]),
        "SM_NETWORK_INTERFACE_NAME": INTERFACE,
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": str(gpus()),
    }


def _variable(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _channels(specification: TrainingSpecification, group: Group) -> dict[str, Any]:
    """Those that the group gets. FastFile channels are told of as File, as SageMaker does."""
    return {
        channel.name: {
            "TrainingInputMode": "Pipe" if specification.mode(channel) == "Pipe" else "File",
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": channel.wrapper,
            **({"ContentType": channel.content_type} if channel.content_type else {}),
        }
        for channel in specification.channels
        if not channel.groups or group.name in channel.groups
    }


def _resources(specification: TrainingSpecification, host: str, group: Group) -> dict[str, Any]:
    hosts = specification.hosts
    return {
        "current_host": host,
        "current_instance_type": group.type,
        "current_group_name": group.name,
        "hosts": [name for name, _group in hosts],
        "instance_groups": [
            {
                "instance_group_name": each.name,
                "instance_type": each.type,
                "hosts": [name for name, of in hosts if of == each],
            }
            for each in specification.groups
        ],
        "network_interface_name": INTERFACE,
    }
