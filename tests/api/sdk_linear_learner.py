"""A person's script with the SageMaker SDK: train, serve, transform, register. Arguments: role and bucket."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import numpy as np
import sagemaker
import sagemaker.s3
from sagemaker import LinearLearner
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.predictor import Predictor
from sagemaker.processing import ProcessingOutput, ScriptProcessor
from sagemaker.serializers import CSVSerializer
from sagemaker.telemetry import telemetry_logging

role, bucket = sys.argv[1:]
grid = np.array([[a, b] for a in range(20) for b in range(20)], dtype="float32")
target = 3 * grid[:, 0] - 2 * grid[:, 1] + 1

told: list[str] = []
telemetry_logging._requests_helper = lambda url, timeout: told.append(url)

session = sagemaker.Session(default_bucket=bucket)
learner = LinearLearner(
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    predictor_type="regressor",
    sagemaker_session=session,
    epochs=3,
)
learner.fit(learner.record_set(grid, labels=target), mini_batch_size=100, job_name="sdk-linear-learner")
predictor = learner.deploy(1, "ml.t2.medium", endpoint_name="sdk-linear-learner", wait=False)
boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
    EndpointName="sdk-linear-learner", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
)
scores = [record.label["score"].float32_tensor.values[0] for record in predictor.predict(grid[:10])]
print("worst error below 0.01:", bool(np.abs(np.array(scores) - target[:10]).max() < 0.01))
attached = Estimator.attach("sdk-linear-learner", sagemaker_session=session)
print("attached:", attached.instance_count, attached.output_path == learner.output_path, attached.output_kms_key == "")
print("told Amazon:", told)

script = Path(tempfile.mkdtemp()) / "double.py"
script.write_text("print('doubles'); open('/opt/ml/processing/output/four', 'w').write(str(2 * 2))")
processor = ScriptProcessor(
    image_uri=learner.training_image_uri(),
    command=["python3"],
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
)
rows = "\n".join(f"{index},{a:.0f},{b:.0f}" for index, (a, b) in enumerate(grid[:10]))
uri = f"s3://{bucket}/sdk-rows/rows.csv"
sagemaker.s3.S3Uploader.upload_string_as_file_body(rows, uri, sagemaker_session=session)
transformer = learner.transformer(
    1, "ml.m5.large", output_path=f"s3://{bucket}/sdk-transformed", accept="text/csv", assemble_with="Line"
)
with ThreadPoolExecutor() as pool:
    # Both wait for 10 s before they look for the first time.
    outputs = [ProcessingOutput(source="/opt/ml/processing/output", output_name="numbers")]
    processing = pool.submit(processor.run, str(script), outputs=outputs)
    transformer.transform(
        uri,
        content_type="text/csv",
        split_type="Line",
        input_filter="$[1:]",
        join_source="Input",
        output_filter="$[0,-1]",
    )
    processing.result()
processed = processor.latest_job.describe()
[output] = processed["ProcessingOutputConfig"]["Outputs"]
print("processed:", session.read_s3_file(bucket, output["S3Output"]["S3Uri"].split("/", 3)[3] + "/four"))
predictor.delete_model()
predictor.delete_endpoint()
answers = [line.split(",") for line in session.read_s3_file(bucket, "sdk-transformed/rows.csv.out").splitlines()]
right = [abs(float(score) - target[int(index)]) < 0.01 for index, score in answers]
print("transformed:", len(right), all(right))

package = learner.register(
    content_types=["text/csv"],
    response_types=["application/json"],
    inference_instances=["ml.m5.large"],
    transform_instances=["ml.m5.large"],
    model_package_group_name="sdk-planes",
)
print("registered:", package.model_package_arn.rpartition(":")[2])
package.deploy(1, "ml.t2.medium", endpoint_name="sdk-package", wait=False)
boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
    EndpointName="sdk-package", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
)
served = Predictor("sdk-package", session, serializer=CSVSerializer(), deserializer=JSONDeserializer())
[answer] = served.predict([2, 1])["predictions"]
print("served from the registry:", round(answer["score"]))
package.delete_model()
served.delete_endpoint()
