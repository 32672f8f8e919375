"""A person's script with the SageMaker SDK: rows through Spark, and a job that fails.

Arguments: role, bucket and a folder.
"""

import sys
from pathlib import Path

import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.spark.processing import PySparkProcessor
from sagemaker.telemetry import telemetry_logging

role, bucket, folder = *sys.argv[1:3], Path(sys.argv[3])
telemetry_logging._requests_helper = lambda url, timeout: None

(folder / "doubling.py").write_text("def double(rows):\n    return rows.selectExpr('n * 2 as n')\n")
(folder / "names.txt").write_text("three rows")
(folder / "app.py").write_text("""
import os, sys
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from doubling import double
spark = SparkSession.builder.getOrCreate()
rows = double(spark.read.csv("/opt/ml/processing/input/rows", schema="n int"))
rows.write.parquet(sys.argv[1])
rows.coalesce(1).write.csv("/opt/ml/processing/output/sums", mode="append")
again = sorted(row.n for row in spark.read.parquet(sys.argv[1]).collect())
print("told:", again, open(SparkFiles.get("names.txt")).read())
print("settings:", spark.conf.get("spark.sql.shuffle.partitions"), os.environ["MOOD"], spark.conf.get("spark.master")[:5])
""")

session = sagemaker.Session(default_bucket=bucket)
common = {"role": role, "instance_count": 2, "instance_type": "ml.m5.xlarge", "sagemaker_session": session}
(folder / "fails.py").write_text("raise ValueError('no rows')")
failing = PySparkProcessor(framework_version="2.4", **common)
failing.run(str(folder / "fails.py"), wait=False)
processor = PySparkProcessor(framework_version="3.3", **common)
processor.run(
    str(folder / "app.py"),
    submit_py_files=[str(folder / "doubling.py")],
    submit_files=[str(folder / "names.txt")],
    arguments=[f"s3://{bucket}/spark/doubled"],
    inputs=[ProcessingInput(f"s3://{bucket}/spark/rows/", "/opt/ml/processing/input/rows")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/output/sums", destination=f"s3://{bucket}/spark/sums")],
    configuration=[
        {
            "Classification": "spark-defaults",
            "Properties": {"spark.sql.shuffle.partitions": "3", "spark.master": "yarn"},
        },
        {
            "Classification": "spark-env",
            "Properties": {},
            "Configurations": [{"Classification": "export", "Properties": {"MOOD": "calm"}}],
        },
    ],
    spark_event_logs_s3_uri=f"s3://{bucket}/spark/events",
    logs=False,
)
print("\njob:", processor.latest_job.job_name)
print("\nfailing:", failing.latest_job.job_name)
