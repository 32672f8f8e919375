"""Endpoints of other kinds, and batch transform: a cold start, a scale-out, many models, and rows a second."""

import io
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from sklearn.linear_model import LinearRegression

from bench.bench import Bench
from bench.children import memory, wait_until
from bench.row import Quantity, Row, at_least_times, at_most, at_most_times
from bench.rows.training import FEATURES, IMAGE, train
from bench.server import Server

ROUNDS = 3
MODELS, LOADED = 100, 16
"""Models of the multi-model endpoint, and how many of them it has loaded at once."""
BLOCK, BLOCKS = 200_000, 10
"""Rows of the batch transform's file: a block of them, again and again."""
ROWS = BLOCK * BLOCKS
BODY = ",".join(["0.5"] * FEATURES)


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    _, job = train(server, "bench-kinds")
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    _model(server, "kinds", artifact)
    yield _cold_start(server)
    yield _scale_out(server)
    yield _many_models(server, artifact)
    yield _transform(server, bench.folder)


def _cold_start(server: Server) -> Row:
    """The first call of a serverless endpoint whose process has gone."""
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 4}
    _endpoint(server, "serverless", {"VariantName": "one", "ModelName": "kinds", "ServerlessConfig": config})
    taken = []
    for _ in range(ROUNDS):
        for process in reversed(_serving(server, "serverless")):
            with suppress(psutil.NoSuchProcess):  # it ends with its child
                process.kill()
        wait_until(lambda: not _serving(server, "serverless"), 30, every=0.02)
        server.settle()
        began = time.perf_counter()
        _call(server, "serverless")
        taken.append(time.perf_counter() - began)
    server.client("sagemaker").delete_endpoint(EndpointName="serverless")
    return at_most("serverless cold start, one call", Quantity(1, "s"), Quantity(statistics.median(taken), "s"))


def _scale_out(server: Server) -> Row:
    """From the alarm of a scaling policy to two instances that serve."""
    sagemaker, scaling = server.client("sagemaker"), server.client("application-autoscaling")
    cloudwatch = server.client("cloudwatch")
    instances = {"VariantName": "one", "ModelName": "kinds", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    _endpoint(server, "scaled", instances)
    resource = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": "endpoint/scaled/variant/one",
    }
    scaling.register_scalable_target(**resource, MinCapacity=1, MaxCapacity=2)
    steps = {
        "AdjustmentType": "ExactCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}],
    }
    policy = scaling.put_scaling_policy(
        **resource, PolicyName="out", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
    )
    cloudwatch.put_metric_alarm(
        AlarmName="load",
        AlarmActions=[policy["PolicyARN"]],
        Namespace="bench",
        MetricName="load",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    server.settle()
    began = time.perf_counter()
    cloudwatch.set_alarm_state(AlarmName="load", StateValue="ALARM", StateReason="bench")
    wait_until(lambda: _instances(sagemaker) == 2, 60, every=0.02)
    taken = time.perf_counter() - began
    cloudwatch.delete_alarms(AlarmNames=["load"])
    scaling.deregister_scalable_target(**resource)
    sagemaker.delete_endpoint(EndpointName="scaled")
    return at_most("scale-out, from the alarm to a second instance", Quantity(2, "s"), Quantity(taken, "s"))


def _many_models(server: Server, artifact: str) -> Row:
    """What serves after calls to 100 models, against what serves after calls to as many as are loaded at once."""
    s3, bucket = server.client("s3"), server.bucket()
    for number in range(MODELS):
        s3.copy_object(Bucket=bucket, Key=f"many/{number}.tar.gz", CopySource=artifact.removeprefix("s3://"))
    _model(server, "many", f"s3://{bucket}/many/", Mode="MultiModel")
    instances = {"VariantName": "one", "ModelName": "many", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    _endpoint(server, "many", instances)
    held, began = [], time.perf_counter()
    for number in range(MODELS):
        _call(server, "many", TargetModel=f"{number}.tar.gz")
        if number + 1 in (LOADED, MODELS):
            held.append(memory(_serving(server, "many"))[0])
    note = f"{(time.perf_counter() - began) / MODELS:.2f} s a model's first call"
    server.client("sagemaker").delete_endpoint(EndpointName="many")
    name = f"memory of a multi-model endpoint after {MODELS} models, against after {LOADED}"
    return at_most_times(name, 1.25, Quantity(held[1], "MB"), Quantity(held[0], "MB"), note)


def _transform(server: Server, folder: Path) -> Row:
    """Rows of CSV a second, from the request to the output in S3, against pandas and scikit-learn on local files."""
    rows = np.random.default_rng(1).normal(size=(BLOCK, FEATURES)).round(4)
    text = "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()).encode() * BLOCKS
    bucket, sagemaker = server.bucket(), server.client("sagemaker")
    server.client("s3").put_object(Bucket=bucket, Key="batch/rows.csv", Body=text)
    (folder / "rows.csv").write_bytes(text)
    taken, plain = [], []
    for number in range(ROUNDS):
        server.settle()
        taken.append(_transformed(sagemaker, f"kinds-{number}", bucket))
        plain.append(_by_pandas(rows[:1000], folder))
    ours, theirs = (Quantity(ROWS / statistics.median(seconds), "/s") for seconds in (taken, plain))
    return at_least_times("rows of a batch transform job, against plain pandas", 0.8, ours, theirs)


def _transformed(sagemaker: Any, name: str, bucket: str) -> float:
    began = time.perf_counter()
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="kinds",
        BatchStrategy="MultiRecord",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{bucket}/out/{name}", "Accept": "text/csv", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    job: dict[str, Any] = {}

    def ended() -> bool:
        job.update(sagemaker.describe_transform_job(TransformJobName=name))
        return job["TransformJobStatus"] in ("Completed", "Failed", "Stopped")

    wait_until(ended, 300, every=0.02)
    if job["TransformJobStatus"] != "Completed":
        raise RuntimeError(f"the transform job {job['TransformJobStatus']}: {job.get('FailureReason')}")
    return time.perf_counter() - began


def _by_pandas(examples: Any, folder: Path) -> float:
    model = LinearRegression().fit(examples, examples.sum(axis=1))
    began = time.perf_counter()
    frame = pd.read_csv(io.BytesIO((folder / "rows.csv").read_bytes()), header=None)
    pd.Series(model.predict(frame.to_numpy())).to_csv(folder / "rows.out", header=False, index=False)
    return time.perf_counter() - began


def _model(server: Server, name: str, data: str, **more: str) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": data, **more}
    server.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=server.role(), PrimaryContainer=container)


def _endpoint(server: Server, name: str, variant: dict[str, Any]) -> None:
    sagemaker = server.client("sagemaker")
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_until(
        lambda: bool(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"), 120, every=0.02
    )


def _call(server: Server, name: str, **more: str) -> None:
    runtime = server.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=BODY, **more)


def _instances(sagemaker: Any) -> int:
    [variant] = sagemaker.describe_endpoint(EndpointName="scaled")["ProductionVariants"]
    return int(variant["CurrentInstanceCount"])


def _serving(server: Server, endpoint: str) -> list[psutil.Process]:
    """The processes that serve an endpoint."""
    found = []
    for child in server.children():
        if child["alive"] and child["kind"] == "endpoint" and f"-{endpoint}-" in child["name"]:
            with suppress(psutil.Error):  # it may end meanwhile
                root = psutil.Process(child["pid"])
                found += [root, *root.children(recursive=True)]
    return found
