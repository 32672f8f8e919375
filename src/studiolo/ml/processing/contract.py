"""SageMaker's container contract for processing: what is in /opt/ml, what comes and goes.

Source: "Build Your Own Processing Container".
"""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from studiolo.containers.image import Image
from studiolo.containers.work import BASE, COMPLETED, FAILED, OVERDUE, STOPPED, Input, Instance, Output
from studiolo.domain import Invalid
from studiolo.ml.jobs.job import Job
from studiolo.ml.processing.specification import ProcessingInput, ProcessingOutput, ProcessingSpecification

PLACE = PurePosixPath(BASE) / "processing"
"""Where inputs and outputs are, which a job's own files are not to be put over."""
MESSAGE = "output/message"
FOLDERS = ("config", "output", "processing")


def check(specification: ProcessingSpecification) -> None:
    """Raise Invalid where a path is not one for data."""
    names = [given.name for given in specification.inputs], [taken.name for taken in specification.outputs]
    for kind, each in zip(("InputName", "OutputName"), names, strict=True):
        if len(set(each)) != len(each):
            raise Invalid(f"Each {kind} must be unique: {', '.join(each)}.")
    every: tuple[ProcessingInput | ProcessingOutput, ...] = (*specification.inputs, *specification.outputs)
    for managed in every:
        path = PurePosixPath(managed.path)
        if managed.managed and (not path.is_relative_to(PLACE) or path == PLACE or ".." in path.parts):
            raise Invalid(f"The LocalPath '{managed.path}' of '{managed.name}' must be a folder below {PLACE}.")


def inputs(specification: ProcessingSpecification) -> tuple[Input, ...]:
    """What comes to the programs."""
    return tuple(
        Input(
            name=given.name,
            path=given.path,
            uri=given.uri,
            source=given.source,
            mode="Pipe" if given.mode == "Pipe" else "File",
            sharded=given.distribution == "ShardedByS3Key",
            gzip=given.compression == "Gzip",
        )
        for given in specification.inputs
        if given.managed
    )


def outputs(specification: ProcessingSpecification) -> tuple[Output, ...]:
    """What is taken from the programs: of those that failed, what is continuous."""
    return tuple(
        Output(
            name=taken.name,
            path=taken.path,
            uri=taken.uri,
            when=(COMPLETED, STOPPED, OVERDUE, FAILED) if taken.continuous else (COMPLETED,),
            continuous=taken.continuous,
        )
        for taken in specification.outputs
        if taken.managed
    )


def folders(specification: ProcessingSpecification) -> tuple[str, ...]:
    """The folders below /opt/ml that are there when the programs begin."""
    taken = (str(PurePosixPath(taken.path).relative_to(BASE)) for taken in specification.outputs if taken.managed)
    return (*FOLDERS, *taken)


def instances(job: Job[ProcessingSpecification], image: Image, logs: Mapping[str, str]) -> tuple[Instance, ...]:
    """The containers of a job; `logs` are their logs' files by host. Raises Invalid for an image without a program."""
    specification = job.specification
    command = (*image.command("process", specification.entrypoint), *specification.arguments)
    hosts = list(specification.hosts)
    told = json.dumps(_told(job))
    return tuple(
        Instance(
            host=host,
            command=command,
            variables={**image.variables, **specification.environment},
            files={
                "config/processingjobconfig.json": told,
                "config/resourceconfig.json": json.dumps({"current_host": host, "hosts": hosts}),
            },
            log=logs[host],
        )
        for host in hosts
    )


def _told(job: Job[ProcessingSpecification]) -> dict[str, Any]:
    """What processingjobconfig.json says."""
    specification = job.specification
    outputs = specification.recorded.get("ProcessingOutputConfig", {})
    return {
        "ProcessingJobArn": job.arn,
        "ProcessingJobName": job.name,
        "AppSpecification": {
            "ImageUri": specification.image,
            "ContainerEntrypoint": list(specification.entrypoint) or None,
            "ContainerArguments": list(specification.arguments) or None,
        },
        "Environment": dict(specification.environment),
        "ProcessingInputs": [given.recorded for given in specification.inputs],
        "ProcessingOutputConfig": {
            "Outputs": [taken.recorded for taken in specification.outputs],
            "KmsKeyId": outputs.get("KmsKeyId"),
        },
        "ProcessingResources": specification.recorded.get("ProcessingResources"),
        "RoleArn": specification.role,
        "StoppingCondition": {"MaxRuntimeInSeconds": specification.max_runtime},
    }
