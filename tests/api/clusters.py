"""What tests of clusters begin with: requests as tutorials write them, logs as people read them."""

import gzip
import json
from typing import Any

from tests.waiting import until

STEP_ENDED = ("COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED")
ROLES = {
    "EMR_DefaultRole": ("elasticmapreduce.amazonaws.com", "AmazonElasticMapReduceRole"),
    "EMR_EC2_DefaultRole": ("ec2.amazonaws.com", "AmazonElasticMapReduceforEC2Role"),
}


def create_default_roles(iam: Any) -> None:
    """What `aws emr create-default-roles` makes, where it has not been made."""
    if any(role["RoleName"] in ROLES for role in iam.list_roles(MaxItems=1000)["Roles"]):
        return
    for name, (service, policy) in ROLES.items():
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}")
    profile = {"InstanceProfileName": "EMR_EC2_DefaultRole"}
    iam.create_instance_profile(**profile)
    iam.add_role_to_instance_profile(**profile, RoleName="EMR_EC2_DefaultRole")


def job_flow(*applications: str, nodes: int = 1, keep: bool = True, **more: Any) -> dict[str, Any]:
    """A request for a cluster."""
    instances = {
        "MasterInstanceType": "m5.xlarge",
        "SlaveInstanceType": "m5.xlarge",
        "InstanceCount": nodes,
        "KeepJobFlowAliveWhenNoSteps": keep,
    }
    return {
        "Name": "air",
        "ReleaseLabel": "emr-7.10.0",
        "Applications": [{"Name": name} for name in applications or ("Spark",)],
        "Instances": instances,
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "ServiceRole": "EMR_DefaultRole",
        **more,
    }


def step(*words: str, on_failure: str = "CONTINUE", jar: str = "command-runner.jar") -> dict[str, Any]:
    return {"Name": words[0], "ActionOnFailure": on_failure, "HadoopJarStep": {"Jar": jar, "Args": list(words)}}


def ended(emr: Any, cluster: str, identifier: str) -> dict[str, Any]:
    """The step, once it has ended."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = emr.describe_step(ClusterId=cluster, StepId=identifier)["Step"]
        return found if found["Status"]["State"] in STEP_ENDED else None

    return until(look, 400)


def run(emr: Any, cluster: str, *steps: dict[str, Any]) -> list[dict[str, Any]]:
    """Add steps, and what became of them."""
    identifiers = emr.add_job_flow_steps(JobFlowId=cluster, Steps=list(steps))["StepIds"]
    return [ended(emr, cluster, identifier) for identifier in identifiers]


def text(s3: Any, bucket: str, key: str) -> str:
    """What a compressed log says."""
    return gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode()


def state(emr: Any, cluster: str) -> str:
    found: str = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"]
    return found
