"""Notebook jobs: notebooks that are run with parameters, and what came of them.

Each is a training job in an image of Studio's, as the SDK's NotebookJobStep makes it.
"""

import json
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.responses import JSONResponse, Response

from studiolo.console.pages.page import Page
from studiolo.console.pages.storage import Sent
from studiolo.console.roles import roles_for
from studiolo.console.visit import PAGE, Refused, Visit

IMAGE = "885854791233.dkr.ecr.{region}.amazonaws.com/sagemaker-distribution-prod:3.2.0-cpu"
PREFIX = "notebook-"
"""What the names of jobs that are made here begin with."""
FOLDER = "notebook-jobs"
CHANNEL = "sagemaker_headless_execution_pipelinestep"
STEP = "notebook-job"
"""The one step of a schedule's pipeline: a part of the names of its jobs."""
PASSING = ("InProgress", "Stopping")


def jobs(visit: Visit) -> Response:
    given = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_training_jobs(
        NameContains=PREFIX, MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    summaries = [
        each
        for each in found["TrainingJobSummaries"]
        if each["TrainingJobName"].startswith(PREFIX) or f"-{STEP}-" in each["TrainingJobName"]
    ]
    own = visit.signed_in.content["arn"]
    return visit.page(
        "notebooks.html",
        jobs=summaries,
        more=found.get("NextToken"),
        passing=any(each["TrainingJobStatus"] in PASSING for each in summaries),
        schedules=visit.attempt(_schedules, visit),
        roles=visit.attempt(roles_for, visit, "sagemaker.amazonaws.com"),
        own=own.split("/")[1] if ":assumed-role/" in own else None,
        notebook=visit.query.get("notebook", ""),
    )


def create(visit: Visit) -> Response:
    form = visit.form
    place, _, file = form.get("notebook", "").rpartition("/")
    try:
        parameters = json.loads(form.get("parameters") or "{}")
        if not isinstance(parameters, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        said = Refused("ValidationException", f"The parameters are not a JSON object: {error}.", 400)
        return visit.page("refused.html", 400, said=said)
    stem = "".join(each if each.isalnum() else "-" for each in PurePosixPath(file).stem).strip("-")[:30]
    name = f"{PREFIX}{stem or 'job'}-{time.strftime('%Y%m%d-%H%M%S')}"
    asked = _asked(visit, place, file, name, parameters)
    if form.get("when", "").strip():
        _schedule(visit, name, asked)
    else:
        visit.client("sagemaker").create_training_job(TrainingJobName=name, **asked)
    return visit.go("/notebook-jobs")


def _asked(visit: Visit, place: str, file: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a job, but its name. place: the folder that the notebook lies in."""
    data = {
        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{place}/", "S3DataDistributionType": "FullyReplicated"}
    }
    return {
        "RoleArn": visit.form.get("role", ""),
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE.format(region=visit.region),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
        },
        "HyperParameters": {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in parameters.items()
        },
        "InputDataConfig": [{"ChannelName": CHANNEL, "DataSource": data}],
        "OutputDataConfig": {"S3OutputPath": f"{place}/output", "CompressionType": "NONE"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 24 * 60 * 60},
        "Environment": {
            "SM_EXECUTION_INPUT_PATH": f"/opt/ml/input/data/{CHANNEL}",
            "SM_KERNEL_NAME": "python3",
            "SM_INPUT_NOTEBOOK_NAME": file,
            "SM_OUTPUT_NOTEBOOK_NAME": f"{name}.ipynb",
        },
    }


def _schedule(visit: Visit, name: str, asked: Mapping[str, Any]) -> None:
    """A pipeline of that job alone, and the schedule that starts it; neither where one of them is refused."""
    sagemaker, role = visit.client("sagemaker"), visit.form.get("role", "")
    step = {"Name": STEP, "Type": "Training", "Arguments": asked}
    definition = {"Version": "2020-12-01", "PipelineExperimentConfig": None, "Steps": [step]}
    made = sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role)
    try:
        visit.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=visit.form["when"].strip(),
            ScheduleExpressionTimezone=visit.form.get("zone", "").strip() or "UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": made["PipelineArn"], "RoleArn": role},
        )
    except (ClientError, BotoCoreError):
        sagemaker.delete_pipeline(PipelineName=name)
        raise


def unschedule(visit: Visit) -> Response:
    name = visit.form.get("name", "")
    visit.client("scheduler").delete_schedule(Name=name)
    visit.client("sagemaker").delete_pipeline(PipelineName=name)
    return visit.go("/notebook-jobs")


def _schedules(visit: Visit) -> list[dict[str, Any]]:
    scheduler = visit.client("scheduler")
    found = scheduler.list_schedules(NamePrefix=PREFIX, MaxResults=PAGE)["Schedules"]
    return [scheduler.get_schedule(Name=each["Name"]) for each in found]


def job(visit: Visit) -> Response:
    """To the notebook that came of a job, or while there is none, to the job."""
    name = visit.path["job"]
    described = visit.client("sagemaker").describe_training_job(TrainingJobName=name)
    made = described.get("Environment", {}).get("SM_OUTPUT_NOTEBOOK_NAME")
    bucket, _, prefix = described["OutputDataConfig"]["S3OutputPath"].partition("://")[2].partition("/")
    key = f"{prefix}/{name}/output/data/{made}".lstrip("/")
    try:
        body = visit.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(MOST)
        book = json.loads(body)
    except (ClientError, ValueError):
        return visit.go(f"/training/{name}?tab=log")
    return visit.page(
        "notebook.html", job=described, bucket=bucket, key=key, cells=[_cell(each) for each in book["cells"]]
    )


def upload(visit: Visit) -> Response:
    """Put a notebook where a job finds it, in the SDK's default bucket: its address."""
    content = visit.body.read(MOST + 1)
    if len(content) > MOST:
        said = Refused("EntityTooLarge", f"A notebook has at most {MOST // 1024**2} MiB here.", 413)
        return visit.page("refused.html", 413, said=said)
    account = visit.signed_in.content["own"].split(":")[4]
    bucket, s3 = f"sagemaker-{visit.region}-{account}", visit.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        where = {"CreateBucketConfiguration": {"LocationConstraint": visit.region}}
        s3.create_bucket(Bucket=bucket, **({} if visit.region == "us-east-1" else where))
    name = PurePosixPath(visit.query.get("name", "")).name or "notebook.ipynb"
    key = f"{FOLDER}/{time.strftime('%Y%m%d-%H%M%S')}/{name}"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/x-ipynb+json")
    return JSONResponse({"notebook": f"s3://{bucket}/{key}"})


MOST = 16 * 1024 * 1024
LONGEST = 20_000
"""Characters of one output that are shown."""


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell of a notebook as its page shows it: its source, texts and pictures."""
    outputs = []
    for each in cell.get("outputs", []):
        data = each.get("data", {})
        if "image/png" in data:
            outputs.append(("picture", "".join(data["image/png"]).replace("\n", "")))
        elif each.get("output_type") == "error":
            outputs.append(("error", f"{each.get('ename', '')}: {each.get('evalue', '')}"))
        else:
            text = "".join(each.get("text", data.get("text/plain", "")))
            outputs.append(("text", text[:LONGEST]))
    return {"kind": cell.get("cell_type"), "source": "".join(cell.get("source", "")), "outputs": outputs}


PAGES = (
    Page("GET", "/notebook-jobs", jobs),
    Page("POST", "/notebook-jobs", create),
    Page("POST", "/notebook-jobs/upload", upload, body=Sent),
    Page("POST", "/notebook-jobs/unschedule", unschedule),
    Page("GET", "/notebook-jobs/{job}", job),
)
