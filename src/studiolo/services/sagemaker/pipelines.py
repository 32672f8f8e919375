"""Amazon SageMaker: pipelines."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token
from studiolo.pipelines.model import By, Pipeline, Settings, Version
from studiolo.services.call import Call
from studiolo.services.sagemaker.pipeline_arguments import check_arguments
from studiolo.services.sagemaker.service import INVALID, listing, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

SETTINGS = {"role": "RoleArn", "display": "PipelineDisplayName", "description": "PipelineDescription"}


@sagemaker.operation
def create_pipeline(call: Call, request: "shapes.CreatePipelineRequestTypeDef") -> dict[str, Any]:
    refuse(request, ["PipelineVersionAliases"], "CreatePipeline")
    given = settings(request)
    definition = definition_of(call, request)
    if definition is None:
        raise ServiceError(INVALID, "A pipeline needs a PipelineDefinition or a PipelineDefinitionS3Location.")
    made = call.studio.pipelines.create(
        call.scope,
        call.principal,
        request["PipelineName"],
        Settings(**given),
        definition,
        tags(call, request),
        request["ClientRequestToken"],
    )
    return {"PipelineArn": made.arn}


@sagemaker.operation
def update_pipeline(call: Call, request: "shapes.UpdatePipelineRequestTypeDef") -> dict[str, Any]:
    refuse(request, ["PipelineVersionAliases"], "UpdatePipeline")
    changed = call.studio.pipelines.update(
        call.scope, call.principal, request["PipelineName"], settings(request), definition_of(call, request)
    )
    return {"PipelineArn": changed.arn, "PipelineVersionId": changed.version}


@sagemaker.operation
def delete_pipeline(call: Call, request: "shapes.DeletePipelineRequestTypeDef") -> dict[str, Any]:
    return {"PipelineArn": call.studio.pipelines.delete(call.scope, request["PipelineName"]).arn}


@sagemaker.operation
def describe_pipeline(call: Call, request: "shapes.DescribePipelineRequestTypeDef") -> dict[str, Any]:
    refuse(request, ["PipelineVersionAlias"], "DescribePipeline")
    pipeline, version = call.studio.pipelines.describe(
        call.scope, request["PipelineName"], request.get("PipelineVersionId")
    )
    return {
        **as_summary(pipeline),
        "PipelineDefinition": version.definition,
        "PipelineStatus": "Active",
        "CreatedBy": as_user(pipeline.created_by),
        "LastModifiedBy": as_user(pipeline.changed_by),
        **({"LastRunTime": pipeline.last_run} if pipeline.last_run is not None else {}),
        **as_parallelism(pipeline.settings.parallel),
    }


@sagemaker.operation
def list_pipelines(call: Call, request: "shapes.ListPipelinesRequestTypeDef") -> dict[str, Any]:
    refuse(request, ["ManagedBy"], "ListPipelines")
    asked: dict[str, Any] = {
        **request,
        "CreationTimeAfter": request.get("CreatedAfter"),
        "CreationTimeBefore": request.get("CreatedBefore"),
    }
    page = call.studio.pipelines.page(call.scope, listing(asked, descending=True), request.get("PipelineNamePrefix"))
    return {"PipelineSummaries": [as_summary(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_pipeline_versions(call: Call, request: "shapes.ListPipelineVersionsRequestTypeDef") -> dict[str, Any]:
    refuse(request, ["CreatedAfter", "CreatedBefore"], "ListPipelineVersions")
    token = request.get("NextToken")
    pipeline, _ = call.studio.pipelines.describe(call.scope, request["PipelineName"])
    page = call.studio.pipelines.versions(
        call.scope,
        pipeline.name,
        decode_token(token, INVALID) if token else None,
        request.get("MaxResults", 10),
        descending=request.get("SortOrder", "Descending") == "Descending",
    )
    return {"PipelineVersionSummaries": [as_version(pipeline, each) for each in page.items], **next_token(page)}


def settings(request: Any) -> dict[str, Any]:
    """What the request gives of a pipeline's settings."""
    given = {name: request[member] for name, member in SETTINGS.items() if member in request}
    if "ParallelismConfiguration" in request:
        given["parallel"] = request["ParallelismConfiguration"]["MaxParallelExecutionSteps"]
    return given


def definition_of(call: Call, request: Any) -> str | None:
    """The request's definition, with the arguments of its steps checked; None where it has none."""
    place = request.get("PipelineDefinitionS3Location")
    text: str | None = request.get("PipelineDefinition")
    if place is not None and text is not None:
        raise ServiceError(INVALID, "Give either PipelineDefinition or PipelineDefinitionS3Location, not both.")
    if place is not None:
        text = call.studio.pipelines.read_definition(
            call.principal, place["Bucket"], place["ObjectKey"], place.get("VersionId")
        )
    if text is not None:
        check_arguments(text)
    return text


def as_summary(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDisplayName": pipeline.settings.display or pipeline.name,
        "RoleArn": pipeline.settings.role,
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.changed,
        **({"PipelineDescription": pipeline.settings.description} if pipeline.settings.description is not None else {}),
        **({"LastExecutionTime": pipeline.last_run} if pipeline.last_run is not None else {}),
    }


def as_version(pipeline: Pipeline, version: Version) -> dict[str, Any]:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineVersionId": version.number,
        "CreationTime": version.created,
    }


def as_user(by: By) -> dict[str, Any]:
    return {"IamIdentity": {"Arn": by.arn, "PrincipalId": by.id}}


def as_parallelism(most: int | None) -> dict[str, Any]:
    return {} if most is None else {"ParallelismConfiguration": {"MaxParallelExecutionSteps": most}}
