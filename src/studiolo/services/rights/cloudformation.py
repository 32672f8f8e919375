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
    DeleteChangeSet              stack/{StackName}
    DeleteStack                  stack/{StackName}
    DescribeChangeSet            stack/{StackName}
    DescribeStackDriftDetectionStatus  *
    DescribeStackEvents          stack/{StackName}
    DescribeStackResource        stack/{StackName}
    DescribeStackResourceDrifts  stack/{StackName}
    DescribeStackResources       stack/{StackName:*}
    DescribeStacks               stack/{StackName:*}
    DetectStackDrift             stack/{StackName}
    DetectStackResourceDrift     stack/{StackName}
    EstimateTemplateCost         *
    ExecuteChangeSet             stack/{StackName}
    GetStackPolicy               stack/{StackName}
    GetTemplate                  stack/{StackName}
    GetTemplateSummary           stack/{StackName:*}
    ListChangeSets               stack/{StackName}
    ListExports                  *
    ListImports                  *
    ListStackResources           stack/{StackName}
    ListStacks                   *
    RollbackStack                stack/{StackName}
    SetStackPolicy               stack/{StackName}
    UpdateStack                  stack/{StackName}
    UpdateTerminationProtection  stack/{StackName}
    ValidateTemplate             *
"""

KEYS = """
    CreateChangeSet,DeleteChangeSet,ExecuteChangeSet                     cloudformation:ChangeSetName  ChangeSetName
    ContinueUpdateRollback,CreateChangeSet,CreateStack,DeleteStack,RollbackStack,UpdateStack  cloudformation:RoleArn  RoleARN
    CreateChangeSet,CreateStack,UpdateStack                              cloudformation:TemplateUrl    TemplateURL
    CreateChangeSet,CreateStack,UpdateStack                              cloudformation:ResourceTypes  ResourceTypes
    CreateChangeSet                                                      cloudformation:ImportResourceTypes  ResourcesToImport[].ResourceType
    CreateStack,SetStackPolicy,UpdateStack                               cloudformation:StackPolicyUrl  StackPolicyURL
"""  # noqa: E501 (a table)


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """A stack as ARNs name it: with its id where it is there, else with any."""
    name = resource.partition("/")[2]
    if name.startswith("arn:"):
        return (parse_arn(name).resource,)
    if name == "*":
        return ("stack/*",)
    try:
        return (parse_arn(call.studio.stacks.store.stack(call.scope, name).id).resource,)
    except DomainError:
        return (f"stack/{name}/*",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    target = call.studio.stacks.store.stack(call.scope, arn).target
    return {} if target is None else target.tags


RIGHTS = Rights("cloudformation", table("cloudformation", TABLE), conditions(KEYS), names=_names, tags=_tags)
