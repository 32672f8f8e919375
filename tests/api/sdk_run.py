"""A person's script with the SageMaker SDK: a run that is logged to, and loaded again. Arguments: role and bucket."""

import sys

import boto3
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.experiments.run import Run, list_runs, load_run
from sagemaker.inputs import TrainingInput
from sagemaker.telemetry import telemetry_logging

role, bucket = sys.argv[1:]
telemetry_logging._requests_helper = lambda url, timeout: None

session = sagemaker.Session(default_bucket=bucket)
with Run("Sdk-Runs", "first", sagemaker_session=session) as run:
    run.log_parameters({"depth": 3, "kind": "tree"})
    for step, loss in enumerate((3.0, 1.0, 2.0)):
        run.log_metric("loss", loss, step=step)
    image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
    learner = Estimator(image, role, 1, "ml.m5.large", output_path=f"s3://{bucket}/run", sagemaker_session=session)
    learner.set_hyperparameters(predictor_type="regressor", epochs=1, mini_batch_size=100)
    rows = TrainingInput(f"s3://{bucket}/train/", content_type="text/csv")
    learner.fit({"train": rows}, job_name="sdk-run", experiment_config=run.experiment_config, logs=False)
with load_run(experiment_name="Sdk-Runs", run_name="first", sagemaker_session=session) as run:
    run.log_parameter("late", 1)
print("runs:", [each.run_name for each in list_runs("sdk-runs", sagemaker_session=session)])
client = boto3.client("sagemaker")
component = client.describe_trial_component(TrialComponentName=run.experiment_config["RunName"])
print("parameters:", {name: next(iter(value.values())) for name, value in sorted(component["Parameters"].items())})
(metric,) = component["Metrics"]
print("metric:", [metric[name] for name in ("MetricName", "Count", "Min", "Max", "Avg", "Last")])
print("state:", component["Status"]["PrimaryStatus"])
job = client.describe_trial_component(TrialComponentName="sdk-run-aws-training-job")
print("job:", job["Status"]["PrimaryStatus"], job["Source"]["SourceType"], job["Parameters"]["epochs"])
print("job metrics:", "train:objective_loss" in {each["MetricName"] for each in job["Metrics"]})
print("artifact:", job["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"].endswith("model.tar.gz"))
