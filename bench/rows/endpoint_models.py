"""One-row predictions of a model of each framework: our endpoint, MLflow's server and LitServe, each with one process."""

import io
import json
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bench import Bench
from bench.children import free_port, started, wait_for_port, wait_until
from bench.load import Load, Outcome, drive
from bench.row import Quantity, Row, Unavailable, at_least_times
from bench.rows.endpoint import CONNECTIONS, ROUNDS, SECONDS, signed, straight
from bench.server import Server
from bench.signing import http

FEATURES = 10
VALUES = [0.5] * FEATURES
PYTHON = f"py{sys.version_info.major}{sys.version_info.minor}"
JSON = "application/json"


@dataclass(frozen=True)
class Framework:
    """A framework: the image that serves its models here, the call's type and body, the files of its model.tar.gz."""

    name: str
    account: str
    image: str
    content_type: str
    body: str
    files: Sequence[str]
    variables: tuple[tuple[str, str], ...] = ()


CSV = ",".join(map(str, VALUES))
SCRIPTED = (("SAGEMAKER_PROGRAM", "inference.py"), ("SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/model/code"))
FRAMEWORKS = (
    Framework("XGBoost", "141502667606", "sagemaker-xgboost:3.0-5", "text/csv", CSV, ("xgboost-model",)),
    Framework(
        "scikit-learn",
        "141502667606",
        "sagemaker-scikit-learn:1.2-1-cpu-py3",
        JSON,
        json.dumps([VALUES]),
        ("model.joblib", "code/inference.py"),
        SCRIPTED,
    ),
    Framework(
        "PyTorch", "763104351884", f"pytorch-inference:2.6-cpu-{PYTHON}", JSON, json.dumps([VALUES]), ("model.pth",)
    ),
)

MODELS = """
import os, sys, joblib, mlflow, numpy, torch, xgboost
from mlflow.models import infer_signature
from sklearn.ensemble import GradientBoostingRegressor
into, features = sys.argv[1], int(sys.argv[2])
x = numpy.random.default_rng(1).normal(size=(2000, features)).astype("float32")
y = x.sum(axis=1)
booster = xgboost.train({"max_depth": 6, "nthread": 1}, xgboost.DMatrix(x, y), 100)
forest = GradientBoostingRegressor(n_estimators=100).fit(x, y)
net = torch.nn.Sequential(torch.nn.Linear(features, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
os.makedirs(f"{into}/code")
booster.save_model(f"{into}/xgboost-model.json")
os.rename(f"{into}/xgboost-model.json", f"{into}/xgboost-model")
joblib.dump(forest, f"{into}/model.joblib")
torch.jit.script(net).save(f"{into}/model.pth")
open(f"{into}/code/inference.py", "w").write(
    "import joblib, os\\ndef model_fn(folder):\\n    return joblib.load(os.path.join(folder, 'model.joblib'))\\n"
)
mlflow.xgboost.save_model(booster, f"{into}/mlflow-XGBoost")
mlflow.sklearn.save_model(forest, f"{into}/mlflow-scikit-learn", serialization_format="cloudpickle")
shape = infer_signature(x[:2], x[:2, :1])
mlflow.pytorch.save_model(net, f"{into}/mlflow-PyTorch", serialization_format="pickle", signature=shape)
"""
LITSERVE = """
import sys, joblib, litserve, numpy, torch, xgboost
name, folder, port = sys.argv[1:]

class Api(litserve.LitAPI):
    def setup(self, device):
        if name == "XGBoost":
            booster = xgboost.Booster(model_file=f"{folder}/xgboost-model")
            self.model = booster.inplace_predict
        elif name == "scikit-learn":
            self.model = joblib.load(f"{folder}/model.joblib").predict
        else:
            self.net = torch.jit.load(f"{folder}/model.pth")
            self.model = lambda rows: self.net(torch.from_numpy(rows)).detach().numpy()

    def decode_request(self, request):
        return numpy.asarray(request["inputs"], dtype="float32")

    def predict(self, rows):
        return self.model(rows)

    def encode_response(self, predictions):
        return {"predictions": predictions.tolist()}

if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False, num_api_servers=1)
"""


