"""The table of resource types: what each is made with, what it is changed to, what it needs beside it.

A type is supported when tests/api/test_stack_types.py passes for it. `needs` are resources of the same template that the
row's properties refer to by name.
"""

from dataclasses import dataclass
from typing import Any

from tests.api.stack_parts import (
    ACCOUNT,
    ALARM,
    ALLOW,
    ALLOW_MORE,
    COLUMNS,
    GLUE,
    HELPERS,
    NEEDS,
    OFFERED,
    OPEN,
    PIPELINE,
    TAGS,
    TRUST,
    WIDGET,
    att,
    metadata,
    principal,
    ref,
)


@dataclass(frozen=True)
class Row:
    """One type.

    changed: properties after an update in place, None where none can change; attributes: of GetAtt; lab: whether it
    needs JupyterLab's packages.
    """

    type: str
    properties: dict[str, Any]
    changed: dict[str, Any] | None = None
    needs: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    lab: bool = False


STUDIO_IMAGE = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3-cpu"
FEATURES = [{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "Fractional"}]
ROWS: list[Row] = [
    Row("AWS::CDK::Metadata", {"Analytics": "v2:deflate64:one"}, {"Analytics": "v2:deflate64:two"}),
    Row(
        "AWS::CloudFormation::StackSet",
        {
            "StackSetName": "row",
            "PermissionModel": "SELF_MANAGED",
            "TemplateBody": '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
        },
        {"Description": "new", **TAGS},
        attributes=("StackSetId",),
    ),
    Row("AWS::CloudFormation::WaitConditionHandle", {}),
    Row("AWS::CloudWatch::Alarm", ALARM, {"Threshold": "5", "AlarmDescription": "new", **TAGS}, attributes=("Arn",)),
    Row(
        "AWS::CloudWatch::CompositeAlarm",
        {"AlarmRule": {"Fn::Sub": "ALARM(${HAlarm})"}},
        {"ActionsEnabled": "false", **TAGS},
        ("HAlarm",),
        ("Arn",),
    ),
    Row("AWS::CloudWatch::Dashboard", {"DashboardBody": '{"widgets": []}'}, {"DashboardBody": WIDGET}),
    Row("AWS::EC2::EIP", {}, TAGS, attributes=("AllocationId", "PublicIp")),
    Row("AWS::EC2::InternetGateway", {}, TAGS, attributes=("InternetGatewayId",)),
    Row(
        "AWS::EC2::NatGateway",
        {"SubnetId": ref("HSubnet"), "AllocationId": att("HAddress", "AllocationId")},
        TAGS,
        ("HSubnet", "HAddress"),
        ("NatGatewayId",),
    ),
    Row(
        "AWS::EC2::Route",
        {"RouteTableId": ref("HTable"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("HGateway")},
        needs=("HTable", "HGateway", "HAttached"),
    ),
    Row("AWS::EC2::RouteTable", {"VpcId": ref("HVpc")}, TAGS, ("HVpc",), ("RouteTableId",)),
    Row(
        "AWS::EC2::SecurityGroup",
        {"GroupDescription": "one", "VpcId": ref("HVpc")},
        {
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": "443", "CidrIp": "10.0.0.0/8"}],
            **TAGS,
        },
        ("HVpc",),
        ("GroupId", "VpcId"),
    ),
    Row(
        "AWS::EC2::SecurityGroupEgress",
        {"GroupId": ref("HGroup"), "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"},
        needs=("HGroup",),
        attributes=("Id",),
    ),
    Row(
        "AWS::EC2::SecurityGroupIngress",
        {"GroupId": ref("HGroup"), "IpProtocol": "-1", "SourceSecurityGroupId": ref("HGroup")},
        needs=("HGroup",),
        attributes=("Id",),
    ),
    Row(
        "AWS::EC2::Subnet",
        {"VpcId": ref("HVpc"), "CidrBlock": "10.0.9.0/24"},
        {"MapPublicIpOnLaunch": True, **TAGS},
        ("HVpc",),
        ("AvailabilityZone", "SubnetId"),
    ),
    Row(
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref("HSubnet"), "RouteTableId": ref("HTable")},
        needs=("HSubnet", "HTable"),
        attributes=("Id",),
    ),
    Row(
        "AWS::EC2::VPC",
        {"CidrBlock": "10.9.0.0/16"},
        {"EnableDnsHostnames": "true", **TAGS},
        attributes=("CidrBlock", "DefaultSecurityGroup", "DefaultNetworkAcl", "VpcId"),
    ),
    Row(
        "AWS::EC2::VPCEndpoint",
        {"VpcId": ref("HVpc"), "ServiceName": "com.amazonaws.eu-central-1.s3"},
        {"RouteTableIds": [ref("HTable")], "PolicyDocument": OPEN},
        ("HVpc", "HTable"),
        ("Id",),
    ),
    Row(
        "AWS::EC2::VPCGatewayAttachment",
        {"VpcId": ref("HVpc"), "InternetGatewayId": ref("HGateway")},
        needs=("HVpc", "HGateway"),
    ),
    Row("AWS::ECR::Repository", {}, {"ImageTagMutability": "IMMUTABLE", **TAGS}, attributes=("Arn", "RepositoryUri")),
    Row(
        "AWS::EMRServerless::Application",
        {
            "ReleaseLabel": "emr-7.10.0",
            "Type": "SPARK",
            "MaximumCapacity": {"Cpu": "4 vCPU", "Memory": "16 GB"},
            "InitialCapacity": [
                {"Key": "DRIVER", "Value": {"WorkerCount": 1, "WorkerConfiguration": {"Cpu": "1vCPU", "Memory": "2GB"}}}
            ],
        },
        {"AutoStopConfiguration": {"Enabled": "true", "IdleTimeoutMinutes": "5"}, **TAGS},
        attributes=("ApplicationId", "Arn"),
    ),
    Row("AWS::Glue::Classifier", {"CsvClassifier": {"Delimiter": ","}}, {"CsvClassifier": {"Delimiter": ";"}}),
    Row(
        "AWS::Glue::Connection",
        {**GLUE, "ConnectionInput": {"ConnectionType": "NETWORK"}},
        {"ConnectionInput": {"ConnectionType": "NETWORK", "Description": "new"}},
    ),
    Row("AWS::Glue::Database", {**GLUE, "DatabaseInput": {}}, {"DatabaseInput": {"Description": "new"}}),
    Row(
        "AWS::Glue::Partition",
        {
            **GLUE,
            "DatabaseName": ref("HBase"),
            "TableName": ref("HPartitioned"),
            "PartitionInput": {"Values": ["1"], "StorageDescriptor": {"Columns": COLUMNS}},
        },
        {"PartitionInput": {"Values": ["1"], "Parameters": {"a": "b"}, "StorageDescriptor": {"Columns": COLUMNS}}},
        ("HBase", "HPartitioned"),
    ),
    Row(
        "AWS::Glue::Table",
        {**GLUE, "DatabaseName": ref("HBase"), "TableInput": {"StorageDescriptor": {"Columns": COLUMNS}}},
        {"TableInput": {"Description": "new", "StorageDescriptor": {"Columns": COLUMNS}}},
        ("HBase",),
    ),
    Row(
        "AWS::IAM::AccessKey",
        {"UserName": ref("HUser")},
        {"Status": "Inactive"},
        ("HUser",),
        ("SecretAccessKey",),
    ),
    Row("AWS::IAM::Group", {}, {"Policies": [{"PolicyName": "p", "PolicyDocument": ALLOW}]}, attributes=("Arn",)),
    Row(
        "AWS::IAM::GroupPolicy",
        {"GroupName": ref("HPeople"), "PolicyName": "p", "PolicyDocument": ALLOW},
        {"PolicyDocument": ALLOW_MORE},
        ("HPeople",),
    ),
    Row("AWS::IAM::InstanceProfile", {"Roles": [ref("HRole")]}, None, ("HRole",), ("Arn",)),
    Row(
        "AWS::IAM::ManagedPolicy",
        {"PolicyDocument": ALLOW, "Roles": [ref("HRole")]},
        {"PolicyDocument": ALLOW_MORE, "Users": [ref("HUser")], "Roles": []},
        ("HRole", "HUser"),
        ("PolicyArn",),
    ),
    Row(
        "AWS::IAM::Policy",
        {"PolicyName": "p", "PolicyDocument": ALLOW, "Roles": [ref("HRole")]},
        {"PolicyDocument": ALLOW_MORE, "Roles": [], "Users": [ref("HUser")]},
        ("HRole", "HUser"),
        ("Id",),
    ),
    Row(
        "AWS::IAM::Role",
        {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": ALLOW}]},
        {
            "Description": "new",
            "Policies": [],
            "ManagedPolicyArns": [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"}],
            **TAGS,
        },
        attributes=("Arn", "RoleId"),
    ),
    Row(
        "AWS::IAM::RolePolicy",
        {"RoleName": ref("HRole"), "PolicyName": "p", "PolicyDocument": ALLOW},
        {"PolicyDocument": ALLOW_MORE},
        ("HRole",),
    ),
    Row("AWS::IAM::ServiceLinkedRole", {"AWSServiceName": "ecs.amazonaws.com"}, {"Description": "new"}),
    Row("AWS::IAM::User", {}, {"Groups": [ref("HPeople")], **TAGS}, ("HPeople",), ("Arn",)),
    Row(
        "AWS::IAM::UserPolicy",
        {"UserName": ref("HUser"), "PolicyName": "p", "PolicyDocument": ALLOW},
        {"PolicyDocument": ALLOW_MORE},
        ("HUser",),
    ),
    Row(
        "AWS::IAM::UserToGroupAddition",
        {"GroupName": ref("HPeople"), "Users": [ref("HUser")]},
        {"Users": []},
        ("HPeople", "HUser"),
    ),
    Row(
        "AWS::KMS::Alias",
        {"AliasName": {"Fn::Sub": "alias/${AWS::StackName}"}, "TargetKeyId": ref("HKey")},
        {"TargetKeyId": att("HKey", "Arn")},
        ("HKey",),
    ),
    Row(
        "AWS::KMS::Key",
        {"Description": "one", "PendingWindowInDays": "7"},
        {"Description": "two", "EnableKeyRotation": True, **TAGS},
        attributes=("Arn", "KeyId"),
    ),
    Row(
        "AWS::LakeFormation::DataCellsFilter",
        {
            "TableCatalogId": ACCOUNT,
            "DatabaseName": ref("HBase"),
            "TableName": ref("HPartitioned"),
            "Name": "some",
            "RowFilter": {"FilterExpression": "a > 1"},
            "ColumnNames": ["a"],
        },
        needs=("HBase", "HPartitioned"),
    ),
    Row(
        "AWS::LakeFormation::DataLakeSettings",
        {"MutationType": "APPEND", "Admins": [principal("HRole")]},
        {"Admins": [principal("HUser")]},
        ("HRole", "HUser"),
    ),
    Row(
        "AWS::LakeFormation::Permissions",
        {
            "DataLakePrincipal": principal("HRole"),
            "Resource": {"DatabaseResource": {"Name": ref("HBase")}},
            "Permissions": ["DESCRIBE"],
        },
        {"Permissions": ["CREATE_TABLE"]},
        ("HRole", "HBase"),
        ("Id",),
    ),
    Row(
        "AWS::LakeFormation::PrincipalPermissions",
        {
            "Principal": principal("HRole"),
            "Resource": {"Table": {"CatalogId": ACCOUNT, "DatabaseName": ref("HBase"), "TableWildcard": {}}},
            "Permissions": ["SELECT", "DESCRIBE"],
            "PermissionsWithGrantOption": [],
        },
        {"Permissions": ["SELECT"]},
        ("HRole", "HBase"),
        ("PrincipalIdentifier", "ResourceIdentifier"),
    ),
    Row(
        "AWS::LakeFormation::Resource",
        {"ResourceArn": att("HBucket", "Arn"), "UseServiceLinkedRole": "false", "RoleArn": att("HLakeRole", "Arn")},
        {"HybridAccessEnabled": "true"},
        ("HBucket", "HLakeRole"),
        ("Id",),
    ),
    Row(
        "AWS::LakeFormation::Tag",
        {"TagKey": ref("AWS::StackName"), "TagValues": ["a", "b"]},
        {"TagValues": ["b", "c"]},
    ),
    Row("AWS::Logs::LogGroup", {"RetentionInDays": "7"}, {"RetentionInDays": 14, **TAGS}, attributes=("Arn",)),
    Row("AWS::Logs::LogStream", {"LogGroupName": ref("HLogs")}, needs=("HLogs",)),
    Row("AWS::Events::EventBus", {"Name": "stack-bus"}, {"Description": "new", **TAGS}, attributes=("Arn", "Name")),
    Row(
        "AWS::Events::Rule",
        {
            "EventPattern": {"source": ["aws.s3"]},
            "Targets": [{"Id": "one", "Arn": att("HFunction", "Arn"), "RetryPolicy": {"MaximumRetryAttempts": "2"}}],
        },
        {"ScheduleExpression": "rate(1 day)", "State": "DISABLED", "Targets": []},
        ("HFunction",),
        ("Arn",),
    ),
    Row(
        "AWS::Scheduler::Schedule",
        {
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ScheduleExpression": "rate(1 day)",
            "StartDate": "2090-01-01T00:00:00Z",
            "Target": {"Arn": att("HFunction", "Arn"), "RoleArn": att("HScheduleRole", "Arn")},
        },
        {"State": "DISABLED"},
        ("HFunction", "HScheduleRole"),
        ("Arn",),
    ),
    Row("AWS::Scheduler::ScheduleGroup", {"Name": "stack-schedules"}, TAGS, attributes=("Arn", "State")),
    Row(
        "AWS::Logs::SubscriptionFilter",
        {
            "LogGroupName": ref("HLogs"),
            "FilterPattern": "ERROR",
            # After the permission.
            "DestinationArn": {"Fn::Select": ["0", {"Fn::Split": ["|", {"Fn::Sub": "${HFunction.Arn}|${HAllowed}"}]}]},
        },
        {"FilterPattern": "WARN"},
        ("HLogs", "HFunction", "HAllowed"),
    ),
    Row(
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": ref("HLogs"),
            "FilterPattern": "ERROR",
            "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
        },
        {"FilterPattern": "WARN"},
        ("HLogs",),
    ),
    Row(
        "AWS::Logs::ResourcePolicy",
        {
            "PolicyName": ref("AWS::StackName"),
            "PolicyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": '
            '"es.amazonaws.com"}, "Action": "logs:PutLogEvents", "Resource": "*"}]}',
        },
        {
            "PolicyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": '
            '"es.amazonaws.com"}, "Action": "logs:CreateLogStream", "Resource": "*"}]}'
        },
    ),
    Row(
        "AWS::S3::Bucket",
        {"VersioningConfiguration": {"Status": "Enabled"}},
        {
            "VersioningConfiguration": {"Status": "Suspended"},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"},
            "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
            "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": "30", "Prefix": "tmp/"}]},
            **TAGS,
        },
        attributes=("Arn", "DomainName", "RegionalDomainName"),
    ),
    Row(
        "AWS::S3::BucketPolicy",
        {
            "Bucket": ref("HBucket"),
            "PolicyDocument": {
                **OPEN,
                "Statement": [
                    {**OPEN["Statement"][0], "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${HBucket.Arn}/*"}}
                ],
            },
        },
        {
            "PolicyDocument": {
                **OPEN,
                "Statement": [
                    {**OPEN["Statement"][0], "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${HBucket.Arn}/a/*"}}
                ],
            }
        },
        ("HBucket",),
    ),
    Row(
        "AWS::SNS::Subscription",
        {"TopicArn": ref("HTopic"), "Protocol": "email", "Endpoint": "a@example.com"},
        {"RawMessageDelivery": "false"},
        ("HTopic",),
    ),
    Row(
        "AWS::Lambda::Alias",
        {"FunctionName": ref("HFunction"), "FunctionVersion": att("HVersion", "Version"), "Name": "live"},
        {"Description": "new"},
        ("HVersion",),
        ("AliasArn",),
    ),
    Row(
        "AWS::Lambda::EventInvokeConfig",
        {"FunctionName": ref("HFunction"), "Qualifier": "$LATEST", "MaximumRetryAttempts": "0"},
        {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
        ("HFunction",),
    ),
    Row(
        "AWS::Lambda::Function",
        HELPERS["HFunction"]["Properties"],
        {"Timeout": "5", "Code": {"ZipFile": "handler = repr"}, "ReservedConcurrentExecutions": 1, **TAGS},
        ("HFunctionRole",),
        ("Arn",),
    ),
    Row(
        "AWS::Lambda::Permission",
        {"FunctionName": ref("HFunction"), "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
        needs=("HFunction",),
    ),
    Row(
        "AWS::Lambda::Url",
        {"TargetFunctionArn": att("HFunction", "Arn"), "AuthType": "AWS_IAM"},
        {"AuthType": "NONE", "Cors": {"AllowOrigins": ["*"], "MaxAge": "60"}},
        ("HFunction",),
        ("FunctionArn", "FunctionUrl"),
    ),
    Row(
        "AWS::Lambda::Version",
        {"FunctionName": ref("HFunction")},
        needs=("HFunction",),
        attributes=("Version", "FunctionArn"),
    ),
    Row("AWS::SNS::Topic", {}, {"DisplayName": "new", **TAGS}, attributes=("TopicArn", "TopicName")),
    Row(
        "AWS::SQS::Queue",
        {"FifoQueue": True, "VisibilityTimeout": 60},
        {"VisibilityTimeout": 5, "DelaySeconds": 1, **TAGS},
        attributes=("Arn", "QueueName", "QueueUrl"),
    ),
    Row(
        "AWS::SQS::QueuePolicy",
        {"Queues": [ref("HQueue")], "PolicyDocument": OPEN},
        {"PolicyDocument": {**OPEN, "Id": "two"}},
        ("HQueue",),
    ),
    Row(
        "AWS::SQS::QueueInlinePolicy",
        {"Queue": ref("HQueue"), "PolicyDocument": OPEN},
        {"PolicyDocument": {**OPEN, "Id": "two"}},
        ("HQueue",),
    ),
    Row(
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("HTopic")], "PolicyDocument": OPEN},
        {"PolicyDocument": {**OPEN, "Id": "two"}},
        ("HTopic",),
    ),
    Row(
        "AWS::SageMaker::Domain",
        {
            "DomainName": ref("AWS::StackName"),
            "AuthMode": "IAM",
            "VpcId": ref("HVpc"),
            "SubnetIds": [ref("HSubnet")],
            "AppNetworkAccessType": "VpcOnly",
            "DefaultUserSettings": {"ExecutionRole": att("HStudioRole", "Arn"), "SecurityGroups": [ref("HGroup")]},
        },
        {
            "DefaultUserSettings": {"ExecutionRole": att("HStudioRole", "Arn"), "StudioWebPortal": "ENABLED"},
            "DomainSettings": {"SecurityGroupIds": [ref("HGroup")]},
            **TAGS,
        },
        ("HStudioRole", "HSubnet", "HGroup"),
        ("DomainArn", "DomainId", "Url"),
    ),
    Row(
        "AWS::SageMaker::FeatureGroup",
        {
            "FeatureGroupName": ref("AWS::StackName"),
            "RecordIdentifierFeatureName": "id",
            "EventTimeFeatureName": "at",
            "FeatureDefinitions": FEATURES,
            "OnlineStoreConfig": {"EnableOnlineStore": "true"},
        },
        {"FeatureDefinitions": [*FEATURES, {"FeatureName": "more", "FeatureType": "Integral"}]},
        (),
        ("CreationTime", "FeatureGroupStatus"),
    ),
    Row(
        "AWS::SageMaker::ModelPackage",
        {
            "ModelPackageGroupName": ref("HPackages"),
            "InferenceSpecification": {
                "Containers": [{"Image": "example", "ModelDataUrl": "s3://somewhere/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "CustomerMetadataProperties": {"a": "1"},
        },
        {"ModelApprovalStatus": "Approved", "CustomerMetadataProperties": {"b": "2"}},
        ("HPackages",),
        ("ModelPackageArn", "ModelPackageStatus"),
    ),
    Row(
        "AWS::SageMaker::ModelPackageGroup",
        {"ModelPackageGroupName": ref("AWS::StackName"), "ModelPackageGroupPolicy": OPEN},
        TAGS,
        (),
        ("ModelPackageGroupArn", "ModelPackageGroupStatus"),
    ),
    Row(
        "AWS::SageMaker::NotebookInstance",
        {
            "InstanceType": "ml.t3.medium",
            "RoleArn": att("HStudioRole", "Arn"),
            "LifecycleConfigName": att("HScripts", "NotebookInstanceLifecycleConfigName"),
        },
        {"VolumeSizeInGB": 20, **TAGS},
        ("HStudioRole", "HScripts"),
        ("NotebookInstanceName", "NotebookInstanceArn"),
        lab=True,
    ),
    Row(
        "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        HELPERS["HScripts"]["Properties"],
        {"OnStart": [], "OnCreate": [{"Content": "ZWNobyBtYWRl"}], **TAGS},
        attributes=("NotebookInstanceLifecycleConfigName", "NotebookInstanceLifecycleConfigArn"),
    ),
    Row(
        "AWS::SageMaker::Pipeline",
        {
            "PipelineName": ref("AWS::StackName"),
            "PipelineDefinition": {"PipelineDefinitionBody": PIPELINE},
            "RoleArn": att("HStudioRole", "Arn"),
        },
        {
            "PipelineDescription": "new",
            "PipelineDefinition": {"PipelineDefinitionBody": PIPELINE.replace("no", "never")},
            **TAGS,
        },
        ("HStudioRole",),
    ),
    Row(
        "AWS::SageMaker::Action",
        {"ActionName": ref("AWS::StackName"), "ActionType": "approval", "Source": {"SourceUri": "s3://a/b"}},
        {"Description": "new", "Properties": {"a": "1"}, **TAGS},
        attributes=("Arn", "CreationTime"),
    ),
    Row(
        "AWS::SageMaker::AppImageConfig",
        {
            "AppImageConfigName": ref("AWS::StackName"),
            "KernelGatewayImageConfig": {"KernelSpecs": [{"Name": "python3"}]},
        },
        {"KernelGatewayImageConfig": {"KernelSpecs": [{"Name": "python3", "DisplayName": "Python"}]}, **TAGS},
        attributes=("AppImageConfigArn",),
    ),
    Row(
        "AWS::SageMaker::Artifact",
        {"ArtifactType": "data", "Source": {"SourceUri": {"Fn::Sub": "s3://${AWS::StackName}/data"}}},
        {"ArtifactName": "new", "Properties": {"a": "1"}, **TAGS},
        attributes=("Arn", "CreationTime"),
    ),
    Row(
        "AWS::SageMaker::Context",
        {"ContextName": ref("AWS::StackName"), "ContextType": "endpoint", "Source": {"SourceUri": "s3://a/b"}},
        {"Description": "new", "Properties": {"a": "1"}, **TAGS},
        attributes=("Arn", "CreationTime"),
    ),
    Row(
        "AWS::SageMaker::Experiment",
        {"ExperimentName": ref("AWS::StackName")},
        {"Description": "new", **TAGS},
        attributes=("Arn", "CreationTime"),
    ),
    Row(
        "AWS::SageMaker::Image",
        {"ImageName": ref("AWS::StackName"), "ImageRoleArn": att("HStudioRole", "Arn"), "ImageDescription": "old"},
        {"ImageDescription": "new", **TAGS},
        ("HStudioRole",),
        ("ImageArn",),
    ),
    Row(
        "AWS::SageMaker::ImageVersion",
        {"ImageName": att("HImage", "ImageName"), "BaseImage": STUDIO_IMAGE, "Aliases": ["one"]},
        {"Aliases": ["two"], "ReleaseNotes": "new"},
        ("HImage",),
        ("ImageVersionArn", "Version"),
    ),
    Row(
        "AWS::SageMaker::ModelCard",
        {
            "ModelCardName": ref("AWS::StackName"),
            "ModelCardStatus": "Draft",
            "Content": {"ModelOverview": {"ModelCreator": "ana"}},
        },
        {"ModelCardStatus": "Approved", **TAGS},
        attributes=("ModelCardArn",),
    ),
    Row(
        "AWS::SageMaker::StudioLifecycleConfig",
        {
            "StudioLifecycleConfigName": ref("AWS::StackName"),
            "StudioLifecycleConfigAppType": "JupyterLab",
            "StudioLifecycleConfigContent": "ZWNobyBzdGFydGVk",
        },
        attributes=("StudioLifecycleConfigArn",),
    ),
    Row(
        "AWS::SageMaker::TrialComponent",
        {"TrialComponentName": ref("AWS::StackName"), "Parameters": {"a": {"NumberValue": "1"}}},
        {"Parameters": {"b": {"StringValue": "2"}}, **TAGS},
        attributes=("TrialComponentArn",),
    ),
    Row(
        "AWS::SageMaker::Space",
        {"DomainId": ref("HDomain"), "SpaceName": "shared"},
        {"SpaceDisplayName": "Everybody's", **TAGS},
        ("HDomain",),
        ("SpaceArn", "Url"),
    ),
    Row(
        "AWS::SageMaker::UserProfile",
        {"DomainId": ref("HDomain"), "UserProfileName": "ana"},
        {"UserSettings": {"ExecutionRole": att("HStudioRole", "Arn")}, **TAGS},
        ("HDomain",),
        ("UserProfileArn",),
    ),
    Row(
        "AWS::Events::EventBusPolicy",
        {"StatementId": "one", "Action": "events:PutEvents", "Principal": "*"},
        {"Principal": "123456789012"},
    ),
    Row(
        "AWS::Glue::DataCatalogEncryptionSettings",
        {
            **GLUE,
            "DataCatalogEncryptionSettings": {
                "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": "false"}
            },
        },
        {"DataCatalogEncryptionSettings": {"EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"}}},
    ),
    Row(
        "AWS::Glue::UserDefinedFunction",
        {"DatabaseName": ref("HBase"), "FunctionName": "twice", "ClassName": "a.B", "OwnerName": "ana"},
        {"ClassName": "a.C"},
        ("HBase",),
        ("Arn",),
    ),
    Row(
        "AWS::IAM::OIDCProvider",
        {"Url": {"Fn::Sub": "https://${AWS::StackName}.example.com"}, "ClientIdList": ["a", "b"]},
        {"ClientIdList": ["b", "c"], "ThumbprintList": ["0" * 40], **TAGS},
        attributes=("Arn",),
    ),
    Row(
        "AWS::IAM::SAMLProvider",
        {"SamlMetadataDocument": metadata("one")},
        {"SamlMetadataDocument": metadata("two"), **TAGS},
        attributes=("Arn",),
    ),
    Row(
        "AWS::LakeFormation::TagAssociation",
        {
            "Resource": {"Database": {**GLUE, "Name": ref("HBase")}},
            "LFTags": [{**GLUE, "TagKey": ref("HTag"), "TagValues": ["a"]}],
        },
        needs=("HBase", "HTag"),
        attributes=("ResourceIdentifier", "TagsIdentifier"),
    ),
    Row(
        "AWS::SNS::TopicInlinePolicy",
        {"TopicArn": ref("HTopic"), "PolicyDocument": OPEN},
        {"PolicyDocument": {**OPEN, "Id": "two"}},
        ("HTopic",),
    ),
    Row(
        "AWS::ServiceCatalog::LaunchNotificationConstraint",
        {**OFFERED, "NotificationArns": [ref("HTopic")]},
        {"Description": "new"},
        ("HOffered", "HTopic"),
    ),
    Row(
        "AWS::ServiceCatalog::ResourceUpdateConstraint",
        {**OFFERED, "TagUpdateOnProvisionedProduct": "ALLOWED"},
        {"TagUpdateOnProvisionedProduct": "NOT_ALLOWED"},
        ("HOffered",),
    ),
    Row("AWS::SSM::Parameter", {"Type": "String", "Value": "one"}, {"Value": "two"}, attributes=("Type", "Value")),
    Row(
        "AWS::SecretsManager::ResourcePolicy",
        {"SecretId": ref("HSecret"), "ResourcePolicy": OPEN},
        {"ResourcePolicy": {**OPEN, "Id": "two"}},
        ("HSecret",),
    ),
    Row(
        "AWS::SecretsManager::Secret",
        {"GenerateSecretString": {"SecretStringTemplate": '{"user": "a"}', "GenerateStringKey": "password"}},
        {"Description": "new", **TAGS},
        attributes=("Id",),
    ),
    Row(
        "AWS::ServiceCatalog::CloudFormationProduct",
        HELPERS["HProduct"]["Properties"],
        {"Description": "new", **TAGS},
        attributes=("ProductName", "ProvisioningArtifactIds", "ProvisioningArtifactNames"),
    ),
    Row(
        "AWS::ServiceCatalog::LaunchRoleConstraint",
        {**OFFERED, "RoleArn": att("HLaunchRole", "Arn")},
        {"Description": "new"},
        ("HOffered", "HLaunchRole"),
    ),
    Row(
        "AWS::ServiceCatalog::LaunchTemplateConstraint",
        {**OFFERED, "Rules": '{"One": {"Assertions": [{"Assert": true}]}}'},
        {"Description": "new"},
        ("HOffered",),
    ),
    Row(
        "AWS::ServiceCatalog::Portfolio",
        {"DisplayName": "one", "ProviderName": "team"},
        {"Description": "new", **TAGS},
        attributes=("PortfolioName",),
    ),
    Row(
        "AWS::ServiceCatalog::PortfolioPrincipalAssociation",
        {"PortfolioId": ref("HPortfolio"), "PrincipalARN": att("HRole", "Arn"), "PrincipalType": "IAM"},
        needs=("HPortfolio", "HRole"),
    ),
    Row(
        "AWS::ServiceCatalog::PortfolioProductAssociation",
        {"PortfolioId": ref("HPortfolio"), "ProductId": ref("HProduct")},
        needs=("HPortfolio", "HProduct"),
    ),
    Row("AWS::ServiceCatalog::TagOption", {"Key": "team", "Value": "lake"}, {"Active": "false"}),
    Row(
        "AWS::ServiceCatalog::TagOptionAssociation",
        {"TagOptionId": ref("HTagOption"), "ResourceId": ref("HPortfolio")},
        needs=("HTagOption", "HPortfolio"),
    ),
]


def template(row: Row, *, changed: bool = False) -> dict[str, Any]:
    """A template with that resource as `It`, what it needs, and an output of each attribute."""
    names: list[str] = []
    for name in row.needs:
        names += [*NEEDS.get(name, ()), name]
    it = {"Type": row.type, "Properties": {**row.properties, **((row.changed or {}) if changed else {})}}
    values = {"Ref": ref("It"), **{name.replace(".", ""): att("It", name) for name in row.attributes}}
    return {
        "Resources": {**{name: HELPERS[name] for name in dict.fromkeys(names)}, "It": it},
        "Outputs": {name: {"Value": value} for name, value in values.items()},
    }


__all__ = ["ROWS", "Row", "template"]
