"""Processing jobs: data of S3 in, people's own program, data out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.machine_learning import LINEAR_LEARNER, allow, limited_role
from tests.api.programs import ONE, Programs
from tests.waiting import until

WORKS = """
import json, os, sys
resources = json.load(open("/opt/ml/config/resourceconfig.json"))
job = json.load(open("/opt/ml/config/processingjobconfig.json"))
host = resources["current_host"]
files = sorted(os.listdir("/opt/ml/processing/rows"))
print(json.dumps([sys.argv[1:], resources["hosts"], files, os.environ["MODE"], job["ProcessingJobName"]]))
for name in files:
    text = open(f"/opt/ml/processing/rows/{name}").read()
    open(f"/opt/ml/processing/upper/{name}", "w").write(text.upper())
os.symlink("/etc/hosts", f"/opt/ml/processing/upper/{host}.link")
open("/opt/ml/output/message", "w").write(f"{host} did {len(files)}. ")
"""


@pytest.fixture(scope="module")
def programs(client: Callable[..., Any], role: str, bucket: str) -> Programs:
    return Programs(client, role, bucket)


def test_each_instance_works_on_its_part_and_all_is_put_together(programs: Programs) -> None:
    for name in ("a", "b", "c"):
        programs.put(f"rows/{name}", name)
    rows = programs.given("rows", f"s3://{programs.bucket}/rows/", S3DataDistributionType="ShardedByS3Key")
    upper = programs.taken("upper")
    name = programs.process(
        WORKS,
        [rows],
        [upper],
        ProcessingResources={"ClusterConfig": {**ONE, "InstanceCount": 2}},
        AppSpecification={
            "ImageUri": LINEAR_LEARNER,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/process.py"],
            "ContainerArguments": ["--deep", "1"],
        },
        Environment={"MODE": "loud"},
        Tags=[{"Key": "team", "Value": "air"}],
    )
    job = programs.processed(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "algo-1 did 2. algo-2 did 1. "
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert programs.left(upper["S3Output"]["S3Uri"]) == {"a": b"A", "b": b"B", "c": b"C"}
    said = {host: json.loads(programs.said(name, "Processing", host)[0]) for host in ("algo-1", "algo-2")}
    hosts = ["algo-1", "algo-2"]
    assert said == {
        "algo-1": [["--deep", "1"], hosts, ["a", "c"], "loud", name],
        "algo-2": [["--deep", "1"], hosts, ["b"], "loud", name],
    }
    assert job["ProcessingInputs"][1] == rows
    assert job["ProcessingOutputConfig"]["Outputs"] == [upper]
    tags = programs.sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "air"}]


def test_a_continuous_output_is_there_while_the_program_runs_and_when_it_failed(programs: Programs) -> None:
    early, late = programs.taken("early", "Continuous"), programs.taken("late")
    code = (
        "import time; open('/opt/ml/processing/early/1', 'w').write('1'); open('/opt/ml/processing/late/1', 'w')\n"
        "print('waits', flush=True); time.sleep(600)"
    )
    name = programs.process(code, outputs=[early, late])
    until(lambda: programs.left(early["S3Output"]["S3Uri"]) == {"1": b"1"})
    assert programs.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress"
    programs.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert programs.processed(name)["ProcessingJobStatus"] == "Stopped"
    assert programs.left(late["S3Output"]["S3Uri"]) == {}
    with pytest.raises(ClientError, match="processing job is in status Stopped"):
        programs.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_a_program_that_fails_says_why_and_is_listed(programs: Programs) -> None:
    late = programs.taken("late")
    name = programs.process("open('/opt/ml/processing/late/1', 'w'); raise SystemExit('no rows')", outputs=[late])
    job = programs.processed(name)
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", "AlgorithmError: no rows, exit code: 1")
    assert programs.left(late["S3Output"]["S3Uri"]) == {}
    listed = programs.sagemaker.list_processing_jobs(NameContains=name, StatusEquals="Failed")["ProcessingJobSummaries"]
    assert [each["FailureReason"] for each in listed] == [job["FailureReason"]]
    programs.sagemaker.delete_processing_job(ProcessingJobName=name)
    with pytest.raises(ClientError, match="Requested resource not found"):
        programs.sagemaker.describe_processing_job(ProcessingJobName=name)


def test_a_job_whose_time_is_over_is_stopped(programs: Programs) -> None:
    name = programs.process("import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert programs.processed(name)["ProcessingJobStatus"] == "Stopped"


def test_a_job_writes_what_its_role_may_and_says_what_is_lost(client: Callable[..., Any], programs: Programs) -> None:
    bucket = programs.bucket
    role = limited_role(client("iam"), allow("s3:ListBucket", bucket), allow("s3:GetObject", f"{bucket}/*"))
    job = programs.processed(
        programs.process("open('/opt/ml/processing/out/1', 'w')", outputs=[programs.taken("out")], RoleArn=role)
    )
    assert (job["FailureReason"]).startswith(f"ClientError: Artifact upload failed:s3://{bucket}/taken/out-")
    assert "AccessDenied" in job["FailureReason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": [{"S3Uri": "s3://not-a-bucket-of-ours/x"}]}, "No S3 objects found"),
        ({"inputs": [{"LocalPath": "/opt/ml/input"}]}, "must be a folder below /opt/ml/processing"),
        ({"inputs": [{"LocalPath": "/opt/ml/processing/../../etc"}]}, "must be a folder below"),
        (
            {"AppSpecification": {"ImageUri": LINEAR_LEARNER}},
            "has no command to process: it needs a ContainerEntrypoint",
        ),
        ({"AppSpecification": {"ImageUri": "example.com/own:1"}}, "example.com/own:1"),
        ({"ProcessingJobName": "under_score"}, "processingJobName"),
    ],
)
def test_a_job_that_cannot_work_is_refused_when_it_is_made(
    programs: Programs, changes: dict[str, Any], words: str
) -> None:
    asked = dict(changes)
    inputs = [programs.given("data", f"s3://{programs.bucket}/", **more) for more in asked.pop("inputs", [])]
    with pytest.raises(ClientError, match=words):
        programs.process("", inputs, **asked)