def measure(bench: Bench) -> Iterator[Row]:
    server, programs = bench.server(), bench.environments.get("models")
    folder = bench.folder / "models"
    folder.mkdir()
    _run([programs / "python", "-c", MODELS, folder, str(FEATURES)], bench.folder)
    for framework in FRAMEWORKS:
        with ExitStack() as field:
            server.settle()
            endpoint = field.enter_context(_endpoint(server, framework, folder))
            ask = (framework.content_type, framework.body)
            loads = [
                straight(server, *ask),
                signed(server, endpoint, *ask),
                field.enter_context(_mlflow(bench, programs, framework, folder)),
                field.enter_context(_litserve(bench, programs, framework, folder)),
            ]
            yield from _compared(framework, [[drive(load) for load in loads] for _ in range(ROUNDS)])


def _compared(framework: Framework, rounds: Sequence[Sequence[Outcome]]) -> Iterator[Row]:
    columns = list(zip(*rounds, strict=True))
    ours, through, *field = ([each.rate for each in column] for column in columns)
    rates = [statistics.median(column) for column in field]
    best = Quantity(max(rates), "/s")
    told = ["serving process", "signed", "MLflow", "LitServe"]
    times = "; ".join(f"{name} {_times(column)}" for name, column in zip(told, columns, strict=True))
    note = f"MLflow {rates[0]:.0f}/s, LitServe {rates[1]:.0f}/s; p50, p99: {times}"
    name = f"one-row predictions of {framework.name}"
    yield at_least_times(f"{name}, serving process", 3, Quantity(statistics.median(ours), "/s"), best, note)
    yield at_least_times(f"{name}, signed through the endpoint", 1.5, Quantity(statistics.median(through), "/s"), best)


def _times(column: Sequence[Outcome]) -> str:
    half, most = (statistics.median(getattr(each, which) for each in column) for which in ("median", "p99"))
    return f"{1000 * half:.1f}, {1000 * most:.1f} ms"


@contextmanager
def _endpoint(server: Server, framework: Framework, folder: Path) -> Iterator[str]:
    """An endpoint of the framework's model, in service."""
    name = f"models-{framework.name.lower()}"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for file in framework.files:
            tar.add(folder / file, file)
    server.client("s3").put_object(Bucket=server.bucket(), Key=f"{name}.tar.gz", Body=archive.getvalue())
    sagemaker = server.client("sagemaker")
    container = {
        "Image": f"{framework.account}.dkr.ecr.eu-west-1.amazonaws.com/{framework.image}",
        "ModelDataUrl": f"s3://{server.bucket()}/{name}.tar.gz",
        "Environment": dict(framework.variables),
    }
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=server.role(), PrimaryContainer=container)
    variant = {"VariantName": "one", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described: dict[str, str] = {}

    def arrived() -> bool:
        described.update(sagemaker.describe_endpoint(EndpointName=name))
        return described["EndpointStatus"] != "Creating"

    wait_until(arrived, 1200, every=0.2)  # its environment may have to be made
    if described["EndpointStatus"] != "InService":
        raise RuntimeError(f"the endpoint failed: {described.get('FailureReason')}")
    yield name
    sagemaker.delete_endpoint(EndpointName=name)


@contextmanager
def _mlflow(bench: Bench, programs: Path, framework: Framework, folder: Path) -> Iterator[Load]:
    command = [programs / "mlflow", "models", "serve", "-m", folder / f"mlflow-{framework.name}", "-h", "127.0.0.1"]
    with _serving(bench, programs, f"mlflow-{framework.name}", [*command, "--env-manager", "local", "-p"]) as port:
        yield _load(port, "/invocations")


@contextmanager
def _litserve(bench: Bench, programs: Path, framework: Framework, folder: Path) -> Iterator[Load]:
    script = bench.folder / "lit.py"
    script.write_text(LITSERVE)
    command = [programs / "python", script, framework.name, folder]
    with _serving(bench, programs, f"litserve-{framework.name}", command) as port:
        yield _load(port, "/predict")


@contextmanager
def _serving(bench: Bench, programs: Path, name: str, command: Sequence[str | Path]) -> Iterator[int]:
    """A server, whose last argument is its port; that port, once it listens."""
    port, log = free_port(), bench.folder / f"{name}.log"
    path = {"PATH": f"{programs}:/usr/bin:/bin"}
    with started([*command, str(port)], log, path, cwd=bench.folder) as child:
        wait_for_port(child, port, log, 300)
        yield port


def _load(port: int, path: str) -> Load:
    request = http("POST", f"http://127.0.0.1:{port}{path}", {"Content-Type": JSON}, json.dumps({"inputs": [VALUES]}))
    return Load("127.0.0.1", port, [request], CONNECTIONS, SECONDS, warm_up=1.0)


def _run(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"the models could not be made: {done.stderr[-300:]}")
