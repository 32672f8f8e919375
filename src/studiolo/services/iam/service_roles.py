"""AWS IAM: roles that are linked to a service of AWS's, which only that service takes."""

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from studiolo.domain import AlreadyExists, Invalid, NotFound
from studiolo.identity import RoleSettings
from studiolo.services.call import Call
from studiolo.services.iam.roles import as_role
from studiolo.services.iam.service import iam

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        CreateServiceLinkedRoleRequestTypeDef,
        DeleteServiceLinkedRoleRequestTypeDef,
        GetServiceLinkedRoleDeletionStatusRequestTypeDef,
    )

NAMES = {
    "autoscaling.amazonaws.com": ("AutoScaling", "AutoScalingServiceRolePolicy"),
    "sagemaker.application-autoscaling.amazonaws.com": (
        "ApplicationAutoScaling_SageMakerEndpoint",
        "AWSApplicationAutoscalingSageMakerEndpointPolicy",
    ),
    "ecs.amazonaws.com": ("ECS", "AmazonECSServiceRolePolicy"),
    "eks.amazonaws.com": ("AmazonEKS", "AmazonEKSServiceRolePolicy"),
    "elasticloadbalancing.amazonaws.com": ("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "elasticmapreduce.amazonaws.com": ("EMRCleanup", "AmazonEMRCleanupPolicy"),
    "emr-containers.amazonaws.com": ("AmazonEMRContainers", "AmazonEMRContainersServiceRolePolicy"),
    "lakeformation.amazonaws.com": ("LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy"),
    "ops.emr-serverless.amazonaws.com": ("AmazonEMRServerless", "AmazonEMRServerlessServiceRolePolicy"),
    "rds.amazonaws.com": ("RDS", "AmazonRDSServiceRolePolicy"),
    "redshift.amazonaws.com": ("Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    "sagemaker.amazonaws.com": ("AmazonSageMakerNotebooks", "AmazonSageMakerNotebooksServiceRolePolicy"),
    "servicecatalog.amazonaws.com": ("ServiceCatalogSync", "AWSServiceCatalogSyncServiceRolePolicy"),
    "spot.amazonaws.com": ("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
}
"""What the roles of services are called after AWSServiceRoleFor, and the policy that they have."""

PREFIX = "AWSServiceRoleFor"
_TASK = re.compile(r"task/aws-service-role/[^/]+/(?P<role>[\w+=,.@-]+)/[0-9a-f-]{36}", re.ASCII)


@iam.operation
def create_service_linked_role(call: Call, request: "CreateServiceLinkedRoleRequestTypeDef") -> dict[str, Any]:
    """Of a service that NAMES does not have, the role is named after the service and has no policy."""
    service = request["AWSServiceName"]
    if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", service):
        raise Invalid(f"{service} is not the name of a service, such as elasticmapreduce.amazonaws.com.")
    guessed = "".join(part.title() for part in re.split(r"[.-]", service.partition(".amazonaws.com")[0]))
    name, policy = NAMES.get(service, (guessed, None))
    suffix = f"_{request['CustomSuffix']}" if "CustomSuffix" in request else ""
    full = f"{PREFIX}{name}{suffix}"
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    roles = call.identity.roles
    try:
        role = roles.create(
            full, trust, f"/aws-service-role/{service}/", RoleSettings(description=request.get("Description", ""))
        )
    except AlreadyExists as error:
        message = f"Service role name {full} has been taken in this account, please try a different suffix."
        raise Invalid(message) from error
    if policy is not None:
        roles.attach(full, f"arn:aws:iam::aws:policy/aws-service-role/{policy}")
    return {"Role": as_role(role)}


@iam.operation
def delete_service_linked_role(call: Call, request: "DeleteServiceLinkedRoleRequestTypeDef") -> dict[str, Any]:
    """The role is gone when this answers; the task tells so."""
    roles = call.identity.roles
    service = roles.get(request["RoleName"]).path.rstrip("/").rpartition("/")[2]
    roles.delete_service_role(request["RoleName"])
    return {"DeletionTaskId": f"task/aws-service-role/{service}/{request['RoleName']}/{uuid.uuid4()}"}


@iam.operation
def get_service_linked_role_deletion_status(
    call: Call, request: "GetServiceLinkedRoleDeletionStatusRequestTypeDef"
) -> dict[str, Any]:
    """SUCCEEDED: a deletion that was begun has been carried out."""
    if not _TASK.fullmatch(request["DeletionTaskId"]):
        raise NotFound(f"Deletion Task {request['DeletionTaskId']} cannot be found.")
    return {"Status": "SUCCEEDED"}
