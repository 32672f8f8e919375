"""The serving program, as a client of its port sees it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from scipy import sparse

from studiolo.ml.algorithms.linear_learner.model import Kind, Model, save
from tests.unit.ml.algorithms.training_container import as_recordio
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDIO = "application/x-recordio-protobuf"
MODELS = {
    "regressor": Model(Kind("regressor", "squared_loss"), np.array([1.0, 10.0, 100.0]), np.array(0.5)),
    "binary": Model(Kind("binary_classifier", "logistic", 0.9), np.array([1.0, 0.0, 0.0]), np.array(0.0)),
    "multiclass": Model(Kind("multiclass_classifier", "softmax_loss"), np.eye(3) * 2, np.zeros(3)),
}


@dataclass
class Endpoint:
    """A serving process and its port."""

    process: subprocess.Popen[bytes]
    port: int

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read()

    def invoke(self, body: Any, content_type: str = "text/csv", **headers: str) -> tuple[int, str, bytes]:
        return self.ask("POST", "/invocations", body, content_type=content_type, **headers)

    def predictions(self, body: Any, content_type: str = "text/csv") -> list[dict[str, Any]]:
        status, _, answer = self.invoke(body, content_type)
        assert status == 200, answer
        found: list[dict[str, Any]] = json.loads(answer)["predictions"]
        return found


def start(base: Path) -> subprocess.Popen[bytes]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    command = [sys.executable, "-m", "studiolo.ml.algorithms.linear_learner", "serve"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    process.args = (*command, port)  # type: ignore[assignment]
    return process


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Endpoint]]:
    """One endpoint for each kind of model."""
    started = {}
    for name, model in MODELS.items():
        base = tmp_path_factory.mktemp(name)
        save(model, base / "model")
        process = start(base)
        started[name] = Endpoint(process, process.args[-1])  # type: ignore[index, arg-type]
    try:
        for endpoint in started.values():
            await_ping(endpoint)
        yield started
    finally:
        for endpoint in started.values():
            endpoint.process.terminate()
            endpoint.process.communicate(timeout=10)


def await_ping(endpoint: Endpoint) -> None:
    while endpoint.process.poll() is None:
        try:
            assert endpoint.ask("GET", "/ping")[0] == 200
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError(f"The server ended with {endpoint.process.returncode}.")


@pytest.fixture
def regressor(endpoints: dict[str, Endpoint]) -> Endpoint:
    return endpoints["regressor"]


ROWS = np.array([[1, 2, 3], [0, 0, -1.5]], dtype="float32")
SCORES = [{"score": 321.5}, {"score": -149.5}]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"1,2,3\n0,0,-1.5"),
        ("text/csv; label_size=0", b"1,2,3\r\n0,0,-1.5\r\n"),
        ("application/json", b'{"instances": [{"features": [1, 2, 3]}, {"features": [0, 0, -1.5]}]}'),
        ("application/json", b'{"instances": [[1, 2, 3], [0, 0, -1.5]]}'),
        ("application/json", b'{"instances": [{"data": {"features": {"values": [1, 2, 3]}}}, [0, 0, -1.5]]}'),
        (
            "application/json",
            b'{"instances": [[1, 2, 3], {"data": {"features": {"keys": [2], "shape": [3], "values": [-1.5]}}}]}',
        ),
        ("application/jsonlines", b'{"features": [1, 2, 3]}\n{"data": {"features": {"values": [0, 0, -1.5]}}}\n'),
        (RECORDIO, as_recordio(ROWS, None)),
        (RECORDIO, as_recordio(ROWS.astype("float64"), np.zeros(2))),
        (RECORDIO, as_recordio(sparse.csr_matrix(ROWS), None)),
    ],
)
def test_each_content_type_gets_its_predictions(regressor: Endpoint, content_type: str, body: bytes) -> None:
    assert regressor.predictions(body, content_type) == SCORES


def test_answers_come_in_the_type_that_is_accepted(regressor: Endpoint) -> None:
    from sagemaker.amazon.common import read_records

    _, kind, body = regressor.invoke(b"1,2,3\n0,0,-1.5", accept="application/jsonlines")
    assert (kind, body) == ("application/jsonlines", b'{"score": 321.5}\n{"score": -149.5}\n')
    _, kind, body = regressor.invoke(b"1,2,3\n0,0,-1.5", accept="text/csv")
    assert (kind, body) == ("text/csv", b"321.5\n-149.5\n")
    _, kind, body = regressor.invoke(b"1,2,3\n0,0,-1.5", accept=RECORDIO)
    assert kind == RECORDIO
    assert [record.label["score"].float32_tensor.values[0] for record in read_records(BytesIO(body))] == [321.5, -149.5]
    for anything in ("*/*", "application/json;q=0.9, text/csv", "text/html, application/json"):
        assert regressor.invoke(b"1,2,3", accept=anything)[1] == "application/json"


def test_a_binary_classifier_tells_probability_and_label_by_its_threshold(endpoints: dict[str, Endpoint]) -> None:
    low, high = endpoints["binary"].predictions(b"1,0,0\n3,0,0")
    assert low == {"score": pytest.approx(1 / (1 + np.exp(-1))), "predicted_label": 0}
    assert high == {"score": pytest.approx(1 / (1 + np.exp(-3))), "predicted_label": 1}


def test_a_multiclass_classifier_tells_the_probability_of_each_class(endpoints: dict[str, Endpoint]) -> None:
    from sagemaker.amazon.common import read_records

    (prediction,) = endpoints["multiclass"].predictions(b"0,1,0")
    assert prediction["predicted_label"] == 1
    assert prediction["score"] == pytest.approx([0.1065, 0.787, 0.1065], abs=1e-3)
    (line,) = endpoints["multiclass"].invoke(b"0,1,0", accept="text/csv")[2].splitlines()
    assert [float(cell) for cell in line.split(b",")] == [*prediction["score"], 1]
    (record,) = read_records(BytesIO(endpoints["multiclass"].invoke(b"0,1,0", accept=RECORDIO)[2]))
    assert record.label["predicted_label"].float32_tensor.values[0] == 1
    assert len(record.label["score"].float32_tensor.values) == 3


@pytest.mark.parametrize(
    ("content_type", "body", "status", "message"),
    [
        ("text/csv", b"1,2", 400, "Row 1 has 2 features; the model has 3"),
        ("text/csv", b"1,2,3\na,b,c", 400, "Line 2 of the CSV body is not numbers"),
        ("text/csv", b"1,2,nan", 400, "not finite"),
        ("text/csv", b"", 400, "empty"),
        ("text/csv", b"\n\n", 400, "empty"),
        ("application/json", b"{", 400, "not JSON"),
        ("application/json", b"[[1,2,3]]", 400, 'list "instances"'),
        ("application/json", b'{"instances": []}', 400, "empty"),
        ("application/json", b'{"instances": [[1, 2, "x"]]}', 400, "not all numbers"),
        ("application/json", b'{"instances": [{"features": {"a": 1}}]}', 400, "Instance 1 has no list of features"),
        ("application/json", b'{"instances": [[1, 2, [3]]]}', 400, "not all numbers"),
        ("application/jsonlines", b"[1,2,3]\n[1", 400, "Line 2 is not JSON"),
        (RECORDIO, b"not recordio", 400, "corrupt at byte 0"),
        (RECORDIO, as_recordio(ROWS[:, :2], None), 400, "The records have 2 features; the model has 3"),
        ("image/png", b"1,2,3", 415, "'image/png' is not supported; text/csv"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    regressor: Endpoint, content_type: str, body: bytes, status: int, message: str
) -> None:
    answer = regressor.invoke(body, content_type)
    assert (answer[0], answer[1]) == (status, "application/json")
    assert message in json.loads(answer[2])["message"]
    assert regressor.predictions(b"1,2,3") == SCORES[:1]


def test_an_answer_that_cannot_be_written_is_not_acceptable(regressor: Endpoint) -> None:
    assert regressor.invoke(b"1,2,3", accept="image/png")[0] == 406


def test_a_body_of_many_rows_is_answered_and_one_over_six_mebibytes_refused(regressor: Endpoint) -> None:
    assert len(regressor.predictions(b"1,2,3\n" * 100_000)) == 100_000
    assert regressor.invoke(b"1,2,3\n" * (1 << 20) + b"1,2,3")[0] == 413
    chunks = iter([b"1,2,3\n" * 100_000] * 11)
    assert regressor.ask("POST", "/invocations", chunks, content_type="text/csv")[0] == 413


def test_what_batch_transform_asks_for_is_there(regressor: Endpoint) -> None:
    parameters = json.loads(regressor.ask("GET", "/execution-parameters")[2])
    assert parameters["MaxPayloadInMB"] == 6
    assert parameters["BatchStrategy"] == "MULTI_RECORD"


def test_other_paths_and_methods_are_refused(regressor: Endpoint) -> None:
    assert regressor.ask("GET", "/")[0] == 404
    assert regressor.ask("GET", "/invocations")[0] == 405


def test_a_server_without_a_model_ends_with_the_reason(tmp_path: Path) -> None:
    process = start(tmp_path)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"ClientError: There is no linear-learner model" in errors


def test_sigterm_ends_the_server_though_a_client_holds_a_connection(tmp_path: Path) -> None:
    save(MODELS["regressor"], tmp_path / "model")
    process = start(tmp_path)
    endpoint = Endpoint(process, process.args[-1])  # type: ignore[index, arg-type]
    await_ping(endpoint)
    with socket.create_connection(("127.0.0.1", endpoint.port)) as idle:
        idle.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=3)
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_server_that_is_given_a_socket_has_no_port(tmp_path: Path) -> None:
    save(MODELS["regressor"], tmp_path / "model")
    at = tmp_path / "s"
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path), "SAGEMAKER_BIND_TO_SOCKET": str(at)}
    command = [sys.executable, "-m", "studiolo.ml.algorithms.linear_learner", "serve"]
    with subprocess.Popen(command, env=environment) as process, socket.socket(socket.AF_UNIX) as client:
        until(at.exists)
        until(lambda: client.connect_ex(str(at)) == 0)
        client.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        assert psutil.Process(process.pid).net_connections("inet") == []
        process.terminate()


def test_serving_imports_neither_scikit_learn_nor_scipy_nor_pandas() -> None:
    program = (
        "import sys, studiolo.ml.algorithms.linear_learner.serving\n"
        "print([name for name in ('sklearn', 'scipy', 'pandas', 'google.protobuf') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
