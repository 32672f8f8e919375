"""What the operations of Amazon ECR need.

After "Actions, resources, and condition keys for Amazon Elastic Container Registry" (Service Authorization Reference).
"""

from collections.abc import Mapping

from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, table

TABLE = """
    CreateRepository               repository/{repositoryName}
    CreateRepository?tags          @ecr:TagResource  repository/{repositoryName}
    DeleteLifecyclePolicy          repository/{repositoryName}
    DeleteRepository               repository/{repositoryName}
    DeleteRepositoryPolicy         repository/{repositoryName}
    DescribeImages                 repository/{repositoryName}
    DescribeRepositories           repository/{repositoryNames:*}
    GetLifecyclePolicy             repository/{repositoryName}
    GetRepositoryPolicy            repository/{repositoryName}
    ListImages                     repository/{repositoryName}
    ListTagsForResource            ={resourceArn}
    PutImageScanningConfiguration  repository/{repositoryName}
    PutImageTagMutability          repository/{repositoryName}
    PutLifecyclePolicy             repository/{repositoryName}
    SetRepositoryPolicy            repository/{repositoryName}
    TagResource                    ={resourceArn}
    UntagResource                  ={resourceArn}
"""


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.recorder.repositories.named(call.scope, arn).tags


RIGHTS = Rights("ecr", table("ecr", TABLE), tags=_tags)
