"""Serving by the handlers of SageMaker's toolkits: `python serving.py FRAMEWORK`.

GET /ping, POST /invocations, GET /execution-parameters, at the Unix socket of the path SAGEMAKER_BIND_TO_SOCKET, else on
SAGEMAKER_BIND_TO_HOST and SAGEMAKER_BIND_TO_PORT. The user's module (SAGEMAKER_PROGRAM) is called as in SageMaker's
containers: model_fn, input_fn, predict_fn, output_fn or transform_fn, all in the main thread; the toolkits' own servers,
which are for one endpoint a machine, are left out. It runs in the environment of an image and knows nothing of Studiolo.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, str, bytes]
"""Status, content type, body."""

MAXIMUM_BODY = 100 << 20
"""Bytes; the most that a batch transform sends."""
SECONDS = 60.0
"""What a call may take, unless SAGEMAKER_MODEL_SERVER_TIMEOUT says otherwise."""
TOGETHER_SECONDS, LOOK_SECONDS = 0.001, 0.005
"""How long answers are gathered while calls wait, and how soon they are told where the next call takes longer."""
JSON = "application/json"
JSON_LINES = ("application/jsonlines", "application/jsons")


class Metrics:
    """Where handlers tell what they measure. The toolkits' servers keep that in a file of their own: nobody reads it."""

    def _told(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    add_counter = add_time = add_size = add_percent = add_error = add_metric = _told


class Context:
    """What the toolkits' handlers know of a model and of the request at hand."""

    def __init__(self, model: Path) -> None:
        # Which GPU is asked only where there is one.
        self.system_properties = {"model_dir": str(model), "gpu_id": 0, "batch_size": 1}
        self.request_processor = [self]
        self.metrics = Metrics()
        self.model_name = "model"
        self.begin({})

    def begin(self, headers: Mapping[str, str]) -> None:
        """A request with these headers, whose names are in lower case, has come."""
        self._headers = headers
        self.status, self.content_type = 200, JSON

    def get_request_properties(self) -> dict[str, str]:
        return {"Content-Type": self._headers.get("content-type", JSON), **self._headers}

    def get_request_header(self, _number: int, name: str) -> str | None:
        return self._headers.get(name.lower())

    def get_all_request_header(self, _number: int) -> dict[str, str]:
        return dict(self._headers)

    def set_response_content_type(self, _number: int, content_type: str) -> None:
        self.content_type = content_type

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = code

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        self.status = code


class Calls:
    """Calls on their way to the one thread of users' code, which need not bear two at once, and their answers back.

    Each answer told by itself would have the two threads wait for each other all the time: told together, small calls
    are answered twice as fast.
    """

    def __init__(self, invoke: Callable[[bytes, Mapping[str, str]], Answer]) -> None:
        self._invoke = invoke
        self._waiting: SimpleQueue[tuple[asyncio.Future[Answer], bytes, Mapping[str, str]] | None] = SimpleQueue()
        self._answered: deque[tuple[asyncio.Future[Answer], Answer]] = deque()
        # Of the event loop alone: calls under way, and whether it will look at what is answered.
        self._open, self._looks = 0, False

    def call(self, body: bytes, headers: Mapping[str, str]) -> asyncio.Future[Answer]:
        """The answer to come. To be called in an event loop."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._open += 1
        self._waiting.put((answer, body, headers))
        if not self._looks:
            self._look()
        return answer

    def work(self) -> None:
        """Answer what is called, in this thread, until the end."""
        told = 0.0
        while (call := self._waiting.get()) is not None:
            future, body, headers = call
            self._answered.append((future, self._invoke(body, headers)))
            if self._waiting.empty() or time.monotonic() > told + TOGETHER_SECONDS:
                future.get_loop().call_soon_threadsafe(self._tell)
                told = time.monotonic()

    def end(self) -> None:
        """Nothing is called any more."""
        self._waiting.put(None)

    def _look(self) -> None:
        """Tell answers that wait behind a call which takes long."""
        self._tell()
        if self._open:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        self._looks = self._open > 0

    def _tell(self) -> None:
        while self._answered:
            future, answer = self._answered.popleft()
            self._open -= 1
            _settle(future, answer)


def _settle(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


class Server:
    """The ASGI application of one model, which the handler service has loaded."""

    def __init__(self, service: Any, context: Context) -> None:
        self._service = service
        self._context = context
        self.calls = Calls(self._invoke)
        self._seconds = float(os.environ.get("SAGEMAKER_MODEL_SERVER_TIMEOUT", SECONDS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        status, content_type, body = await self._answer(scope, receive)
        # Whatever a script says that its answer is, in one line.
        named = " ".join(str(content_type or JSON).split()).encode("latin-1", "replace")
        headers = [(b"content-type", named), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if (method, path) == ("GET", "/ping"):
            return 200, JSON, b"{}"
        if (method, path) == ("GET", "/execution-parameters"):
            parameters = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
            return 200, JSON, json.dumps(parameters).encode()
        if (method, path) != ("POST", "/invocations"):
            return 404, "text/plain", f"{method} {path} is not served.".encode()
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAXIMUM_BODY:
                return 413, "text/plain", f"The body is larger than {MAXIMUM_BODY} bytes.".encode()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self.calls.call(bytes(body), headers)
        overdue = asyncio.get_running_loop().call_later(self._seconds, self._give_up, answer)
        try:
            return await answer
        finally:
            overdue.cancel()

    def _give_up(self, answer: asyncio.Future[Answer]) -> None:
        # Nothing ends a thread: a new process has to take its place.
        words = f"The model did not answer within {self._seconds:.0f} s"
        print(f"{words}: its server is started anew.", flush=True)
        asyncio.get_running_loop().call_later(0.5, os._exit, 1)
        _settle(answer, (500, "text/plain", f"{words}.".encode()))

    def _invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        context = self._context
        if ";" in (content_type := headers.get("content-type", "")):
            headers = {**headers, "content-type": content_type.partition(";")[0].strip()}
        context.begin(headers)
        try:
            (answer,) = self._service.handle([{"body": body}], context)
            told = _bytes(answer)
        except Exception as error:  # noqa: BLE001 - the caller is told
            context.status, answer = _refusal(error)
            told = _bytes(answer)
        if context.status >= 400:
            print(answer, file=sys.stderr, flush=True)
            context.content_type = "text/plain"
        return context.status, context.content_type, told


def _refusal(error: Exception) -> tuple[int, str]:
    """Status and words for what a handler service itself raises, beyond the toolkits' own reach.

    A PredictionException, which says its status, is told as the multi-model server tells it.
    """
    if isinstance(code := getattr(error, "error_code", None), int):
        traceback.print_exc()
        return code, json.dumps({"code": code, "type": "InternalServerException", "message": str(error)}, indent=2)
    return 500, f"{error}\n{traceback.format_exc()}"


def _bytes(answer: Any) -> bytes:
    if isinstance(answer, (bytes, bytearray)):
        return bytes(answer)
    return (answer if isinstance(answer, str) else json.dumps(answer)).encode(errors="backslashreplace")


def code_of(base: Path) -> Path:
    """The folder of the user's code: where SAGEMAKER_SUBMIT_DIRECTORY says, beside the model, or brought from S3."""
    source = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if source.startswith("s3://"):
        return base / "code"
    return Path(source) if source and Path(source).is_dir() else base / "model" / "code"


def satisfied(file: Path) -> bool:
    """Whether all that a requirements.txt asks for is there, as far as can be told without pip, which takes a second."""
    from importlib.metadata import PackageNotFoundError, version

    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    try:
        lines = [line.partition(" #")[0].strip() for line in file.read_text().splitlines()]
        wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
        return all(
            not one.url and not one.extras and one.specifier.contains(version(one.name), prereleases=True)
            for one in wanted
            if one.marker is None or one.marker.evaluate()
        )
    except (InvalidRequirement, PackageNotFoundError):
        return False


def install(code: Path) -> None:
    """Install the code's requirements.txt. Raises CalledProcessError."""
    if (code / "requirements.txt").is_file() and not satisfied(code / "requirements.txt"):
        print("Installing dependencies from requirements.txt", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"]
        subprocess.run(pip, cwd=code, check=True)


def bring_libraries(base: Path) -> None:
    """Let the libraries be found that the SDK's ModelBuilder brings in shared_libs beside the model.

    Its own script would copy them to /lib, which no program may write here; even where there are none that fails.
    """
    brought, place = base / "model" / "shared_libs", base / "shared_libs"
    if brought.is_dir():
        brought.rename(place)
    known = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    if place.is_dir() and any(place.iterdir()) and str(place) not in known:
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, (str(place), *known)))
        # It is read when a program starts.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself


