"""What the operations of Feature Store need, its runtime's too: rows of the table of Amazon SageMaker."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.services.call import Call

TABLE = """
    BatchGetRecord            feature-group/{Identifiers[].FeatureGroupName}
    CreateFeatureGroup        feature-group/{FeatureGroupName}
    CreateFeatureGroup?Tags   @sagemaker:AddTags  feature-group/{FeatureGroupName}
    DeleteFeatureGroup        feature-group/{FeatureGroupName}
    DeleteRecord              feature-group/{FeatureGroupName}
    DescribeFeatureGroup      feature-group/{FeatureGroupName}
    DescribeFeatureMetadata   feature-group/{FeatureGroupName}
    GetRecord                 feature-group/{FeatureGroupName}
    ListFeatureGroups         *
    PutRecord                 feature-group/{FeatureGroupName}
    UpdateFeatureGroup        feature-group/{FeatureGroupName}
    UpdateFeatureMetadata     feature-group/{FeatureGroupName}
"""

KEYS = """
    CreateFeatureGroup  sagemaker:FeatureGroupDisableGlueTableCreation  OfflineStoreConfig.DisableGlueTableCreation
    CreateFeatureGroup  sagemaker:FeatureGroupEnableOnlineStore         OnlineStoreConfig.EnableOnlineStore
    CreateFeatureGroup  sagemaker:FeatureGroupOfflineStoreKmsKey        OfflineStoreConfig.S3StorageConfig.KmsKeyId
    CreateFeatureGroup  sagemaker:FeatureGroupOfflineStoreS3Uri         OfflineStoreConfig.S3StorageConfig.S3Uri
    CreateFeatureGroup  sagemaker:FeatureGroupOnlineStoreKmsKey         OnlineStoreConfig.SecurityConfig.KmsKeyId
"""


def names(_call: Call, resource: str, _parameters: Mapping[str, Any]) -> Sequence[str]:
    """A resource as ARNs spell it: a feature group may be named by its own ARN."""
    kind, _, name = resource.partition("/")
    return (f"{kind}/{name.rpartition('/')[2]}" if kind == "feature-group" else resource,)
