"""Amazon SageMaker: the job definitions of Model Monitor."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.monitoring.model import DATA, QUALITY, Analysis, Calls, Definition
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, listing, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateDataQualityJobDefinitionRequestTypeDef,
        CreateDataQualityJobDefinitionResponseTypeDef,
        CreateModelQualityJobDefinitionRequestTypeDef,
        CreateModelQualityJobDefinitionResponseTypeDef,
        DeleteDataQualityJobDefinitionRequestTypeDef,
        DeleteModelQualityJobDefinitionRequestTypeDef,
        DescribeDataQualityJobDefinitionRequestTypeDef,
        DescribeDataQualityJobDefinitionResponseTypeDef,
        DescribeModelQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionResponseTypeDef,
        ListDataQualityJobDefinitionsRequestTypeDef,
        ListDataQualityJobDefinitionsResponseTypeDef,
        ListModelQualityJobDefinitionsRequestTypeDef,
        ListModelQualityJobDefinitionsResponseTypeDef,
    )

HOUR = 60 * 60
ATTRIBUTES = {
    "FeaturesAttribute": "features_attribute",
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
    "ExcludeFeaturesAttribute": "exclude_features_attribute",
}
"""The variables that tell a program of an endpoint's attributes."""


@sagemaker.operation
def create_data_quality_job_definition(
    call: Call, request: "CreateDataQualityJobDefinitionRequestTypeDef"
) -> "CreateDataQualityJobDefinitionResponseTypeDef":
    return {"JobDefinitionArn": _define(call, DATA, request)}  # type: ignore[typeddict-item]


@sagemaker.operation
def create_model_quality_job_definition(
    call: Call, request: "CreateModelQualityJobDefinitionRequestTypeDef"
) -> "CreateModelQualityJobDefinitionResponseTypeDef":
    return {"JobDefinitionArn": _define(call, QUALITY, request)}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_data_quality_job_definition(
    call: Call, request: "DeleteDataQualityJobDefinitionRequestTypeDef"
) -> dict[str, object]:
    call.studio.ml.monitoring.undefine(call.scope, DATA, request["JobDefinitionName"])
    return {}


@sagemaker.operation
def delete_model_quality_job_definition(
    call: Call, request: "DeleteModelQualityJobDefinitionRequestTypeDef"
) -> dict[str, object]:
    call.studio.ml.monitoring.undefine(call.scope, QUALITY, request["JobDefinitionName"])
    return {}


@sagemaker.operation
def describe_data_quality_job_definition(
    call: Call, request: "DescribeDataQualityJobDefinitionRequestTypeDef"
) -> "DescribeDataQualityJobDefinitionResponseTypeDef":
    answer: Any = _described(call, DATA, request["JobDefinitionName"])
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def describe_model_quality_job_definition(
    call: Call, request: "DescribeModelQualityJobDefinitionRequestTypeDef"
) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
    answer: Any = _described(call, QUALITY, request["JobDefinitionName"])
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_data_quality_job_definitions(
    call: Call, request: "ListDataQualityJobDefinitionsRequestTypeDef"
) -> "ListDataQualityJobDefinitionsResponseTypeDef":
    answer: Any = _listed(call, DATA, request)
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_model_quality_job_definitions(
    call: Call, request: "ListModelQualityJobDefinitionsRequestTypeDef"
) -> "ListModelQualityJobDefinitionsResponseTypeDef":
    answer: Any = _listed(call, QUALITY, request)
    return answer  # type: ignore[no-any-return]


def _define(call: Call, kind: str, request: Mapping[str, Any]) -> str:
    analysis = as_analysis(
        kind,
        request,
        program=request[f"{kind}AppSpecification"],
        given=request[f"{kind}JobInput"],
        output=request[f"{kind}JobOutputConfig"],
        baseline=request.get(f"{kind}BaselineConfig", {}),
        resources=request["JobResources"],
    )
    name = request["JobDefinitionName"]
    return call.studio.ml.monitoring.define(call.scope, call.principal, name, analysis, tags(call, request)).arn


def _described(call: Call, kind: str, name: str) -> dict[str, Any]:
    found = call.studio.ml.monitoring.definition(call.scope, kind, name)
    return {**found.analysis.recorded, "JobDefinitionArn": found.arn, "CreationTime": found.created}


def _listed(call: Call, kind: str, request: Mapping[str, Any]) -> dict[str, Any]:
    wanted = listing(request, descending=True)
    page = call.studio.ml.monitoring.definitions(call.scope, kind, request.get("EndpointName"), wanted)
    return {"JobDefinitionSummaries": [as_summary(each) for each in page.items], **next_token(page)}


def as_analysis(
    kind: str,
    request: Mapping[str, Any],
    *,
    program: Mapping[str, Any],
    given: Mapping[str, Any],
    output: Mapping[str, Any],
    baseline: Mapping[str, Any],
    resources: Mapping[str, Any],
) -> Analysis:
    """What a job definition, or a schedule's own, asks for."""
    names = [name for name in ("EndpointInput", "BatchTransformInput") if name in given]
    if len(names) != 1:
        raise ServiceError(INVALID, "The job's input needs either an EndpointInput or a BatchTransformInput.")
    calls, [place] = given[names[0]], output["MonitoringOutputs"]
    if calls.get("S3InputMode", "File") != "File":
        raise ServiceError(INVALID, f"S3InputMode Pipe of an {names[0]} is not supported by Studiolo: use File.")
    target = place["S3Output"]
    return Analysis(
        kind=kind,
        image=program["ImageUri"],
        role=request["RoleArn"],
        calls=Calls(
            endpoint=calls.get("EndpointName", ""),
            path=calls["LocalPath"],
            sharded=calls.get("S3DataDistributionType") == "ShardedByS3Key",
            attributes={variable: str(calls[name]) for name, variable in ATTRIBUTES.items() if name in calls},
            start=calls.get("StartTimeOffset"),
            end=calls.get("EndTimeOffset"),
            batch=calls.get("DataCapturedDestinationS3Uri"),
            form=_form(calls.get("DatasetFormat", {})),
        ),
        output=target["S3Uri"],
        output_path=target["LocalPath"],
        continuous=target.get("S3UploadMode", "Continuous") == "Continuous",
        constraints=baseline.get("ConstraintsResource", {}).get("S3Uri"),
        statistics=baseline.get("StatisticsResource", {}).get("S3Uri"),
        baselining=baseline.get("BaseliningJobName"),
        preprocessor=program.get("RecordPreprocessorSourceUri"),
        postprocessor=program.get("PostAnalyticsProcessorSourceUri"),
        labels=given.get("GroundTruthS3Input", {}).get("S3Uri"),
        problem=program.get("ProblemType"),
        entrypoint=tuple(program.get("ContainerEntrypoint", ())),
        arguments=tuple(program.get("ContainerArguments", ())),
        environment={**program.get("Environment", {}), **request.get("Environment", {})},
        count=resources["ClusterConfig"]["InstanceCount"],
        max_runtime=request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", HOUR),
        recorded={name: value for name, value in request.items() if name != "Tags"},
    )


def _form(given: Mapping[str, Any]) -> str:
    """A DatasetFormat as the program is told it: `{"csv": {"header": true}}`."""
    lowered = {kind.lower(): {name.lower(): value for name, value in told.items()} for kind, told in given.items()}
    return json.dumps(lowered)


def as_summary(found: Definition) -> dict[str, Any]:
    return {
        "MonitoringJobDefinitionName": found.name,
        "MonitoringJobDefinitionArn": found.arn,
        "CreationTime": found.created,
        "EndpointName": found.analysis.calls.endpoint,
    }
