"""What SageMaker's API Reference demands in words."""

from typing import Any

import pytest

from studiolo.aws.errors import ServiceError
from studiolo.services.sagemaker.constraints import check_endpoint_config, check_training_job

INSTANCES = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
JOB = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}


def serverless(**config: int) -> dict[str, Any]:
    return {
        "VariantName": "v",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5, **config},
    }


@pytest.mark.parametrize("memory", [1024, 2048, 3072, 4096, 5120, 6144])
def test_a_serverless_variant_has_memory_by_the_gigabyte(memory: int) -> None:
    check_endpoint_config({"ProductionVariants": [serverless(MemorySizeInMB=memory, ProvisionedConcurrency=5)]})


@pytest.mark.parametrize(
    ("variants", "more", "said"),
    [
        ([serverless(MemorySizeInMB=1500)], {}, "Invalid MemorySizeInMB 1500 for production variant v.*1024, 2048"),
        ([serverless(MemorySizeInMB=7168)], {}, "Invalid MemorySizeInMB 7168"),
        ([serverless(ProvisionedConcurrency=6)], {}, "Invalid ProvisionedConcurrency 6"),
        ([{**INSTANCES, **serverless()}], {}, "InstanceType, InitialInstanceCount cannot be specified along with"),
        ([serverless(), {**INSTANCES, "VariantName": "w"}], {}, "has one production variant"),
        ([serverless()], {"VpcConfig": {"Subnets": ["s"]}}, "VpcConfig cannot be specified with a ServerlessConfig"),
        ([{"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large"}], {}, "needs InitialInstanceCount"),
        ([{"VariantName": "v", "ModelName": "m"}], {}, "needs InstanceType and InitialInstanceCount"),
        ([{**INSTANCES, "InitialVariantWeight": 0.0}], {}, "at least one production variant must be above 0"),
    ],
)
def test_an_endpoint_configuration_that_contradicts_itself_is_refused(
    variants: list[dict[str, Any]], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ServiceError, match=said):
        check_endpoint_config({"ProductionVariants": variants, **more})


def test_a_spot_job_waits_at_least_as_long_as_it_runs() -> None:
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    check_training_job({**JOB, "EnableManagedSpotTraining": True, "StoppingCondition": condition})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds. It must be present"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59},
            },
            "greater than or equal to MaxRuntimeInSeconds",
        ),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 60}}, "only with EnableManagedSpotTraining"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 2419201}}, "at most 2419200, which is 28 days"),
        ({"ResourceConfig": {"InstanceCount": 1}}, "needs InstanceType"),
        ({"ResourceConfig": {"InstanceCount": 1, "InstanceGroups": []}}, "along with InstanceGroups"),
        ({"InputDataConfig": [{"ChannelName": "a"}, {"ChannelName": "a"}]}, "Each ChannelName must be unique.*: a"),
        (
            {
                "AlgorithmSpecification": {
                    "MetricDefinitions": [{"Name": "m", "Regex": "1"}, {"Name": "m", "Regex": "2"}]
                }
            },
            "MetricDefinitions must be unique",
        ),
        ({"Environment": {"A": "b\0"}}, "Environment cannot hold the character NUL"),
    ],
)
def test_a_training_job_that_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        check_training_job({**JOB, **changes})
