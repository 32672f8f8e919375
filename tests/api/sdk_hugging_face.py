"""A person's script with the SageMaker SDK: a tiny BERT of Hugging Face, made by a job, deployed and asked."""

import json
import sys
import tempfile
from pathlib import Path

import boto3
import sagemaker
from botocore.exceptions import ClientError
from sagemaker.huggingface import HuggingFace

role, bucket = sys.argv[1:]
REPOSITORY = "763104351884.dkr.ecr.eu-central-1.amazonaws.com/huggingface-pytorch"
TAG = "2.6.0-transformers4.51.3-cpu-py312-ubuntu22.04"
MAKE = """
import os, torch
from pathlib import Path
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast
into = os.environ["SM_MODEL_DIR"]
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]
Path("vocab.txt").write_text("\\n".join(words))
BertTokenizerFast(vocab_file="vocab.txt").save_pretrained(into)
sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
names = {"id2label": {0: "NEG", 1: "POS"}, "label2id": {"NEG": 0, "POS": 1}}
model = BertForSequenceClassification(BertConfig(vocab_size=len(words), **sizes, **names))
with torch.no_grad():
    model.classifier.bias.copy_(torch.tensor([-5.0, 5.0]))
model.save_pretrained(into)
"""
folder = tempfile.mkdtemp()
(Path(folder) / "make.py").write_text(MAKE)
trainer = HuggingFace(
    entry_point="make.py",
    source_dir=folder,
    image_uri=f"{REPOSITORY}-training:{TAG}",
    py_version="py312",
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=sagemaker.Session(default_bucket=bucket),
)
trainer.fit()
model = sagemaker.huggingface.HuggingFaceModel(
    model_data=trainer.model_data,
    image_uri=f"{REPOSITORY}-inference:{TAG}",
    env={"HF_TASK": "text-classification"},
    role=role,
    sagemaker_session=trainer.sagemaker_session,
)
predictor = model.deploy(1, "ml.m5.large", wait=False)
boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
)
print("predicted:", predictor.predict({"inputs": "good"})[0]["label"])
try:
    predictor.predict({"unknown": "good"})
except ClientError as error:
    print("refused:", error.response["OriginalStatusCode"], json.loads(error.response["OriginalMessage"])["type"])
predictor.delete_model()
predictor.delete_endpoint()
