"""The rest of what the console shows: clusters, pipelines, stacks, products, and so on. `fill` makes what they need."""

import json
import time
from typing import Any

from tests.api.clusters import create_default_roles, job_flow, step
from tests.api.machine_learning import LINEAR_LEARNER, tuning_job
from tests.browser.work import fill_work
from tests.conftest import Server
from tests.waiting import until

DATABASE = {
    "Parameters": {"Name": {"Type": "String", "AllowedPattern": "[a-z0-9_]+", "Description": "in small letters"}},
    "Resources": {
        "It": {
            "Type": "AWS::Glue::Database",
            "Properties": {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": {"Ref": "Name"}}},
        }
    },
    "Outputs": {"Database": {"Value": {"Ref": "It"}, "Description": "what was made"}},
}
ENDED = ("Completed", "Failed", "Stopped")


def fill_rest(server: Server, region: str, role: str) -> tuple[str, ...]:
    """Make it; the addresses of its pages. role: the ARN of one that may do everything."""

    def client(service: str) -> Any:
        return server.client(service, region_name=region)

    return (
        *_clusters(client, role),
        *_jobs(client, role, region),
        *_pipelines(client, role),
        *_registry(client),
        *_features(client, role),
        *_metrics(client),
        *_stacks(client, region),
        *_permissions(client, role),
        *fill_work(client, role),
        "/usage",
        "/usage?days=30",
    )


def _clusters(client: Any, role: str) -> tuple[str, ...]:
    create_default_roles(client("iam"))
    emr, serverless = client("emr"), client("emr-serverless")
    cluster = emr.run_job_flow(**job_flow(nodes=2, LogUri="s3://lake/logs/"))["JobFlowId"]
    good, bad = emr.add_job_flow_steps(
        JobFlowId=cluster, Steps=[step("spark-example", "SparkPi", "2"), step("spark-submit", "s3://lake/none.py")]
    )["StepIds"]
    emr.run_job_flow(**{**job_flow(), "Name": "refused", "BootstrapActions": [_bootstrap()]})
    application = serverless.create_application(name="jobs", releaseLabel="emr-7.13.0", type="SPARK")["applicationId"]
    client("s3").put_object(Bucket="lake", Key="job.py", Body="print('hello'); raise ValueError('no such air')")
    run = serverless.start_job_run(
        applicationId=application,
        executionRoleArn=role,
        name="hello",
        jobDriver={"sparkSubmit": {"entryPoint": "s3://lake/job.py"}},
        configurationOverrides={
            "monitoringConfiguration": {
                "cloudWatchLoggingConfiguration": {"enabled": True, "logGroupName": "/aws/emr-serverless"}
            }
        },
    )["jobRunId"]
    until(lambda: serverless.get_job_run(applicationId=application, jobRunId=run)["jobRun"]["state"] == "FAILED", 600)
    until(lambda: _step(emr, cluster, bad) == "FAILED", 600)
    at = f"/clusters/{cluster}"
    return (
        *("/clusters", at, f"{at}?tab=nodes", f"{at}?tab=settings", f"{at}/steps/{good}", f"{at}/steps/{bad}"),
        *("/serverless", f"/serverless/{application}", f"/serverless/{application}/runs/{run}"),
    )


def _bootstrap() -> dict[str, Any]:
    return {"Name": "first", "ScriptBootstrapAction": {"Path": "s3://lake/none.sh"}}


def _step(emr: Any, cluster: str, identifier: str) -> str:
    return str(emr.describe_step(ClusterId=cluster, StepId=identifier)["Step"]["Status"]["State"])


def _jobs(client: Any, role: str, region: str) -> tuple[str, ...]:
    """A tuning, a processing and a notebook job."""
    sagemaker, s3 = client("sagemaker"), client("s3")
    sagemaker.create_hyper_parameter_tuning_job(**tuning_job("tuned", role, "lake"))
    s3.put_object(Bucket="lake", Key="code/process.py", Body="print('rows', 400)")
    one = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    code = {"S3Uri": "s3://lake/code/", "LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix"}
    sagemaker.create_processing_job(
        ProcessingJobName="cleaned",
        RoleArn=role,
        ProcessingResources={"ClusterConfig": one},
        ProcessingInputs=[{"InputName": "code", "S3Input": {**code, "S3InputMode": "File"}}],
        AppSpecification={
            "ImageUri": LINEAR_LEARNER,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/process.py"],
        },
    )
    cells = [
        {"cell_type": "code", "source": source, "metadata": {"tags": tags}, "outputs": [], "execution_count": None}
        for source, tags in (("days = 1", ["parameters"]), ("days", []))
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    s3.put_object(Bucket="lake", Key="books/story.ipynb", Body=json.dumps(book))
    channel = "sagemaker_headless_execution_pipelinestep"
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/books/"}
    sagemaker.create_training_job(
        TrainingJobName="notebook-story",
        RoleArn=role,
        AlgorithmSpecification={
            "TrainingImage": f"885854791233.dkr.ecr.{region}.amazonaws.com/sagemaker-distribution-prod:3.2.0-cpu",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
        },
        HyperParameters={"days": "7"},
        InputDataConfig=[{"ChannelName": channel, "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://lake/books/out", "CompressionType": "NONE"},
        ResourceConfig=one,
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        Environment={
            "SM_EXECUTION_INPUT_PATH": f"/opt/ml/input/data/{channel}",
            "SM_KERNEL_NAME": "python3",
            "SM_INPUT_NOTEBOOK_NAME": "story.ipynb",
            "SM_OUTPUT_NOTEBOOK_NAME": "notebook-story.ipynb",
        },
    )
    until(lambda: sagemaker.describe_processing_job(ProcessingJobName="cleaned")["ProcessingJobStatus"] in ENDED, 600)
    until(lambda: sagemaker.describe_training_job(TrainingJobName="notebook-story")["TrainingJobStatus"] in ENDED, 600)
    tuned = {"HyperParameterTuningJobName": "tuned"}
    until(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(**tuned)["HyperParameterTuningJobStatus"] in ENDED,
        600,
    )
    return (
        *("/tuning", "/tuning/tuned", "/processing", "/processing/cleaned", "/processing/cleaned?tab=log"),
        *("/notebook-jobs", "/notebook-jobs/notebook-story"),
    )


def _pipelines(client: Any, role: str) -> tuple[str, ...]:
    sagemaker = client("sagemaker")
    fail = {"Name": "Give-up", "Type": "Fail", "Arguments": {"ErrorMessage": "not today"}}
    condition = {"Type": "Equals", "LeftValue": 1, "RightValue": 2}
    choose = {"Name": "Choose", "Type": "Condition", "Arguments": {"Conditions": [condition], "ElseSteps": [fail]}}
    definition = json.dumps({"Version": "2020-12-01", "Steps": [choose], "PipelineExperimentConfig": None})
    sagemaker.create_pipeline(PipelineName="shown", PipelineDefinition=definition, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName="shown")["PipelineExecutionArn"]
    until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Failed"
    )
    return "/pipelines", "/pipelines/shown", f"/pipelines/shown/{arn.rpartition('/')[2]}"


def _registry(client: Any) -> tuple[str, ...]:
    sagemaker = client("sagemaker")
    figures = {"regression_metrics": {"rmse": {"value": 0.25}}}
    client("s3").put_object(Bucket="lake", Key="quality.json", Body=json.dumps(figures))
    quality = {"ContentType": "application/json", "S3Uri": "s3://lake/quality.json"}
    sagemaker.create_model_package_group(ModelPackageGroupName="planes", ModelPackageGroupDescription="of the air")
    sagemaker.create_model_package(
        ModelPackageGroupName="planes",
        SourceUri="s3://lake/output/",
        ModelMetrics={"ModelQuality": {"Statistics": quality}},
    )
    content = {"model_overview": {"model_description": "Predicts a plane", "model_owner": "air team"}}
    sagemaker.create_model_card(ModelCardName="planes", ModelCardStatus="Draft", Content=json.dumps(content))
    cards = "/registry?view=cards", "/registry?card=planes"
    return "/registry", "/registry/planes", "/registry/planes/1", *cards


def _features(client: Any, role: str) -> tuple[str, ...]:
    sagemaker = client("sagemaker")
    kinds = {"station": "String", "at": "Fractional", "pm25": "Fractional"}
    sagemaker.create_feature_group(
        FeatureGroupName="stations",
        RecordIdentifierFeatureName="station",
        EventTimeFeatureName="at",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": kind} for name, kind in kinds.items()],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://lake/features"}},
        RoleArn=role,
    )
    until(lambda: sagemaker.describe_feature_group(FeatureGroupName="stations")["FeatureGroupStatus"] == "Created")
    record = {"station": "Dongsi", "at": "1700000000", "pm25": "80.5"}
    client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName="stations",
        Record=[{"FeatureName": name, "ValueAsString": value} for name, value in record.items()],
    )
    return "/features", "/features/stations?record=Dongsi"


