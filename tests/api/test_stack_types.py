"""Every type of resource that stacks can have, by one table: made, asked, changed in place, deleted without a trace."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from studiolo.stacks import type_names
from tests.api.stack_types import ROWS, Row, template
from tests.api.stacks import create, delete, outputs, physical, text_of, update

ELSEWHERE = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Macro",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::WaitCondition",
    "AWS::EMR::Cluster",
    "AWS::EMR::InstanceFleetConfig",
    "AWS::EMR::InstanceGroupConfig",
    "AWS::EMR::SecurityConfiguration",
    "AWS::EMR::Step",
    "AWS::Lambda::LayerVersion",
    "AWS::SageMaker::App",
    "AWS::SageMaker::DataQualityJobDefinition",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::InferenceComponent",
    "AWS::SageMaker::MlflowTrackingServer",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelQualityJobDefinition",
    "AWS::SageMaker::MonitoringSchedule",
    "AWS::SageMaker::ProcessingJob",
    "AWS::SageMaker::Project",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
}
"""Types that tests of whole templates show: test_stacks.py, test_stack_templates.py, test_products.py,
test_custom_resources.py, test_macros.py, test_studio_apps.py, test_inference_components.py,
test_auto_scaling.py, test_mlflow.py."""


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type)
def test_a_resource_is_made_and_told_of_and_keeps_its_id_when_it_is_changed_and_goes(
    cloudformation: Any, row: Row, request: pytest.FixtureRequest
) -> None:
    if row.lab:
        request.getfixturevalue("apps")
    name = create(cloudformation, template(row))
    made = physical(cloudformation, name)
    values = outputs(cloudformation, name)
    assert values["Ref"] == made["It"]
    assert all(values.values())
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update(cloudformation, name, template(row))
    if row.changed is not None:
        update(cloudformation, name, template(row, changed=True))
        assert physical(cloudformation, name) == made
        with pytest.raises(ClientError, match="No updates are to be performed"):
            update(cloudformation, name, template(row, changed=True))
    delete(cloudformation, name)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName=name)


def test_the_table_has_every_type() -> None:
    assert {row.type for row in ROWS} | ELSEWHERE == set(type_names())


def test_a_type_that_is_not_here_is_refused_by_name_before_anything_is_made(cloudformation: Any) -> None:
    unknown = text_of({"Resources": {"It": {"Type": "AWS::QLDB::Ledger"}, "Lake": {"Type": "AWS::S3::Bucket"}}})
    for ask in (cloudformation.create_stack, cloudformation.create_change_set):
        given = {"ChangeSetName": "c", "ChangeSetType": "CREATE"} if ask == cloudformation.create_change_set else {}
        with pytest.raises(
            ClientError, match=r"Template format error: Unrecognized resource types: \[AWS::QLDB::Ledger\]"
        ):
            ask(StackName="unknown", TemplateBody=unknown, **given)
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        cloudformation.validate_template(TemplateBody=unknown)
