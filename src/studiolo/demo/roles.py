"""Chapter 2: the roles. Glue, SageMaker and EMR work for you under roles that you let them take."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3

ROLE = "air-quality-demo"
EMR_ROLE = "air-quality-demo-emr"
NODES = "air-quality-demo-nodes"  # a role, and the instance profile that gives it to a cluster's machines
DATABASE = "air_quality"
POLICIES = (
    "AmazonS3FullAccess",
    "service-role/AWSGlueServiceRole",
    "AmazonSageMakerFullAccess",
)


@dataclass(frozen=True)
class ClusterRoles:
    """What a cluster of EMR asks for, by their names."""

    service: str  # role: EMR manages machines in it
    profile: str  # instance profile: what runs on the machines has its role


@dataclass(frozen=True)
class Ground:
    """What the story stands on."""

    role: str  # ARN: Glue and SageMaker take it
    database: str
    bucket: str | None = None  # None: the SageMaker SDK's default bucket
    cluster: ClusterRoles | None = None  # None: no Spark on EMR


def ensure(session: boto3.Session, *, on_emr: bool) -> Ground:
    """Make the story's roles where they are not there; those of clusters only for Spark on EMR."""
    iam = session.client("iam")
    role = _role(iam, ROLE, ("glue", "sagemaker"), POLICIES)
    return Ground(role, DATABASE, cluster=_cluster(iam) if on_emr else None)


def _cluster(iam: Any) -> ClusterRoles:
    _role(iam, EMR_ROLE, ("elasticmapreduce",), ("service-role/AmazonElasticMapReduceRole",))
    _role(iam, NODES, ("ec2",), ("service-role/AmazonElasticMapReduceforEC2Role",))
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_instance_profile(InstanceProfileName=NODES)
    with suppress(iam.exceptions.LimitExceededException):  # a profile has one role, and this one has it
        iam.add_role_to_instance_profile(InstanceProfileName=NODES, RoleName=NODES)
    return ClusterRoles(service=EMR_ROLE, profile=NODES)


def _role(iam: Any, name: str, services: tuple[str, ...], policies: tuple[str, ...]) -> str:
    """The ARN of a role that these services may take, made if it is not there."""
    principals = [f"{service}.amazonaws.com" for service in services]
    statement = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    try:
        arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        answer = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            Description="The air-quality demo",
        )
        arn = answer["Role"]["Arn"]
    for policy in policies:  # attaching twice is no error, and mends a first run that was interrupted here
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:{arn.split(':')[1]}:iam::aws:policy/{policy}")
    return arn
