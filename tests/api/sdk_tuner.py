"""A person's script with the SageMaker SDK: tune a linear learner. Arguments: role and bucket."""

import sys

import boto3
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.telemetry import telemetry_logging
from sagemaker.tuner import CategoricalParameter, ContinuousParameter, HyperparameterTuner

role, bucket = sys.argv[1:]
telemetry_logging._requests_helper = lambda url, timeout: None

session = sagemaker.Session(default_bucket=bucket)
image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
learner = Estimator(image, role, 1, "ml.m5.large", output_path=f"s3://{bucket}/tuned", sagemaker_session=session)
learner.set_hyperparameters(predictor_type="regressor", epochs=3, mini_batch_size=100)
tuner = HyperparameterTuner(
    learner,
    "validation:objective_loss",
    {"wd": ContinuousParameter(1e-7, 1e-3, "Logarithmic"), "normalize_data": CategoricalParameter(["true", "false"])},
    objective_type="Minimize",
    max_jobs=3,
    max_parallel_jobs=2,
    strategy="Bayesian",
    base_tuning_job_name="sdk",
    random_seed=5,
)
rows = TrainingInput(f"s3://{bucket}/train/", content_type="text/csv")
tuner.fit({"train": rows, "validation": rows}, job_name="sdk-tuning", include_cls_metadata=False)
frame = sagemaker.HyperparameterTuningJobAnalytics("sdk-tuning", sagemaker_session=session).dataframe()
best = tuner.best_training_job()
print("trials:", len(frame), sorted(frame.columns)[:1], bool((frame["TrainingJobStatus"] == "Completed").all()))
print("best is least:", best == frame.sort_values("FinalObjectiveValue")["TrainingJobName"].iloc[0])
print("estimator:", tuner.best_estimator().latest_training_job.name == best)
attached = HyperparameterTuner.attach("sdk-tuning", sagemaker_session=session)
print("attached:", attached.objective_metric_name, attached.max_jobs)
job = boto3.client("sagemaker").describe_training_job(TrainingJobName=best)
print("of:", job["TuningJobArn"].rpartition("/")[2], job["HyperParameters"]["_tuning_objective_metric"])
