"""Chapter 6: what a model learns. The weather, the calendar and the place explain the logarithm of NO2.

The label is the logarithm of the concentration. Wind dilutes what is in the air by a factor, whatever that is, so
the effects of the weather multiply; a linear model adds. Forecasts, brought back by exp(), are never negative.
(Chosen on training data alone: fitted to 2013 and 2014, the logarithm does better in 2015 than the concentration.)
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import sagemaker

from studiolo.demo import bucket
from studiolo.demo.errors import StoryError

FIRST_VALIDATION_DAY = pd.Timestamp("2015-01-01")
FIRST_TEST_DAY = pd.Timestamp("2016-01-01")
WEATHER = (
    *("temperature", "temperature_range", "dew_point", "pressure"),
    *("log_wind", "wind_east", "wind_north", "log_rain"),
    *("log_wind_before", "log_rain_before"),  # of the day before
)
CALENDAR = ("year_sin", "year_cos", "half_year_sin", "half_year_cos", "weekend")
FOLDER = "channels"  # of the story


@dataclass(frozen=True)
class Channels:
    """Where the CSV files are that jobs read: s3://bucket/air-quality/channels/NAME/. Labels are the first column."""

    learn: str  # all days to learn from
    early: str  # of these, the days that trials of the search learn from
    validation: str  # and the days that they are judged on
    test: str  # features alone, in the order of the test days


def split(station_days: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The days before 2016, to learn from, and the days since, to be tested on.

    Test days of stations that there is nothing to learn of are left out. Raises StoryError if one of the two is empty.
    """
    learn = station_days[station_days["date"] < FIRST_TEST_DAY]
    test = station_days[station_days["date"] >= FIRST_TEST_DAY]
    test = test[test["station"].isin(learn["station"].unique())]
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


def csv(rows: npt.NDArray[np.float32]) -> bytes:
    """Rows as the algorithms read them."""
    text = io.BytesIO()
    np.savetxt(text, rows, delimiter=",", fmt="%.7g")
    return text.getvalue()


def upload(sdk: sagemaker.Session, learn: pd.DataFrame, test: pd.DataFrame) -> Channels:
    """Put what jobs read into the bucket, in place of what an earlier run put there."""
    stations = sorted(learn["station"].unique())
    labeled = np.column_stack([label(learn), features(learn, stations)])
    early = (learn["date"] < FIRST_VALIDATION_DAY).to_numpy()
    tables = {
        "learn": labeled,
        "early": labeled[early],
        "validation": labeled[~early],
        "test": features(test, stations),
    }
    s3, place = sdk.boto_session.client("s3"), f"{bucket.PREFIX}/{FOLDER}"
    bucket.clear(sdk, FOLDER)
    for name, rows in tables.items():
        s3.put_object(Bucket=sdk.default_bucket(), Key=f"{place}/{name}/{name}.csv", Body=csv(rows))
    return Channels(**{name: f"s3://{sdk.default_bucket()}/{place}/{name}/" for name in tables})
