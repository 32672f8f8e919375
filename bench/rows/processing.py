"""What a processing job adds to the script it runs: the same work by the API and by hand."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_over
from bench.rows.training import IMAGE, examples
from bench.server import Server

ROUNDS = 3
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


def process(server: Server, name: str) -> float:
    """Run a processing job; the seconds from CreateProcessingJob until it is Completed."""
    bucket, sagemaker = server.bucket(), server.client("sagemaker")
    for key, body in (("data/data.csv", examples()), ("code/sums.py", SCRIPT.encode())):
        server.client("s3").put_object(Bucket=bucket, Key=f"{name}/{key}", Body=body)
    base = "/opt/ml/processing"
    began = time.perf_counter()
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=server.role(),
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{base}/code/sums.py"],
            "ContainerArguments": [f"{base}/data", f"{base}/out"],
        },
        ProcessingInputs=[
            {
                "InputName": each,
                "S3Input": {
                    "S3Uri": f"s3://{bucket}/{name}/{each}/",
                    "LocalPath": f"{base}/{each}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for each in ("data", "code")
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/{name}/out",
                        "LocalPath": f"{base}/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
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
