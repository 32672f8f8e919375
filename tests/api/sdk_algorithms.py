"""A person's script with the SageMaker SDK's classes of built-in algorithms: train, deploy, predict, clean up.

Arguments: role, bucket, and the names of algorithms. Prints a JSON object with what each found, on data where the right
answer is known.
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import jsonschema
import numpy as np
import sagemaker
from sagemaker import image_uris
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer, JSONSerializer
from sagemaker.telemetry import telemetry_logging

telemetry_logging._requests_helper = lambda url, timeout: None
# The SDK checks its configuration file, which is ours, anew with each value that it looks up: 5 s an algorithm.
jsonschema.validate = lambda *_, **__: None
SOON = {"Delay": 1, "MaxAttempts": 300}
role, bucket, *wanted = sys.argv[1:]
session = sagemaker.Session(default_bucket=bucket)
COMMON = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large", "sagemaker_session": session}
rng = np.random.default_rng(0)
CORNERS = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], dtype="float32")
BLOBS = np.concatenate([corner + rng.normal(0, 0.5, (60, 2)) for corner in CORNERS]).astype("float32")
OF_BLOB = np.repeat(np.arange(4), 60).astype("float32")


def values(predictor: Any, rows: Any, key: str) -> list[float]:
    """The first value of each record that the predictor answers."""
    return [record.label[key].float32_tensor.values[0] for record in predictor.predict(rows)]


def fitted(estimator: Any, data: Any, **options: Any) -> Any:
    estimator.fit(data, wait=False, **options)
    name = estimator.latest_training_job.name
    boto3.client("sagemaker").get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=name, WaiterConfig=SOON
    )
    return estimator


def deployed(estimator: Any, name: str, **options: Any) -> Any:
    predictor = estimator.deploy(1, "ml.t2.medium", endpoint_name=f"sdk-{name}", wait=False, **options)
    boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=f"sdk-{name}", WaiterConfig=SOON)
    return predictor


def metric(estimator: Any, name: str) -> float:
    job = boto3.client("sagemaker").describe_training_job(TrainingJobName=estimator.latest_training_job.name)
    return next(found["Value"] for found in job["FinalMetricDataList"] if found["MetricName"] == name)


def placed(folder: str, lines: list[str]) -> str:
    """The address of a folder that has the lines in one object."""
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{folder}/lines", Body="\n".join(lines).encode())
    return f"s3://{bucket}/{folder}/"


def kmeans() -> Any:
    model = sagemaker.KMeans(k=4, **COMMON)
    fitted(model, model.record_set(BLOBS), mini_batch_size=100)
    predictor = deployed(model, "kmeans")
    clusters = values(predictor, CORNERS, "closest_cluster")
    distances = values(predictor, CORNERS, "distance_to_cluster")
    predictor.delete_endpoint()
    return {"clusters": sorted(clusters), "far": max(distances), "msd": metric(model, "train:msd")}


def pca() -> Any:
    line = rng.normal(size=(200, 1)) @ np.array([[3.0, 4.0, 0.0]]) + rng.normal(0, 0.01, (200, 3)) + 7
    model = sagemaker.PCA(num_components=2, **COMMON)
    fitted(model, model.record_set(line.astype("float32")), mini_batch_size=100)
    predictor = deployed(model, "pca")
    points = (line.mean(axis=0) + np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]])).astype("float32")
    projections = [list(r.label["projection"].float32_tensor.values) for r in predictor.predict(points)]
    predictor.delete_endpoint()
    return {"largest, last": [row[-1] for row in projections]}


def knn() -> Any:
    model = sagemaker.KNN(k=3, sample_size=200, predictor_type="classifier", **COMMON)
    records = model.record_set(BLOBS, labels=OF_BLOB)
    tests = model.record_set(BLOBS, labels=OF_BLOB, channel="test")
    fitted(model, [records, tests], mini_batch_size=100)
    predictor = deployed(model, "knn")
    labels = values(predictor, CORNERS, "predicted_label")
    predictor.delete_endpoint()
    return {"labels": labels, "accuracy": metric(model, "test:accuracy")}


def randomcutforest() -> Any:
    model = sagemaker.RandomCutForest(num_trees=50, num_samples_per_tree=100, **COMMON)
    fitted(model, model.record_set(rng.normal(size=(500, 2)).astype("float32")))
    predictor = deployed(model, "randomcutforest")
    inside, outside = values(predictor, np.array([[0, 0], [9, 9]], dtype="float32"), "score")
    predictor.delete_endpoint()
    return {"inside": inside, "outside": outside}


def factorization_machines() -> Any:
    pairs = np.eye(6, dtype="float32")[rng.integers(0, 3, 900)] + np.eye(6, dtype="float32")[rng.integers(3, 6, 900)]
    table = np.array([[1, 5, 2], [4, 1, 3], [2, 2, 6]], dtype="float32")
    target = table[pairs[:, :3].argmax(1), pairs[:, 3:].argmax(1)]
    model = sagemaker.FactorizationMachines(
        num_factors=4, predictor_type="regressor", epochs=60, factors_lr=0.02, linear_lr=0.02, factors_init_sigma=0.1,
        factors_wd=0, linear_wd=0, **COMMON,
    )  # fmt: skip
    fitted(model, model.record_set(pairs, labels=target), mini_batch_size=100)
    predictor = deployed(model, "factorization-machines")
    scores = values(predictor, pairs[:20], "score")
    predictor.delete_endpoint()
    return {"worst": float(np.abs(np.array(scores) - target[:20]).max()), "rmse": metric(model, "train:rmse")}


def xgboost(version: str = "3.0-5") -> Any:
    grid = np.array([[a, b] for a in range(20) for b in range(20)], dtype="float64")
    target = (grid[:, 0] > grid[:, 1]).astype(float)
    s3 = boto3.client("s3")
    for channel in ("train", "validation"):
        rows = "\n".join(",".join(map(str, row)) for row in np.column_stack([target, grid]))
        s3.put_object(Bucket=bucket, Key=f"xgboost-{version}/{channel}/rows.csv", Body=rows.encode())
    model = Estimator(
        image_uris.retrieve("xgboost", session.boto_region_name, version=version),
        hyperparameters={"objective": "binary:logistic", "num_round": 30, "eval_metric": "logloss,error"},
        output_path=f"s3://{bucket}/models",
        **COMMON,
    )
    channels = {
        name: TrainingInput(f"s3://{bucket}/xgboost-{version}/{name}/", content_type="text/csv")
        for name in ("train", "validation")
    }
    fitted(model, channels)
    predictor = deployed(model, f"xgboost-{version.replace('.', '-')}", serializer=CSVSerializer())
    answer = predictor.predict([[15, 3], [3, 15]]).decode()
    predictor.delete_endpoint()
    scores = [float(score) for score in answer.replace(",", "\n").split()]
    return {"scores": scores, "error": metric(model, "validation:error"), "data": model.model_data}


def lda() -> Any:
    topics = np.kron(np.eye(2), np.full(4, 0.25))
    documents = np.array([rng.multinomial(50, topics[number % 2]) for number in range(60)], dtype="float32")
    model = sagemaker.LDA(num_topics=2, max_restarts=1, **COMMON)
    fitted(model, model.record_set(documents), mini_batch_size=60)
    predictor = deployed(model, "lda")
    mixtures = [list(r.label["topic_mixture"].float32_tensor.values) for r in predictor.predict(documents[:2])]
    predictor.delete_endpoint()
    return {"mixtures": mixtures}


def blazingtext() -> Any:
    words = {"sea": ["wave", "boat", "salt"], "hill": ["rock", "goat", "snow"]}
    lines = [
        f"__label__{place} {' '.join(rng.choice(words[place], 5))}" for place in ("sea", "hill") for _ in range(99)
    ]
    image = image_uris.retrieve("blazingtext", session.boto_region_name)
    settings = {"mode": "supervised", "epochs": 20, "buckets": 1000}
    model = Estimator(image, hyperparameters=settings, output_path=f"s3://{bucket}/models", **COMMON)
    fitted(model, {"train": TrainingInput(placed("blazingtext", lines), content_type="text/plain")})
    predictor = deployed(model, "blazingtext", serializer=JSONSerializer(), deserializer=JSONDeserializer())
    labels = [answer["label"][0] for answer in predictor.predict({"instances": ["boat and wave", "snow on rock"]})]
    predictor.delete_endpoint()
    return {"labels": labels, "accuracy": metric(model, "train:accuracy")}


def boosted(name: str) -> Any:
    rows = np.column_stack([OF_BLOB, BLOBS])
    body = "\n".join(",".join(map(str, row)) for row in rows).encode()
    for folder in ("train", "validation"):
        boto3.client("s3").put_object(Bucket=bucket, Key=f"{name}/{folder}/data.csv", Body=body)
    image = f"studiolo/{name}-classification-model"
    # LightGBM's goss refuses the default bagging; of CatBoost no iteration but the last has a line.
    own = {"boosting": "goss"} if name == "lightgbm" else {"iterations": 30, "verbose": 1000}
    settings = {"learning_rate": 0.3, **own}
    model = Estimator(image, hyperparameters=settings, output_path=f"s3://{bucket}/models", **COMMON)
    fitted(model, {"training": TrainingInput(f"s3://{bucket}/{name}/", content_type="text/csv")})
    predictor = deployed(model, name, serializer=CSVSerializer(), deserializer=JSONDeserializer())
    answer = predictor.predict(CORNERS)
    predictor.delete_endpoint()
    loss = metric(model, "multi_logloss" if name == "lightgbm" else "MultiClass")
    return {"labels": np.argmax(answer["probabilities"], axis=1).tolist(), "loss": loss}


def ntm() -> Any:
    topics = np.kron(np.eye(2), np.full(5, 0.2))
    documents = np.array([rng.multinomial(30, topics[number % 2]) for number in range(200)], dtype="float32")
    model = sagemaker.NTM(num_topics=2, epochs=40, optimizer="adam", learning_rate=0.02, tolerance=1e-5, **COMMON)
    fitted(model, [model.record_set(documents), model.record_set(documents[:40], channel="test")], mini_batch_size=50)
    predictor = deployed(model, "ntm")
    mixtures = [list(r.label["topic_weights"].float32_tensor.values) for r in predictor.predict(documents[:2])]
    predictor.delete_endpoint()
    return {"mixtures": mixtures, "loss": metric(model, "test:total_loss")}


def object2vec() -> Any:
    def pair() -> str:
        halves = rng.integers(0, 2, 2)
        sides = [(rng.integers(0, 8, 4) + 8 * half).tolist() for half in halves]
        return json.dumps({"label": int(halves[0] == halves[1]), "in0": sides[0], "in1": sides[1]})

    settings = {
        "enc0_max_seq_len": 4, "enc0_vocab_size": 16, "enc0_network": "pooled_embedding", "enc_dim": 16,
        "mlp_dim": 16, "mlp_activation": "relu", "learning_rate": 0.01, "epochs": 12,
    }  # fmt: skip
    image = image_uris.retrieve("object2vec", session.boto_region_name)
    model = Estimator(image, hyperparameters=settings, output_path=f"s3://{bucket}/models", **COMMON)
    channels = {"train": placed("object2vec/train", [pair() for _ in range(400)])}
    channels["validation"] = placed("object2vec/validation", [pair() for _ in range(100)])
    fitted(model, {name: TrainingInput(data, content_type="application/jsonlines") for name, data in channels.items()})
    predictor = deployed(model, "object2vec", serializer=JSONSerializer(), deserializer=JSONDeserializer())
    alike, other = {"in0": [1, 2, 3], "in1": [4, 5]}, {"in0": [1, 2, 3], "in1": [12, 13]}
    scores = [one["scores"] for one in predictor.predict({"instances": [alike, other]})["predictions"]]
    [alone] = predictor.predict({"instances": [{"in0": [1, 2, 3]}]})["predictions"]
    predictor.delete_endpoint()
    return {"classes": np.argmax(scores, axis=1).tolist(), "width": len(alone["embeddings"])}


def ipinsights() -> Any:
    def events(count: int) -> list[str]:
        users = rng.integers(0, 20, count)
        return [f"user-{user},10.{user * 12}.7.{rng.integers(1, 255)}" for user in users]

    settings = {"num_entity_vectors": 2000, "vector_dim": 32, "epochs": 40, "learning_rate": 0.01}
    image = image_uris.retrieve("ipinsights", session.boto_region_name)
    model = Estimator(image, hyperparameters=settings, output_path=f"s3://{bucket}/models", **COMMON)
    channels = {name: placed(f"ipinsights/{name}", events(4000)) for name in ("train", "validation")}
    fitted(model, {name: TrainingInput(data, content_type="text/csv") for name, data in channels.items()})
    predictor = deployed(model, "ipinsights", serializer=CSVSerializer(), deserializer=JSONDeserializer())
    answer = predictor.predict(["user-3,10.36.7.9", "user-3,10.216.7.9"])
    usual, unusual = (one["dot_product"] for one in answer["predictions"])
    predictor.delete_endpoint()
    return {"usual": usual, "unusual": unusual, "auc": metric(model, "validation:discriminator_auc")}


def deepar() -> Any:
    week = [10, 12, 11, 13, 15, 4, 2]
    lines = [
        json.dumps({"start": "2026-01-05 00:00:00", "target": [day * scale for day in week * 12]})
        for scale in range(1, 9)
    ]
    settings = {
        "time_freq": "D", "prediction_length": 7, "context_length": 14, "epochs": 20, "num_cells": 20,
        "learning_rate": 0.005, "mini_batch_size": 32,
    }  # fmt: skip
    image = image_uris.retrieve("forecasting-deepar", session.boto_region_name)
    model = Estimator(image, hyperparameters=settings, output_path=f"s3://{bucket}/models", **COMMON)
    data = placed("deepar", lines)
    fitted(model, {name: TrainingInput(data, content_type="application/jsonlines") for name in ("train", "test")})
    predictor = deployed(model, "deepar", serializer=JSONSerializer(), deserializer=JSONDeserializer())
    asked = {"instances": [json.loads(lines[0])], "configuration": {"num_samples": 50, "output_types": ["mean"]}}
    [forecast] = predictor.predict(asked)["predictions"]
    predictor.delete_endpoint()
    return {"means": forecast["mean"], "week": week, "loss": metric(model, "test:mean_wQuantileLoss")}


ALGORITHMS: dict[str, Callable[[], Any]] = {
    "kmeans": kmeans,
    "pca": pca,
    "knn": knn,
    "randomcutforest": randomcutforest,
    "factorization-machines": factorization_machines,
    "xgboost": xgboost,
    "lda": lda,
    "blazingtext": blazingtext,
    "lightgbm": lambda: boosted("lightgbm"),
    "catboost": lambda: boosted("catboost"),
    "ntm": ntm,
    "object2vec": object2vec,
    "ipinsights": ipinsights,
    "forecasting-deepar": deepar,
    "xgboost:1.7-1": lambda: xgboost("1.7-1"),
    "xgboost:0.90-2": lambda: xgboost("0.90-2"),
}

if __name__ == "__main__":
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(wanted, pool.map(lambda name: ALGORITHMS[name](), wanted), strict=True))
    print("found:", json.dumps(found))
