"""A server with something of everything that the console shows, and the addresses of all its pages."""

import io
import json
from typing import Any

import pandas as pd

from tests.api.machine_learning import HYPERPARAMETERS, LINEAR_LEARNER, ROWS, SOON, training_job, variant
from tests.browser.rest import fill_rest
from tests.conftest import Server, create_role
from tests.waiting import until

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
COLUMNS = [
    {"Name": "hour", "Type": "timestamp"},
    {"Name": "pm25", "Type": "double", "Comment": "µg/m³"},
    {"Name": "temp", "Type": "double"},
    {"Name": "note", "Type": "string"},
]
EMPTY = (
    "/",
    "/storage",
    "/catalog",
    "/sessions",
    "/clusters",
    "/serverless",
    "/training",
    "/tuning",
    "/processing",
    "/pipelines",
    "/notebook-jobs",
    "/experiments",
    "/mlflow",
    "/features",
    "/models",
    "/registry",
    "/registry?view=cards",
    "/endpoints",
    "/transform",
    "/functions",
    "/studio",
    "/stacks",
    "/stacks?view=sets",
    "/stacks?view=new",
    "/products",
    "/logs",
    "/metrics",
    "/metrics/alarms",
    "/usage",
    "/identity",
)
"""The pages that teach where there is nothing yet."""


def fill(server: Server, region: str) -> tuple[str, ...]:
    """Make it; the addresses of the pages that show it."""
    role = create_role(server)
    s3, glue, sagemaker = (_client(server, name, region) for name in ("s3", "glue", "sagemaker"))
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket="lake", **place)
    s3.put_object(Bucket="lake", Key="raw/stations.csv", Body="id,name\n1,Dongsi\n2,Tiantan\n")
    s3.put_object(Bucket="lake", Key="raw/readme.txt", Body="Measured in Beijing, 2013 to 2017.\n")
    s3.put_object(Bucket="lake", Key="train/rows.csv", Body=ROWS)
    _table(glue, s3)
    for name, epochs in (("plane-one", "12"), ("plane-two", "6")):
        changed = {**HYPERPARAMETERS, "epochs": epochs}
        sagemaker.create_training_job(**training_job(name, role, "lake", HyperParameters=changed))
    wrong = {**HYPERPARAMETERS, "feature_dim": "9"}
    sagemaker.create_training_job(**training_job("plane-wrong", role, "lake", HyperParameters=wrong))
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="plane-one", WaiterConfig=SOON)
    data = sagemaker.describe_training_job(TrainingJobName="plane-one")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": data}
    sagemaker.create_model(ModelName="plane", ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName="plane", ProductionVariants=[variant("AllTraffic", "plane")])
    sagemaker.create_endpoint(EndpointName="plane", EndpointConfigName="plane")
    glue.create_session(Id="first", Role=role, Command={"Name": "glueetl", "PythonVersion": "3"})
    until(lambda: glue.get_session(Id="first")["Session"]["Status"] == "READY", 300)
    for code in ("print(spark.range(5).count())", "1 / 0"):
        number = glue.run_statement(SessionId="first", Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId="first", Id=number)["Statement"]["State"] == "AVAILABLE", 300)
    domain = sagemaker.create_domain(DomainName="lab", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role})[
        "DomainId"
    ]
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="studio-user")
    rest = fill_rest(server, region, role)
    name = role.rpartition("/")[2]
    jobs = "/aws/sagemaker/TrainingJobs"
    return (
        *("/", "/storage", "/storage/lake?prefix=raw/", "/storage/lake/object?key=raw/stations.csv"),
        *("/storage/lake/object?key=raw/readme.txt", "/catalog", "/catalog/air", "/catalog/air/hourly"),
        *(f"/catalog/air/hourly?tab={tab}" for tab in ("columns", "partitions", "versions", "read", "query")),
        *("/sessions", "/sessions/first", "/sessions/first?tab=log", "/training", "/training/plane-wrong"),
        *(f"/training/plane-one?tab={tab}" for tab in ("metrics", "log", "settings")),
        *("/training/compare?job.plane-one=1&job.plane-two=1", "/models", "/models/plane"),
        *(
            "/endpoints",
            *(f"/endpoints/plane{tab}" for tab in ("", "?tab=metrics", "?tab=variants")),
            "/studio",
            f"/studio/{domain}",
            "/logs",
        ),
        *(f"/logs/group?name={jobs}&tab={tab}" for tab in ("streams", "insights")),
        *(f"/logs/group?name={jobs}&tab=search&search=loss", "/identity", f"/identity/roles/{name}"),
        *("/identity?tab=users", "/identity?tab=policies&scope=AWS"),
        f"/identity?tab=simulate&who={role}&actions=s3:GetObject",
        *rest,
        *("/catalog/none", "/nowhere"),
    )


def _client(server: Server, service: str, region: str) -> Any:
    return server.client(service, region_name=region)


def _table(glue: Any, s3: Any) -> None:
    glue.create_database(DatabaseInput={"Name": "air", "Description": "Measured in Beijing"})
    keys = [{"Name": "month", "Type": "string"}]
    storage = {"Columns": COLUMNS, "Location": "s3://lake/air/hourly/", **PARQUET}
    parameters = {"classification": "parquet", "about": json.dumps({"stations": 12})}
    table = {"Name": "hourly", "StorageDescriptor": storage, "PartitionKeys": keys, "Parameters": parameters}
    glue.create_table(DatabaseName="air", TableInput=table)
    for month in ("2013-03", "2013-04"):
        hours = pd.date_range(f"{month}-01", periods=30, freq="h")
        frame = pd.DataFrame({"hour": hours, "pm25": range(30), "temp": 21.5, "note": None})
        file = io.BytesIO()
        frame.to_parquet(file)
        place = f"air/hourly/month={month}/"
        s3.put_object(Bucket="lake", Key=f"{place}part-0.parquet", Body=file.getvalue())
        descriptor = {**storage, "Location": f"s3://lake/{place}"}
        values = {"Values": [month], "StorageDescriptor": descriptor}
        glue.create_partition(DatabaseName="air", TableName="hourly", PartitionInput=values)
