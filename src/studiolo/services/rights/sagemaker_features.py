"""What the operations of Feature Store need, its runtime's too: rows of the table of Amazon SageMaker."""

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