def inputs_of(request: Any, names: list[str]) -> tuple[dict[str, Any], bool]:
    """The inputs of a request to TensorFlow Serving by name, and whether it tells them row by row. Raises ValueError."""
    told = request if isinstance(request, dict) else {"instances": request}
    by_row = "inputs" not in told
    given = told.get("instances" if by_row else "inputs")
    if given is None:
        raise ValueError('The request has neither "instances" nor "inputs".')
    named = given[0] if by_row and len(given) else given
    if isinstance(named, dict) and "b64" not in named:
        if missing := [name for name in names if name not in named]:
            raise ValueError(f"The request does not name the inputs {', '.join(missing)} of the signature.")
        found = {name: [row[name] for row in given] if by_row else given[name] for name in names}
    elif len(names) == 1:
        found = {names[0]: given}
    else:
        raise ValueError(f"The signature has the inputs {', '.join(names)}: each must be named.")
    return {name: _decoded(value) for name, value in found.items()}, by_row


def answer_of(outputs: dict[str, Any], *, by_row: bool) -> Any:
    """The answer of TensorFlow Serving: as rows or as columns, without a name where there is one output."""
    if len(outputs) == 1:
        (value,) = outputs.values()
    else:
        value = [dict(zip(outputs, row)) for row in zip(*outputs.values())] if by_row else outputs  # noqa: B905
    return {"predictions" if by_row else "outputs": value}


