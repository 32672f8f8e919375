"""What the operations of AWS KMS need.

After "Actions, resources, and condition keys for AWS Key Management Service" (Service Authorization Reference). A key's own
policy is recorded, and not asked.
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.domain import DomainError
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    CancelKeyDeletion                key/{KeyId}
    CreateAlias                      {AliasName}  key/{TargetKeyId}
    CreateGrant                      key/{KeyId}
    CreateKey                        *
    Decrypt                          key/{KeyId:*}
    DeleteAlias                      {AliasName}
    DescribeKey                      key/{KeyId}
    DisableKey                       key/{KeyId}
    DisableKeyRotation               key/{KeyId}
    EnableKey                        key/{KeyId}
    EnableKeyRotation                key/{KeyId}
    Encrypt                          key/{KeyId}
    GenerateDataKey                  key/{KeyId}
    GenerateDataKeyWithoutPlaintext  key/{KeyId}
    GenerateRandom                   *
    GetKeyPolicy                     key/{KeyId}
    GetKeyRotationStatus             key/{KeyId}
    ListAliases                      *
    ListGrants                       key/{KeyId}
    ListKeyPolicies                  key/{KeyId}
    ListKeys                         *
    ListResourceTags                 key/{KeyId}
    ListRetirableGrants              *
    PutKeyPolicy                     key/{KeyId}
    ReEncrypt                        @kms:ReEncryptFrom  key/{SourceKeyId:*}
    ReEncrypt                        @kms:ReEncryptTo    key/{DestinationKeyId}
    RetireGrant                      key/{KeyId:*}
    RevokeGrant                      key/{KeyId}
    ScheduleKeyDeletion              key/{KeyId}
    TagResource                      key/{KeyId}
    UntagResource                    key/{KeyId}
    UpdateAlias                      {AliasName}  key/{TargetKeyId}
    UpdateKeyDescription             key/{KeyId}
"""

KEYS = """
    Encrypt,Decrypt,GenerateDataKey,GenerateDataKeyWithoutPlaintext  kms:EncryptionAlgorithm  EncryptionAlgorithm
    ScheduleKeyDeletion  kms:ScheduleKeyDeletionPendingWindowInDays  PendingWindowInDays
"""


def _names(call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A key by its id, however the request names it."""
    name = resource.removeprefix("key/")
    if resource.startswith("alias/") or name == "*":
        return (resource,)
    try:
        return (f"key/{call.studio.recorder.keys.get(call.scope, name).id}",)
    except DomainError:
        return (parse_arn(name).resource if name.startswith("arn:") else resource,)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.recorder.keys.get(call.scope, arn).tags


RIGHTS = Rights("kms", table("kms", TABLE), conditions(KEYS), names=_names, tags=_tags)
