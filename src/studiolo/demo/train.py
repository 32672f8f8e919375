"""Chapter 6: the model. SageMaker's built-in linear-learner explains NO2 by the weather, the calendar and the place.

The label is the logarithm of the concentration. Wind dilutes what is in the air by a factor, whatever that is, so
the effects of the weather multiply; a linear model adds. Its forecasts, brought back by exp(), are never negative.
(Chosen on training data alone: fitted to 2013 and 2014, the logarithm does better in 2015 than the concentration.)
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sagemaker
from botocore.exceptions import BotoCoreError, ClientError
from sagemaker import LinearLearner

from studiolo.demo import bucket
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage

FIRST_TEST_DAY = pd.Timestamp("2016-01-01")
WEATHER = (
    *("temperature", "temperature_range", "dew_point", "pressure"),
    *("log_wind", "wind_east", "wind_north", "log_rain"),
    *("log_wind_before", "log_rain_before"),  # of the day before
)
CALENDAR = ("year_sin", "year_cos", "half_year_sin", "half_year_cos", "weekend")
INSTANCE = "ml.m5.large"
EPOCHS = 40
POLL_SECONDS = 0.5
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
LOG_LINES = 6  # of the job's log, shown at its end


@dataclass(frozen=True)
class Trained:
    """A finished training job."""

    job: str
    artifact: str  # s3://.../model.tar.gz
    metrics: dict[str, float]
    seconds: int


def split(station_days: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The days before 2016, to learn from, and the days since, to be tested on. Raises StoryError if one is empty."""
    learn = station_days[station_days["date"] < FIRST_TEST_DAY]
    test = station_days[station_days["date"] >= FIRST_TEST_DAY]
    if learn.empty or test.empty:
        raise StoryError(f"The story needs days before and after {FIRST_TEST_DAY:%Y-%m-%d}; this data has not both.")
    return learn.reset_index(drop=True), test.reset_index(drop=True)


def features(days: pd.DataFrame, stations: list[str]) -> npt.NDArray[np.float32]:
    """What the model sees: weather, calendar, and a 1 in the column of the station. Shape (days, features)."""
    place = (np.asarray(days["station"])[:, None] == np.asarray(stations)[None, :]).astype(np.float32)
    return np.hstack([days[[*WEATHER, *CALENDAR]].to_numpy(np.float32), place])


def label(days: pd.DataFrame) -> npt.NDArray[np.float32]:
    """What the model learns: the logarithm of NO2 in µg/m³. Shape (days,)."""
    return np.asarray(np.log(days["no2"].to_numpy(np.float64)), dtype=np.float32)


def learner(sdk: sagemaker.Session, role: str, folder: str, **hyperparameters: float) -> LinearLearner:
    """The algorithm, whose models go to a folder of the story."""
    address = f"s3://{sdk.default_bucket()}/{bucket.PREFIX}"
    return LinearLearner(
        role=role,
        instance_count=1,
        instance_type=INSTANCE,
        predictor_type="regressor",
        epochs=EPOCHS,
        data_location=f"{address}/records/",
        output_path=f"{address}/{folder}",
        sagemaker_session=sdk,
        **hyperparameters,
    )


def records(estimator: LinearLearner, stations: list[str], **channels: pd.DataFrame) -> list[Any]:
    """Put station days into the bucket as records, a set for each channel."""
    return [
        estimator.record_set(features(days, stations), label(days), channel=channel)
        for channel, days in channels.items()
    ]


def train(
    sdk: sagemaker.Session,
    role: str,
    learn: pd.DataFrame,
    test: pd.DataFrame,
    stage: Stage,
    folder: str = "models",
    **hyperparameters: float,
) -> Trained:
    """Train on `learn`; SageMaker also measures on `test`. Raises StoryError when the job fails."""
    bucket.clear(sdk, "records")
    estimator = learner(sdk, role, folder, **hyperparameters)
    channels = records(estimator, sorted(learn["station"].unique()), train=learn, test=test)
    job = f"air-quality-no2-{time.strftime('%Y%m%d-%H%M%S')}"
    estimator.fit(channels, wait=False, job_name=job)
    stage.say(f"{job}: {len(learn):,} station days to learn from, {len(test):,} to test on", style="dim")
    return _watch(sdk, job, stage)


def _watch(sdk: sagemaker.Session, job: str, stage: Stage) -> Trained:
    """Wait for the job (the SDK's own wait looks every 30 s only), then show the end of its log.

    On Ctrl-C the job is stopped.
    """
    client = sdk.sagemaker_client
    try:
        while True:
            state = client.describe_training_job(TrainingJobName=job)
            stage.doing(f"training: {state['SecondaryStatus']}")
            if state["TrainingJobStatus"] not in ("InProgress", "Stopping"):
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        with suppress(BotoCoreError, ClientError):
            client.stop_training_job(TrainingJobName=job)
        raise
    stage.say("\n".join(_log(sdk, job)[-LOG_LINES:]), style="dim")
    if state["TrainingJobStatus"] != "Completed":
        reason = state.get("FailureReason", "no reason was given")
        raise StoryError(f"The training job {job} is {state['TrainingJobStatus']}: {reason}")
    return Trained(
        job=job,
        artifact=state["ModelArtifacts"]["S3ModelArtifacts"],
        metrics={metric["MetricName"]: metric["Value"] for metric in state.get("FinalMetricDataList", [])},
        seconds=state.get("TrainingTimeInSeconds", 0),
    )


def _log(sdk: sagemaker.Session, job: str) -> list[str]:
    """The lines that the job has written."""
    logs: Any = sdk.boto_session.client("logs")
    lines: list[str] = []
    with suppress(logs.exceptions.ResourceNotFoundException):  # no line was ever written
        streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
        for stream in streams:
            events = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"])
            lines += [event["message"] for event in events["events"]]
    return lines