def _decoded(value: Any) -> Any:
    """The value with bytes in the place of `{"b64": "..."}`."""
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return [_decoded(each) for each in value] if isinstance(value, list) else value


def service_of(framework: str) -> Any:
    """The handler service of a framework, as its toolkit has it, else the plain one with the framework's defaults."""
    from sagemaker_inference import transformer

    # It asks for the signatures of four functions at each call, which takes as long as a small model does.
    transformer.signature = lru_cache(transformer.signature)
    if framework == "pytorch":
        from sagemaker_pytorch_serving_container import handler_service

        handler_service.DefaultPytorchInferenceHandler.default_predict_fn = _predict_by_torch()
        return handler_service.HandlerService()
    if framework == "huggingface":
        from sagemaker_huggingface_inference_toolkit.handler_service import HuggingFaceHandlerService

        return HuggingFaceHandlerService()
    from sagemaker_inference.default_handler_service import DefaultHandlerService
    from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
    from sagemaker_inference.transformer import Transformer

    class Sklearn(DefaultInferenceHandler):  # type: ignore[misc]
        """As the containers of scikit-learn have it: arrays in, `model.predict`, arrays out."""

        def default_predict_fn(self, data: Any, model: Any, context: Any = None) -> Any:
            return model.predict(data)

    class XGBoost(DefaultInferenceHandler):  # type: ignore[misc]
        """As the containers of XGBoost have it: a DMatrix of CSV or LIBSVM for a Booster."""

        def default_input_fn(self, input_data: Any, content_type: str, context: Any = None) -> Any:
            xgboost = importlib.import_module("xgboost")
            if content_type in ("text/libsvm", "text/x-libsvm"):
                text = input_data if isinstance(input_data, str) else input_data.decode()
                with tempfile.NamedTemporaryFile("w", suffix=".libsvm") as file:
                    file.write(text.strip() + "\n")
                    file.flush()
                    return xgboost.DMatrix(f"{file.name}?format=libsvm")
            if content_type == "text/csv":
                numpy = importlib.import_module("numpy")
                text = input_data if isinstance(input_data, str) else input_data.decode()
                return xgboost.DMatrix(numpy.genfromtxt(io.StringIO(text), delimiter=",", ndmin=2))
            return super().default_input_fn(input_data, content_type, context)

        def default_predict_fn(self, data: Any, model: Any, context: Any = None) -> Any:
            return model.predict(data, validate_features=False)

    class TensorFlow(DefaultInferenceHandler):  # type: ignore[misc]
        """As TensorFlow Serving has it: a SavedModel, by rows (`instances`) or by columns (`inputs`)."""

        def default_model_fn(self, model_dir: str, context: Any = None) -> Any:
            tensorflow = importlib.import_module("tensorflow")
            found = sorted(Path(model_dir).rglob("saved_model.pb"))
            if not found:
                raise FileNotFoundError(f"There is no SavedModel (saved_model.pb) in {model_dir}.")
            return tensorflow.saved_model.load(str(found[-1].parent))

        def default_predict_fn(self, data: Any, model: Any, context: Any = None) -> Any:
            tensorflow = importlib.import_module("tensorflow")
            signature = data.get("signature_name") if isinstance(data, dict) else None
            call = model.signatures[signature or "serving_default"]
            wanted = call.structured_input_signature[1]
            inputs, by_row = inputs_of(data, list(wanted))
            tensors = {
                name: tensorflow.convert_to_tensor(given, dtype=wanted[name].dtype) for name, given in inputs.items()
            }
            return answer_of({name: value.numpy().tolist() for name, value in call(**tensors).items()}, by_row=by_row)

        def default_input_fn(self, input_data: Any, content_type: str, context: Any = None) -> Any:
            if content_type == JSON:
                return json.loads(input_data)
            if content_type in JSON_LINES:
                text = input_data if isinstance(input_data, str) else input_data.decode()
                return [json.loads(line) for line in text.splitlines() if line.strip()]
            return super().default_input_fn(input_data, content_type, context)

        def default_output_fn(self, prediction: Any, accept: str, context: Any = None) -> Any:
            return json.dumps(prediction), JSON

    handlers = {"sklearn": Sklearn, "xgboost": XGBoost, "tensorflow": TensorFlow}
    return DefaultHandlerService(Transformer(default_inference_handler=handlers[framework]()))


