"""A person's script with the SageMaker SDK: the same plane learned with a framework, deployed and asked."""

import sys
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.sklearn import SKLearn
from sagemaker.tensorflow import TensorFlow

framework, role, bucket, folder = sys.argv[1:]
READ = """
import os
import numpy as np
rows = np.genfromtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "rows.csv"), delimiter=",", dtype="float32")
x, y = rows[:, 1:], rows[:, :1]
into = os.environ["SM_MODEL_DIR"]
"""
SCRIPTS = {
    "sklearn": """
import joblib, os
def model_fn(folder):
    return joblib.load(os.path.join(folder, "model.joblib"))
if __name__ == "__main__":
    from sklearn.linear_model import LinearRegression
    from read import into, x, y
    joblib.dump(LinearRegression().fit(x, y), os.path.join(into, "model.joblib"))
""",
    "pytorch": """
import os, torch
def model_fn(folder):
    model = torch.nn.Linear(2, 1)
    model.load_state_dict(torch.load(os.path.join(folder, "model.pth")))
    return model
if __name__ == "__main__":
    from read import into, x, y
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.LBFGS(model.parameters())
    def loss():
        optimizer.zero_grad()
        value = ((model(torch.tensor(x)) - torch.tensor(y)) ** 2).mean()
        value.backward()
        return value
    for _ in range(20):
        optimizer.step(loss)
    torch.save(model.state_dict(), os.path.join(into, "model.pth"))
""",
    "tensorflow": """
import os, tensorflow as tf
from read import into, x, y
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile(tf.keras.optimizers.Adam(0.3), "mse")
model.fit(x, y, epochs=150, batch_size=100, verbose=0)
model.export(os.path.join(into, "1"))
""",
}
CLASSES: dict[str, tuple[Any, dict[str, str]]] = {
    "sklearn": (SKLearn, {"framework_version": "1.2-1", "py_version": "py3"}),
    "pytorch": (PyTorch, {"framework_version": "2.6", "py_version": "py312"}),
    "tensorflow": (TensorFlow, {"framework_version": "2.16", "py_version": "py310"}),
}
(Path(folder) / "read.py").write_text(READ)
(Path(folder) / "train.py").write_text(SCRIPTS[framework])
kind, version = CLASSES[framework]
trainer = kind(
    entry_point="train.py",
    source_dir=folder,
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=sagemaker.Session(default_bucket=bucket),
    **version,
)
trainer.fit({"train": f"s3://{bucket}/train/"})
predictor = trainer.deploy(1, "ml.t2.medium", wait=False)
boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
)
asked = np.array([[10, 5], [0, 0]], dtype="float32")
answer = predictor.predict({"instances": asked.tolist()} if framework == "tensorflow" else asked)
print(
    "predicted:",
    [round(float(value)) for value in np.ravel(answer["predictions"] if isinstance(answer, dict) else answer)],
)
predictor.delete_model()
predictor.delete_endpoint()
