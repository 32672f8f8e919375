"""Chapter 10: how good it is, on days the model never saw, beside two naive forecasts that need no model.

* Persistence: today is as yesterday was. It knows yesterday's NO2, which the model does not.
* Climatology: today is as the mean of this month at this station in the years learned from.

All are scored on the same station days: those whose yesterday was measured.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

MODEL, PERSISTENCE, CLIMATOLOGY = "forecast", "persistence", "climatology"
NAMES = {
    MODEL: "Model: weather, calendar, station",
    PERSISTENCE: "Naive: as yesterday",
    CLIMATOLOGY: "Naive: usual for the station and month",
}


@dataclass(frozen=True)
class Scores:
    """Errors of a forecast.

    `rmse`, in µg/m³: the root of the mean squared error. `r2`, without unit: the share of the variance explained,
    1 - Σ(F-A)² / Σ(A-mean(A))². `smape`, in percent: 100/n Σ 2|F-A| / (|A|+|F|), which is 0 to 200.
    """

    rmse: float
    r2: float
    smape: float


def score(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> Scores:
    """The errors of a forecast of the same length as what came. Raises ValueError for other lengths, or none."""
    a, f = np.asarray(actual, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if a.shape != f.shape or a.size == 0:
        raise ValueError(f"Cannot compare {a.size} actual values with {f.size} forecasts.")
    squares = float(np.sum((f - a) ** 2))
    spread = float(np.sum((a - a.mean()) ** 2))
    sizes = np.abs(a) + np.abs(f)
    ratios = np.divide(2 * np.abs(f - a), sizes, out=np.zeros_like(a), where=sizes > 0)  # 0 forecast as 0 is no error
    return Scores(
        rmse=float(np.sqrt(squares / a.size)),
        r2=1 - squares / spread if spread > 0 else float("nan"),
        smape=float(100 * ratios.mean()),
    )


def with_baselines(learn: pd.DataFrame, test: pd.DataFrame, forecast: npt.NDArray[np.float64]) -> pd.DataFrame:
    """The test days with the model's forecast and both naive ones; days without a yesterday are left out."""
    usual = learn.groupby(["station", learn["date"].dt.month.rename("month")])["no2"].mean().rename(CLIMATOLOGY)
    days = test.assign(**{MODEL: forecast, PERSISTENCE: test["no2_before"], "month": test["date"].dt.month})
    days = days.join(usual, on=["station", "month"])
    return days.dropna(subset=[MODEL, PERSISTENCE, CLIMATOLOGY]).reset_index(drop=True)


def scores(days: pd.DataFrame) -> dict[str, Scores]:
    """The scores of the model and of both naive forecasts over all station days."""
    return {name: score(days["no2"], days[name]) for name in NAMES}


def city(days: pd.DataFrame) -> pd.DataFrame:
    """What was measured and forecast per day, as the mean of the stations."""
    return days.groupby("date", as_index=False)[["no2", *NAMES]].mean()


def by_station(days: pd.DataFrame) -> dict[str, dict[str, Scores]]:
    """The scores per station, the stations in the order of their names."""
    return {str(station): scores(own) for station, own in days.groupby("station")}