def _predict_by_torch() -> Callable[..., Any]:
    """What the toolkit's predict_fn does, with the model prepared once: that takes twice as long as a small one does."""
    torch = importlib.import_module("torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @lru_cache(1)
    def prepared(model: Any) -> Any:
        ready = model.to(device)
        ready.eval()
        return ready

    def predict(_handler: Any, data: Any, model: Any) -> Any:
        with torch.no_grad():
            return prepared(model)(data.to(device))

    return predict


def main(framework: str) -> int:
    """Load the model and serve it until SIGTERM. A model that cannot be loaded ends it, with its own words."""
    # The folder of this file: a user's module may have its name.
    del sys.path[0]
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    model, code = base / "model", code_of(base)
    bring_libraries(base)
    install(code)
    sys.path[:0] = [str(code), str(model)]
    if framework in ("pytorch", "huggingface"):
        # Where their servers start what handles calls: its search for a model looks there.
        os.chdir(model)
    context = Context(model)
    service = service_of(framework)
    service.initialize(context)
    server = Server(service, context)
    return _serve(server, server.calls)


def _serve(application: Callable[..., Awaitable[None]], calls: Calls) -> int:
    """Serve the application beside this thread, which answers its calls, until SIGTERM; 1 where it cannot be served."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            uds=os.environ.get("SAGEMAKER_BIND_TO_SOCKET"),
            host=os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"),
            port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
        )
    )

    def serve() -> None:
        try:
            server.run()
        finally:
            calls.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    threading.Thread(target=serve, daemon=True).start()
    calls.work()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