def _metrics(client: Any) -> tuple[str, ...]:
    cloudwatch, what = client("cloudwatch"), {"MetricName": "PM25", "Dimensions": [{"Name": "Station", "Value": "A"}]}
    for number in range(40):
        at = time.time() - 60 * number
        cloudwatch.put_metric_data(
            Namespace="Air", MetricData=[{**what, "Value": 40.5 + number % 7, "Unit": "None", "Timestamp": at}]
        )
    cloudwatch.put_metric_alarm(
        AlarmName="bad air",
        Namespace="Air",
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=75.0,
        **what,
    )
    return "/metrics", "/metrics?namespace=Air", "/metrics/alarms", "/metrics/alarm?name=bad+air"


def _stacks(client: Any, region: str) -> tuple[str, ...]:
    cloudformation, shop, s3 = client("cloudformation"), client("servicecatalog"), client("s3")
    given = [{"ParameterKey": "Name", "ParameterValue": "stacked"}]
    cloudformation.create_stack(StackName="weather", TemplateBody=json.dumps(DATABASE), Parameters=given)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="weather", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    cloudformation.create_stack_set(StackSetName="everywhere", TemplateBody=json.dumps(DATABASE), Parameters=given)
    s3.put_object(Bucket="lake", Key="product.json", Body=json.dumps(DATABASE))
    portfolio = shop.create_portfolio(DisplayName="data", ProviderName="data team")["PortfolioDetail"]["Id"]
    made = shop.create_product(
        Name="database",
        Owner="data team",
        ProductType="CLOUD_FORMATION_TEMPLATE",
        Description="A database of one's own",
        ProvisioningArtifactParameters={
            "Name": "v1",
            "Type": "CLOUD_FORMATION_TEMPLATE",
            "Info": {"LoadTemplateFromURL": f"https://lake.s3.{region}.amazonaws.com/product.json"},
        },
    )["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
    shop.associate_product_with_portfolio(PortfolioId=portfolio, ProductId=made)
    me = client("sts").get_caller_identity()["Arn"]
    shop.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=me, PrincipalType="IAM")
    return (
        *(
            "/stacks",
            "/stacks?view=sets",
            "/stacks?set=everywhere",
            *(f"/stacks/weather?tab={tab}" for tab in ("events", "resources", "outputs", "template")),
        ),
        *("/products", f"/products/{made}"),
    )


def _permissions(client: Any, role: str) -> tuple[str, ...]:
    at = "/catalog/air/hourly"
    account = role.split(":")[4]
    client("lakeformation").create_data_cells_filter(
        TableData={
            "TableCatalogId": account,
            "DatabaseName": "air",
            "TableName": "hourly",
            "Name": "bad-air",
            "RowFilter": {"FilterExpression": "pm25 > 20"},
            "ColumnNames": ["hour", "pm25"],
        }
    )
    return f"{at}?tab=permissions", f"{at}?tab=permissions&who={role}"
