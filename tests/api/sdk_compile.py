"""A person's script with the SageMaker SDK: a model of the built-in XGBoost, deployed as it is and compiled."""

import sys
from typing import Any

import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

role, bucket = sys.argv[1:]
session = sagemaker.Session(default_bucket=bucket)
trainer = sagemaker.estimator.Estimator(
    image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5"),
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{bucket}/output",
    hyperparameters={"objective": "reg:squarederror", "num_round": 20},
    sagemaker_session=session,
)
trainer.fit({"train": TrainingInput(f"s3://{bucket}/train/", content_type="text/csv")}, logs="None")


def asked(model: Any) -> tuple[str, list[float]]:
    """Where it is deployed, and what is predicted there."""
    model.predictor_cls = sagemaker.predictor.Predictor
    predictor = model.deploy(1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer())
    image = session.sagemaker_client.describe_model(ModelName=model.name)["PrimaryContainer"]["Image"]
    rows = predictor.predict([[3, 4], [10, 5]])
    predictor.delete_endpoint()
    return image.partition("/")[2], [round(float(cell), 2) for row in rows for cell in row]


print("original:", *asked(trainer.create_model()))
compiled = trainer.create_model()
compiled.compile(
    target_instance_family="ml_m5",
    input_shape={"data": [1, 2]},
    output_path=f"s3://{bucket}/compiled",
    role=role,
    framework="xgboost",
    framework_version="3.0",
    job_name=sys.argv[0].rpartition("/")[2].partition(".")[0].replace("_", "-"),
)
print("compiled:", *asked(compiled))
assert compiled.model_data == f"s3://{bucket}/compiled/model-ml_m5.tar.gz", compiled.model_data
