"""The kinds of steps that call a service: how each is begun, looked at and stopped."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from studiolo.calling import Refused
from studiolo.domain import Invalid
from studiolo.pipelines.expressions import as_text, walked
from studiolo.pipelines.model import EXECUTING, FAILED, STOPPED, STOPPING, SUCCEEDED

Call = Callable[..., Mapping[str, Any]]
"""service, operation, and its parameters by name: the answer. Raises Refused."""

RANDOM = 11
"""Characters of a job's name behind its prefix: a dash and ten of chance."""


@dataclass(frozen=True)
class Seen:
    """What became of the work of a step. properties, metadata: what is known of them now."""

    status: str
    failure: str | None = None
    properties: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None


class Kind(Protocol):
    """One type of step."""

    @property
    def checked(self) -> tuple[str, ...] | None:
        """The arguments that a result depends on, after "Default cache key attributes by pipeline step type".

        None where a result is never used again.
        """

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        """Raise Invalid for a definition that can never run."""

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        """What the work will be known by; recorded before it is begun."""

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Begin it, unless it was before a crash; what the handle has more after that. Raises Refused."""

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        """Raises Refused."""

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        """Have it end soon; False for work that cannot be stopped, and ends by itself. Raises Refused."""


@dataclass(frozen=True)
class Job:
    """A job of SageMaker, by the words that its operations have for it."""

    kind: str
    metadata: str
    name: str
    status: str
    longest: int = 63
    checked: tuple[str, ...] | None = None

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        pass

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        given = document["Arguments"].get(self.name)
        prefix = given if isinstance(given, str) else f"pipelines-{execution}-{_of_name(step)}"
        if self.longest < len(f"pipelines-{execution}-") + RANDOM and not isinstance(given, str):
            prefix = f"{execution}-{_of_name(step)}"
        return {"name": f"{prefix[: self.longest - RANDOM].rstrip('-')}-{chance}"}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            call("sagemaker", f"Create{self.kind}", **{**arguments, self.name: handle["name"]})
        except Refused as error:
            if error.code != "ResourceInUse":
                raise
        return {}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        found = call("sagemaker", f"Describe{self.kind}", **{self.name: handle["name"]})
        statuses = {"Completed": SUCCEEDED, "Failed": FAILED, "Stopped": STOPPED}
        status = statuses.get(found[self.status], EXECUTING)
        properties = dict(found) if status == SUCCEEDED else None
        if properties is not None and self.kind == "HyperParameterTuningJob":
            properties |= _ranked(call, handle["name"], found)
        metadata = {self.metadata: {"Arn": found[f"{self.kind}Arn"]}}
        return Seen(status, found.get("FailureReason"), properties, metadata)

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        call("sagemaker", f"Stop{self.kind}", **{self.name: handle["name"]})
        return True


def _ranked(call: Call, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The best training jobs of a tuning job, as the SDK's get_top_model_s3_uri refers to them."""
    objectives = walked(found, ["HyperParameterTuningJobConfig"], name).get("HyperParameterTuningJobObjective", {})
    order = "Ascending" if objectives.get("Type") == "Minimize" else "Descending"
    best = call(
        "sagemaker", "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=name, MaxResults=50,
        SortBy="FinalObjectiveMetricValue", SortOrder=order, StatusEquals="Completed",
    )  # fmt: skip
    return {"TrainingJobSummaries": best["TrainingJobSummaries"]}


class Model:
    """CreateModel: done with its answer."""

    checked = None

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        pass

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        return {"name": f"pipelines-{execution}-{_of_name(step)}"[: 63 - RANDOM].rstrip("-") + f"-{chance}"}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            call("sagemaker", "CreateModel", **{**arguments, "ModelName": handle["name"]})
        except Refused as error:
            if "already existing" not in error.message:
                raise
        return {}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        found = call("sagemaker", "DescribeModel", ModelName=handle["name"])
        return Seen(SUCCEEDED, None, dict(found), {"Model": {"Arn": found["ModelArn"]}})

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        return False


class RegisterModel:
    """CreateModelPackage; a group that is not there is made, as SageMaker does."""

    checked = None

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        pass

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        return {"token": f"{execution}-{chance}-{_of_name(step)}"[:36].rstrip("-")}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        group = arguments.get("ModelPackageGroupName")
        if group is not None and not str(group).startswith("arn:"):
            try:
                call("sagemaker", "CreateModelPackageGroup", ModelPackageGroupName=group)
            except Refused as error:
                if "already exists" not in error.message:
                    raise
        made = call("sagemaker", "CreateModelPackage", **{**arguments, "ClientToken": handle["token"]})
        return {"arn": made["ModelPackageArn"]}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        found = call("sagemaker", "DescribeModelPackage", ModelPackageName=handle["arn"])
        status = {"Completed": SUCCEEDED, "Failed": FAILED}.get(found["ModelPackageStatus"], EXECUTING)
        return Seen(status, None, dict(found), {"RegisterModel": {"Arn": handle["arn"]}})

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        return False


