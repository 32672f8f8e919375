"""The report: everything in one page, and honest about what the data is."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from studiolo.demo import evaluate, pipeline, registry, report, serve
from studiolo.demo.data import Measurements
from studiolo.demo.narrator import Chapter
from studiolo.demo.plots import Painter, Plot, Response


def station_days(first: str, last: str) -> pd.DataFrame:
    random = np.random.default_rng(1)
    dates = pd.date_range(first, last)
    days = pd.DataFrame({"date": np.repeat(dates, 2), "station": ["North", "South"] * len(dates)})
    days["wind"] = random.gamma(4, 0.5, len(days))
    days["no2"] = 60 / days["wind"] * np.exp(0.2 * random.normal(size=len(days)))
    return days.assign(no2_before=days["no2"].shift(2))


@pytest.fixture(scope="module")
def learn() -> pd.DataFrame:
    return station_days("2015-01-01", "2015-12-31")


@pytest.fixture(scope="module")
def days(learn: pd.DataFrame) -> pd.DataFrame:
    test = station_days("2016-01-01", "2016-03-31")
    return evaluate.with_baselines(learn, test, (60 / test["wind"]).to_numpy())


@pytest.fixture
def result(learn: pd.DataFrame, days: pd.DataFrame) -> report.Result:
    linear, boosted = (
        pipeline.Candidate(algorithm, f"job-{number}", "image", f"s3://bucket/{number}.tar.gz", 3, np.ones(len(days)))
        for number, algorithm in enumerate(("linear-learner", "xgboost"), start=1)
    )
    return report.Result(
        measurements=Measurements((Path("a.csv"),), 17_520, "Testville", "Files of <b>", "A citation", synthetic=False),
        raw="s3://bucket/air-quality/raw/",
        prepared="s3://bucket/air-quality/prepared",
        spark="a step of an EMR cluster",
        learn=learn,
        test=days,
        outcome=pipeline.Outcome(
            "arn:aws:sagemaker:us-east-1:000000000000:pipeline/air-quality/execution/e1",
            [linear, boosted],
            "search-1",
            [pipeline.Trial("search-1-002", {"max_depth": "5", "eta": "0.1234"}, 0.2312)],
        ),
        models={"linear-learner": evaluate.Scores(14.52, 0.751, 24.7), "xgboost": evaluate.Scores(12.34, 0.812, 21.9)},
        chosen=boosted,
        version=registry.Version("arn:aws:sagemaker:us-east-1:000000000000:model-package/air-quality-no2/3", 3),
        endpoint="air-quality-no2",
        captured="s3://bucket/air-quality/captured",
        latency=serve.Latency(400, 4, 3.21, 9.87, 812.3),
        scores=evaluate.scores(days),
        city=evaluate.scores(evaluate.city(days)),
        stations=evaluate.by_station(days),
        scored_days=len(days),
        invoke="aws sagemaker-runtime invoke-endpoint",
        chapters=[Chapter("Find the measurements", 0.5), Chapter("Train a model", 2.25)],
    )


def paint(folder: Path, learn: pd.DataFrame, days: pd.DataFrame, *, synthetic: bool) -> list[Plot]:
    wind = np.linspace(0.5, 5, 10)
    return Painter(folder, "Testville", synthetic=synthetic).all(learn, days, Response(wind, 60 / wind))


def test_the_page_tells_everything_and_needs_nothing_else(
    tmp_path: Path, learn: pd.DataFrame, days: pd.DataFrame, result: report.Result
) -> None:
    page = report.write(tmp_path, result, paint(tmp_path, learn, days, synthetic=False)).read_text()
    for section in ("How good is it?", "Which model?", "How fast does it answer?", "What was done", "Go on", "Seconds"):
        assert f"<h2>{section}</h2>" in page
    for told in (
        *("17,520", "North", "South", "s3://bucket/2.tar.gz", "air-quality-no2", "execution/e1"),
        *("Find the measurements", "A citation", "Naive: as yesterday", "a step of an EMR cluster"),
        *("linear-learner<", "14.52", "0.751", "24.7 %", "job-1"),
        *("xgboost, which is served", "12.34", "0.812", "21.9 %", "job-2"),
        *(
            "search-1",
            "eta 0.12, max_depth 5",
            "0.2312",
            "model-package/air-quality-no2/3",
            "bucket/air-quality/captured",
        ),
        *("400 times", "3.2 ms", "9.9 ms", "812"),
        f"{result.scores['forecast'].rmse:.2f}",
    ):
        assert told in page
    assert page.count("data:image/png;base64,") == 4
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "Files of &lt;b&gt;" in page
    assert "SYNTHETIC" not in page


def test_the_pictures_and_the_numbers_lie_beside_the_page(
    tmp_path: Path, learn: pd.DataFrame, days: pd.DataFrame, result: report.Result
) -> None:
    report.write(tmp_path, result, paint(tmp_path, learn, days, synthetic=False))
    assert {file.name for file in tmp_path.glob("*.png")} == {
        "forecast.png",
        "wind.png",
        "residuals.png",
        "stations.png",
    }
    numbers = json.loads((tmp_path / "metrics.json").read_text())
    assert numbers["synthetic"] is False
    assert numbers["station_days"]["forecast"]["rmse"] == pytest.approx(result.scores["forecast"].rmse)
    assert (numbers["chosen"], numbers["models"]["linear-learner"]["rmse"]) == ("xgboost", 14.52)
    assert numbers["latency"]["p99"] == 9.87
    assert numbers["seconds"] == {"Find the measurements": 0.5, "Train a model": 2.25}


def test_synthetic_data_is_called_so_everywhere(
    tmp_path: Path, learn: pd.DataFrame, days: pd.DataFrame, result: report.Result
) -> None:
    made_up = replace(result.measurements, title="SYNTHETIC readings", synthetic=True)
    plots = paint(tmp_path, learn, days, synthetic=True)
    page = report.write(tmp_path, replace(result, measurements=made_up), plots).read_text()
    assert "<title>SYNTHETIC DATA: " in page
    assert "<h1>SYNTHETIC DATA: " in page
    assert 'class="warning"' in page
    assert json.loads((tmp_path / "metrics.json").read_text())["synthetic"] is True
    for plot in plots:
        with Image.open(plot.file) as image:
            assert image.info["Title"].startswith("SYNTHETIC DATA: ")


def test_a_model_worse_than_the_naive_ones_is_not_praised(
    tmp_path: Path, learn: pd.DataFrame, days: pd.DataFrame, result: report.Result
) -> None:
    bad = {**result.scores, "forecast": evaluate.Scores(rmse=2 * result.scores["persistence"].rmse, r2=-3, smape=90)}
    assert "100% more than with yesterday" in report.html(replace(result, scores=bad), [])
