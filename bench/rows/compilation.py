"""What a compilation job gains: one row through a forest of scikit-learn, before and after, by the job's own log."""

import io
import re
import tarfile
from collections.abc import Iterator

import joblib
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_times
from bench.server import Server

NAME, GROUP = "bench-forest", "/aws/sagemaker/CompilationJobs"
TIMES = 0.2
LATENCY = re.compile(r"Latency of .*: ([\d.]+) us by (.*)")


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    server.client("s3").put_object(Bucket=server.bucket(), Key="forest.tar.gz", Body=_archive())
    (before, original), (after, compiled) = LATENCY.findall(_compiled(server))
    yield at_most_times(
        "compiled model, one row against its original",
        TIMES,
        Quantity(float(after), "us"),
        Quantity(float(before), "us"),
        f"{compiled}; {original}, a forest of 100 trees",
    )


def _archive() -> bytes:
    model, archive = io.BytesIO(), io.BytesIO()
    joblib.dump(RandomForestClassifier(100, random_state=0).fit(*load_iris(return_X_y=True)), model)
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.joblib")
        member.size = len(model.getvalue())
        tar.addfile(member, io.BytesIO(model.getvalue()))
    return archive.getvalue()


def _compiled(server: Server) -> str:
    """The log of the job that compiles it."""
    sagemaker, logs = server.client("sagemaker"), server.client("logs")
    version = ".".join(sklearn.__version__.split(".")[:2])
    uri = f"s3://{server.bucket()}/forest.tar.gz"
    server.settle()
    sagemaker.create_compilation_job(
        CompilationJobName=NAME,
        RoleArn=server.role(),
        InputConfig={"S3Uri": uri, "Framework": "SKLEARN", "FrameworkVersion": version},
        OutputConfig={"S3OutputLocation": f"s3://{server.bucket()}/compiled", "TargetDevice": "ml_c5"},
        StoppingCondition={"MaxRuntimeInSeconds": 900},
    )
    job = sagemaker.describe_compilation_job(CompilationJobName=NAME)

    def ended() -> bool:
        job.update(sagemaker.describe_compilation_job(CompilationJobName=NAME))
        return job["CompilationJobStatus"] in ("COMPLETED", "FAILED", "STOPPED")

    wait_until(ended, 600)
    if job["CompilationJobStatus"] != "COMPLETED":
        raise RuntimeError(f"the compilation job {job['CompilationJobStatus']}: {job['FailureReason']}")
    [stream] = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=NAME)["logStreams"]
    found = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True)
    return "\n".join(event["message"] for event in found["events"])