class Lambda:
    """Invoke, and wait for the answer: a server that is killed meanwhile invokes once more."""

    checked = None

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        if "FunctionArn" not in document:
            raise Invalid(f"Required property 'FunctionArn' not found in step '{step}'.")

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        return {"outputs": [each["OutputName"] for each in document.get("OutputParameters") or ()]}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        function, given = arguments["FunctionArn"], arguments["Arguments"]
        answer = call(
            "lambda", "Invoke", FunctionName=function, InvocationType="RequestResponse", Payload=json.dumps(given).encode()
        )  # fmt: skip
        payload = answer.get("Payload", b"")
        text = (payload.read() if hasattr(payload, "read") else payload).decode()
        return {"function": function, "error": answer.get("FunctionError"), "answer": text}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        metadata: dict[str, Any] = {"Arn": handle["function"], "OutputParameters": []}
        if handle["error"] is not None:
            reason = f"The Lambda function returned an error ({handle['error']}): {handle['answer'][:500]}"
            return Seen(FAILED, reason, None, {"Lambda": metadata})
        try:
            found = json.loads(handle["answer"] or "null") or {}
            outputs = {name: found[name] for name in handle["outputs"]}
        except (ValueError, KeyError, TypeError) as error:
            reason = f"The answer of the Lambda function lacks its OutputParameters: {error}"
            return Seen(FAILED, reason, None, {"Lambda": metadata})
        metadata["OutputParameters"] = [{"Name": name, "Value": as_text(value)} for name, value in outputs.items()]
        return Seen(SUCCEEDED, None, {"OutputParameters": outputs}, {"Lambda": metadata})

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        return False


class Callback:
    """A message to a queue, with a token for who answers. A server that is killed meanwhile sends it once more."""

    checked = None

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        if "SqsQueueUrl" not in document:
            raise Invalid(f"Required property 'SqsQueueUrl' not found in step '{step}'.")

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        types = {each["OutputName"]: each.get("OutputType") for each in document.get("OutputParameters") or ()}
        return {"token": chance, "outputs": types}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        queue, message = arguments["SqsQueueUrl"], arguments["Message"]
        call("sqs", "SendMessage", QueueUrl=queue, MessageBody=json.dumps(message))
        return {"queue": queue, "message": message}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        metadata: dict[str, Any] = {"CallbackToken": handle["token"], "SqsQueueUrl": handle["queue"]}
        answer = handle["answer"]
        if answer is None:
            return Seen(EXECUTING, None, None, {"Callback": metadata})
        if answer["failure"] is not None:
            return Seen(FAILED, answer["failure"], None, {"Callback": metadata})
        metadata["OutputParameters"] = [{"Name": name, "Value": value} for name, value in answer["outputs"].items()]
        try:
            outputs = {name: _typed(answer["outputs"][name], kind) for name, kind in handle["outputs"].items()}
        except (ValueError, KeyError) as error:
            reason = f"What was called back lacks an output parameter, or its type: {error}"
            return Seen(FAILED, reason, None, {"Callback": metadata})
        return Seen(SUCCEEDED, None, {"OutputParameters": outputs}, {"Callback": metadata})

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        """Whoever has the token is told, and has to answer all the same."""
        message = json.dumps({**handle["message"], "status": STOPPING})
        call("sqs", "SendMessage", QueueUrl=handle["queue"], MessageBody=message)
        return True


def _typed(text: str, kind: str | None) -> Any:
    """An output as its declared type has it. Raises ValueError."""
    if kind in ("Integer", "Float"):
        return (int if kind == "Integer" else float)(text)
    return text.lower() == "true" if kind == "Boolean" else text


