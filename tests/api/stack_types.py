"""The table of resource types: what each is made with, what it is changed to, what it needs beside it.

A type is supported when tests/api/test_stack_types.py passes for it. `needs` are resources of the same template that the
row's properties refer to by name.
"""

from dataclasses import dataclass
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
ALLOW_MORE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
COLUMNS = [{"Name": "a", "Type": "int"}]


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


@dataclass(frozen=True)
class Row:
    """One type. changed: properties after an update in place, None where none can change; attributes: of GetAtt."""

    type: str
    properties: dict[str, Any]
    changed: dict[str, Any] | None = None
    needs: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


HELPERS: dict[str, dict[str, Any]] = {
    "HVpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "HSubnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": ref("HVpc"), "CidrBlock": "10.0.0.0/24"}},
    "HGateway": {"Type": "AWS::EC2::InternetGateway"},
    "HAttached": {
        "Type": "AWS::EC2::VPCGatewayAttachment",
        "Properties": {"VpcId": ref("HVpc"), "InternetGatewayId": ref("HGateway")},
    },
    "HTable": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": ref("HVpc")}},
    "HGroup": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "helper", "VpcId": ref("HVpc")},
    },
    "HAddress": {"Type": "AWS::EC2::EIP"},
    "HRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
    "HUser": {"Type": "AWS::IAM::User"},
    "HPeople": {"Type": "AWS::IAM::Group"},
    "HBucket": {"Type": "AWS::S3::Bucket"},
    "HBase": {
        "Type": "AWS::Glue::Database",
        "Properties": {"CatalogId": ref("AWS::AccountId"), "DatabaseInput": {}},
    },
    "HPartitioned": {
        "Type": "AWS::Glue::Table",
        "Properties": {
            "CatalogId": ref("AWS::AccountId"),
            "DatabaseName": ref("HBase"),
            "TableInput": {
                "PartitionKeys": [{"Name": "day", "Type": "string"}],
                "StorageDescriptor": {"Columns": COLUMNS},
            },
        },
    },
    "HLogs": {"Type": "AWS::Logs::LogGroup"},
    "HKey": {"Type": "AWS::KMS::Key"},
    "HTopic": {"Type": "AWS::SNS::Topic"},
    "HSecret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s"}},
}
"""What rows need beside them."""

NEEDS = {
    "HSubnet": ("HVpc",), "HAttached": ("HVpc", "HGateway"), "HTable": ("HVpc",), "HGroup": ("HVpc",),
    "HPartitioned": ("HBase",),
}  # fmt: skip

TAGS = {"Tags": [{"Key": "team", "Value": "lake"}]}
ACCOUNT = ref("AWS::AccountId")
GLUE = {"CatalogId": ACCOUNT}

ROWS: list[Row] = [
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
    Row("AWS::Logs::LogGroup", {"RetentionInDays": "7"}, {"RetentionInDays": 14, **TAGS}, attributes=("Arn",)),
    Row("AWS::Logs::LogStream", {"LogGroupName": ref("HLogs")}, needs=("HLogs",)),
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
    Row("AWS::SNS::Topic", {}, {"DisplayName": "new", **TAGS}, attributes=("TopicArn", "TopicName")),
    Row(
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("HTopic")], "PolicyDocument": OPEN},
        {"PolicyDocument": {**OPEN, "Id": "two"}},
        ("HTopic",),
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
