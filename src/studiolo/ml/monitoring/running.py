"""From a plan that is due to the processing job that carries it out.

Layout of inputs and outputs, names of variables: "Container Contract Inputs" (Developer Guide) and the jobs of schedules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studiolo.containers.surroundings import Surroundings
from studiolo.domain import Conflict, Invalid, NotFound, Scope
from studiolo.ml.monitoring.model import QUALITY, Analysis, Execution
from studiolo.ml.monitoring.timetable import Timetable, Window, duration
from studiolo.ml.processing.jobs import ProcessingJobs
from studiolo.ml.processing.specification import ProcessingInput, ProcessingOutput, ProcessingSpecification
from studiolo.ml.serving.endpoints import Endpoints

PLACE = "/opt/ml/processing"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
HOUR = "%Y/%m/%d/%H"
CAPTURE_FORMAT = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
Source = tuple[list[ProcessingInput], dict[str, str]]
NOTHING = "Job inputs had no data"
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"


@dataclass(frozen=True)
class Captured:
    """Where the calls of an endpoint are captured: the URI, and the variants that have folders below it."""

    uri: str
    variants: tuple[str, ...]


def captured(endpoints: Endpoints, scope: Scope, name: str) -> Captured:
    """Raises NotFound for no such endpoint, and Invalid for one whose calls are not captured."""
    endpoint = endpoints.get(scope, name)
    deployment = endpoint.deployed or endpoint.desired
    if deployment is None or deployment.capture is None or not deployment.capture.enabled:
        raise Invalid(f"The calls of endpoint {name} are not captured: its configuration needs a DataCaptureConfig.")
    return Captured(deployment.capture.uri.rstrip("/"), tuple(each.variant.name for each in deployment.variants))


class Runs:
    """Begins the processing jobs of executions."""

    def __init__(self, surroundings: Surroundings, processing: ProcessingJobs, endpoints: Endpoints) -> None:
        self._surroundings = surroundings
        self._processing = processing
        self._endpoints = endpoints

    def begin(self, execution: Execution, analysis: Analysis, timetable: Timetable, schedule: str) -> None:
        """Submit its job. schedule: the ARN. Raises DomainError, NameInUse where it was submitted before."""
        scope, calls = execution.scope, analysis.calls
        offsets = [None if text is None else duration(text) for text in (calls.start, calls.end)]
        window = timetable.window(execution.scheduled, *offsets)
        if calls.batch is None:
            inputs, source = self._of_endpoint(scope, analysis, window)
        else:
            inputs, source = self._of_transforms(analysis, calls.batch, window)
        further, variables = self._further(scope, analysis, window, execution.scheduled)
        told = {
            "dataset_source": calls.path,
            "output_path": analysis.output_path,
            "publish_cloudwatch_metrics": "Disabled",
            "sagemaker_monitoring_schedule_name": execution.schedule,
            **source,
            "start_time": f"{window.start:{MOMENT}}",
            "end_time": f"{window.end:{MOMENT}}",
            **variables,
            **calls.attributes,
            **analysis.environment,
        }
        specification = _specification(execution, analysis, [*inputs, *further], told, schedule)
        self._processing.submit(scope, execution.name, specification, {})

    def _of_endpoint(self, scope: Scope, analysis: Analysis, window: Window) -> Source:
        """The captured calls of the window, as inputs, and the variables that say what they are."""
        calls = analysis.calls
        found = captured(self._endpoints, scope, calls.endpoint)
        hours = [f"{calls.endpoint}/{variant}/{hour:{HOUR}}" for variant in found.variants for hour in window.hours()]
        there = [each for each in hours if self._surroundings.sees(analysis.role, f"{found.uri}/{each}/")]
        if not there:
            raise Invalid(f"{NOTHING}: no calls of endpoint {calls.endpoint} were captured {_words(window)}.")
        inputs = [
            _given(
                f"endpoint_input_{number}",
                f"{found.uri}/{each}",
                f"{calls.path.rstrip('/')}/{each}",
                sharded=calls.sharded,
            )
            for number, each in enumerate(there, 1)
        ]
        return inputs, {
            "dataset_format": CAPTURE_FORMAT,
            "sagemaker_endpoint_name": calls.endpoint,
            "sagemaker_endpoint_datacapture_prefix": found.uri,
        }

    def _of_transforms(self, analysis: Analysis, under: str, window: Window) -> Source:
        """The same of transform jobs: of the data what went in, of the model's quality what came out."""
        calls, side = analysis.calls, "output" if analysis.kind == QUALITY else "input"
        places = [f"{under.rstrip('/')}/{side}/{hour:{HOUR}}/" for hour in window.hours()]
        there = [each for place in places for each in self._surroundings.objects(analysis.role, place)]
        if not there:
            raise Invalid(f"{NOTHING}: no transform job has captured its {side} under {under} {_words(window)}.")
        inputs = [
            _given(
                f"batch_transform_input_{number}",
                each,
                f"{calls.path.rstrip('/')}/{number}",
                sharded=calls.sharded,
                kind="ManifestFile",
            )
            for number, each in enumerate(there, 1)
        ]
        return inputs, {"dataset_format": calls.form}

    def _further(
        self, scope: Scope, analysis: Analysis, window: Window, scheduled: datetime
    ) -> tuple[list[ProcessingInput], dict[str, str]]:
        """What comes beside the calls, and the variables that say where it is."""
        made = self._baseline(scope, analysis)
        files = {
            "baseline_constraints": (analysis.constraints or made.get(CONSTRAINTS), "baseline/constraints"),
            "baseline_statistics": (analysis.statistics or made.get(STATISTICS), "baseline/stats"),
            "record_preprocessor_script": (analysis.preprocessor, "code/preprocessing"),
            "post_analytics_processor_script": (analysis.postprocessor, "code/postprocessing"),
        }
        inputs, variables = [], {}
        for variable, (uri, place) in files.items():
            if uri is not None and not (analysis.kind == QUALITY and variable == "baseline_statistics"):
                inputs.append(_given(variable, uri, f"{PLACE}/{place}"))
                variables[variable] = f"{PLACE}/{place}/{uri.rpartition('/')[2]}"
        if analysis.kind == QUALITY:
            variables |= {"analysis_type": "MODEL_QUALITY", "problem_type": analysis.problem or ""}
        if analysis.labels is not None:
            place, base = f"{PLACE}/groundtruth", analysis.labels.rstrip("/")
            # Labels come later than their calls.
            until_now = Window(window.start, max(window.end, scheduled))
            hours = [f"{hour:{HOUR}}" for hour in until_now.hours()]
            there = [each for each in hours if self._surroundings.sees(analysis.role, f"{base}/{each}/")]
            if not there:
                raise Invalid(f"{NOTHING}: there is no ground truth under {base} {_words(window)}.")
            inputs += [
                _given(f"ground_truth_input_{number}", f"{base}/{each}", f"{place}/{each}")
                for number, each in enumerate(there, 1)
            ]
            variables["ground_truth_source"] = place
        return inputs, variables

    def _baseline(self, scope: Scope, analysis: Analysis) -> dict[str, str]:
        """The files that the baselining job has made, by their names."""
        if analysis.baselining is None or (analysis.constraints and analysis.statistics):
            return {}
        try:
            job = self._processing.describe(scope, analysis.baselining)
        except NotFound as error:
            raise Invalid(f"There is no baselining job {analysis.baselining}.") from error
        if job.progress.status != "Completed":
            raise Conflict(f"The baselining job {job.name} is in status {job.progress.status}.")
        uris = [taken.uri.rstrip("/") for taken in job.specification.outputs[:1]]
        return {name: f"{uri}/{name}" for uri in uris for name in (STATISTICS, CONSTRAINTS)}


