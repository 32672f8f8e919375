"""A person's script with the SageMaker SDK: a model deployed as an inference component, asked, and taken away."""

import sys
import time

import sagemaker
from sagemaker.compute_resource_requirements.resource_requirements import ResourceRequirements
from sagemaker.deserializers import JSONDeserializer
from sagemaker.enums import EndpointType
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from sagemaker.telemetry import telemetry_logging

role, artifact, image = sys.argv[1:]
telemetry_logging._requests_helper = lambda url, timeout: None
# The SDK sleeps for 20 or 30 s before each look at what it waits for.
sleep = time.sleep
time.sleep = lambda _: sleep(0.1)  # type: ignore[assignment]
session = sagemaker.Session()
model = Model(image, artifact, role, predictor_cls=Predictor, name="component-of-sdk", sagemaker_session=session)
predictor = model.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    endpoint_name="sdk-components",
    endpoint_type=EndpointType.INFERENCE_COMPONENT_BASED,
    inference_component_name="sdk-component",
    resources=ResourceRequirements(requests={"num_cpus": 1, "memory": 512, "copies": 1}),
    serializer=CSVSerializer(),
    deserializer=JSONDeserializer(),
)
answer = predictor.predict([[2, 1]])
assert session.is_inference_component_based_endpoint("sdk-components")
assert predictor.list_related_models() is not None
predictor.delete_predictor(wait=True)
predictor.delete_endpoint()
print(f"predicted {answer['predictions'][0]['score']:.0f}, gone")
