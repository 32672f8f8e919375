"""Training jobs that run people's own programs: how their data comes, what they leave, when they are begun again."""

import json
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.api.programs import ONE, Programs, channel, statuses
from tests.conftest import Server
from tests.waiting import running, until

LOOKS = """
import json, os, socket, sys
config = "/opt/ml/input/config/"
resources = json.load(open(config + "resourceconfig.json"))
host, data = resources["current_host"], "/opt/ml/input/data/"
with open(data + "piped_0", "rb") as pipe:
    piped = pipe.read().decode()
print(json.dumps({
    "arguments": sys.argv[1:],
    "shard": sorted(os.listdir(data + "shard")),
    "chosen": os.path.exists(data + "chosen"),
    "piped": piped,
    "modes": {name: each["TrainingInputMode"] for name, each in json.load(open(config + "inputdataconfig.json")).items()},
    "address": socket.gethostbyname(host),
    "group": resources["current_group_name"],
    "hosts": resources["hosts"],
    "told": os.environ["SM_CURRENT_HOST"],
}))
os.makedirs("/opt/ml/model/deep", exist_ok=True)
open(f"/opt/ml/model/deep/{host}", "w").write(host)
"""
GROUPS = [
    {"InstanceGroupName": "big", "InstanceType": "ml.m5.large", "InstanceCount": 1},
    {"InstanceGroupName": "small", "InstanceType": "ml.t3.medium", "InstanceCount": 1},
]
KEEPS = """
import os, signal, sys, time
kept = sorted(os.listdir("/opt/ml/checkpoints"))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
open(f"/opt/ml/checkpoints/{len(kept)}", "w").close()
open("/opt/ml/model/weights", "w").close()
print("begins with", kept, flush=True)
if len(kept) < 2:
    time.sleep(600)
"""
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
}
INTERRUPTION = "studiolo:spot-interruption"


@pytest.fixture(scope="module")
def programs(client: Callable[..., Any], role: str, bucket: str) -> Programs:
    return Programs(client, role, bucket)


@pytest.fixture(scope="module")
def looked(programs: Programs) -> dict[str, Any]:
    """A job of two instances of different groups that looks around, as it is described; `said` by host."""
    for name in "abc":
        programs.put(f"shards/{name}", name)
    uri = f"s3://{programs.bucket}/shards/"
    name = programs.train(
        LOOKS,
        [
            channel("shard", uri, {"S3DataDistributionType": "ShardedByS3Key"}, InputMode="FastFile"),
            channel("piped", uri, InputMode="Pipe"),
            channel("chosen", uri, {"InstanceGroupNames": ["small"]}),
        ],
        ResourceConfig={"InstanceGroups": GROUPS, "VolumeSizeInGB": 1},
        OutputDataConfig={"S3OutputPath": f"s3://{programs.bucket}/models", "CompressionType": "NONE"},
    )
    job = programs.trained(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), programs.said(name))
    said = {host: json.loads(programs.said(name, host=host)[-1]) for host in ("algo-1", "algo-2")}
    return {**job, "said": said}


def test_each_instance_gets_its_part_of_the_data_as_it_asked_for_it(looked: dict[str, Any]) -> None:
    first, second = looked["said"]["algo-1"], looked["said"]["algo-2"]
    assert (first["shard"], second["shard"]) == (["a", "c"], ["b"])
    assert (first["chosen"], second["chosen"]) == (False, True)
    assert first["piped"] == second["piped"] == "abc"
    modes = {"code": "File", "shard": "File", "piped": "Pipe"}
    assert (first["modes"], second["modes"]) == (modes, {**modes, "chosen": "File"})


def test_each_instance_knows_itself_and_the_others(looked: dict[str, Any]) -> None:
    for number, group in ((1, "big"), (2, "small")):
        said = looked["said"][f"algo-{number}"]
        assert (said["told"], said["address"], said["group"]) == (f"algo-{number}", f"127.0.0.{number}", group)
        assert said["hosts"] == ["algo-1", "algo-2"]


