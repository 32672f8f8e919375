"""What the rows of the table of resource types are made of: resources beside them, documents, references."""

import json
import sys
from typing import Any


def trust(service: str) -> dict[str, Any]:
    principal = {"Service": f"{service}.amazonaws.com"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


TRUST = trust("glue")
PIPELINE = json.dumps(
    {
        "Version": "2020-12-01",
        "Steps": [{"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
    }
)
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
ALLOW_MORE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
COLUMNS = [{"Name": "a", "Type": "int"}]
ALARM = {
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": "60",
    "EvaluationPeriods": "1",
    "Threshold": "1",
    "ComparisonOperator": "GreaterThanThreshold",
}
WIDGET = '{"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "a"}}]}'


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def metadata(issuer: str) -> str:
    """Of an identity provider, as SAML has it."""
    key = f"<d:KeyInfo><d:X509Data><d:X509Certificate>{'A' * 1000}</d:X509Certificate></d:X509Data></d:KeyInfo>"
    return (
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:d="http://www.w3.org/2000/09/xmldsig#" '
        f'entityID="{issuer}"><IDPSSODescriptor><KeyDescriptor use="signing">{key}</KeyDescriptor></IDPSSODescriptor>'
        "</EntityDescriptor>"
    )


def principal(name: str) -> dict[str, Any]:
    return {"DataLakePrincipalIdentifier": att(name, "Arn")}


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
    "HFunctionRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("lambda")}},
    "HFunction": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Role": att("HFunctionRole", "Arn"),
            "Runtime": f"python3.{sys.version_info.minor}",
            "Handler": "index.handler",
            "Code": {"ZipFile": "handler = print"},
        },
    },
    "HAllowed": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": ref("HFunction"),
            "Action": "lambda:InvokeFunction",
            "Principal": "logs.amazonaws.com",
        },
    },
    "HScheduleRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("scheduler")}},
    "HVersion": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": ref("HFunction")}},
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
    "HPortfolio": {
        "Type": "AWS::ServiceCatalog::Portfolio",
        "Properties": {"DisplayName": "shop", "ProviderName": "team"},
    },
    "HProduct": {
        "Type": "AWS::ServiceCatalog::CloudFormationProduct",
        "Properties": {
            "Name": "product",
            "Owner": "team",
            "ProvisioningArtifactParameters": [{"Name": "v1", "Info": {"ImportFromPhysicalId": ref("AWS::StackId")}}],
        },
    },
    "HOffered": {
        "Type": "AWS::ServiceCatalog::PortfolioProductAssociation",
        "Properties": {"PortfolioId": ref("HPortfolio"), "ProductId": ref("HProduct")},
    },
    "HTagOption": {"Type": "AWS::ServiceCatalog::TagOption", "Properties": {"Key": "helper", "Value": "one"}},
    "HLaunchRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("servicecatalog")}},
    "HAlarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": ALARM},
    "HLakeRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("lakeformation")}},
    "HTag": {
        "Type": "AWS::LakeFormation::Tag",
        "Properties": {"TagKey": {"Fn::Sub": "${AWS::StackName}-h"}, "TagValues": ["a", "b"]},
    },
    "HImage": {
        "Type": "AWS::SageMaker::Image",
        "Properties": {"ImageName": {"Fn::Sub": "${AWS::StackName}-h"}, "ImageRoleArn": att("HStudioRole", "Arn")},
    },
    "HQueue": {"Type": "AWS::SQS::Queue"},
    "HTopic": {"Type": "AWS::SNS::Topic"},
    "HStudioRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("sagemaker")}},
    "HDomain": {
        "Type": "AWS::SageMaker::Domain",
        "Properties": {
            "DomainName": {"Fn::Sub": "${AWS::StackName}-h"},
            "AuthMode": "IAM",
            "DefaultUserSettings": {"ExecutionRole": att("HStudioRole", "Arn")},
        },
    },
    "HScripts": {
        "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        "Properties": {"OnStart": [{"Content": "ZWNobyBzdGFydGVk"}]},
    },
    "HPackages": {
        "Type": "AWS::SageMaker::ModelPackageGroup",
        "Properties": {"ModelPackageGroupName": {"Fn::Sub": "${AWS::StackName}-h"}},
    },
    "HSecret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s"}},
}
"""What rows need beside them."""

NEEDS = {
    "HSubnet": ("HVpc",), "HAttached": ("HVpc", "HGateway"), "HTable": ("HVpc",), "HGroup": ("HVpc",),
    "HPartitioned": ("HBase",), "HDomain": ("HStudioRole",), "HFunction": ("HFunctionRole",),
    "HAllowed": ("HFunctionRole", "HFunction"), "HVersion": ("HFunctionRole", "HFunction"),
    "HOffered": ("HPortfolio", "HProduct"), "HImage": ("HStudioRole",),
}  # fmt: skip

TAGS = {"Tags": [{"Key": "team", "Value": "lake"}]}
ACCOUNT = ref("AWS::AccountId")
OFFERED = {
    # An association, not only its parts: the constraint comes after it.
    name: {"Fn::Select": [number, {"Fn::Split": ["|", ref("HOffered")]}]}
    for number, name in (("0", "PortfolioId"), ("1", "ProductId"))
}
GLUE = {"CatalogId": ACCOUNT}
