"""The made-up readings: always the same, and plausible."""

import numpy as np
import pandas as pd
import pytest

from studiolo.demo import data, synthetic


@pytest.fixture(scope="module")
def stations() -> dict[str, pd.DataFrame]:
    return synthetic.stations()


def test_they_have_the_shape_of_the_real_ones(stations: dict[str, pd.DataFrame]) -> None:
    assert len(stations) == data.UCI_STATIONS
    assert sum(len(table) for table in stations.values()) == data.UCI_ROWS
    assert all(list(table.columns) == data.COLUMNS for table in stations.values())
    assert all("Synthetic" in name and set(table["station"]) == {name} for name, table in stations.items())


def test_they_are_the_same_each_time(stations: dict[str, pd.DataFrame]) -> None:
    again = synthetic.stations()
    assert all(table.equals(again[name]) for name, table in stations.items())


def test_no2_falls_with_the_wind_and_at_weekends_and_is_higher_in_winter(stations: dict[str, pd.DataFrame]) -> None:
    table = pd.concat(stations.values())
    day = pd.to_datetime(table[["year", "month", "day"]]).dt.dayofweek
    by_month = table.groupby("month")["NO2"].mean()
    assert np.corrcoef(np.log(table["NO2"].fillna(30)), table["WSPM"])[0, 1] < -0.3
    assert table["NO2"][day >= 5].mean() < 0.95 * table["NO2"][day < 5].mean()
    assert by_month[1] > 1.2 * by_month[7]


def test_some_no2_is_missing_and_the_rest_is_possible(stations: dict[str, pd.DataFrame]) -> None:
    table = pd.concat(stations.values())
    assert 0.01 < table["NO2"].isna().mean() < 0.05
    assert table["NO2"].min() >= 2
    assert (table["DEWP"] < table["TEMP"] + 3).all()
    assert (table[["RAIN", "WSPM"]] >= 0).all(axis=None)