class Emr:
    """A step of an EMR cluster: of one that is there, or of its own, which ends after it."""

    checked = ("ClusterId", "ClusterConfig", "StepConfig")

    def check(self, step: str, document: Mapping[str, Any]) -> None:
        given = document["Arguments"]
        if "StepConfig" not in given:
            raise Invalid(f"Required property 'StepConfig' not found in the arguments of step '{step}'.")
        if ("ClusterId" in given) == ("ClusterConfig" in given):
            raise Invalid(f"The arguments of step '{step}' must have either 'ClusterId' or 'ClusterConfig'.")
        configuration = given.get("ClusterConfig", {"Instances": {}})
        if not isinstance(configuration, dict) or not isinstance(configuration.get("Instances"), dict):
            raise Invalid(f"Required property 'Instances' not found in the ClusterConfig of step '{step}'.")

    def handle(self, execution: str, step: str, document: Mapping[str, Any], chance: str) -> dict[str, Any]:
        own = "ClusterConfig" in document["Arguments"]
        return {"name": f"pipelines-{execution}-{_of_name(step)}-{chance}", "own": own}

    def begin(self, call: Call, handle: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        name, own = handle["name"], handle["own"]
        failing = "TERMINATE_CLUSTER" if own else "CONTINUE"
        step = {"ActionOnFailure": failing, **arguments["StepConfig"], "Name": name}
        if own:
            cluster = _named(call("emr", "ListClusters")["Clusters"], name)
            if cluster is None:
                given = arguments["ClusterConfig"]
                instances = {**given["Instances"], "KeepJobFlowAliveWhenNoSteps": False}
                request = {**given, "Name": name, "Instances": instances, "Steps": [step]}
                cluster = call("emr", "RunJobFlow", **request)["JobFlowId"]
        else:
            cluster = arguments["ClusterId"]
        identifier = _named(call("emr", "ListSteps", ClusterId=cluster)["Steps"], name)
        if identifier is None:
            role = {key: arguments[key] for key in ("ExecutionRoleArn",) if key in arguments}
            identifier = call("emr", "AddJobFlowSteps", JobFlowId=cluster, Steps=[step], **role)["StepIds"][0]
        return {"cluster": cluster, "step": identifier}

    def look(self, call: Call, handle: Mapping[str, Any]) -> Seen:
        found = call("emr", "DescribeStep", ClusterId=handle["cluster"], StepId=handle["step"])["Step"]
        state = found["Status"]["State"]
        status = {"COMPLETED": SUCCEEDED, "FAILED": FAILED, "CANCELLED": STOPPED, "INTERRUPTED": FAILED}.get(state)
        why = found["Status"].get("FailureDetails", {}) or found["Status"].get("StateChangeReason", {})
        reason = why.get("Message") or why.get("Reason") or f"The EMR step is {state}."
        if handle["own"] and status == STOPPED:
            ended = call("emr", "DescribeCluster", ClusterId=handle["cluster"])["Cluster"]["Status"]
            if ended["State"] == "TERMINATED_WITH_ERRORS":
                status, reason = FAILED, ended["StateChangeReason"].get("Message") or reason
        metadata = {"ClusterId": handle["cluster"], "StepId": handle["step"], "StepName": handle["name"]}
        properties = {**found, "ClusterId": handle["cluster"]}
        return Seen(status or EXECUTING, reason, properties, {"EMR": metadata})

    def stop(self, call: Call, handle: Mapping[str, Any]) -> bool:
        if handle["own"]:
            call("emr", "TerminateJobFlows", JobFlowIds=[handle["cluster"]])
        else:
            given = {"ClusterId": handle["cluster"], "StepIds": [handle["step"]]}
            call("emr", "CancelSteps", **given, StepCancellationOption="TERMINATE_PROCESS")
        return True


def _named(listed: Sequence[Mapping[str, Any]], name: str) -> Any:
    """The identifier of what has that name, newest first; None where nothing has: it was not begun before a crash."""
    return next((each["Id"] for each in listed if each["Name"] == name), None)


def _of_name(step: str) -> str:
    """A step's name as the names of jobs can hold it."""
    return step.replace("_", "-").strip("-")


KINDS: Mapping[str, Kind] = {
    "Training": Job(
        "TrainingJob", "TrainingJob", "TrainingJobName", "TrainingJobStatus",
        checked=(
            "AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations", "Environment",
            "HyperParameters", "InputDataConfig",
        ),
    ),
    "Processing": Job(
        "ProcessingJob", "ProcessingJob", "ProcessingJobName", "ProcessingJobStatus",
        checked=("AppSpecification", "Environment", "ProcessingInputs"),
    ),
    "Transform": Job(
        "TransformJob", "TransformJob", "TransformJobName", "TransformJobStatus",
        checked=("DataProcessing", "Environment", "ModelName", "TransformInput"),
    ),
    "Tuning": Job(
        "HyperParameterTuningJob", "TuningJob", "HyperParameterTuningJobName", "HyperParameterTuningJobStatus", 32,
        checked=(
            "HyperParameterTuningJobConfig", "TrainingJobDefinition.AlgorithmSpecification",
            "TrainingJobDefinition.HyperParameterRanges", "TrainingJobDefinition.InputDataConfig",
            "TrainingJobDefinition.StaticHyperParameters", "TrainingJobDefinition.TuningObjective",
            "TrainingJobDefinitions",
        ),
    ),
    "Model": Model(),
    "RegisterModel": RegisterModel(),
    "Lambda": Lambda(),
    "Callback": Callback(),
    "EMR": Emr(),
}  # fmt: skip
"""By the Type of a step."""
