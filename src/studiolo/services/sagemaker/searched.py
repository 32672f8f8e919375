"""Amazon SageMaker: what Search finds of other domains' resources, by the operations that list and describe them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studiolo.domain import DomainError
from studiolo.services.call import Call
from studiolo.services.sagemaker.feature_groups import (
    describe_feature_group,
    describe_feature_metadata,
    list_feature_groups,
)
from studiolo.services.sagemaker.pipeline_executions import (
    describe_pipeline_execution,
    list_pipeline_executions,
    list_pipeline_parameters_for_execution,
)
from studiolo.services.sagemaker.pipelines import describe_pipeline, list_pipeline_versions, list_pipelines
from studiolo.services.sagemaker.projects import describe_project, list_projects

AT_A_TIME = 100
Operation = Callable[[Call, Any], Mapping[str, Any]]


def pipelines(call: Call) -> Iterator[dict[str, Any]]:
    for each in _listed(call, list_pipelines, "PipelineSummaries"):
        for found in _described(call, describe_pipeline, PipelineName=each["PipelineName"]):
            yield {
                name: value for name, value in found.items() if name not in ("PipelineDefinition", "LastExecutionTime")
            }


def executions(call: Call) -> Iterator[dict[str, Any]]:
    for pipeline in _listed(call, list_pipelines, "PipelineSummaries"):
        name = {"PipelineName": pipeline["PipelineName"]}
        for each in _listed(call, list_pipeline_executions, "PipelineExecutionSummaries", **name):
            arn = {"PipelineExecutionArn": each["PipelineExecutionArn"]}
            for found in _described(call, describe_pipeline_execution, **arn):
                given = _listed(call, list_pipeline_parameters_for_execution, "PipelineParameters", **arn)
                yield {
                    **{key: value for key, value in found.items() if key != "RoleArn"},
                    "PipelineParameters": [*given],
                }


def versions(call: Call) -> Iterator[dict[str, Any]]:
    for pipeline in _listed(call, list_pipelines, "PipelineSummaries"):
        yield from _listed(
            call, list_pipeline_versions, "PipelineVersionSummaries", PipelineName=pipeline["PipelineName"]
        )


def feature_groups(call: Call) -> Iterator[dict[str, Any]]:
    for each in _listed(call, list_feature_groups, "FeatureGroupSummaries"):
        yield from _described(call, describe_feature_group, FeatureGroupName=each["FeatureGroupName"])


def features(call: Call) -> Iterator[dict[str, Any]]:
    for group in feature_groups(call):
        for each in group["FeatureDefinitions"]:
            named = {"FeatureGroupName": group["FeatureGroupName"], "FeatureName": each["FeatureName"]}
            yield from _described(call, describe_feature_metadata, **named)


def projects(call: Call) -> Iterator[dict[str, Any]]:
    for each in _listed(call, list_projects, "ProjectSummaryList"):
        yield from _described(call, describe_project, ProjectName=each["ProjectName"])


def _listed(call: Call, operation: Operation, member: str, **request: Any) -> Iterator[Any]:
    more: dict[str, Any] = {}
    while True:
        answer = operation(call, {**request, "MaxResults": AT_A_TIME, **more})
        yield from answer[member]
        if "NextToken" not in answer:
            return
        more = {"NextToken": answer["NextToken"]}


def _described(call: Call, operation: Operation, **request: Any) -> Iterator[dict[str, Any]]:
    """The description; none of what has gone since it was listed."""
    try:
        yield dict(operation(call, request))
    except DomainError:
        return