def _specification(
    execution: Execution,
    analysis: Analysis,
    inputs: Sequence[ProcessingInput],
    variables: Mapping[str, str],
    schedule: str,
) -> ProcessingSpecification:
    below = "/".join(filter(None, (execution.endpoint, execution.schedule, f"{execution.scheduled:{HOUR}}")))
    output = _taken(f"{analysis.output.rstrip('/')}/{below}", analysis.output_path, continuous=analysis.continuous)
    asked = analysis.recorded
    program = {"ImageUri": analysis.image}
    words = {"ContainerEntrypoint": analysis.entrypoint, "ContainerArguments": analysis.arguments}
    return ProcessingSpecification(
        image=analysis.image,
        role=analysis.role,
        inputs=tuple(inputs),
        outputs=(output,),
        count=analysis.count,
        max_runtime=analysis.max_runtime,
        entrypoint=analysis.entrypoint,
        arguments=analysis.arguments,
        environment=dict(variables),
        recorded={
            "AppSpecification": {**program, **{name: list(value) for name, value in words.items() if value}},
            "ProcessingOutputConfig": {"Outputs": [output.recorded]},
            "ProcessingResources": asked.get("JobResources") or asked.get("MonitoringResources"),
            "MonitoringScheduleArn": schedule,
        },
    )


def _given(name: str, uri: str, path: str, *, sharded: bool = False, kind: str = "S3Prefix") -> ProcessingInput:
    distribution = "ShardedByS3Key" if sharded else "FullyReplicated"
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    more = {"S3DataDistributionType": distribution, "S3CompressionType": "None"}
    recorded: dict[str, Any] = {"InputName": name, "AppManaged": False, "S3Input": {**source, **more}}
    return ProcessingInput(name, recorded, uri, path, source=kind, distribution=distribution)


def _taken(uri: str, path: str, *, continuous: bool) -> ProcessingOutput:
    target = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "Continuous" if continuous else "EndOfJob"}
    name = "monitoring_output"
    recorded = {"OutputName": name, "AppManaged": False, "S3Output": target}
    return ProcessingOutput(name, recorded, uri, path, continuous=continuous)


def _words(window: Window) -> str:
    return f"between {window.start:{MOMENT}} and {window.end:{MOMENT}}"
