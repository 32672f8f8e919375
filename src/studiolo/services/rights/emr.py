"""What the operations of Amazon EMR need.

After "Actions, resources, and condition keys for Amazon Elastic MapReduce" (Service Authorization Reference).
`iam:PassRole` is asked for where the roles are passed.
"""

from collections.abc import Mapping

from studiolo.aws.arns import parse_arn
from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, table

TABLE = """
    AddInstanceFleet                 cluster/{ClusterId}
    AddInstanceGroups                cluster/{JobFlowId}
    AddJobFlowSteps                  cluster/{JobFlowId}
    AddTags                          cluster/{ResourceId}
    CancelSteps                      cluster/{ClusterId}
    CreateSecurityConfiguration      *
    DeleteSecurityConfiguration      *
    DescribeCluster                  cluster/{ClusterId}
    DescribeJobFlows                 *
    DescribeReleaseLabel             *
    DescribeSecurityConfiguration    *
    DescribeStep                     cluster/{ClusterId}
    GetAutoTerminationPolicy         cluster/{ClusterId}
    GetManagedScalingPolicy          cluster/{ClusterId}
    ListBootstrapActions             cluster/{ClusterId}
    ListClusters                     *
    ListInstanceFleets               cluster/{ClusterId}
    ListInstanceGroups               cluster/{ClusterId}
    ListInstances                    cluster/{ClusterId}
    ListReleaseLabels                *
    ListSecurityConfigurations       *
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
    TerminateJobFlows                cluster/{JobFlowIds}
"""


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    _, _, cluster = parse_arn(arn).resource.partition("/")
    return call.studio.clusters.cluster(call.scope, cluster).settings.tags


RIGHTS = Rights("elasticmapreduce", table("elasticmapreduce", TABLE), tags=_tags)
