"""What tests of clusters begin with: requests as tutorials write them, logs as people read them."""

import base64
import gzip
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
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


def machine_role(iam: Any, *statements: dict[str, Any]) -> str:
    """The name of a role with these rights, and of an instance profile with it."""
    name = f"machines-{uuid.uuid4().hex[:8]}"
    taken = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust, policy = ({"Version": "2012-10-17", "Statement": each} for each in ([taken], statements))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


def with_runtime_roles(emr: Any) -> str:
    """The name of a security configuration by which a cluster has runtime roles."""
    name = f"roles-{uuid.uuid4().hex[:8]}"
    of_iam, of_lake = {"EnableApplicationScopedIAMRole": True}, {"AuthorizedSessionTagValue": "Amazon EMR"}
    document = {"AuthorizationConfiguration": {"IAMConfiguration": of_iam, "LakeFormationConfiguration": of_lake}}
    emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(document))
    return name


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


def run(emr: Any, cluster: str, *steps: dict[str, Any], role: str | None = None) -> list[dict[str, Any]]:
    """Add steps, with a runtime role where one is given, and what became of them."""
    asked = {"JobFlowId": cluster, "Steps": list(steps), **({"ExecutionRoleArn": role} if role else {})}
    identifiers = emr.add_job_flow_steps(**asked)["StepIds"]
    return [ended(emr, cluster, identifier) for identifier in identifiers]


def text(s3: Any, bucket: str, key: str) -> str:
    """What a compressed log says."""
    return gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode()


def livy(host: str, credentials: dict[str, str] | None = None) -> Callable[..., Any]:
    """Asks a cluster's Livy: the answer, or the status of a refusal. credentials: a Username and a Password."""
    pair = "{Username}:{Password}".format_map(credentials or {"Username": "", "Password": ""})
    told = {} if credentials is None else {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{host}:8998{path}", data, told, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code

    return ask


def livy_printed(ask: Callable[..., Any], code: str) -> str:
    """What a statement prints in a session of its own."""
    session = f"/sessions/{ask('POST', '/sessions', {'kind': 'pyspark'})['id']}"
    until(lambda: ask("GET", session)["state"] != "starting", 240)
    path = f"{session}/statements/{ask('POST', f'{session}/statements', {'code': code})['id']}"
    until(lambda: ask("GET", path)["state"] == "available", 240)
    output = ask("GET", path)["output"]
    ask("DELETE", session)
    assert output["status"] == "ok", output
    printed: str = output["data"]["text/plain"]
    return printed


def state(emr: Any, cluster: str) -> str:
    found: str = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"]
    return found
