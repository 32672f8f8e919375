"""How the process of a function is started: in a fence, with its code at /var/task, layers at /opt, as its role."""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import studiolo
from studiolo.functions.code import CodeStore
from studiolo.functions.instance import Instance, variables_of
from studiolo.functions.model import Code, Function
from studiolo.functions.output import Output
from studiolo.functions.runtimes import PROGRAMS, Runtime, Runtimes
from studiolo.identity import Identity, client_environment, container_variables
from studiolo.logs import Logs, LogWriter
from studiolo.processes import Child, Fence, Processes, child_environment, isolation

KIND = "function"
TASK, LAYERS, LANGUAGE = "/var/task", "/opt", "/var/lang"
OURS = Path(studiolo.__file__).parents[1]


@dataclass(frozen=True)
class Addresses:
    """Where AWS clients in a function find Studiolo, and the S3 door."""

    endpoint: str
    s3_endpoint: str


class Launcher:
    """Starts the processes of functions. `folder` is where each has a folder of its own."""

    def __init__(
        self,
        processes: Processes,
        identity: Identity,
        logs: Logs,
        runtimes: Runtimes,
        code: CodeStore,
        layers: Callable[[Sequence[str]], Sequence[Code]],
        folder: Path,
        addresses: Addresses,
    ) -> None:
        self._processes = processes
        self._identity = identity
        self._logs = logs
        self._runtimes = runtimes
        self._code = code
        self._layers = layers
        self._folder = folder
        self._addresses = addresses

    def end_left(self) -> None:
        """End the processes of an earlier server: who waited for them is gone."""
        for child in self._processes.children(KIND):
            self._processes.stop(child, grace=0.0)
            self._identity.workloads.end(child.name)
            self._processes.log(child.name).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def runtime(self, function: Function, say: Callable[[str], None] = lambda line: None) -> Runtime:
        """What the function runs on, made now where it is not there. Raises RuntimeUnavailable."""
        settings = function.settings
        folders = [self._code.folder(code) for code in (function.code, *self._layers(settings.layers))]
        return self._runtimes.ready(settings.runtime, settings.handler, folders, say)

    def start(self, function: Function) -> Instance:
        """A process for the function. Raises NotFound and Invalid for its role, RuntimeUnavailable, OSError."""
        settings, identifier = function.settings, uuid.uuid4().hex
        runtime = self.runtime(function)
        name = f"function-{identifier[:16]}"
        stream = f"{datetime.now(timezone.utc):%Y/%m/%d}/[{function.version}]{identifier}"
        own = self._folder / identifier[:16]
        self._identity.role(settings.role)
        token = self._identity.workloads.add(name).token
        self._identity.workloads.give(name, settings.role, function.name[:64])

        def start(address: str, descriptor: int) -> Child:
            place = self._place(function, runtime)
            own.mkdir(parents=True, mode=0o700)
            fence = Fence(own, place.seen, shown=place.shown, begins=place.task)
            variables = variables_of(function, stream, place.task, address)
            return self._processes.start(
                name,
                KIND,
                [word.replace("{task}", place.task) for word in runtime.command],
                environment=self._environment(function, place, runtime, token, variables),
                folder=place.folder,
                fence=fence,
                output=descriptor,
            )

        output = Output(LogWriter(self._logs.writer_file(function.scope, function.log_group, stream)))
        try:
            return Instance(function, self._processes, own, output, start, lambda: self._identity.workloads.end(name))
        except BaseException:
            self._identity.workloads.end(name)
            raise

    def _place(self, function: Function, runtime: Runtime) -> "_Place":
        """Where its code is: at Lambda's own paths only where there is a fence."""
        task = self._code.folder(function.code)
        found = self._layers(function.settings.layers)
        layers = self._code.merged(found) if found else None
        seen = (*runtime.seen, PROGRAMS, OURS)
        if isolation().kind != "fenced":
            own = (*seen, task, *([layers] if layers else []))
            return _Place(str(task), task, None if layers is None else str(layers), own, {})
        shown = {TASK: task}
        if runtime.language is not None:
            # Programs in layers, as CDK's of the aws CLI, begin with `#!/var/lang/bin/python`.
            shown[LANGUAGE] = runtime.language
        if layers is not None:
            # One by one: the machine's own programs may be in /opt.
            shown |= {f"{LAYERS}/{child.name}": child for child in layers.iterdir() if child.is_dir()}
        return _Place(TASK, task, None if layers is None else LAYERS, seen, shown)

    def _environment(
        self, function: Function, place: "_Place", runtime: Runtime, token: str, variables: Mapping[str, str]
    ) -> dict[str, str]:
        addresses = self._addresses
        credentials = container_variables(addresses.s3_endpoint, token)
        aws = client_environment(addresses.endpoint, addresses.s3_endpoint, function.scope.region, credentials)
        own = variables.get("PYTHONPATH")
        python = [str(PROGRAMS), place.task, aws["PYTHONPATH"], *([own] if own else [])]
        node = [f"{place.task}/node_modules"]
        path = [os.environ.get("PATH", os.defpath)]
        library = [place.task, f"{place.task}/lib"]
        if place.layers is not None:
            version = function.settings.runtime.removeprefix("python")
            python += [f"{place.layers}/python", f"{place.layers}/python/lib/python{version}/site-packages"]
            major = function.settings.runtime.removeprefix("nodejs").removesuffix(".x")
            node += [f"{place.layers}/nodejs/node_modules", f"{place.layers}/nodejs/node{major}/node_modules"]
            path.insert(0, f"{place.layers}/bin")
            library.append(f"{place.layers}/lib")
        if runtime.modules is not None:
            node.append(str(runtime.modules))
        joined = {
            "PYTHONPATH": os.pathsep.join(python),
            "NODE_PATH": os.pathsep.join(node),
            "PATH": os.pathsep.join(path),
            "LD_LIBRARY_PATH": os.pathsep.join(library),
        }
        return {**child_environment({}), **aws, **variables, **joined, "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class _Place:
    """task, layers: the folders as the function finds them; folder: where its code is on this machine."""

    task: str
    folder: Path
    layers: str | None
    seen: tuple[Path, ...]
    shown: Mapping[str, Path]
