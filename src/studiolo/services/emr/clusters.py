"""Amazon EMR: clusters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.clusters.model import (
    BOOTSTRAPPING,
    RUNNING,
    STARTING,
    STATES,
    TERMINATING,
    BootstrapAction,
    Cluster,
    ClusterRequest,
    Group,
    Settings,
)
from studiolo.services.call import Call
from studiolo.services.emr.instances import as_group_request, fleet, group
from studiolo.services.emr.service import (
    INVALID,
    PAGE,
    after,
    as_tags,
    cut,
    emr,
    marker,
    reason,
    refuse,
    tags,
    timeline,
)
from studiolo.services.emr.steps import as_step_detail, step_request
from studiolo.services.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        DescribeClusterInputTypeDef,
        DescribeJobFlowsInputTypeDef,
        ListBootstrapActionsInputTypeDef,
        ListClustersInputTypeDef,
        RunJobFlowInputTypeDef,
        TerminateJobFlowsInputTypeDef,
    )

PASSING = frozenset({STARTING, BOOTSTRAPPING, TERMINATING})


class ClusterPatience(Patience):
    """Who waits for one that ends after its steps waits for its end; a kept one is there when it runs."""

    def waits(self, answer: Mapping[str, Any]) -> bool:
        cluster = answer["Cluster"]
        return super().waits(answer) or (cluster["Status"]["State"] == RUNNING and cluster["AutoTerminate"])


RECORDED = (
    "AdditionalInfo", "AutoScalingRole", "CustomAmiId", "EbsRootVolumeIops", "EbsRootVolumeSize",
    "EbsRootVolumeThroughput", "ExtendedSupport", "LogEncryptionKmsKeyId", "MonitoringConfiguration", "OSReleaseLabel",
    "RepoUpgradeOnBoot", "ScaleDownBehavior", "SessionEnabled",
)  # fmt: skip
"""Parameters of RunJobFlow that are shown as they were given, and change nothing."""

NETWORK = (
    "Ec2KeyName", "Ec2SubnetId", "EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup",
    "ServiceAccessSecurityGroup", "AdditionalMasterSecurityGroups", "AdditionalSlaveSecurityGroups",
)  # fmt: skip
"""Members of Instances that are recorded."""

SHOWN = tuple(name for name in RECORDED if name != "AdditionalInfo")

MASTER_FIRST = {"MASTER": 0, "CORE": 1, "TASK": 2}


@emr.patient(ClusterPatience("cluster", "ClusterId", ("Cluster", "Status", "State"), PASSING, seconds=5))
def describe_cluster(call: Call, request: "DescribeClusterInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    return {"Cluster": as_cluster(call, cluster)}


@emr.operation
def describe_job_flows(call: Call, request: "DescribeJobFlowsInputTypeDef") -> dict[str, Any]:
    """Deprecated by EMR, and still asked by older tools: the clusters with their steps."""
    identifiers = request.get("JobFlowIds") or []
    if identifiers:
        found = [call.studio.clusters.cluster(call.scope, identifier) for identifier in identifiers]
    else:
        bounds = request.get("CreatedAfter"), request.get("CreatedBefore")
        states = [_cluster_state(state) for state in request.get("JobFlowStates") or []]
        found = list(call.studio.clusters.page(call.scope, states, *bounds, None, 512).items)  # type: ignore[arg-type]
    return {"JobFlows": [as_job_flow(call, cluster) for cluster in found]}


@emr.operation
def list_bootstrap_actions(call: Call, request: "ListBootstrapActionsInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    page = cut(cluster.asked.bootstrap, request)
    shown = [{"Name": a.name, "ScriptPath": a.path, "Args": list(a.arguments)} for a in page.items]
    return {"BootstrapActions": shown, **marker(page)}


@emr.operation
def list_clusters(call: Call, request: "ListClustersInputTypeDef") -> dict[str, Any]:
    page = call.studio.clusters.page(
        call.scope,
        request.get("ClusterStates") or [],
        request.get("CreatedAfter"),  # type: ignore[arg-type]
        request.get("CreatedBefore"),  # type: ignore[arg-type]
        after(request),
        PAGE,
    )
    return {"Clusters": [as_summary(cluster) for cluster in page.items], **marker(page)}


@emr.operation
def run_job_flow(call: Call, request: "RunJobFlowInputTypeDef") -> dict[str, Any]:
    asked, settings, groups = specification(call, request)
    first = [step_request(step, request.get("StepExecutionRoleArn")) for step in request.get("Steps") or []]
    cluster = call.studio.clusters.run(call.scope, call.principal, asked, settings, groups, first)
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn}


@emr.operation
def terminate_job_flows(call: Call, request: "TerminateJobFlowsInputTypeDef") -> dict[str, Any]:
    call.studio.clusters.terminate(call.scope, request["JobFlowIds"])
    return {}


def specification(call: Call, request: "RunJobFlowInputTypeDef") -> tuple[ClusterRequest, Settings, list[Group]]:
    """What RunJobFlow asks for."""
    where = "RunJobFlow"
    refuse(request, ["KerberosAttributes", "SupportedProducts", "NewSupportedProducts"], where)
    instances: Any = request["Instances"]
    if not request.get("ReleaseLabel"):
        raise ServiceError(INVALID, "ReleaseLabel is required: AMI versions (AmiVersion) are not available any more.")
    if not request.get("JobFlowRole"):
        raise ServiceError(INVALID, "InstanceProfile is required for creating cluster.")
    if not request.get("ServiceRole"):
        raise ServiceError(INVALID, "ServiceRole is required for creating cluster.")
    if instances.get("InstanceFleets") and instances.get("InstanceGroups"):
        raise ServiceError(INVALID, "Specify InstanceGroups or InstanceFleets, not both.")
    actions = [
        BootstrapAction(
            action["Name"],
            action["ScriptBootstrapAction"]["Path"],
            tuple(action["ScriptBootstrapAction"].get("Args") or []),
        )
        for action in request.get("BootstrapActions") or []
    ]
    if len(actions) > 16:
        raise ServiceError(INVALID, "Up to 16 bootstrap actions can be specified.")
    recorded = {name: request[name] for name in RECORDED if name in request}  # type: ignore[literal-required]
    recorded["Network"] = {name: instances[name] for name in NETWORK if instances.get(name)}
    recorded["Subnets"] = instances.get("Ec2SubnetIds") or []
    recorded["Placement"] = instances.get("Placement") or {}
    recorded["PlacementGroups"] = request.get("PlacementGroupConfigs") or []
    asked = ClusterRequest(
        name=request["Name"],
        release=request["ReleaseLabel"],
        profile=request["JobFlowRole"],
        role="",
        service_role=request["ServiceRole"],
        log_uri=request.get("LogUri"),
        applications=tuple(application.get("Name", "") for application in request.get("Applications") or []),
        configurations=tuple(as_configuration(entry) for entry in request.get("Configurations") or []),
        bootstrap=tuple(actions),
        fleets=bool(instances.get("InstanceFleets")),
        security_configuration=request.get("SecurityConfiguration"),
        recorded=recorded,
    )
    scaling: Any = request.get("ManagedScalingPolicy")
    policy = request.get("AutoTerminationPolicy")
    settings = Settings(
        keep_alive=instances.get("KeepJobFlowAliveWhenNoSteps", False),
        protected=instances.get("TerminationProtected", False),
        replace_unhealthy=instances.get("UnhealthyNodeReplacement", False),
        visible=request.get("VisibleToAllUsers", True),
        concurrency=request.get("StepConcurrencyLevel", 1),
        idle_timeout=None if policy is None else policy.get("IdleTimeout", 3600),
        scaling=scaling,
        tags=tags(call, request),
    )
    return asked, settings, _groups(instances)


def _groups(instances: Any) -> list[Group]:
    if instances.get("InstanceFleets"):
        return [fleet(entry) for entry in instances["InstanceFleets"]]
    if instances.get("InstanceGroups"):
        return [group(entry) for entry in instances["InstanceGroups"]]
    return [group(entry) for entry in as_group_request(instances)]


def as_configuration(entry: Any) -> dict[str, Any]:
    """One of Configurations, with those within it."""
    inner = [as_configuration(each) for each in entry.get("Configurations") or []]
    return {
        "Classification": entry.get("Classification", ""),
        "Properties": entry.get("Properties") or {},
        **({"Configurations": inner} if inner else {}),
    }


def as_status(cluster: Cluster) -> dict[str, Any]:
    progress = cluster.progress
    return {
        "State": cluster.state,
        "StateChangeReason": reason(progress.code, progress.message),
        "Timeline": timeline(cluster.created, Ready=progress.ready, End=progress.ended),
        "ErrorDetails": list(progress.details),
    }


def as_summary(cluster: Cluster) -> dict[str, Any]:
    return {
        "Id": cluster.id,
        "Name": cluster.asked.name,
        "Status": as_status(cluster),
        "NormalizedInstanceHours": 0,
        "ClusterArn": cluster.arn,
    }


def as_cluster(call: Call, cluster: Cluster) -> dict[str, Any]:
    asked, settings, progress = cluster.asked, cluster.settings, cluster.progress
    clusters = call.studio.clusters
    versions = clusters.versions(clusters.release(asked.release))
    network = asked.recorded["Network"]
    subnets = asked.recorded["Subnets"] or [network[name] for name in ("Ec2SubnetId",) if name in network]
    zone = asked.recorded["Placement"].get("AvailabilityZone") or f"{cluster.scope.region}a"
    shown = {name: asked.recorded[name] for name in SHOWN if name in asked.recorded}
    return {
        **as_summary(cluster),
        **shown,
        "Ec2InstanceAttributes": {
            **network,
            **({"Ec2SubnetId": subnets[0]} if subnets else {}),
            "RequestedEc2SubnetIds": subnets,
            "Ec2AvailabilityZone": zone,
            "RequestedEc2AvailabilityZones": asked.recorded["Placement"].get("AvailabilityZones") or [],
            "IamInstanceProfile": asked.profile,
        },
        "InstanceCollectionType": "INSTANCE_FLEET" if asked.fleets else "INSTANCE_GROUP",
        **({"LogUri": asked.log_uri} if asked.log_uri else {}),
        "ReleaseLabel": asked.release,
        "AutoTerminate": not settings.keep_alive,
        "TerminationProtected": settings.protected,
        "UnhealthyNodeReplacement": settings.replace_unhealthy,
        "VisibleToAllUsers": settings.visible,
        "Applications": [{"Name": name, "Version": versions[name]} for name in asked.applications],
        "Tags": as_tags(settings.tags),
        "ServiceRole": asked.service_role,
        **({"MasterPublicDnsName": progress.host} if progress.host else {}),
        "Configurations": list(asked.configurations),
        **({"SecurityConfiguration": asked.security_configuration} if asked.security_configuration else {}),
        "StepConcurrencyLevel": settings.concurrency,
        "PlacementGroups": asked.recorded["PlacementGroups"],
        "ScaleDownBehavior": asked.recorded.get("ScaleDownBehavior", "TERMINATE_AT_TASK_COMPLETION"),
    }


JOB_FLOW_STATES = {"TERMINATING": "SHUTTING_DOWN", "TERMINATED": "TERMINATED", "TERMINATED_WITH_ERRORS": "FAILED"}


def _cluster_state(state: str) -> str:
    """The state of a cluster by that of a job flow."""
    found = {known: name for name, known in JOB_FLOW_STATES.items()} | {"COMPLETED": "TERMINATED"}
    return found.get(state, state if state in STATES else "TERMINATED")


def as_job_flow(call: Call, cluster: Cluster) -> dict[str, Any]:
    """A cluster as DescribeJobFlows has it."""
    progress, asked, settings = cluster.progress, cluster.asked, cluster.settings
    groups = sorted(progress.groups, key=lambda group: MASTER_FIRST[group.role])
    steps = reversed(call.studio.clusters.steps(cluster.scope, cluster.id, (), (), None, 256).items)
    return {
        "JobFlowId": cluster.id,
        "Name": asked.name,
        **({"LogUri": asked.log_uri} if asked.log_uri else {}),
        "ExecutionStatusDetail": {
            "State": JOB_FLOW_STATES.get(cluster.state, cluster.state),
            **timeline(cluster.created, Ready=progress.ready, Start=progress.ready, End=progress.ended),
            **({"LastStateChangeReason": progress.message} if progress.message else {}),
        },
        "Instances": {
            "MasterInstanceType": groups[0].type,
            **({"SlaveInstanceType": groups[1].type} if len(groups) > 1 else {}),
            "InstanceCount": sum(group.count for group in groups),
            "MasterPublicDnsName": progress.host,
            "KeepJobFlowAliveWhenNoSteps": settings.keep_alive,
            "TerminationProtected": settings.protected,
        },
        "Steps": [as_step_detail(step) for step in steps],
        "BootstrapActions": [
            {
                "BootstrapActionConfig": {
                    "Name": a.name,
                    "ScriptBootstrapAction": {"Path": a.path, "Args": list(a.arguments)},
                }
            }
            for a in asked.bootstrap
        ],
        "VisibleToAllUsers": settings.visible,
        "JobFlowRole": asked.profile,
        "ServiceRole": asked.service_role,
    }
