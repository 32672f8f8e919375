"""A person's script with the SageMaker SDK: a script of their own trained, deployed, asked, asked wrongly."""

import sys
from pathlib import Path

import boto3
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.serializers import CSVSerializer
from sagemaker.xgboost import XGBoost

role, bucket, folder = sys.argv[1:]
TRAIN = """
import argparse, ast, os, threading
import numpy as np, xgboost
from beside import label

def model_fn(model_dir):
    model = xgboost.Booster()
    model.load_model(os.path.join(model_dir, "model.json"))
    return model

def predict_fn(data, model):
    # Where its loader was: what that set for its thread holds.
    assert threading.current_thread() is threading.main_thread()
    return model.predict(data, validate_features=False)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--words", type=ast.literal_eval)
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    arguments = parser.parse_args()
    rows = np.genfromtxt(os.path.join(arguments.train, "rows.csv"), delimiter=",")
    data = xgboost.DMatrix(rows[:, 1:], label=label(rows))
    model = xgboost.train({"objective": "reg:squarederror", "eta": 0.5}, data, arguments.rounds)
    model.save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"))
    print(arguments.words, os.environ["GREETING"], "train-error=%f;" % np.abs(model.predict(data) - label(rows)).mean())
"""
source = Path(folder) / "source"
source.mkdir()
(source / "train.py").write_text(TRAIN)
(source / "requirements.txt").write_text("# none\n")
(Path(folder) / "beside.py").write_text("def label(rows):\n    return rows[:, 0]\n")

sm = boto3.client("sagemaker")
trainer = XGBoost(
    entry_point="train.py",
    source_dir=str(source),
    dependencies=[str(Path(folder) / "beside.py")],
    framework_version="3.0-5",
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    hyperparameters={"rounds": 60, "words": ['a "quoted" one', 2]},
    environment={"GREETING": "hello you"},
    metric_definitions=[{"Name": "train:error", "Regex": "train-error=(.*?);"}],
    sagemaker_session=sagemaker.Session(default_bucket=bucket),
)
# The SDK's own waiting would sleep for seconds.
trainer.fit({"train": f"s3://{bucket}/train/"}, wait=False)
job = trainer.latest_training_job.name
sm.get_waiter("training_job_completed_or_stopped").wait(
    TrainingJobName=job, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
)
(metric,) = sm.describe_training_job(TrainingJobName=job)["FinalMetricDataList"]
print("learned:", metric["MetricName"], metric["Value"] < 1)
logs = boto3.client("logs")
events = logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=job)["events"]
print("said:", next(event["message"] for event in events if "hello" in event["message"]).partition("train")[0])
predictor = trainer.deploy(1, "ml.t2.medium", wait=False, serializer=CSVSerializer(), deserializer=CSVDeserializer())
sm.get_waiter("endpoint_in_service").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
)
print("predicted:", [round(float(value)) for (value,) in predictor.predict([[10, 5], [0, 0]])])
try:
    predictor.predict([[1, 2, 3]])
except Exception as error:  # noqa: BLE001
    print("refused:", type(error).__name__, "Number of columns does not match" in str(error))
predictor.delete_model()
predictor.delete_endpoint()
