"""The metrics, against values worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from studiolo.demo import evaluate
from studiolo.demo.evaluate import CLIMATOLOGY, MODEL, PERSISTENCE, score


def test_scores_of_known_values_are_as_worked_out_by_hand() -> None:
    scores = score([10, 20, 30], [12, 18, 33])
    assert scores.rmse == pytest.approx(math.sqrt((4 + 4 + 9) / 3))
    assert scores.r2 == pytest.approx(1 - 17 / 200)
    assert scores.smape == pytest.approx(100 / 3 * (4 / 22 + 4 / 38 + 6 / 63))


def test_a_perfect_forecast_has_no_error_and_explains_everything() -> None:
    assert score([1, 2, 0], [1, 2, 0]) == evaluate.Scores(rmse=0.0, r2=1.0, smape=0.0)


def test_the_mean_explains_nothing() -> None:
    assert score([10, 20, 30], [20, 20, 20]).r2 == pytest.approx(0)


def test_smape_ends_at_200_percent() -> None:
    assert score([0, 5], [5, 0]).smape == pytest.approx(200)


def test_forecasts_for_other_days_are_refused() -> None:
    with pytest.raises(ValueError, match="3 actual values with 2 forecasts"):
        score([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="0 actual"):
        score([], [])


def test_the_naive_forecasts_are_yesterday_and_the_usual_month_of_the_years_learned_from() -> None:
    learn = pd.DataFrame(
        {
            "station": ["A", "A", "B"],
            "date": pd.to_datetime(["2014-01-05", "2015-01-06", "2015-01-07"]),
            "no2": [40.0, 60, 9],
        }
    )
    test = pd.DataFrame(
        {
            "station": ["A", "A", "B"],
            "date": pd.to_datetime(["2016-01-05", "2016-01-06", "2016-01-06"]),
            "no2": [41.0, 50, 8],
            "no2_before": [np.nan, 41, 7],
        }
    )
    days = evaluate.with_baselines(learn, test, np.array([42.0, 52, 10]))
    assert days[["station", MODEL, PERSISTENCE, CLIMATOLOGY]].to_numpy().tolist() == [
        ["A", 52, 41, 50],
        ["B", 10, 7, 9],
    ]
    assert evaluate.city(days)["no2"].tolist() == [29]
    assert list(evaluate.by_station(days)) == ["A", "B"]
