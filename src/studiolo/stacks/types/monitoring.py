"""AWS::SageMaker: what watches models: definitions of jobs, schedules; and single processing jobs. Ref is the ARN."""

from typing import Any

from studiolo.stacks.types.base import At, Properties
from studiolo.stacks.types.sagemaker import Named, name_of


class _JobDefinition(Named):
    """Nothing of it can change."""

    stem = "JobDefinition"
    named_by = "JobDefinitionName"

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        made = self._described(at, name_of(physical))["CreationTime"]
        return {**super().attributes(at, physical, properties), "CreationTime": made.isoformat()}


class DataQualityJobDefinition(_JobDefinition):
    name = "AWS::SageMaker::DataQualityJobDefinition"
    kind = "DataQualityJobDefinition"


class ModelQualityJobDefinition(_JobDefinition):
    name = "AWS::SageMaker::ModelQualityJobDefinition"
    kind = "ModelQualityJobDefinition"


class MonitoringSchedule(Named):
    name = "AWS::SageMaker::MonitoringSchedule"
    named_by = "MonitoringScheduleName"
    kind = "MonitoringSchedule"
    changeable = ("MonitoringScheduleConfig",)
    status = "MonitoringScheduleStatus"

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        times = {name: found[name].isoformat() for name in ("CreationTime", "LastModifiedTime")}
        return {**super().attributes(at, physical, properties), **times}


class ProcessingJob(Named):
    """It is there when it has begun. With its stack it is stopped, where it runs; its record stays."""

    name = "AWS::SageMaker::ProcessingJob"
    named_by = "ProcessingJobName"
    kind = "ProcessingJob"

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        if self._described(at, name_of(physical))["ProcessingJobStatus"] == "InProgress":
            at.call("sagemaker", "StopProcessingJob", **self._which(physical))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        return {**super().attributes(at, physical, properties), "ProcessingJobStatus": found["ProcessingJobStatus"]}


TYPES = (DataQualityJobDefinition, ModelQualityJobDefinition, MonitoringSchedule, ProcessingJob)
