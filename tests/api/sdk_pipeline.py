"""A person's script with the SageMaker SDK: a pipeline that prepares, trains, decides and makes a model.

Arguments: role and bucket.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import sagemaker
from botocore.exceptions import WaiterError
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.processing import ProcessingOutput, ScriptProcessor
from sagemaker.telemetry import telemetry_logging
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

role, bucket = sys.argv[1:]
telemetry_logging._requests_helper = lambda url, timeout: None
PREPARE = """
import json, pathlib
out = pathlib.Path("/opt/ml/processing")
rows = [f"{3 * a - 2 * b + 1},{a},{b}" for a in range(20) for b in range(20)]
(out / "train" / "rows.csv").write_text("\\n".join(rows))
(out / "report" / "report.json").write_text(json.dumps({"rows": {"count": len(rows)}}))
"""

session = PipelineSession(default_bucket=bucket)
image = sagemaker.image_uris.retrieve("linear-learner", "us-east-1")
most = ParameterFloat("MostRows", 500.0)
prefix = ParameterString("Prefix", "models", enum_values=["models", "others"])
cache = CacheConfig(enable_caching=True, expire_after="PT1H")
report = PropertyFile("report", "report", "report.json")
with TemporaryDirectory() as folder:
    code = Path(folder) / "prepare.py"
    code.write_text(PREPARE)
    processor = ScriptProcessor(
        image_uri=image,
        command=["python3"], role=role, instance_count=1, instance_type="ml.m5.large", sagemaker_session=session,
    )  # fmt: skip
    outputs = [ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}") for name in ("train", "report")]
    prepare = ProcessingStep(
        "Prepare", step_args=processor.run(code=str(code), outputs=outputs), property_files=[report],
        cache_config=cache,
    )  # fmt: skip
    learner = Estimator(
        image, role, 1, "ml.m5.large", sagemaker_session=session,
        output_path=Join("/", ["s3:/", bucket, prefix]),
    )  # fmt: skip
    learner.set_hyperparameters(predictor_type="regressor", epochs=2, mini_batch_size=100)
    rows = prepare.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
    train = TrainingStep(
        "Train", step_args=learner.fit({"train": TrainingInput(rows, content_type="text/csv")}), cache_config=cache
    )
    model = Model(image, train.properties.ModelArtifacts.S3ModelArtifacts, role, sagemaker_session=session)
    make = ModelStep("Make", step_args=model.create(instance_type="ml.m5.large"))
    few = ConditionLessThanOrEqualTo(JsonGet("Prepare", report, "rows.count"), most)
    too_many = FailStep("TooMany", Join(" ", ["More rows than", most]))
    decide = ConditionStep("Decide", [train], conditions=[few], if_steps=[make], else_steps=[too_many])
    pipeline = Pipeline("sdk-pipeline", [most, prefix], steps=[prepare, train, decide], sagemaker_session=session)
    pipeline.upsert(role)
    pipeline.upsert(role, description="the second version")

first = pipeline.start()
first.wait(delay=1, max_attempts=120)
print("status:", first.describe()["PipelineExecutionStatus"])
steps = {step["StepName"]: step for step in first.list_steps()}
print("steps:", sorted(steps), {step["StepStatus"] for step in steps.values()})
arn = steps["Make-CreateModel"]["Metadata"]["Model"]["Arn"]
client = session.sagemaker_client
made = client.describe_model(ModelName=arn.rpartition("/")[2])
print("model:", made["PrimaryContainer"]["ModelDataUrl"].startswith(f"s3://{bucket}/models/pipelines-"))
noted = client.list_trial_components(TrialName=first.arn.rpartition("/")[2])["TrialComponentSummaries"]
print("trial:", sorted(each["DisplayName"] for each in noted), {each["Status"]["PrimaryStatus"] for each in noted})

second = pipeline.start({"MostRows": 10})
with suppress(WaiterError):
    second.wait(delay=1, max_attempts=60)
print("failed:", second.describe()["FailureReason"])
steps = {step["StepName"]: step for step in second.list_steps()}
hits = {name: step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn") for name, step in steps.items()}
print("cached:", sorted(name for name, source in hits.items() if source == first.arn))
print("reason:", steps["TooMany"]["FailureReason"])
print(
    "parameters:", json.dumps({each["Name"]: each["Value"] for each in second.list_parameters()["PipelineParameters"]})
)
