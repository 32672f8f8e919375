"""What the expressions of a definition stand for in one execution."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.domain import now
from studiolo.pipelines.definition import EXPERIMENT_MEMBERS, Definition
from studiolo.pipelines.errors import Unresolved
from studiolo.pipelines.expressions import parts_of, resolved, walked
from studiolo.pipelines.kinds import Call
from studiolo.pipelines.model import Execution, StepRun, pipeline_arn

LARGEST_FILE = 2 * 1024 * 1024
"""Bytes of a property file, as SageMaker has it."""


class Values:
    """The parameters, variables and properties of one execution. own: the step whose arguments are resolved."""

    def __init__(
        self,
        execution: Execution,
        definition: Definition,
        parameters: Mapping[str, Any],
        runs: Mapping[str, StepRun],
        call: Call | None,
        own: StepRun | None = None,
    ) -> None:
        self._execution = execution
        self._definition = definition
        self._parameters = parameters
        self._runs = runs
        self._call = call
        self._own = own

    def of(self, run: StepRun) -> "Values":
        """The values as the arguments of that step have them."""
        return Values(self._execution, self._definition, self._parameters, self._runs, self._call, run)

    def resolved(self, value: Any) -> Any:
        """A value without expressions. Raises Unresolved, and Refused for a file that cannot be read."""
        return resolved(value, self._find, self._read_json)

    def _find(self, reference: str) -> Any:
        space, _, rest = reference.partition(".")
        if space == "Parameters" and rest in self._parameters:
            return self._parameters[rest]
        if space == "Execution":
            return self._variable(rest)
        if space == "PipelineExperimentConfig" and self._execution.experiment is not None:
            return dict(zip(EXPERIMENT_MEMBERS, self._execution.experiment, strict=True))[rest]
        if space == "Steps":
            name, _, path = rest.partition(".")
            run = self._runs.get(name)
            if run is None:
                raise Unresolved(f"{reference} has no value: the step {name} was not run.")
            return walked(run.properties, parts_of(path), reference)
        raise Unresolved(f"{reference} has no value.")

    def _variable(self, name: str) -> Any:
        execution = self._execution
        if name in ("TrainingJobName", "ProcessingJobName"):
            if self._own is None or "name" not in self._own.handle:
                raise Unresolved(f"Execution.{name} has a value in the arguments of its job's step only.")
            return self._own.handle["name"]
        return {
            "StartDateTime": execution.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "CurrentDateTime": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "PipelineName": execution.pipeline,
            "PipelineArn": pipeline_arn(execution.scope, execution.pipeline),
            "PipelineExecutionId": execution.id,
            "PipelineExecutionArn": execution.arn,
        }[name]

    def _read_json(self, asked: Mapping[str, Any]) -> Any:
        """The value at a path in a JSON file on S3: of a step's property file, or of a URI."""
        uri = asked["S3Uri"] if "S3Uri" in asked else self._property_file(asked["PropertyFile"])
        path = asked.get("Path", "")
        bucket, _, key = str(uri).removeprefix("s3://").partition("/")
        assert self._call is not None
        answer = self._call("s3", "GetObject", Bucket=bucket, Key=key)
        if answer["ContentLength"] > LARGEST_FILE:
            raise Unresolved(f"{uri} has more than the {LARGEST_FILE} bytes that a property file can have.")
        try:
            document = json.loads(answer["Body"].read())
        except (ValueError, RecursionError) as error:
            raise Unresolved(f"{uri} is no JSON: {error}") from error
        return walked(document, parts_of(path), f"{path} in {uri}")

    def _property_file(self, reference: Any) -> str:
        """The URI of `{"Get": "Steps.A.PropertyFiles.B"}`."""
        name, _, file = str(reference["Get"]).removeprefix("Steps.").partition(".PropertyFiles.")
        step = self._definition.step(name)
        declared = None if step is None else step.property_file(file)
        if declared is None:
            raise Unresolved(f"The step {name} has no property file {file}.")
        outputs = f"Steps.{name}.ProcessingOutputConfig.Outputs['{declared['OutputName']}'].S3Output.S3Uri"
        folder = str(self._find(outputs))
        return f"{folder.rstrip('/')}/{declared['FilePath']}"
