"""Images that a container engine runs, Docker or what takes its arguments, where a setting allows it.

They are outside of the fence. A container has its /opt/ml, its role's keys and, for what serves, a network of its own.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studiolo.containers.image import ENTRYPOINT, NO_TOOLS, Foreign, Tools
from studiolo.containers.network import Network
from studiolo.containers.program import Start
from studiolo.containers.scripts import port as door
from studiolo.containers.work import BASE
from studiolo.domain import Invalid

LABEL = "studiolo"
"""The label of all containers, whose value is the folder of what each carries out."""
ASK_SECONDS = 20.0
LOOK_SECONDS = 0.2
ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "XDG_RUNTIME_DIR",
          "CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")  # fmt: skip
"""The variables by which the programs of engines find these."""
LONGEST_LINE = 32 * 1024
"""Bytes of a line of a file of variables: engines read no longer ones."""
OWN = "/opt/studiolo"
"""Where a container that serves finds what carries its calls."""
SYSTEM = ("/usr", "/usr/local")


def foreign(engine: str, image: str) -> Foreign:
    """The image, to be run by that program. Raises Invalid where no engine answers."""
    found = Foreign(engine, image, {name: os.environ[name] for name in ENGINE if name in os.environ})
    try:
        answer = _asked(found, "version")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Invalid(f"The image '{image}' would be run by {engine}, which does not answer: {error}") from error
    if answer.returncode:
        raise Invalid(f"The image '{image}' would be run by {engine}, which says: {_last(answer.stderr)}")
    return found


def bring(image: Foreign, say: Callable[[str], object], stopped: Callable[[], bool] = lambda: False) -> None:
    """Have the engine pull the image unless it has it. Raises Invalid; it ends early once `stopped()`."""
    if _asked(image, "image", "inspect", image.name).returncode == 0:
        return
    say(f"Pulling {image.name}.")
    pulling = subprocess.Popen(
        [image.engine, "pull", "--quiet", image.name],
        env=_environment(image),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    while True:
        try:
            said = pulling.communicate(timeout=LOOK_SECONDS)[1]
            break
        except subprocess.TimeoutExpired:
            if stopped():
                pulling.kill()
    if pulling.returncode:
        raise Invalid(f"Cannot pull the container image '{image.name}'. Make sure that it exists: {_last(said)}")


@dataclass(frozen=True)
class ForeignMachine:
    """What all containers of a work have in common, as `Machine`; `environment` is that of this process."""

    image: Foreign
    hosts: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def start(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        root: Path,
        shared: Path | None = None,
        below: Sequence[Path] = (),
        tools: Tools = NO_TOOLS,
        network: Network | None = None,
    ) -> Start:
        """How a container is started whose /opt/ml is `root`. It has nothing of this machine's Python: `below`, `tools`."""
        own = root.parent / "own"
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{LABEL}-{uuid.uuid4().hex}"
        keys = {name: value for name, value in self.environment.items() if name.startswith("AWS_")}
        words = [self.image.engine, "run", "--rm", "--name", name, "--label", f"{LABEL}={root.parent}"]
        words += ["--security-opt", "no-new-privileges", "--volume", f"{root}:{BASE}"]
        # Rootless engines, as Podman is for others than root, have that account's files be root's.
        if os.getuid() and Path(self.image.engine).name != "podman":
            words += ["--user", f"{os.getuid()}:{os.getgid()}"]
        for host, address in self.hosts.items():
            words += ["--add-host", f"{host}:{address}"]
        words += _variables({**keys, **variables}, own / "variables")
        if network is None:
            words += ["--network", "host"]
        else:
            python, *rest = network.around(Path(OWN) / _python(), variables["SAGEMAKER_BIND_TO_SOCKET"], ())
            words += ["--network", "none", "--volume", f"{network.folder}:{network.folder}"]
            words += ["--volume", f"{sys.base_prefix}:{OWN}:ro", "--volume", f"{door.__file__}:{door.__file__}:ro"]
            command = [python, *rest, *self._whole(command)]
        if command[0] != ENTRYPOINT:
            words += ["--entrypoint", command[0]]
        words += [self.image.name, *command[1:]]
        remove = (self.image.engine, "rm", "--force", "--volumes", name)
        return Start(tuple(words), _environment(self.image), str(own), remove)

    def network(self, port: int | None, shared: Path) -> Network | None:
        """The network of a container that serves on the port. Raises Invalid where nothing can carry its calls."""
        if port is None:
            return None
        if sys.base_prefix in SYSTEM:
            raise Invalid(
                f"The image '{self.image.name}' can be served only where Studiolo runs on a Python of its own, as uv "
                f"installs it: this one's is part of the system, in {sys.base_prefix}."
            )
        return Network.of(port, shared, self.environment)

    def _whole(self, command: Sequence[str]) -> list[str]:
        """The command with the image's own entry point in it."""
        if command[0] != ENTRYPOINT:
            return list(command)
        asked = _asked(self.image, "image", "inspect", self.image.name)
        configuration: Mapping[str, Any] = json.loads(asked.stdout)[0]["Config"]
        given = configuration.get("Entrypoint") or []
        return [*([given] if isinstance(given, str) else given), *command[1:]]


def _python() -> str:
    return f"bin/python{sys.version_info.major}.{sys.version_info.minor}"


def _variables(variables: Mapping[str, str], file: Path) -> list[str]:
    """The arguments that give a container its variables: by a file, as all of this machine can read arguments."""
    lines, words = [], []
    for name, value in variables.items():
        line = f"{name}={value}"
        if "\n" in line or "\r" in line or len(line.encode()) > LONGEST_LINE:
            words += ["--env", line]
        else:
            lines.append(f"{line}\n")
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text("".join(lines))
    return ["--env-file", str(file), *words]


def _asked(image: Foreign, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [image.engine, *words],
        env=_environment(image),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ASK_SECONDS,
        check=False,
    )


def _environment(image: Foreign) -> dict[str, str]:
    """The variables of the engine's program: none that its containers are given, which could change what it does."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
    return {**kept, **image.variables}


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:500] if lines else "nothing"
