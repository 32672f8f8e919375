"""What the operations of AWS CloudFormation need.

After "Actions, resources, and condition keys for AWS CloudFormation" (Service Authorization Reference). What a stack does
is asked of its role, or of who made it, at each step.
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.domain import DomainError
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    CancelUpdateStack            stack/{StackName}
    ContinueUpdateRollback       stack/{StackName}
    CreateChangeSet              stack/{StackName}
    CreateStack                  stack/{StackName}
    CreateStack?Tags             @cloudformation:TagResource  stack/{StackName}
    CreateStackInstances         stackset/{StackSetName}  stackset-target/{StackSetName}/{Accounts||DeploymentTargets.Accounts}
    CreateStackSet               stackset/{StackSetName}
    CreateStackSet?Tags          @cloudformation:TagResource  stackset/{StackSetName}
    DeleteChangeSet              stack/{StackName}
    DeleteStack                  stack/{StackName}
    DeleteStackInstances         stackset/{StackSetName}  stackset-target/{StackSetName}/{Accounts||DeploymentTargets.Accounts}
    DeleteStackSet               stackset/{StackSetName}
    DescribeChangeSet            stack/{StackName}
    DescribeStackDriftDetectionStatus  *
    DescribeStackEvents          stack/{StackName}
    DescribeStackInstance        stackset/{StackSetName}
    DescribeStackResource        stack/{StackName}
    DescribeStackResourceDrifts  stack/{StackName}
    DescribeStackResources       stack/{StackName:*}
    DescribeStackSet             stackset/{StackSetName}
    DescribeStackSetOperation    stackset/{StackSetName}
    DescribeStacks               stack/{StackName:*}
    DetectStackDrift             stack/{StackName}
    DetectStackResourceDrift     stack/{StackName}
    DetectStackSetDrift          stackset/{StackSetName}
    EstimateTemplateCost         *
    ExecuteChangeSet             stack/{StackName}
    GetStackPolicy               stack/{StackName}
    GetTemplate                  stack/{StackName}
    GetTemplateSummary           stack/{StackName:*}
    ListChangeSets               stack/{StackName}
    ListExports                  *
    ListImports                  *
    ListStackInstances           stackset/{StackSetName}
    ListStackResources           stack/{StackName}
    ListStackSetOperationResults  stackset/{StackSetName}
    ListStackSetOperations       stackset/{StackSetName}
    ListStackSets                *
    ListStacks                   *
    RollbackStack                stack/{StackName}
    SetStackPolicy               stack/{StackName}
    StopStackSetOperation        stackset/{StackSetName}
    UpdateStack                  stack/{StackName}
    UpdateStackInstances         stackset/{StackSetName}  stackset-target/{StackSetName}/{Accounts||DeploymentTargets.Accounts}
    UpdateStackSet               stackset/{StackSetName}  stackset-target/{StackSetName}/{Accounts||DeploymentTargets.Accounts}
    UpdateStackSet?Tags          @cloudformation:TagResource  stackset/{StackSetName}
    UpdateTerminationProtection  stack/{StackName}
    ValidateTemplate             *
"""  # noqa: E501 (a table)

KEYS = """
    CreateChangeSet,DeleteChangeSet,ExecuteChangeSet                     cloudformation:ChangeSetName  ChangeSetName
    ContinueUpdateRollback,CreateChangeSet,CreateStack,DeleteStack,RollbackStack,UpdateStack  cloudformation:RoleArn  RoleARN
    CreateChangeSet,CreateStack,CreateStackSet,UpdateStack,UpdateStackSet  cloudformation:TemplateUrl    TemplateURL
    CreateStackInstances,DeleteStackInstances,UpdateStackInstances,UpdateStackSet  cloudformation:TargetRegion  Regions
    CreateChangeSet,CreateStack,UpdateStack                              cloudformation:ResourceTypes  ResourceTypes
    CreateChangeSet                                                      cloudformation:ImportResourceTypes  ResourcesToImport[].ResourceType
    CreateStack,SetStackPolicy,UpdateStack                               cloudformation:StackPolicyUrl  StackPolicyURL
"""  # noqa: E501 (a table)


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """A stack, or stack set, as ARNs name it: with its id where it is there, else with any."""
    kind, _, name = resource.partition("/")
    if kind == "stackset":
        return (f"stackset/{_stack_set(call, name)}",)
    if kind == "stackset-target":
        stack_set, _, account = name.rpartition("/")
        return (f"stackset-target/{_stack_set(call, stack_set)}/{account}",)
    if name.startswith("arn:"):
        return (parse_arn(name).resource,)
    if name == "*":
        return ("stack/*",)
    try:
        return (parse_arn(call.studio.stacks.store.stack(call.scope, name).id).resource,)
    except DomainError:
        return (f"stack/{name}/*",)


def _stack_set(call: Call, name: str) -> str:
    """The id of a stack set, as far as it is known."""
    try:
        return call.studio.stack_sets.store.get(call.scope, name, deleted=True).id
    except DomainError:
        return name if ":" in name else f"{name}:*"


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, name = parse_arn(arn).resource.partition("/")
    if kind == "stackset":
        tags: Mapping[str, str] = call.studio.stack_sets.store.get(call.scope, name)["tags"]
        return tags
    target = call.studio.stacks.store.stack(call.scope, arn).target
    return {} if target is None else target.tags


RIGHTS = Rights("cloudformation", table("cloudformation", TABLE), conditions(KEYS), names=_names, tags=_tags)
