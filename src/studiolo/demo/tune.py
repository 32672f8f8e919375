"""Chapter 7: tuning. Trials look for a better regularization than none; the best of them learns from all days again.

Trials learn from the days before 2015 and are judged on 2015, so the test days decide nothing.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd
import sagemaker
from botocore.exceptions import BotoCoreError, ClientError
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

from studiolo.demo import bucket, train
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage

FIRST_VALIDATION_DAY = pd.Timestamp("2015-01-01")
OBJECTIVE = "validation:objective_loss"  # mean squared error of the logarithm
RANGES = {name: ContinuousParameter(1e-7, 1e-1, scaling_type="Logarithmic") for name in ("wd", "l1")}
TRIALS, AT_ONCE = 4, 2
FOLDER = "tuned"


@dataclass(frozen=True)
class Trial:
    """A training job of the search: what it tried, and its mean squared error on the days of validation."""

    job: str
    hyperparameters: dict[str, str]
    objective: float

    @property
    def text(self) -> str:
        """What it tried, as wd 0.001, l1 0.0002."""
        return ", ".join(f"{name} {float(value):.2g}" for name, value in sorted(self.hyperparameters.items()))


@dataclass(frozen=True)
class Tuned:
    """A finished search: its trials, the best first, and the model that learned with what the best had."""

    job: str
    trials: list[Trial]
    trained: train.Trained

    @property
    def best(self) -> str:
        """What the best trial tried."""
        return self.trials[0].text


def tune(sdk: sagemaker.Session, role: str, learn: pd.DataFrame, test: pd.DataFrame, stage: Stage) -> Tuned:
    """Search, and train once more with the best. Raises StoryError when the search or the training fails."""
    early = learn["date"] < FIRST_VALIDATION_DAY
    bucket.clear(sdk, FOLDER)
    learner = train.learner(sdk, role, FOLDER)
    tuner = HyperparameterTuner(
        learner, OBJECTIVE, RANGES, objective_type="Minimize", max_jobs=TRIALS, max_parallel_jobs=AT_ONCE, random_seed=1
    )
    job = f"air-quality-{time.strftime('%Y%m%d-%H%M%S')}"  # 32 characters at most
    stations = sorted(learn["station"].unique())
    records = train.records(learner, stations, train=learn[early], validation=learn[~early])
    tuner.fit(records, job_name=job, include_cls_metadata=False, wait=False)
    _wait(sdk, job, stage)
    trials = _trials(sdk, job)
    best = trials[0].hyperparameters
    trained = train.train(sdk, role, learn, test, stage, folder=FOLDER, **{name: float(best[name]) for name in RANGES})
    return Tuned(job, trials, trained)


def _wait(sdk: sagemaker.Session, job: str, stage: Stage) -> None:
    """Wait for the search. On Ctrl-C it is stopped."""
    client = sdk.sagemaker_client
    stage.plan(TRIALS)
    ended = 0
    try:
        while True:
            state = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
            completed = state["TrainingJobStatusCounters"]["Completed"]
            stage.step(completed - ended)
            ended = completed
            if state["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
                break
            time.sleep(train.POLL_SECONDS)
    except KeyboardInterrupt:
        with suppress(BotoCoreError, ClientError):
            client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
        raise
    if state["HyperParameterTuningJobStatus"] != "Completed":
        reason = state.get("FailureReason", "no reason was given")
        raise StoryError(f"The tuning job {job} is {state['HyperParameterTuningJobStatus']}: {reason}")


def _trials(sdk: sagemaker.Session, job: str) -> list[Trial]:
    """The trials that have a result, the best first."""
    listed = sdk.sagemaker_client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=job, SortBy="FinalObjectiveMetricValue", SortOrder="Ascending"
    )["TrainingJobSummaries"]
    return [
        Trial(
            one["TrainingJobName"],
            one["TunedHyperParameters"],
            one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
        )
        for one in listed
        if "FinalHyperParameterTuningJobObjectiveMetric" in one
    ]
