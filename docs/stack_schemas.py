"""Extracts the schemas of resource types from cfn-lint's data (MIT-0): prints src/studiolo/stacks/schemas.jsonl.

To be run where cfn-lint is installed: `python docs/stack_schemas.py > src/studiolo/stacks/schemas.jsonl`. Descriptions and
permissions are left out; a line a type.
"""

import json
from importlib.resources import files
from typing import Any

TYPES = {
    "ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
    "Athena": "NamedQuery WorkGroup",
    "CloudFormation": "CustomResource Macro Stack StackSet WaitCondition WaitConditionHandle",
    "CloudWatch": "Alarm CompositeAlarm Dashboard",
    "EC2": "EIP InternetGateway NatGateway Route RouteTable SecurityGroup SecurityGroupEgress SecurityGroupIngress Subnet "
    "SubnetRouteTableAssociation VPC VPCEndpoint VPCGatewayAttachment",
    "ECR": "Repository",
    "EMR": "Cluster InstanceFleetConfig InstanceGroupConfig SecurityConfiguration Step Studio StudioSessionMapping",
    "EMRServerless": "Application",
    "Events": "EventBus EventBusPolicy Rule",
    "Glue": "Classifier Connection Crawler DataCatalogEncryptionSettings DataQualityRuleset Database DevEndpoint Job "
    "Partition SecurityConfiguration Table Trigger UserDefinedFunction Workflow",
    "IAM": "AccessKey Group GroupPolicy InstanceProfile ManagedPolicy OIDCProvider Policy Role RolePolicy SAMLProvider "
    "ServiceLinkedRole User UserPolicy UserToGroupAddition",
    "KMS": "Alias Key",
    "LakeFormation": "DataCellsFilter DataLakeSettings Permissions PrincipalPermissions Resource Tag TagAssociation",
    "Lambda": "Alias EventInvokeConfig EventSourceMapping Function LayerVersion Permission Url Version",
    "Logs": "LogGroup LogStream MetricFilter ResourcePolicy SubscriptionFilter",
    "S3": "Bucket BucketPolicy",
    "SNS": "Subscription Topic TopicInlinePolicy TopicPolicy",
    "SQS": "Queue QueueInlinePolicy QueuePolicy",
    "SSM": "Parameter",
    "SageMaker": "Action App AppImageConfig Artifact CodeRepository Context DataQualityJobDefinition Domain Endpoint "
    "EndpointConfig Experiment FeatureGroup Image ImageVersion InferenceComponent MlflowTrackingServer Model ModelCard "
    "ModelPackage ModelPackageGroup ModelQualityJobDefinition MonitoringSchedule NotebookInstance "
    "NotebookInstanceLifecycleConfig Pipeline ProcessingJob Project Space StudioLifecycleConfig TrialComponent UserProfile",
    "Scheduler": "Schedule ScheduleGroup",
    "SecretsManager": "ResourcePolicy Secret",
    "ServiceCatalog": "CloudFormationProduct CloudFormationProvisionedProduct "
    "LaunchNotificationConstraint LaunchRoleConstraint LaunchTemplateConstraint Portfolio PortfolioPrincipalAssociation "
    "PortfolioProductAssociation ResourceUpdateConstraint TagOption "
    "TagOptionAssociation",
}
"""By service: Studiolo has some of them, and can be taught the others."""

KEPT = (
    "typeName", "properties", "definitions", "required", "additionalProperties", "createOnlyProperties",
    "conditionalCreateOnlyProperties", "readOnlyProperties", "writeOnlyProperties", "primaryIdentifier", "tagging",
)  # fmt: skip
DROPPED = frozenset(
    {"description", "title", "$comment", "examples", "markdownDescription", "permissions", "relationshipRef"}
)


def lean(node: Any, names: bool = False) -> Any:
    """A schema without what is for people. names: the keys are names of properties, which are all kept."""
    if isinstance(node, list):
        return [lean(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: lean(item, key in ("properties", "definitions", "patternProperties") and not names)
        for key, item in node.items()
        if names or key not in DROPPED
    }


def main() -> None:
    """Print a line a type, in the order of their names."""
    schemas = files("cfnlint").joinpath("data/schemas")
    places = json.loads(schemas.joinpath("providers/us-east-1.json").read_text())
    for service, names in sorted(TYPES.items()):
        for name in names.split():
            type_name = f"AWS::{service}::{name}"
            place = places[type_name] if isinstance(places, dict) else type_name
            file = place if isinstance(place, str) else place["path"]
            schema = json.loads(schemas.joinpath("resources", f"{file.removesuffix('.json')}.json").read_text())
            kept = {key: lean(schema[key], key in ("properties", "definitions")) for key in KEPT if key in schema}
            print(json.dumps(kept, separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main()
