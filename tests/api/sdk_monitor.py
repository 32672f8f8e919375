"""A person's script with the SageMaker SDK: its data and its quality are monitored. Arguments: role, bucket, model."""

import json
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import sleep

import boto3
import sagemaker
from sagemaker.model import Model
from sagemaker.model_monitor import (
    CronExpressionGenerator,
    DataCaptureConfig,
    DefaultModelMonitor,
    EndpointInput,
    ModelQualityMonitor,
)
from sagemaker.model_monitor.dataset_format import DatasetFormat
from sagemaker.telemetry import telemetry_logging
from sdk_monitor_transforms import watch

role, bucket, data = sys.argv[1:]
telemetry_logging._requests_helper = lambda url, timeout: None
session = sagemaker.Session(default_bucket=bucket)
client, place = boto3.client("sagemaker"), f"s3://{bucket}/monitored"
NAME = "monitored"
LAST_HOUR = {
    "schedule_cron_expression": CronExpressionGenerator.now(),
    "data_analysis_start_time": "-PT1H",
    "data_analysis_end_time": "-PT0H",
}
SQUARE = [(a, b) for a in range(20) for b in range(20)]


def saved(name, header, rows):
    file = Path(tempfile.mkdtemp()) / name
    file.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return str(file)


def finished(monitor):
    while True:
        found = client.list_monitoring_executions(MonitoringScheduleName=monitor.monitoring_schedule_name)
        summaries = found["MonitoringExecutionSummaries"]
        if summaries and summaries[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress"):
            return summaries[0]
        sleep(0.2)


def violated(monitor):
    found = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    return sorted((each.get("feature_name") or each["metric_name"], each["constraint_check_type"]) for each in found)


image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
capture = DataCaptureConfig(True, 100, f"{place}/captured", csv_content_types=["text/csv"], sagemaker_session=session)
model = Model(image, data, role, sagemaker_session=session)
model.deploy(1, "ml.m5.large", endpoint_name=NAME, data_capture_config=capture, wait=False)
client.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=NAME, ContentType="text/csv", Accept="text/csv", InferenceId="call",
    Body="\n".join(f"{a},{b + 500}" for a, b in SQUARE),
)  # fmt: skip

of_data = DefaultModelMonitor(role, sagemaker_session=session)
rows = saved("rows.csv", "y,a,b", [(3 * a - 2 * b + 1.5, a, b) for a, b in SQUARE])
of_data.suggest_baseline(rows, DatasetFormat.csv(header=True), output_s3_uri=f"{place}/baseline", logs=False)
features = of_data.baseline_statistics().body_dict["features"]
print("\nbaseline:", [(each["name"], each["inferred_type"]) for each in features])
of_data.create_monitoring_schedule(endpoint_input=NAME, output_s3_uri=f"{place}/reports", **LAST_HOUR)

labels = "\n".join(str(3 * a - 2 * (b + 500) + 11) for a, b in SQUARE)
truth = {"groundTruthData": {"data": labels, "encoding": "CSV"}, "eventMetadata": {"eventId": "call"}}
now = datetime.now(timezone.utc)
boto3.client("s3").put_object(Bucket=bucket, Key=f"monitored/truth/{now:%Y/%m/%d/%H}/1.jsonl", Body=json.dumps(truth))
of_quality = ModelQualityMonitor(role=role, sagemaker_session=session)
answers = saved("answers.csv", "guess,label", [(a, a + b / 20) for a, b in SQUARE])
of_quality.suggest_baseline(
    answers, DatasetFormat.csv(header=True), "Regression", inference_attribute="guess", ground_truth_attribute="label",
    output_s3_uri=f"{place}/quality", wait=True,
)  # fmt: skip
asked = EndpointInput(NAME, "/opt/ml/processing/input_data", inference_attribute="0")
of_quality.create_monitoring_schedule(
    asked, ground_truth_input=f"{place}/truth", problem_type="Regression", output_s3_uri=f"{place}/reports", **LAST_HOUR
)

last = finished(of_data)
print("\nexecution:", last["MonitoringExecutionStatus"], last.get("FailureReason"), last["MonitoringType"])
print("job:", of_data.list_executions()[-1].describe()["ExitMessage"])
print("violations:", violated(of_data))
(alert,) = of_data.list_monitoring_alerts()[0]
of_data.update_monitoring_alert(alert.alert_name, 2, 2)
changes = of_data.list_monitoring_alert_history(sort_order="Ascending")[0]
print("alert:", alert.alert_name, alert.alert_status, [each.alert_status for each in changes])
last = finished(of_quality)
print("quality:", last["MonitoringExecutionStatus"], last.get("FailureReason"), violated(of_quality))
(drift,) = boto3.client("cloudwatch").get_metric_statistics(
    Namespace="aws/sagemaker/Endpoints/data-metrics", MetricName="feature_baseline_drift_b", Period=7200,
    Dimensions=[
        {"Name": "Endpoint", "Value": NAME}, {"Name": "MonitoringSchedule", "Value": of_data.monitoring_schedule_name}
    ],
    StartTime=now - timedelta(hours=2), EndTime=now + timedelta(hours=2),
    Statistics=["Sum"],
)["Datapoints"]  # fmt: skip
print("drift:", round(drift["Sum"], 3))
client.delete_monitoring_schedule(MonitoringScheduleName=of_data.monitoring_schedule_name)
kept = client.list_monitoring_executions(MonitoringScheduleName=of_data.monitoring_schedule_name)
print("kept:", len(kept["MonitoringExecutionSummaries"]))
client.delete_endpoint(EndpointName=NAME)
watch(session, role, bucket, data)
