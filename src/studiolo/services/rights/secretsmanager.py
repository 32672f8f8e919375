"""What the operations of AWS Secrets Manager need.

After "Actions, resources, and condition keys for AWS Secrets Manager" (Service Authorization Reference). A secret's own
policy is recorded, and not asked.
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.domain import DomainError
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    CreateSecret          {Name}
    CreateSecret?Tags     @secretsmanager:TagResource  {Name}
    DeleteResourcePolicy  {SecretId}
    DeleteSecret          {SecretId}
    DescribeSecret        {SecretId}
    GetRandomPassword     *
    GetResourcePolicy     {SecretId}
    GetSecretValue        {SecretId}
    ListSecretVersionIds  {SecretId}
    ListSecrets           *
    PutResourcePolicy     {SecretId}
    PutSecretValue        {SecretId}
    RestoreSecret         {SecretId}
    TagResource           {SecretId}
    UntagResource         {SecretId}
    UpdateSecret          {SecretId}
"""

KEYS = """
    CreateSecret  secretsmanager:Name  Name
    DeleteResourcePolicy,DeleteSecret,DescribeSecret,GetResourcePolicy,GetSecretValue,PutSecretValue,UpdateSecret  secretsmanager:SecretId  SecretId
    GetSecretValue  secretsmanager:VersionStage  VersionStage
    DeleteSecret  secretsmanager:ForceDeleteWithoutRecovery  ForceDeleteWithoutRecovery
"""  # noqa: E501 (a table)


def _names(call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A secret with the letters behind its name, where it is there."""
    try:
        return (parse_arn(call.studio.recorder.secrets.get(call.scope, resource, deleted=True)["ARN"]).resource,)
    except DomainError:
        name = parse_arn(resource).resource if resource.startswith("arn:") else f"secret:{resource}-??????"
        return (name,)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.recorder.secrets.get(call.scope, arn, deleted=True).tags


RIGHTS = Rights("secretsmanager", table("secretsmanager", TABLE), conditions(KEYS), names=_names, tags=_tags)
