"""Jobs on a real Ray cluster of two nodes, and over the end of a node and of the server."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from studiolo.containers.ray import parcel
from tests.api.machine_learning import ROWS, tuning_job
from tests.api.programs import Programs, statuses
from tests.conftest import REGION, Server, create_role
from tests.ray.cluster import ALONE, RayCluster, ray_cluster
from tests.waiting import until

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SOURCE = str(Path(parcel.OWN).parent)
LONG = 600
"""Seconds that something may take: Ray takes tens of them to begin a job on a busy machine."""


class OnRay(Programs):
    """Jobs whose program is a script in an image with an environment: it runs where the environment can be made."""

    def train(self, code: str, channels: list[dict[str, Any]] | None = None, **changes: Any) -> str:
        entrypoint = ["python3", "/opt/ml/input/data/code/train.py"]
        algorithm = {"TrainingImage": SKLEARN, "TrainingInputMode": "File", "ContainerEntrypoint": entrypoint}
        metrics = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
        return super().train(
            code, channels, **{"AlgorithmSpecification": {**algorithm, "MetricDefinitions": metrics}, **changes}
        )

    def process(
        self,
        code: str,
        inputs: list[dict[str, Any]] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        **changes: Any,
    ) -> str:
        entrypoint = ["python3", "/opt/ml/processing/code/process.py"]
        specification = {"ImageUri": SKLEARN, "ContainerEntrypoint": entrypoint}
        return super().process(code, inputs, outputs, **{"AppSpecification": specification, **changes})

    def ended(self, name: str) -> dict[str, Any]:
        """The training job, once it is over."""

        def over() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return until(over, LONG)

    def printed(self, name: str, line: str) -> None:
        """Wait until its program has printed that line."""
        until(lambda: line in self.said(name), LONG)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no network of one's own, beyond which Ray would listen")
    venv = tmp_path_factory.mktemp("venv")
    python, uv = venv / "bin" / "python", find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--clear", str(venv)], check=True)
    # A node whose agent takes 30 s to import its modules gives up: on a busy machine they are compiled before.
    install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python), "ray[default]==2.60.0"]
    subprocess.run(install, check=True)
    # The nodes reach no package index: what they would make once is made before.
    made = "import json, sys; from studiolo.containers.ray import node; node._made(json.loads(sys.argv[1]))"
    subprocess.run(
        [str(python), "-c", made, json.dumps(parcel.requirements())], env={"PYTHONPATH": SOURCE, **_home()}, check=True
    )
    with ray_cluster(python) as cluster:
        cluster.start_node(1)
        cluster.start_node(2)
        yield cluster


def _home() -> dict[str, str]:
    """What uv needs of this machine, the authorities that it trusts among it."""
    wanted = ("HOME", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
    return {name: os.environ[name] for name in wanted if name in os.environ}


@pytest.fixture(scope="module")
def server(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "STUDIOLO_RAY_ADDRESS": cluster.address}
    server = Server(tmp_path_factory.mktemp("studiolo"), settings=settings)
    server.run("images", "prepare", SKLEARN)
    server.up()
    cluster.open_door(server.port)
    cluster.open_door(int(server.s3_endpoint.rpartition(":")[2]))
    yield server
    server.down()


@pytest.fixture(scope="module")
def programs(server: Server) -> OnRay:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="rows", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="rows", Key="train/rows.csv", Body=ROWS.encode())
    return OnRay(server.client, create_role(server), "rows")


def test_a_program_on_a_node_tells_what_it_does_while_it_runs_and_leaves_what_it_has_when_it_is_stopped(
    programs: OnRay,
) -> None:
    name = programs.train(
        "import signal, sys, time\n"
        "def leave(*_):\n"
        "    open('/opt/ml/model/saved', 'w').write('1')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('loss=0.5', flush=True)\n"
        "time.sleep(600)\n"
    )
    programs.printed(name, "loss=0.5")
    job = until(
        lambda: (job := programs.sagemaker.describe_training_job(TrainingJobName=name))["FinalMetricDataList"] and job
    )
    assert (job["SecondaryStatus"], job["FinalMetricDataList"][0]["Value"]) == ("Training", 0.5)
    programs.sagemaker.stop_training_job(TrainingJobName=name)
    stopped = programs.ended(name)
    assert statuses(stopped) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert programs.model(stopped) == ["saved"]


def test_why_a_program_on_a_node_failed_is_told_and_its_time_is_bounded(programs: OnRay) -> None:
    fails = programs.train("open('/opt/ml/output/failure', 'w').write('no column no2')\nraise SystemExit(3)")
    lasts = programs.train("import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert programs.ended(fails)["FailureReason"] == "AlgorithmError: no column no2, exit code: 3"
    assert statuses(programs.ended(lasts))[-1] == "MaxRuntimeExceeded"


def test_trials_and_processing_jobs_run_on_nodes(programs: OnRay, cluster: RayCluster) -> None:
    programs.sagemaker.create_hyper_parameter_tuning_job(**tuning_job("tune", programs.role, programs.bucket))
    process = programs.process("open('/opt/ml/processing/out/1', 'w')", outputs=[out := programs.taken("out")])
    describe = programs.sagemaker.describe_hyper_parameter_tuning_job
    until(lambda: describe(HyperParameterTuningJobName="tune")["HyperParameterTuningJobStatus"] == "Completed", LONG)
    until(lambda: programs.left(out["S3Output"]["S3Uri"]) == {"1": b""}, LONG)
    trials = programs.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName="tune")
    names = {trial["TrainingJobName"] for trial in trials["TrainingJobSummaries"]}
    assert len(names) == 2
    assert {*names, process} <= set(cluster.works())


def test_jobs_on_nodes_go_on_without_the_server_and_nothing_they_say_is_lost(server: Server, programs: OnRay) -> None:
    name = programs.train("import time\nfor n in range(20):\n    print('line', n, flush=True)\n    time.sleep(0.5)")
    programs.printed(name, "line 3")
    server.kill()
    server.up()
    assert programs.ended(name)["TrainingJobStatus"] == "Completed"
    assert [line for line in programs.said(name) if line.startswith("line")] == [f"line {n}" for n in range(20)]


def test_a_job_whose_node_dies_is_begun_again_or_fails_in_aws_s_words(programs: OnRay, cluster: RayCluster) -> None:
    runs = "print('runs', flush=True)\nimport time; time.sleep(600)"
    retried = {"RetryStrategy": {"MaximumRetryAttempts": 1}}
    names = [programs.train(runs, **retried), programs.train(runs, **retried)]
    for name in names:
        programs.printed(name, "runs")
    [lost] = [name for name in names if cluster.node_of(name) == 2]
    [kept] = {*names} - {lost}
    programs.sagemaker.stop_training_job(TrainingJobName=kept)
    programs.ended(kept)
    cluster.kill_node(2)
    until(lambda: programs.said(lost).count("runs") == 2, LONG)
    programs.sagemaker.stop_training_job(TrainingJobName=lost)
    assert "Restarting" in statuses(programs.ended(lost))

    cluster.start_node(2)
    names = [programs.train(runs), programs.train(runs)]
    for name in names:
        programs.printed(name, "runs")
    [lost] = [name for name in names if cluster.node_of(name) == 2]
    cluster.kill_node(2)
    reason = programs.ended(lost)["FailureReason"]
    assert reason.startswith("InternalServerError: We encountered an internal error. Please try again.")
