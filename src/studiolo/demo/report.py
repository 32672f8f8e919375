"""Chapter 11, the page: one HTML file with everything in it, and the numbers as JSON."""

import base64
import json
import math
import platform
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

import pandas as pd

from studiolo.demo.data import Measurements
from studiolo.demo.evaluate import CLIMATOLOGY, MODEL, NAMES, PERSISTENCE, Scores
from studiolo.demo.narrator import Chapter
from studiolo.demo.pipeline import Candidate, Outcome
from studiolo.demo.plots import Plot
from studiolo.demo.registry import GROUP, Version
from studiolo.demo.serve import Latency

PACKAGES = ("boto3", "sagemaker", "pandas", "numpy", "matplotlib")


@dataclass(frozen=True)
class Result:
    """All that the report tells."""

    measurements: Measurements
    raw: str
    prepared: str
    spark: str  # what it ran in
    learn: pd.DataFrame
    test: pd.DataFrame
    outcome: Outcome
    models: dict[str, Scores]  # of each candidate's transform, by its algorithm
    chosen: Candidate
    version: Version
    endpoint: str
    captured: str
    latency: Latency
    scores: dict[str, Scores]
    city: dict[str, Scores]
    stations: dict[str, dict[str, Scores]]
    scored_days: int
    invoke: str
    chapters: list[Chapter]


