"""What a processing job adds to the script it runs: the same work by the API and by hand."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_over
from bench.rows.serverless import JOB, submitted
from bench.rows.training import IMAGE, examples
from bench.server import Server

ROUNDS = 3
BASE = "/opt/ml/processing"
SPARK = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu"
SCRIPT = """
import pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
rows = [[float(cell) for cell in line.split(",")] for line in (source / "data.csv").read_text().splitlines()]
(target / "sums.csv").write_text("\\n".join(str(sum(row)) for row in rows))
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    ours, bare = [], []
    for number in range(ROUNDS):
        server.settle()
        ours.append(process(server, f"bench-{number}"))
        bare.append(_by_hand(bench.folder / f"process-{number}"))
    yield at_most_over(
        "processing job, over its script by hand",
        Quantity(1, "s"),
        Quantity(statistics.median(ours), "s"),
        Quantity(statistics.median(bare), "s"),
    )
    yield _on_spark(bench)


def _on_spark(bench: Bench) -> Row:
    """What PySparkProcessor sends, against spark-submit of the same file."""
    server, file = bench.server(), bench.folder / "processed.py"
    file.write_text(JOB)
    ours, bare = [], []
    for number in range(ROUNDS):
        name = f"spark-{number}"
        server.client("s3").put_object(Bucket=server.bucket(), Key=f"{name}/code/job.py", Body=JOB.encode())
        server.settle()
        ours.append(_run(server, name, SPARK, ["smspark-submit", f"{BASE}/code/job.py"], ["code"]))
        server.settle()
        bare.append(submitted(file))
    one, other = (Quantity(statistics.median(each), "s") for each in (ours, bare))
    return at_most_over("PySpark processing job, over bare spark-submit", Quantity(2, "s"), one, other)


def process(server: Server, name: str) -> float:
    """Run a processing job; the seconds from CreateProcessingJob until it is Completed."""
    bucket = server.bucket()
    for key, body in (("data/data.csv", examples()), ("code/sums.py", SCRIPT.encode())):
        server.client("s3").put_object(Bucket=bucket, Key=f"{name}/{key}", Body=body)
    entrypoint = ["python3", f"{BASE}/code/sums.py", f"{BASE}/data", f"{BASE}/out"]
    target = {"S3Uri": f"s3://{bucket}/{name}/out", "LocalPath": f"{BASE}/out", "S3UploadMode": "EndOfJob"}
    outputs = {"Outputs": [{"OutputName": "out", "S3Output": target}]}
    return _run(server, name, IMAGE, entrypoint, ["data", "code"], ProcessingOutputConfig=outputs)


def _run(server: Server, name: str, image: str, entrypoint: Sequence[str], inputs: Sequence[str], **more: Any) -> float:
    """The seconds of a processing job; inputs: the folders that it is given, of its name in the bucket."""
    sagemaker = server.client("sagemaker")
    began = time.perf_counter()
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=server.role(),
        AppSpecification={"ImageUri": image, "ContainerEntrypoint": list(entrypoint)},
        ProcessingInputs=[
            {
                "InputName": each,
                "S3Input": {
                    "S3Uri": f"s3://{server.bucket()}/{name}/{each}/",
                    "LocalPath": f"{BASE}/{each}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for each in inputs
        ],
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        **more,
    )
    job = sagemaker.describe_processing_job(ProcessingJobName=name)

    def ended() -> bool:
        job.update(sagemaker.describe_processing_job(ProcessingJobName=name))
        return job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped")

    wait_until(ended, 120, every=0.02)
    taken = time.perf_counter() - began
    if job["ProcessingJobStatus"] != "Completed":
        raise RuntimeError(f"the processing job {job['ProcessingJobStatus']}: {job.get('FailureReason')}")
    return taken


def _by_hand(folder: Path) -> float:
    """The seconds of the script on local files."""
    folder.mkdir(parents=True)
    (folder / "data.csv").write_bytes(examples())
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", SCRIPT, str(folder), str(folder)], check=True, timeout=120)
    return time.perf_counter() - began
