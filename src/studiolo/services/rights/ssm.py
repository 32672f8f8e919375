"""What the operations of AWS Systems Manager's Parameter Store need.

After "Actions, resources, and condition keys for AWS Systems Manager" (Service Authorization Reference).
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.recorded.parameters import split
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    AddTagsToResource       parameter/{ResourceId}
    DeleteParameter         parameter/{Name}
    DeleteParameters        parameter/{Names}
    DescribeParameters      *
    GetParameter            parameter/{Name}
    GetParameterHistory     parameter/{Name}
    GetParameters           parameter/{Names}
    GetParametersByPath     parameter/{Path}
    ListTagsForResource     parameter/{ResourceId}
    PutParameter            parameter/{Name}
    PutParameter?Tags       @ssm:AddTagsToResource  parameter/{Name}
    RemoveTagsFromResource  parameter/{ResourceId}
"""

KEYS = """
    PutParameter         ssm:Overwrite  Overwrite
    GetParametersByPath  ssm:Recursive  Recursive
"""


def _names(_call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A parameter's name in an ARN: without its version, and with one slash before it."""
    name, _ = split(resource.removeprefix("parameter/"))
    return (f"parameter/{name.lstrip('/')}",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    name = parse_arn(arn).resource.removeprefix("parameter/")
    found = [each.tags for each in call.studio.recorder.parameters.all(call.scope) if each.id.lstrip("/") == name]
    return found[0] if found else {}


RIGHTS = Rights("ssm", table("ssm", TABLE), conditions(KEYS), names=_names, tags=_tags)
