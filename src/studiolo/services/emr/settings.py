"""Amazon EMR: what can be changed of a cluster, tags, security configurations."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import parse_arn
from studiolo.aws.errors import ServiceError
from studiolo.clusters.model import Settings
from studiolo.services.call import Call
from studiolo.services.emr.service import INVALID, REQUEST, after, emr, marker, refuse, tags

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        AddTagsInputTypeDef,
        CreateSecurityConfigurationInputTypeDef,
        DeleteSecurityConfigurationInputTypeDef,
        DescribeSecurityConfigurationInputTypeDef,
        GetAutoTerminationPolicyInputTypeDef,
        GetManagedScalingPolicyInputTypeDef,
        ListSecurityConfigurationsInputTypeDef,
        ModifyClusterInputTypeDef,
        PutAutoTerminationPolicyInputTypeDef,
        PutManagedScalingPolicyInputTypeDef,
        RemoveAutoTerminationPolicyInputTypeDef,
        RemoveManagedScalingPolicyInputTypeDef,
        RemoveTagsInputTypeDef,
        SetKeepJobFlowAliveWhenNoStepsInputTypeDef,
        SetTerminationProtectionInputTypeDef,
        SetUnhealthyNodeReplacementInputTypeDef,
        SetVisibleToAllUsersInputTypeDef,
    )


@emr.operation
def add_tags(call: Call, request: "AddTagsInputTypeDef") -> dict[str, Any]:
    call.studio.clusters.tag(call.scope, cluster_id(request["ResourceId"]), tags(call, request))
    return {}


@emr.operation
def create_security_configuration(call: Call, request: "CreateSecurityConfigurationInputTypeDef") -> dict[str, Any]:
    made = call.studio.clusters.security.create(call.scope, request["Name"], request["SecurityConfiguration"])
    return {"Name": made.name, "CreationDateTime": made.created}


@emr.operation
def delete_security_configuration(call: Call, request: "DeleteSecurityConfigurationInputTypeDef") -> dict[str, Any]:
    call.studio.clusters.security.delete(call.scope, request["Name"])
    return {}


@emr.operation
def describe_security_configuration(call: Call, request: "DescribeSecurityConfigurationInputTypeDef") -> dict[str, Any]:
    found = call.studio.clusters.security.get(call.scope, request["Name"])
    return {"Name": found.name, "SecurityConfiguration": found.document, "CreationDateTime": found.created}


@emr.operation
def get_auto_termination_policy(call: Call, request: "GetAutoTerminationPolicyInputTypeDef") -> dict[str, Any]:
    timeout = call.studio.clusters.cluster(call.scope, request["ClusterId"]).settings.idle_timeout
    return {} if timeout is None else {"AutoTerminationPolicy": {"IdleTimeout": timeout}}


@emr.operation
def get_managed_scaling_policy(call: Call, request: "GetManagedScalingPolicyInputTypeDef") -> dict[str, Any]:
    policy = call.studio.clusters.cluster(call.scope, request["ClusterId"]).settings.scaling
    return {} if policy is None else {"ManagedScalingPolicy": policy}


@emr.operation
def list_security_configurations(call: Call, request: "ListSecurityConfigurationsInputTypeDef") -> dict[str, Any]:
    page = call.studio.clusters.security.page(call.scope, after(request), 50)
    shown = [{"Name": found.name, "CreationDateTime": found.created} for found in page.items]
    return {"SecurityConfigurations": shown, **marker(page)}


@emr.operation
def modify_cluster(call: Call, request: "ModifyClusterInputTypeDef") -> dict[str, Any]:
    refuse(request, ["ExtendedSupport"], "ModifyCluster")
    level = request.get("StepConcurrencyLevel")
    if level is not None:
        _change(call, request["ClusterId"], concurrency=level)
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    return {"StepConcurrencyLevel": cluster.settings.concurrency}


@emr.operation
def put_auto_termination_policy(call: Call, request: "PutAutoTerminationPolicyInputTypeDef") -> dict[str, Any]:
    policy = request.get("AutoTerminationPolicy") or {}
    _change(call, request["ClusterId"], idle_timeout=policy.get("IdleTimeout", 3600))
    return {}


@emr.operation
def put_managed_scaling_policy(call: Call, request: "PutManagedScalingPolicyInputTypeDef") -> dict[str, Any]:
    _change(call, request["ClusterId"], scaling=request["ManagedScalingPolicy"])
    return {}


@emr.operation
def remove_auto_termination_policy(call: Call, request: "RemoveAutoTerminationPolicyInputTypeDef") -> dict[str, Any]:
    _change(call, request["ClusterId"], idle_timeout=None)
    return {}


@emr.operation
def remove_managed_scaling_policy(call: Call, request: "RemoveManagedScalingPolicyInputTypeDef") -> dict[str, Any]:
    _change(call, request["ClusterId"], scaling=None)
    return {}


@emr.operation
def remove_tags(call: Call, request: "RemoveTagsInputTypeDef") -> dict[str, Any]:
    if (reserved := call.reserved_tag(request["TagKeys"])) is not None:
        raise ServiceError(INVALID, reserved)
    call.studio.clusters.tag(call.scope, cluster_id(request["ResourceId"]), {}, request["TagKeys"])
    return {}


@emr.operation
def set_keep_job_flow_alive_when_no_steps(
    call: Call, request: "SetKeepJobFlowAliveWhenNoStepsInputTypeDef"
) -> dict[str, Any]:
    for identifier in request["JobFlowIds"]:
        _change(call, identifier, keep_alive=request["KeepJobFlowAliveWhenNoSteps"])
    return {}


@emr.operation
def set_termination_protection(call: Call, request: "SetTerminationProtectionInputTypeDef") -> dict[str, Any]:
    for identifier in request["JobFlowIds"]:
        _change(call, identifier, protected=request["TerminationProtected"])
    return {}


@emr.operation
def set_unhealthy_node_replacement(call: Call, request: "SetUnhealthyNodeReplacementInputTypeDef") -> dict[str, Any]:
    for identifier in request["JobFlowIds"]:
        _change(call, identifier, replace_unhealthy=request["UnhealthyNodeReplacement"])
    return {}


@emr.operation
def set_visible_to_all_users(call: Call, request: "SetVisibleToAllUsersInputTypeDef") -> dict[str, Any]:
    for identifier in request["JobFlowIds"]:
        _change(call, identifier, visible=request["VisibleToAllUsers"])
    return {}


def _change(call: Call, identifier: str, **values: Any) -> None:
    def changed(settings: Settings) -> Settings:
        return replace(settings, **values)

    call.studio.clusters.change(call.scope, identifier, changed)


def cluster_id(resource: str) -> str:
    """The id of the cluster that is named by its id or ARN."""
    if not resource.startswith("arn:"):
        return resource
    try:
        kind, _, name = parse_arn(resource).resource.partition("/")
    except ValueError:
        kind, name = "", ""
    if kind != "cluster":
        raise ServiceError(REQUEST, f"The resource '{resource}' is no cluster.")
    return name
