"""Chapter 7: two models side by side, by a SageMaker pipeline.

One branch trains the built-in linear-learner. The other searches hyperparameters for the built-in XGBoost, whose trials
learn from the days before 2015 and are judged on 2015, and trains one more with the best on all days. Both branches end
with a batch transform: the forecasts of the same test days.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sagemaker
from botocore.exceptions import BotoCoreError, ClientError
from sagemaker import image_uris
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.transformer import Transformer
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, IntegerParameter
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import TrainingStep, TransformStep, TuningStep

from studiolo.demo import bucket
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage
from studiolo.demo.train import Channels

NAME = "air-quality"
INSTANCE = "ml.m5.large"
LINEAR, BOOSTED = "linear-learner", "xgboost"
VERSIONS = {LINEAR: "1", BOOSTED: "3.0-5"}
STEPS = {LINEAR: "Linear", BOOSTED: "Boosted"}  # the training step of each
SEARCH = "Search"
FIXED: dict[str, dict[str, str | int | float]] = {
    LINEAR: {"predictor_type": "regressor", "epochs": 40},
    BOOSTED: {
        "objective": "reg:squarederror",
        "eval_metric": "rmse",
        "num_round": 100,
        "nthread": 1,  # so few rows are learned no faster by several, which wait for each other
    },
}
RANGES = {
    "eta": ContinuousParameter(0.03, 0.3, scaling_type="Logarithmic"),
    "max_depth": IntegerParameter(3, 8),
    "subsample": ContinuousParameter(0.5, 1),
}
OBJECTIVE = "validation:rmse"  # of the logarithm
TRIALS, AT_ONCE = 4, 2
POLL_SECONDS = 0.5
CSV, LINES = "text/csv", "application/jsonlines"


@dataclass(frozen=True)
class Trial:
    """A training job of the search: what it tried, and its root mean squared error on the days of validation."""

    job: str
    hyperparameters: dict[str, str]
    objective: float

    @property
    def text(self) -> str:
        """What it tried, as eta 0.1, max_depth 5."""
        return ", ".join(f"{name} {float(value):.2g}" for name, value in sorted(self.hyperparameters.items()))


@dataclass(frozen=True)
class Candidate:
    """A trained model, and what it says of the test days."""

    algorithm: str
    job: str
    image: str
    artifact: str  # s3://.../model.tar.gz
    seconds: int
    forecast: npt.NDArray[np.float64]  # NO2 in µg/m³, one a test day


@dataclass(frozen=True)
class Outcome:
    """What an execution of the pipeline has made."""

    execution: str  # ARN
    candidates: list[Candidate]
    search: str  # the tuning job
    trials: list[Trial]  # the best first


def run(sdk: sagemaker.Session, role: str, channels: Channels, stage: Stage) -> Outcome:
    """Bring the pipeline up to date and run it. Raises StoryError when it fails."""
    bucket.clear(sdk, "forecasts")
    session = PipelineSession(sdk.boto_session, default_bucket=sdk.default_bucket())
    pipeline = Pipeline(NAME, steps=_steps(session, role, channels), sagemaker_session=session)
    pipeline.upsert(role)
    execution = pipeline.start().arn
    stage.say(f"pipeline {NAME}, execution {execution.rpartition('/')[2]}", style="dim")
    stage.say("XGBoost's environment is made at its very first use, which takes about a minute.", style="dim")
    made = _wait(sdk, execution, stage)
    try:
        return Outcome(
            execution,
            [_candidate(sdk, algorithm, made) for algorithm in STEPS],
            search=_name(made[SEARCH]["TuningJob"]),
            trials=_trials(sdk, _name(made[SEARCH]["TuningJob"])),
        )
    finally:  # the transforms' models have done what they were for
        for metadata in made.values():
            if "Model" in metadata:
                sdk.sagemaker_client.delete_model(ModelName=_name(metadata["Model"]))


def _steps(session: PipelineSession, role: str, channels: Channels) -> list[Any]:
    """Both branches: train (or search, then train), make a model, transform."""
    read = {name: TrainingInput(address, content_type=CSV) for name, address in vars(channels).items()}
    linear = _learner(session, role, LINEAR)
    boosted = _learner(session, role, BOOSTED)
    tuner = HyperparameterTuner(
        *(boosted, OBJECTIVE, RANGES),
        strategy="Random",
        objective_type="Minimize",
        max_jobs=TRIALS,
        max_parallel_jobs=AT_ONCE,
        random_seed=1,
    )
    trials = {"train": read["early"], "validation": read["validation"]}
    search = TuningStep(SEARCH, step_args=tuner.fit(trials, include_cls_metadata=False))
    best = search.properties.BestTrainingJob.TunedHyperParameters
    boosted = _learner(session, role, BOOSTED, **{name: best[name] for name in RANGES})
    steps: list[Any] = [search]
    for algorithm, learner in {LINEAR: linear, BOOSTED: boosted}.items():
        name = STEPS[algorithm]
        training = TrainingStep(name, step_args=learner.fit({"train": read["learn"]}))
        artifact = training.properties.ModelArtifacts.S3ModelArtifacts
        model = Model(learner.image_uri, artifact, role, sagemaker_session=session)
        making = ModelStep(f"{name}Model", step_args=model.create(instance_type=INSTANCE))
        transformer = Transformer(
            *(making.properties.ModelName, 1, INSTANCE),
            strategy="MultiRecord",
            assemble_with="Line",
            accept=LINES,
            output_path=_address(session, f"forecasts/{name}"),
            sagemaker_session=session,
        )
        forecasting = transformer.transform(channels.test, content_type=CSV, split_type="Line")
        steps += [training, making, TransformStep(f"{name}Forecast", step_args=forecasting)]
    return steps


def _learner(session: PipelineSession, role: str, algorithm: str, **tuned: Any) -> Estimator:
    """The built-in algorithm, whose models go to a folder of the story."""
    return Estimator(
        *(image_uris.retrieve(algorithm, session.boto_region_name, version=VERSIONS[algorithm]), role, 1, INSTANCE),
        hyperparameters={**FIXED[algorithm], **tuned},
        output_path=_address(session, "models"),
        sagemaker_session=session,
    )


def _address(sdk: sagemaker.Session, folder: str) -> str:
    return f"s3://{sdk.default_bucket()}/{bucket.PREFIX}/{folder}"


def _wait(sdk: sagemaker.Session, execution: str, stage: Stage) -> dict[str, dict[str, Any]]:
    """Wait, telling of each step that ends; answers the steps' metadata. On Ctrl-C the execution is stopped."""
    client = sdk.sagemaker_client
    told: set[str] = set()
    try:
        while True:
            state = client.describe_pipeline_execution(PipelineExecutionArn=execution)
            steps = client.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
            for step in steps:
                if "EndTime" in step and step["StepName"] not in told:
                    told.add(step["StepName"])
                    seconds = (step["EndTime"] - step["StartTime"]).total_seconds()
                    stage.say(f"{step['StepName']:<28}{step['StepStatus']} after {seconds:.1f} s", style="dim")
            stage.doing(", ".join(step["StepName"] for step in steps if "EndTime" not in step) or NAME)
            if state["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        with suppress(BotoCoreError, ClientError):
            client.stop_pipeline_execution(PipelineExecutionArn=execution)
        raise
    if state["PipelineExecutionStatus"] != "Succeeded":
        reasons = [f"{step['StepName']}: {step['FailureReason']}" for step in steps if step.get("FailureReason")]
        reason = "; ".join(reasons) or state.get("FailureReason", "no reason was given")
        raise StoryError(f"The pipeline {NAME} is {state['PipelineExecutionStatus']}. {reason}")
    return {step["StepName"]: step["Metadata"] for step in steps}


def _candidate(sdk: sagemaker.Session, algorithm: str, made: dict[str, dict[str, Any]]) -> Candidate:
    job = sdk.sagemaker_client.describe_training_job(TrainingJobName=_name(made[STEPS[algorithm]]["TrainingJob"]))
    key = f"{bucket.PREFIX}/forecasts/{STEPS[algorithm]}/test.csv.out"
    answer = sdk.boto_session.client("s3").get_object(Bucket=sdk.default_bucket(), Key=key)["Body"].read()
    return Candidate(
        algorithm=algorithm,
        job=job["TrainingJobName"],
        image=job["AlgorithmSpecification"]["TrainingImage"],
        artifact=job["ModelArtifacts"]["S3ModelArtifacts"],
        seconds=job.get("TrainingTimeInSeconds", 0),
        forecast=concentrations(answer),
    )


def concentrations(answer: bytes) -> npt.NDArray[np.float64]:
    """NO2 in µg/m³ of a model's answer: both algorithms write a line {"score": logarithm} for each row."""
    return np.exp(np.asarray([json.loads(line)["score"] for line in answer.splitlines()], dtype=np.float64))


def _trials(sdk: sagemaker.Session, job: str) -> list[Trial]:
    """The trials that have a result, the best first."""
    listed = sdk.sagemaker_client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=job, SortBy="FinalObjectiveMetricValue", SortOrder="Ascending"
    )["TrainingJobSummaries"]
    objective = "FinalHyperParameterTuningJobObjectiveMetric"
    return [
        Trial(one["TrainingJobName"], one["TunedHyperParameters"], one[objective]["Value"])
        for one in listed
        if objective in one
    ]


def _name(metadata: dict[str, str]) -> str:
    """The name at the end of the ARN that a step tells."""
    return metadata["Arn"].rpartition("/")[2]
