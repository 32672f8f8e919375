"""The whole story, in reading order. Each stage is a chapter in a file of its own."""

import os
import shlex
from pathlib import Path
from typing import Literal

import boto3
import numpy as np
import numpy.typing as npt
import pandas as pd
import sagemaker

from studiolo.demo import (
    bucket,
    catalog,
    data,
    emr,
    evaluate,
    pipeline,
    registry,
    report,
    roles,
    serve,
    spark,
    stack,
    train,
)
from studiolo.demo.narrator import Narrator
from studiolo.demo.plots import Painter, Response

Engine = Literal["glue", "emr"]
ENGINES: dict[Engine, str] = {"glue": "a Glue interactive session", "emr": "an EMR cluster, by Livy and a step"}


def tell(
    source: Path | None, folder: Path, narrator: Narrator, engine: Engine = "glue", *, of_stack: bool = False
) -> Path:
    """Run all stages; answers the path of the report.

    Spark runs in a Glue session or on a cluster of EMR; what the story stands on is made call by call or as a stack.

    Which AWS it talks to is what the environment says, as for every program that uses boto3. Raises StoryError for
    what can be expected to go wrong.
    """
    with narrator.stage("Find the measurements") as stage:
        measurements = data.find(source, folder, stage)
        stage.say(f"{len(measurements.files)} stations, {measurements.rows:,} hourly readings: {measurements.title}")

    session = boto3.Session()
    with narrator.stage("Deploy the stack" if of_stack else "Make the roles that services take") as stage:
        ground = stack.deploy(session, stage) if of_stack else roles.ensure(session, on_emr=engine == "emr")
        stage.say(ground.role)

    sdk = sagemaker.Session(session, default_bucket=ground.bucket)
    with narrator.stage("Put the measurements into a bucket") as stage:
        raw = bucket.upload(sdk, measurements, stage)
    prepared = raw.replace("/raw/", "/prepared")

    with narrator.stage("Register them in the Data Catalog") as stage:
        if not of_stack:
            catalog.ensure_database(sdk, ground.database, prepared)
        stage.say(f"table {catalog.register(sdk, ground.database, raw)}")

    with narrator.stage(f"Prepare them with Spark: {ENGINES[engine]}") as stage:
        if ground.cluster is not None and engine == "emr":
            emr.prepare(sdk, ground.cluster, ground.database, stage)
        else:
            spark.prepare(sdk, ground.role, ground.database, stage)

    with narrator.stage("Train and tune two models with a SageMaker pipeline") as stage:
        learn, test = train.split(bucket.read_table(sdk, "station_days"))
        stage.say(f"{len(learn):,} station days to learn from, {len(test):,} to test on", style="dim")
        outcome = pipeline.run(sdk, ground.role, train.upload(sdk, learn, test), stage)
        stage.say(f"best of {len(outcome.trials)} trials: {outcome.trials[0].text}")
        models = {
            each.algorithm: evaluate.scores(evaluate.with_baselines(learn, test, each.forecast))[evaluate.MODEL]
            for each in outcome.candidates
        }
        for name, own in models.items():
            stage.say(_numbers(name, own))

    with narrator.stage("Register the better one") as stage:
        chosen = min(outcome.candidates, key=lambda each: models[each.algorithm].rmse)
        version = registry.register(sdk, ground.role, chosen, models[chosen.algorithm])
        stage.say(f"{chosen.algorithm} is version {version.number} of {registry.GROUP}")

    with narrator.stage("Serve it from the registry, captured and scaled") as stage:
        endpoint = serve.deploy(sdk, ground.role, version, stage)
        stage.say(f"{endpoint} is in service")

    with narrator.stage("Ask it about the days it has not seen") as stage:
        stations = sorted(learn["station"].unique())
        rows = train.features(test, stations)
        days = evaluate.with_baselines(learn, test, serve.ask(sdk, endpoint, rows, stage))
        scores = evaluate.scores(days)
        for name, own in scores.items():
            stage.say(_numbers(evaluate.NAMES[name], own))
        latency = serve.load(sdk, endpoint, rows, stage)
        stage.say(f"{latency.calls} calls of one row by {latency.threads} threads: {latency.text}")

    with narrator.stage("Draw and write the report") as stage:
        wind, windy = wind_curve(learn, stations)
        response = Response(wind, serve.ask(sdk, endpoint, windy, stage))
        plots = Painter(folder, measurements.city, synthetic=measurements.synthetic).all(learn, days, response)
        result = report.Result(
            measurements=measurements,
            raw=raw,
            prepared=prepared,
            spark=ENGINES[engine],
            learn=learn,
            test=test,
            outcome=outcome,
            models=models,
            chosen=chosen,
            version=version,
            endpoint=endpoint,
            captured=serve.captured(sdk),
            latency=latency,
            scores=scores,
            city=evaluate.scores(evaluate.city(days)),
            stations=evaluate.by_station(days),
            scored_days=len(days),
            invoke=_example(folder, endpoint, test, stations),
            chapters=list(narrator.chapters),
        )
        page = report.write(folder, result, plots)
    narrator.console.print(narrator.table())
    narrator.console.print(
        f"\nAsk the endpoint, here about a still day and a windy one: it answers ln(NO2 in µg/m³)\n{result.invoke}",
        markup=False,
        soft_wrap=True,
    )
    if of_stack:
        narrator.console.print(
            f"\nRemove it all\n{_removal(endpoint, str(ground.bucket))}", markup=False, soft_wrap=True
        )
    return page


def _numbers(name: str, scores: evaluate.Scores) -> str:
    return f"{name:<39}RMSE {scores.rmse:.1f}  R² {scores.r2:.3f}  sMAPE {scores.smape:.1f} %"


def _removal(endpoint: str, place: str) -> str:
    """Commands that take away what the story made with a stack; a bucket must be empty for that."""
    return (
        f"aws sagemaker delete-endpoint --endpoint-name {endpoint}\n"
        f"aws s3 rm s3://{place} --recursive\n"
        f"aws cloudformation delete-stack --stack-name {stack.NAME}"
    )


def wind_curve(learn: pd.DataFrame, stations: list[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Winds in m/s, and the mean day at the mean station with each of them: rows of features for the endpoint."""
    wind = np.linspace(learn["wind"].quantile(0.001), learn["wind"].quantile(0.999), 60)
    rows = np.tile(train.features(learn, stations).mean(axis=0), (len(wind), 1))
    rows[:, train.WEATHER.index("log_wind")] = np.log(wind)
    return wind, rows.astype(np.float32)


def _example(folder: Path, endpoint: str, test: pd.DataFrame, stations: list[str]) -> str:
    """A command that asks the endpoint about the stillest and the windiest test day at the first station."""
    place = test[test["station"] == stations[0]].reset_index(drop=True)
    chosen = place.loc[[place["wind"].idxmin(), place["wind"].idxmax()]]
    request = folder / "request.csv"
    np.savetxt(request, train.features(chosen, stations), delimiter=",", fmt="%.6g")
    address = os.path.relpath(request)
    return (
        f"aws sagemaker-runtime invoke-endpoint --endpoint-name {endpoint} --content-type text/csv "
        f"--accept application/jsonlines --body fileb://{shlex.quote(address)} /dev/stdout"
    )
