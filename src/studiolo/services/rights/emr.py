"""What the operations of Amazon EMR need.

After "Actions, resources, and condition keys for Amazon Elastic MapReduce" (Service Authorization Reference).
`iam:PassRole` is asked for where the roles are passed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from studiolo.aws.arns import parse_arn
from studiolo.domain import NotFound
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    AddInstanceFleet                 cluster/{ClusterId}
    AddInstanceGroups                cluster/{JobFlowId}
    AddJobFlowSteps                  cluster/{JobFlowId}
    AddTags                          cluster/{ResourceId}
    CancelSteps                      cluster/{ClusterId}
    CreatePersistentAppUI            ={TargetResourceArn}
    CreateSecurityConfiguration      *
    DeleteSecurityConfiguration      *
    DescribeCluster                  cluster/{ClusterId}
    DescribeJobFlows                 *
    DescribePersistentAppUI          persistent/{PersistentAppUIId}
    DescribeReleaseLabel             *
    DescribeSecurityConfiguration    *
    DescribeStep                     cluster/{ClusterId}
    GetAutoTerminationPolicy         cluster/{ClusterId}
    GetClusterSessionCredentials     cluster/{ClusterId}
    GetManagedScalingPolicy          cluster/{ClusterId}
    GetOnClusterAppUIPresignedURL    cluster/{ClusterId}
    GetPersistentAppUIPresignedURL   persistent/{PersistentAppUIId}
    GetSession                       cluster/{ClusterId}
    GetSessionEndpoint               cluster/{ClusterId}
    ListBootstrapActions             cluster/{ClusterId}
    ListClusters                     *
    ListInstanceFleets               cluster/{ClusterId}
    ListInstanceGroups               cluster/{ClusterId}
    ListInstances                    cluster/{ClusterId}
    ListReleaseLabels                *
    ListSecurityConfigurations       *
    ListSessions                     cluster/{ClusterId:*}
    ListSteps                        cluster/{ClusterId}
    ListSupportedInstanceTypes       *
    ModifyCluster                    cluster/{ClusterId}
    ModifyInstanceFleet              cluster/{ClusterId}
    ModifyInstanceGroups             cluster/{ClusterId}
    PutAutoTerminationPolicy         cluster/{ClusterId}
    PutManagedScalingPolicy          cluster/{ClusterId}
    RemoveAutoTerminationPolicy      cluster/{ClusterId}
    RemoveManagedScalingPolicy       cluster/{ClusterId}
    RemoveTags                       cluster/{ResourceId}
    RunJobFlow                       *
    RunJobFlow?Tags                  @elasticmapreduce:AddTags  cluster/*
    SetKeepJobFlowAliveWhenNoSteps   cluster/{JobFlowIds}
    SetTerminationProtection         cluster/{JobFlowIds}
    SetUnhealthyNodeReplacement      cluster/{JobFlowIds}
    SetVisibleToAllUsers             cluster/{JobFlowIds}
    StartSession                     cluster/{ClusterId}
    StartSession?Tags                @elasticmapreduce:AddTags  cluster/{ClusterId}
    TerminateJobFlows                cluster/{JobFlowIds}
    TerminateSession                 cluster/{ClusterId}
"""

KEYS = """
    AddJobFlowSteps,StartSession,GetClusterSessionCredentials  elasticmapreduce:ExecutionRoleArn  ExecutionRoleArn
    GetOnClusterAppUIPresignedURL,GetPersistentAppUIPresignedURL  elasticmapreduce:ExecutionRoleArn  ExecutionRoleArn
    RunJobFlow  elasticmapreduce:ExecutionRoleArn  StepExecutionRoleArn
"""


_USE_SESSIONS = ("GetSession", "GetSessionEndpoint", "TerminateSession")
"""What is done with a session, which acts as its role: who may name that alone is to use that of no other's."""


def _known(call: Call, operation: str, parameters: Parameters) -> Mapping[str, str]:
    """The tags that a request brings, by EMR's own name of the key, and the runtime role of a session that it names."""
    tags = {tag["Key"]: tag.get("Value", "") for tag in parameters.get("Tags") or () if "Key" in tag}
    known = {f"elasticmapreduce:RequestTag/{key}": value for key, value in tags.items()}
    role = _role_of_session(call, parameters) if operation in _USE_SESSIONS else None
    return known if role is None else {**known, "elasticmapreduce:ExecutionRoleArn": role}


def _role_of_session(call: Call, parameters: Parameters) -> str | None:
    with suppress(NotFound):
        cluster = call.studio.clusters.cluster(call.scope, parameters.get("ClusterId", ""))
        return call.studio.clusters.sessions.get(cluster, parameters.get("SessionId", "")).asked.role
    return None


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    _, _, cluster = parse_arn(arn).resource.partition("/")
    return call.studio.clusters.cluster(call.scope, cluster).settings.tags


def _names(call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A persistent interface is its cluster's: whoever may not see that has no right to it."""
    kind, _, identifier = resource.partition("/")
    if kind != "persistent":
        return (resource,)
    try:
        return (f"cluster/{call.studio.clusters.interfaces.get(call.scope, identifier).cluster}",)
    except NotFound:
        return ("cluster/*",)


RIGHTS = Rights(
    "elasticmapreduce", table("elasticmapreduce", TABLE), conditions(KEYS), names=_names, tags=_tags, known=_known
)
