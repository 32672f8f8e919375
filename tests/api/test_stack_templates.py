"""What templates make, as they are published: networks, Studio, clusters, endpoints."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.api.clusters import create_default_roles, ended
from tests.api.machine_learning import LINEAR_LEARNER
from tests.api.stack_types import ROWS, template
from tests.api.stacks import (
    CAPABILITIES,
    QUICKLY,
    TEMPLATES,
    aws,
    create,
    delete,
    events,
    new_name,
    outputs,
    physical,
    text_of,
    update,
)
from tests.conftest import Server


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def test_the_aws_cli_deploys_a_network_and_a_second_time_finds_nothing_to_do(
    server: Server, cloudformation: Any
) -> None:
    name = new_name()
    deploy = ("cloudformation", "deploy", "--stack-name", name, "--template-file", str(TEMPLATES / "network.yaml"))
    assert (
        "Successfully created/updated stack"
        in aws(server, *deploy, "--parameter-overrides", f"EnvironmentName={name}").stdout
    )
    assert "No changes to deploy" in aws(server, *deploy, "--no-fail-on-empty-changeset").stdout
    made = physical(cloudformation, name)
    ec2 = server.client("ec2")
    [subnet] = ec2.describe_subnets(SubnetIds=[made["PublicSubnet1"]])["Subnets"]
    assert subnet["VpcId"] == made["VPC"] == outputs(cloudformation, name)["VPC"]
    assert subnet["CidrBlock"] == "10.192.0.0/24"
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=made["VPC"])
    delete(cloudformation, name)
    with pytest.raises(ClientError, match="InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=[made["VPC"]])


def test_the_aws_cli_deploys_studio_with_its_network_role_bucket_database_and_user(
    server: Server, cloudformation: Any
) -> None:
    name = new_name()
    deploy = ("cloudformation", "deploy", "--stack-name", name, "--template-file", str(TEMPLATES / "studio.yaml"))
    chosen = (f"DomainName={name}", "UserProfileName=ana", f"DatabaseName={name}")
    aws(server, *deploy, "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", *chosen, "--tags", "team=air")
    told = outputs(cloudformation, name)
    sagemaker = server.client("sagemaker")
    domain, profile = (
        sagemaker.describe_domain(DomainId=told["DomainId"]),
        physical(cloudformation, name)["UserProfile"],
    )
    assert (domain["DomainName"], profile) == (name, f"ana|{told['DomainId']}")
    assert {"Key": "team", "Value": "air"} in sagemaker.list_tags(ResourceArn=told["UserProfileArn"])["Tags"]
    signed = sagemaker.create_presigned_domain_url(DomainId=told["DomainId"], UserProfileName="ana")["AuthorizedUrl"]
    assert signed.startswith(domain["Url"])
    location = server.client("glue").get_database(Name=told["DatabaseName"])["Database"]["LocationUri"]
    assert location == f"s3://{told['BucketName']}/{name}/"
    delete(cloudformation, name)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_domain(DomainId=told["DomainId"])


def test_a_domain_that_is_not_the_stack_s_is_refused_and_left_alone(
    server: Server, cloudformation: Any, role: str
) -> None:
    sagemaker, name = server.client("sagemaker"), new_name()
    given = {"DomainName": name, "AuthMode": "IAM", "DefaultUserSettings": {"ExecutionRole": role}}
    domain = sagemaker.create_domain(**given)["DomainId"]
    with pytest.raises(WaiterError):
        create(cloudformation, {"Resources": {"It": {"Type": "AWS::SageMaker::Domain", "Properties": given}}}, name)
    [failed] = [each for each in events(cloudformation, name) if each["ResourceStatus"] == "CREATE_FAILED"]
    assert f"{name} already exists" in failed["ResourceStatusReason"]
    delete(cloudformation, name)
    sagemaker.delete_domain(DomainId=domain)


def test_a_cluster_comes_from_a_template_with_a_step_and_task_nodes_and_changes_in_place(
    server: Server, cloudformation: Any
) -> None:
    text = (TEMPLATES / "cluster.yaml").read_text()
    name = create(cloudformation, text)
    made, told, emr = physical(cloudformation, name), outputs(cloudformation, name), server.client("emr")
    cluster = emr.describe_cluster(ClusterId=told["ClusterId"])["Cluster"]
    assert cluster["Status"]["State"] in ("RUNNING", "WAITING")
    assert (cluster["MasterPublicDnsName"], cluster["SecurityConfiguration"]) == (told["Master"], made["Security"])
    [configuration] = cluster["Configurations"]
    assert configuration["Properties"] == {"spark.sql.shuffle.partitions": "3"}
    assert ended(emr, cluster["Id"], made["Step"])["Status"]["State"] == "COMPLETED"
    changed = {"Level": "2", "Nodes": "2"}
    update(
        cloudformation, name, text, Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in changed.items()]
    )
    assert physical(cloudformation, name) == made
    assert emr.describe_cluster(ClusterId=cluster["Id"])["Cluster"]["StepConcurrencyLevel"] == 2
    groups = emr.list_instance_groups(ClusterId=cluster["Id"])["InstanceGroups"]
    assert {each["InstanceGroupType"]: each["RequestedInstanceCount"] for each in groups}["TASK"] == 2
    delete(cloudformation, name)
    ended_with = emr.describe_cluster(ClusterId=cluster["Id"])["Cluster"]["Status"]
    assert (ended_with["State"], ended_with["StateChangeReason"]["Code"]) == ("TERMINATED", "USER_REQUEST")


def test_what_a_template_grants_is_changed_in_place_and_taken_back(server: Server, cloudformation: Any) -> None:
    """Where a replacement would have revoked, after granting anew, what both have."""
    [row] = [row for row in ROWS if row.type == "AWS::LakeFormation::PrincipalPermissions"]
    lake = server.client("lakeformation")
    name = create(cloudformation, template(row))
    role, database = (physical(cloudformation, name)[each] for each in ("HRole", "HBase"))
    arn = server.client("iam").get_role(RoleName=role)["Role"]["Arn"]

    def granted() -> list[str]:
        tables = {"Table": {"DatabaseName": database, "TableWildcard": {}}}
        found = lake.list_permissions(Principal={"DataLakePrincipalIdentifier": arn}, Resource=tables)
        return sorted(each for grant in found["PrincipalResourcePermissions"] for each in grant["Permissions"])

    assert granted() == ["DESCRIBE", "SELECT"]
    update(cloudformation, name, template(row, changed=True))
    assert granted() == ["SELECT"]
    without = template(row)
    del without["Resources"]["It"], without["Outputs"]
    update(cloudformation, name, without)
    assert granted() == []
    delete(cloudformation, name)


def test_a_model_and_its_endpoint_come_from_a_template(
    server: Server, cloudformation: Any, bucket: str, role: str
) -> None:
    """The model is made and configured; its endpoint fails for want of an artifact, and says why."""
    server.client("s3").put_object(Bucket=bucket, Key="none/model.tar.gz", Body=b"no archive")
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": f"s3://{bucket}/none/model.tar.gz"}
    variant = {
        "VariantName": "all", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}, "InitialInstanceCount": "1",
        "InstanceType": "ml.m5.large", "InitialVariantWeight": 1,
    }  # fmt: skip
    template = {
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {"PrimaryContainer": container, "ExecutionRoleArn": role},
            },
            "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
            },
        }
    }
    name = new_name()
    cloudformation.create_stack(
        StackName=name, TemplateBody=text_of(template), Capabilities=CAPABILITIES, DisableRollback=True
    )
    with pytest.raises(WaiterError, match="CREATE_FAILED"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=QUICKLY)
    made = {
        each["LogicalResourceId"]: each
        for each in cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    }
    assert {logical: each["ResourceStatus"] for logical, each in made.items()} == {
        "Model": "CREATE_COMPLETE", "Config": "CREATE_COMPLETE", "Endpoint": "CREATE_FAILED",
    }  # fmt: skip
    assert "HandlerErrorCode: NotStabilized" in made["Endpoint"]["ResourceStatusReason"]
    delete(cloudformation, name)
    names = [each["EndpointName"] for each in server.client("sagemaker").list_endpoints(NameContains=name)["Endpoints"]]
    assert names == []


def test_what_others_need_goes_after_them_though_the_template_says_nothing_of_it(cloudformation: Any) -> None:
    """A gateway stays attached while addresses are mapped, and a group while another's rules name it."""
    vpc = {"Ref": "Vpc"}
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "Vpc": ("VPC", {"CidrBlock": "10.0.0.0/16"}),
        "Gateway": ("InternetGateway", {}),
        "Attached": ("VPCGatewayAttachment", {"VpcId": vpc, "InternetGatewayId": {"Ref": "Gateway"}}),
        "Subnet": ("Subnet", {"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}),
        "Address": ("EIP", {"Domain": "vpc"}),
        "Nat": ("NatGateway", {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": "Address.AllocationId"}}),
    }
    resources = {name: {"Type": f"AWS::EC2::{kind}", "Properties": own} for name, (kind, own) in kinds.items()}
    delete(cloudformation, create(cloudformation, {"Resources": resources}))


SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


@pytest.mark.heavy
def test_a_fleet_of_task_nodes_a_processing_job_and_a_tracking_server_come_from_a_template(
    server: Server, cloudformation: Any, bucket: str, role: str
) -> None:
    iam = server.client("iam")
    if not any(each["RoleName"] == "EMR_DefaultRole" for each in iam.list_roles()["Roles"]):
        create_default_roles(iam)
    one = {"TargetOnDemandCapacity": "1", "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}

    def template_of(tasks: int) -> dict[str, Any]:
        cluster = {
            "Name": "fleets", "ReleaseLabel": "emr-7.10.0", "Applications": [{"Name": "Spark"}],
            "Instances": {"MasterInstanceFleet": one, "CoreInstanceFleet": one},
            "JobFlowRole": "EMR_EC2_DefaultRole", "ServiceRole": "EMR_DefaultRole",
        }  # fmt: skip
        fleet = {**one, "ClusterId": {"Ref": "Cluster"}, "InstanceFleetType": "TASK", "TargetOnDemandCapacity": tasks}
        machines = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        job = {
            "AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "-c", "print(1)"]},
            "ProcessingResources": {"ClusterConfig": machines}, "RoleArn": role,
        }  # fmt: skip
        mlflow = {"TrackingServerName": "row", "ArtifactStoreUri": f"s3://{bucket}/mlflow", "RoleArn": role}
        kinds = {
            "Cluster": ("EMR::Cluster", cluster), "Fleet": ("EMR::InstanceFleetConfig", fleet),
            "Job": ("SageMaker::ProcessingJob", job), "Tracking": ("SageMaker::MlflowTrackingServer", mlflow),
        }  # fmt: skip
        return {"Resources": {name: {"Type": f"AWS::{kind}", "Properties": own} for name, (kind, own) in kinds.items()}}

    name = create(cloudformation, template_of(1))
    made = physical(cloudformation, name)
    assert made["Tracking"] == "row"
    update(cloudformation, name, template_of(2))
    assert physical(cloudformation, name) == made
    fleets = server.client("emr").list_instance_fleets(ClusterId=made["Cluster"])["InstanceFleets"]
    assert {each["Id"]: each["TargetOnDemandCapacity"] for each in fleets}[made["Fleet"]] == 2
    delete(cloudformation, name)
