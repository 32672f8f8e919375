"""The part of the SDK's monitoring script that is of transform jobs: they are captured, and what was is watched."""

import csv
import io
import json
from datetime import datetime, timezone
from time import sleep

import boto3
import sagemaker
from sagemaker.inputs import BatchDataCaptureConfig
from sagemaker.model import Model
from sagemaker.model_monitor import (
    BatchTransformInput,
    CronExpressionGenerator,
    DefaultModelMonitor,
    ModelQualityMonitor,
    MonitoringDatasetFormat,
)

client, s3 = boto3.client("sagemaker"), boto3.client("s3")
NOW = {
    "schedule_cron_expression": CronExpressionGenerator.now(),
    "data_analysis_start_time": "-PT1H",
    "data_analysis_end_time": "-PT0H",
}


def finished(monitor):
    while True:
        found = client.list_monitoring_executions(MonitoringScheduleName=monitor.monitoring_schedule_name)
        summaries = found["MonitoringExecutionSummaries"]
        if summaries and summaries[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress"):
            print("of transforms:", summaries[0]["MonitoringExecutionStatus"], summaries[0].get("FailureReason"))
            return monitor.latest_monitoring_constraint_violations().body_dict["violations"]
        sleep(0.2)


def watch(session, role, bucket, data):
    place = f"s3://{bucket}/transformed"
    asked = {**NOW, "output_s3_uri": f"{place}/reports"}

    def put(key, text):
        s3.put_object(Bucket=bucket, Key=f"transformed/{key}", Body=text.encode())
        return f"{place}/{key}"

    image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
    model = Model(image, data, role, sagemaker_session=session)
    model.create("ml.m5.large")
    rows = "".join(f"{a},{b + 500}\n" for a in range(20) for b in range(20))
    transformer = model.transformer(
        1, "ml.m5.large", accept="text/csv", assemble_with="Line", output_path=f"{place}/answers"
    )
    transformer.transform(
        put("rows/part/rows.csv", rows), content_type="text/csv", split_type="Line", logs=False,
        batch_data_capture_config=BatchDataCaptureConfig(f"{place}/captured", generate_inference_id=True),
    )  # fmt: skip
    answers = s3.get_object(Bucket=bucket, Key="transformed/answers/rows.csv.out")["Body"].read().decode()
    answers = list(csv.reader(io.StringIO(answers)))
    print("answers:", len(answers), len(answers[0]), len({name for *_, name, _ in answers}))
    now = datetime.now(timezone.utc)
    for side in ("input", "output"):
        (found,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"transformed/captured/{side}/{now:%Y/%m/%d/}")["Contents"]
        print("captured:", json.load(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"])[1:])

    given = BatchTransformInput(
        f"{place}/captured",
        "/opt/ml/processing/input",
        MonitoringDatasetFormat.csv(header=False),
        inference_attribute="0",
    )
    feature = {"completeness": 1.0, "inferred_type": "Integral", "num_constraints": {"is_non_negative": True}}
    constraints = {
        "version": 0,
        "features": [{"name": "a", **feature}, {"name": "b", **feature}, {"name": "c", **feature}],
    }
    of_data = DefaultModelMonitor(role, sagemaker_session=session)
    of_data.create_monitoring_schedule(
        batch_transform_input=given, constraints=put("constraints.json", json.dumps(constraints)), **asked
    )
    labels = [
        {"groundTruthData": {"data": str(float(value) + 1), "encoding": "CSV"}, "eventMetadata": {"eventId": name}}
        for value, name, _ in answers[:100]
    ]
    put(f"truth/{now:%Y/%m/%d/%H}/1.jsonl", "\n".join(map(json.dumps, labels)))
    limits = {"regression_constraints": {"mae": {"threshold": 0.0, "comparison_operator": "GreaterThanThreshold"}}}
    of_quality = ModelQualityMonitor(role=role, sagemaker_session=session)
    of_quality.create_monitoring_schedule(
        batch_transform_input=given, ground_truth_input=f"{place}/truth", problem_type="Regression",
        constraints=put("limits.json", json.dumps(limits)), **asked,
    )  # fmt: skip
    print("data:", [each["constraint_check_type"] for each in finished(of_data)])
    violated = [each["metric_name"] for each in finished(of_quality)]
    print("quality:", violated, of_quality.latest_monitoring_statistics().body_dict["dataset"]["item_count"])
    transformer.delete_model()