def write(folder: Path, result: Result, plots: list[Plot]) -> Path:
    """Write index.html and metrics.json; answers the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(numbers(result), indent=2) + "\n")
    page = folder / "index.html"
    page.write_text(html(result, plots), encoding="utf-8")
    return page


def numbers(result: Result) -> dict[str, object]:
    """What metrics.json says."""
    return {
        "synthetic": result.measurements.synthetic,
        "data": result.measurements.title,
        "rows": result.measurements.rows,
        "learned_from_station_days": len(result.learn),
        "scored_station_days": result.scored_days,
        "station_days": {name: _finite(scores) for name, scores in result.scores.items()},
        "city_days": {name: _finite(scores) for name, scores in result.city.items()},
        "stations": {place: {n: _finite(s) for n, s in own.items()} for place, own in result.stations.items()},
        "models": {
            each.algorithm: {"training_job": each.job, **_finite(result.models[each.algorithm])}
            for each in result.outcome.candidates
        },
        "pipeline_execution": result.outcome.execution,
        "tuning_job": {
            "name": result.outcome.search,
            "trials": [asdict(trial) for trial in result.outcome.trials],
        },
        "chosen": result.chosen.algorithm,
        "model_package": result.version.package,
        "latency": asdict(result.latency),
        "spark": result.spark,
        "endpoint": result.endpoint,
        "seconds": {chapter.title: round(chapter.seconds, 2) for chapter in result.chapters},
    }


def _finite(scores: Scores) -> dict[str, float | None]:
    """Scores as JSON can say them: R² of values that do not differ is null."""
    return {name: value if math.isfinite(value) else None for name, value in asdict(scores).items()}


def html(result: Result, plots: list[Plot]) -> str:
    """The page, with its pictures in it."""
    template = Template((files("studiolo.demo") / "report.html").read_text(encoding="utf-8"))
    data, model = result.measurements, result.scores[MODEL]
    persistence = result.scores[PERSISTENCE]
    synthetic = (
        f'<p class="warning"><strong>SYNTHETIC DATA.</strong> {escape(data.title)}. Nothing here is about real air.</p>'
    )
    return template.substitute(
        title=escape(("SYNTHETIC DATA: " if data.synthetic else "") + f"NO₂ in {data.city}, explained by its weather"),
        warning=synthetic if data.synthetic else "",
        lead=escape(_lead(result)),
        cards=_cards(model, persistence),
        pictures="\n".join(_picture(plot) for plot in plots),
        scores=_score_rows({NAMES[name]: own for name, own in result.scores.items()}),
        city_scores=_score_rows({NAMES[name]: own for name, own in result.city.items()}),
        stations="\n".join(_station_row(name, own) for name, own in result.stations.items()),
        scored=f"{result.scored_days:,}",
        rows=f"{data.rows:,}",
        files=len(data.files),
        raw=escape(result.raw),
        prepared=escape(result.prepared),
        spark=escape(result.spark),
        learn=f"{len(result.learn):,}",
        learn_span=_span(result.learn),
        test=f"{len(result.test):,}",
        test_span=_span(result.test),
        execution=escape(result.outcome.execution),
        models="\n".join(_model_row(each, result) for each in result.outcome.candidates),
        chosen=escape(result.chosen.algorithm),
        artifact=escape(result.chosen.artifact),
        tuning_job=escape(result.outcome.search),
        trials="\n".join(
            f"<tr><td>{escape(trial.text)}</td><td>{trial.objective:.4f}</td></tr>" for trial in result.outcome.trials
        ),
        best=escape(result.outcome.trials[0].text),
        version=result.version.number,
        group=escape(GROUP),
        package=escape(result.version.package),
        captured=escape(result.captured),
        calls=result.latency.calls,
        threads=result.latency.threads,
        p50=f"{result.latency.p50:.1f}",
        p99=f"{result.latency.p99:.1f}",
        per_second=f"{result.latency.per_second:.0f}",
        endpoint=escape(result.endpoint),
        invoke=escape(result.invoke),
        seconds="\n".join(f"<tr><td>{escape(c.title)}</td><td>{c.seconds:.1f}</td></tr>" for c in result.chapters),
        all_seconds=f"{sum(chapter.seconds for chapter in result.chapters):.1f}",
        source=escape(data.title),
        citation=escape(data.citation),
        versions=escape(", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        python=escape(f"Python {platform.python_version()}"),
        when=f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
    )


def _lead(result: Result) -> str:
    model = result.scores[MODEL]
    naive = {name: result.scores[name].rmse for name in (PERSISTENCE, CLIMATOLOGY)}
    better = [1 - model.rmse / rmse for rmse in naive.values()]
    return (
        "From the weather of a day and of the day before, the calendar and the station, "
        f"{result.chosen.algorithm} tells the day's mean nitrogen dioxide to {model.rmse:.1f} µg/m³ "
        "(root mean squared error). "
        f"That is {_percent(better[0])} "
        f"than with yesterday's value, and {_percent(better[1])} than with the usual value of the month."
    )


def _percent(better: float) -> str:
    return f"{better:.0%} less" if better >= 0 else f"{-better:.0%} more"


def _cards(model: Scores, naive: Scores) -> str:
    cards = [
        ("RMSE", f"{model.rmse:.1f}", "µg/m³", f"{naive.rmse:.1f} with yesterday's value"),
        ("R²", f"{model.r2:.2f}", "", f"{naive.r2:.2f} with yesterday's value"),
        ("sMAPE", f"{model.smape:.1f}", "%", f"{naive.smape:.1f} with yesterday's value"),
    ]
    return "\n".join(
        f'<div class="card"><h3>{name}</h3><p class="value">{value} <span>{unit}</span></p><p>{beside}</p></div>'
        for name, value, unit, beside in cards
    )


def _picture(plot: Plot) -> str:
    image = base64.b64encode(plot.file.read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(plot.title)}" src="data:image/png;base64,{image}">'
        f"<figcaption>{escape(plot.caption)}</figcaption></figure>"
    )


def _score_rows(scores: dict[str, Scores]) -> str:
    return "\n".join(
        f"<tr><td>{escape(name)}</td><td>{own.rmse:.2f}</td><td>{own.r2:.3f}</td><td>{own.smape:.1f} %</td></tr>"
        for name, own in scores.items()
    )


def _model_row(candidate: Candidate, result: Result) -> str:
    own = result.models[candidate.algorithm]
    served = ", which is served" if candidate is result.chosen else ""
    return (
        f"<tr><td>{escape(candidate.algorithm)}{served}</td><td>{own.rmse:.2f}</td><td>{own.r2:.3f}</td>"
        f"<td>{own.smape:.1f} %</td><td>{candidate.seconds}</td><td><code>{escape(candidate.job)}</code></td></tr>"
    )


def _station_row(name: str, own: dict[str, Scores]) -> str:
    model, naive = own[MODEL], own[PERSISTENCE]
    return (
        f"<tr><td>{escape(name)}</td><td>{model.rmse:.2f}</td><td>{model.r2:.3f}</td><td>{model.smape:.1f} %</td>"
        f"<td>{naive.rmse:.2f}</td></tr>"
    )


def _span(days: pd.DataFrame) -> str:
    return f"{days['date'].min():%Y-%m-%d} to {days['date'].max():%Y-%m-%d}"
