"""What a training job adds to the algorithm it runs: the same fit by the API and by hand; and an environment to the job."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_over
from bench.server import Server

ROUNDS = 3
EXAMPLES = 5000
FEATURES = 10
IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
HYPERPARAMETERS = {
    "predictor_type": "regressor",
    "feature_dim": str(FEATURES),
    "epochs": "5",
    "mini_batch_size": "200",
}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    ours, bare = [], []
    for number in range(ROUNDS):
        server.settle()
        taken, _ = train(server, f"bench-{number}")
        ours.append(taken)
        bare.append(_by_hand(bench.folder / f"fit-{number}"))
    yield at_most_over(
        "training job, over the algorithm by hand",
        Quantity(1, "s"),
        Quantity(statistics.median(ours), "s"),
        Quantity(statistics.median(bare), "s"),
    )
    yield _in_an_environment(server)


def _in_an_environment(server: Server) -> Row:
    """The same empty program in an image's environment, which is there, and on Studiolo's own Python."""
    empty = ("python3", "-c", "")
    train(server, "make", image=SKLEARN, entrypoint=empty)
    taken: dict[str, list[float]] = {SKLEARN: [], IMAGE: []}
    for number in range(ROUNDS):
        for image, found in taken.items():
            server.settle()
            name = f"empty-{number}-{'own' if image == IMAGE else 'image'}"
            found.append(train(server, name, image=image, entrypoint=empty)[0])
    ours, own = (Quantity(statistics.median(found), "s") for found in taken.values())
    return at_most_over("training job in an environment that is there, over one in none", Quantity(0.5, "s"), ours, own)


def train(server: Server, name: str, **more: Any) -> tuple[float, dict[str, Any]]:
    """Run a training job; the seconds from CreateTrainingJob until it is Completed, and its description."""
    sagemaker = server.client("sagemaker")
    began = start(server, name, **more)
    job: dict[str, Any] = {}

    def ended() -> bool:
        job.update(sagemaker.describe_training_job(TrainingJobName=name))
        return job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")

    wait_until(ended, 600, every=0.02)
    taken = time.perf_counter() - began
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(f"the training job {job['TrainingJobStatus']}: {job.get('FailureReason')}")
    return taken, job


def start(
    server: Server,
    name: str,
    data: bytes | None = None,
    channels: Sequence[str] = ("train",),
    hyperparameters: Mapping[str, str] = HYPERPARAMETERS,
    image: str = IMAGE,
    entrypoint: Sequence[str] = (),
) -> float:
    """Begin a training job on the data, or the examples; when it was asked for."""
    own = {"ContainerEntrypoint": list(entrypoint)} if entrypoint else {}
    bucket, role = server.bucket(), server.role()
    server.client("s3").put_object(Bucket=bucket, Key=f"{name}/data.csv", Body=data or examples())
    began = time.perf_counter()
    server.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File", **own},
        HyperParameters=dict(hyperparameters),
        InputDataConfig=[
            {
                "ChannelName": channel,
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{bucket}/{name}/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel in channels
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    return began


def examples() -> bytes:
    """A linear problem with some noise, the label first."""
    draw = random.Random(2)
    lines = []
    for _ in range(EXAMPLES):
        features = [draw.gauss(0, 1) for _ in range(FEATURES)]
        label = sum(weight * value for weight, value in enumerate(features, 1)) + draw.gauss(0, 0.1)
        lines.append(",".join(f"{value:.4f}" for value in (label, *features)))
    return "\n".join(lines).encode()


def _by_hand(base: Path) -> float:
    """The seconds of the algorithm's program on local files."""
    config, data = base / "input" / "config", base / "input" / "data" / "train"
    for folder in (config, data, base / "model", base / "output"):
        folder.mkdir(parents=True)
    (data / "data.csv").write_bytes(examples())
    channel = {"ContentType": "text/csv", "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
    resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
    (config / "hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS))
    (config / "inputdataconfig.json").write_text(json.dumps({"train": channel}))
    (config / "resourceconfig.json").write_text(json.dumps(resources))
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "studiolo.ml.algorithms.linear_learner", "train"],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base)},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return time.perf_counter() - began