def test_an_uncompressed_model_is_what_all_instances_left_file_by_file(
    programs: Programs, looked: dict[str, Any]
) -> None:
    artifacts = looked["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifacts == f"s3://{programs.bucket}/models/{looked['TrainingJobName']}/output/model/"
    assert programs.left(artifacts) == {"deep/algo-1": b"algo-1", "deep/algo-2": b"algo-2"}


def test_a_spot_job_goes_on_from_its_checkpoints_when_its_instance_was_taken_away(programs: Programs) -> None:
    kept = f"s3://{programs.bucket}/kept"
    name = programs.train(KEEPS, CheckpointConfig={"S3Uri": kept}, **SPOT)
    arn = programs.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobArn"]
    for attempt in (1, 2):
        until(lambda: len(programs.said(name)) == attempt)  # noqa: B023 (asked for at once)
        programs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": INTERRUPTION, "Value": "0"}])
    job = programs.trained(name)
    assert programs.said(name) == ["begins with []", "begins with ['0']", "begins with ['0', '1']"]
    assert sorted(programs.left(kept)) == ["0", "1", "2"]
    attempt = ["Starting", "Downloading", "Training", "Uploading"]
    assert statuses(job) == [*attempt, "Interrupted", *attempt, "Interrupted", *attempt, "Completed"]
    assert 0 < job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]
    assert programs.model(job) == ["weights"]


def test_a_job_whose_runner_was_killed_is_begun_again_as_often_as_it_may_be(server: Server, programs: Programs) -> None:
    name = programs.train(
        "import time; print('runs', flush=True); time.sleep(600)", RetryStrategy={"MaximumRetryAttempts": 1}
    )
    for attempt in (1, 2):
        until(lambda: len(programs.said(name)) == attempt)  # noqa: B023 (asked for at once)
        [runner] = [child["pid"] for child in server.health()["children"] if name in child["name"]]
        psutil.Process(runner).kill()
    job = programs.trained(name)
    assert statuses(job) == [
        "Starting",
        "Downloading",
        "Training",
        "Restarting",
        "Starting",
        "Downloading",
        "Training",
        "Failed",
    ]
    assert job["FailureReason"] == "InternalServerError: its process was killed by signal 9."


def test_a_warm_pool_is_kept_for_the_next_job_like_it(programs: Programs) -> None:
    kept: dict[str, Any] = {"ResourceConfig": {**ONE, "KeepAlivePeriodInSeconds": 600, "VolumeSizeInGB": 3}}

    def pool(name: str) -> dict[str, Any]:
        job = programs.sagemaker.describe_training_job(TrainingJobName=name)
        return {key: job["WarmPoolStatus"].get(key) for key in ("Status", "ReusedByJob")}

    first = programs.train("", **kept)
    programs.trained(first)
    until(lambda: pool(first) == {"Status": "Available", "ReusedByJob": None})
    second = programs.train("", **kept)
    programs.trained(second)
    assert pool(first) == {"Status": "Reused", "ReusedByJob": second}
    until(lambda: pool(second)["Status"] == "Available")
    programs.sagemaker.update_training_job(TrainingJobName=second, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert pool(second)["Status"] == "Terminated"
    with pytest.raises(ClientError, match="no warm pool"):
        programs.sagemaker.update_training_job(TrainingJobName=second, ResourceConfig={"KeepAlivePeriodInSeconds": 60})


def test_children_that_a_program_leaves_behind_end_with_it(programs: Programs) -> None:
    code = "import subprocess; subprocess.Popen(['setsid', 'sleep', '596']); raise SystemExit(137)"
    job = programs.trained(programs.train(code))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 137"
    assert running("sleep", "596") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"CheckpointConfig": {"S3Uri": "s3://{bucket}/c", "LocalPath": "/var/kept"}},
            "must be a folder below /opt/ml",
        ),
        ({"CheckpointConfig": {"S3Uri": "s3://{bucket}/c", "LocalPath": "/opt/ml/model"}}, "use otherwise"),
        ({"ResourceConfig": {**ONE, "InstanceCount": 21}}, "20 instances at most"),
        ({"ResourceConfig": {**ONE, "InstanceCount": 0}}, "ValidationException.*at least one instance"),
        ({"Tags": [{"Key": INTERRUPTION, "Value": "soon"}], **SPOT}, "seconds of training"),
        ({"channel": {"RecordWrapperType": "RecordIO"}}, "needs the input mode Pipe"),
        ({"channel": {"source": {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["a"]}}}, "mode Pipe"),
        ({"channel": {"source": {"InstanceGroupNames": ["none"]}}}, "homogeneousCluster"),
    ],
)
def test_what_does_not_go_together_is_refused(programs: Programs, changes: dict[str, Any], words: str) -> None:
    asked = json.loads(json.dumps(changes).replace("{bucket}", programs.bucket))
    uri = f"s3://{programs.bucket}/code/"
    channels = [channel("data", uri, **asked.pop("channel"))] if "channel" in asked else []
    with pytest.raises(ClientError, match=words):
        programs.train("", channels, **asked)
