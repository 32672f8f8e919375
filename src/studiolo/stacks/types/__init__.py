"""The types of resources that stacks can have. A new type is a class in a file of its service, listed there."""

from collections.abc import Mapping

from studiolo.stacks.types import (
    cloudformation,
    cloudwatch,
    custom,
    ec2,
    emr,
    emr_serverless,
    events,
    feature_groups,
    functions,
    glue,
    iam,
    iam_policies,
    inference_components,
    lakeformation,
    logs,
    monitoring,
    notebook_instances,
    others,
    providers,
    s3,
    sagemaker,
    scaling,
    servicecatalog,
    sns,
    sqs,
    studio,
    studio_images,
    tracking,
    waiting,
)
from studiolo.stacks.types.base import ResourceType

_FILES = (
    cloudformation, cloudwatch, custom, ec2, emr, emr_serverless, events, feature_groups, functions, glue, iam,
    iam_policies, inference_components, lakeformation, logs, monitoring, notebook_instances, others, providers, s3,
    sagemaker, scaling, servicecatalog, sns, sqs, studio, studio_images, tracking, waiting,
)  # fmt: skip
_TYPES: Mapping[str, ResourceType] = {kind.name: kind() for file in _FILES for kind in file.TYPES}


def find_type(name: str) -> ResourceType | None:
    """The type of that name; None where there is none."""
    return _TYPES.get(custom.CustomResource.name if name.startswith(custom.PREFIX) else name)


def type_of(name: str) -> ResourceType:
    """The type of that name, which is known."""
    return _TYPES[custom.CustomResource.name if name.startswith(custom.PREFIX) else name]


def type_names() -> list[str]:
    """All types, by their names."""
    return sorted(_TYPES)
