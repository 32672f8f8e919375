"""What the console's pages of functions, experiments and transform jobs show."""

import json
from datetime import datetime, timezone
from typing import Any

from tests.api.lambda_functions import HANDLER, RUNTIME, zipped
from tests.waiting import until

ENDED = ("Completed", "Failed", "Stopped")


def fill_work(client: Any, role: str) -> tuple[str, ...]:
    """Make it; the addresses of its pages. There is a bucket `lake` with training rows, and a model `plane`."""
    return *_functions(client, role), *_experiments(client), *_transform(client), *_started(client, role), "/mlflow"


def _functions(client: Any, role: str) -> tuple[str, ...]:
    functions = client("lambda")
    functions.create_function(
        FunctionName="told",
        Role=role,
        Runtime=RUNTIME,
        Handler="index.handler",
        Description="Says what it was told",
        Code={"ZipFile": zipped(index=HANDLER)},
        Environment={"Variables": {"TOLD": "softly"}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="told")
    version = functions.publish_version(FunctionName="told")["Version"]
    functions.create_alias(FunctionName="told", Name="live", FunctionVersion=version)
    functions.create_function_url_config(FunctionName="told", AuthType="AWS_IAM")
    functions.add_permission(
        FunctionName="told", StatementId="buckets", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    functions.invoke(FunctionName="told", Payload=b"{}")
    return "/functions", *(f"/functions/told?tab={tab}" for tab in ("try", "versions", "settings", "log"))


def _experiments(client: Any) -> tuple[str, ...]:
    sagemaker = client("sagemaker")
    sagemaker.create_experiment(ExperimentName="forest", Description="How deep the trees are to be")
    sagemaker.create_trial(TrialName="first-try", ExperimentName="forest")
    for depth in (2, 4, 8):
        name = f"depth-{depth}"
        sagemaker.create_trial_component(
            TrialComponentName=name,
            Status={"PrimaryStatus": "Completed"},
            Parameters={"depth": {"NumberValue": depth}, "kind": {"StringValue": "forest"}},
            InputArtifacts={"train": {"Value": "s3://lake/train/rows.csv"}},
        )
        sagemaker.associate_trial_component(TrialComponentName=name, TrialName="first-try")
        metrics = [
            {"MetricName": metric, "Timestamp": datetime.now(timezone.utc), "Step": step, "Value": value / (step + 1)}
            for step in range(5)
            for metric, value in (("loss", 8 / depth), ("rmse", 20 / depth))
        ]
        client("sagemaker-metrics").batch_put_metrics(TrialComponentName=name, MetricData=metrics)
    at = "/experiments/forest"
    return "/experiments", f"{at}?metric=loss&over=depth", f"{at}?run.depth-2=1&run.depth-8=1", f"{at}/depth-4"


def _transform(client: Any) -> tuple[str, ...]:
    sagemaker, name = client("sagemaker"), {"TransformJobName": "scored"}
    client("s3").put_object(Bucket="lake", Key="asked/rows.csv", Body="1,2\n3,4\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/asked/"}
    sagemaker.create_transform_job(
        **name,
        ModelName="plane",
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": "s3://lake/scored"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    until(lambda: sagemaker.describe_transform_job(**name)["TransformJobStatus"] in ENDED, 600)
    return "/transform", "/transform/scored", "/transform/scored?tab=settings"


def _started(client: Any, role: str) -> tuple[str, ...]:
    """A pipeline with parameters."""
    parameters = [
        {"Name": "Days", "Type": "Integer", "DefaultValue": 7},
        {"Name": "Kind", "Type": "String", "DefaultValue": "tree", "EnumValues": ["tree", "line"]},
    ]
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "not today"}}
    definition = json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": [step]})
    client("sagemaker").create_pipeline(PipelineName="asked", PipelineDefinition=definition, RoleArn=role)
    return ("/pipelines/asked",)
