"""How the program of an instance is started: in a fence, with its own /opt/ml, the hosts' names and its interpreter."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.containers.image import NO_TOOLS, PYTHON, Foreign, Tools
from studiolo.containers.layers import PROGRAM, layered
from studiolo.containers.program import Start
from studiolo.containers.work import BASE
from studiolo.processes import Fence, fenced, interpreter, isolation

if TYPE_CHECKING:
    from studiolo.containers.foreign import ForeignMachine
    from studiolo.containers.network import Network

SOCKET = "SAGEMAKER_BIND_TO_SOCKET"
"""The variable that tells a program that serves where it is called."""
OURS = str(Path(__file__).resolve().parents[2])
"""The folder that Studiolo's packages are in."""


@dataclass(frozen=True)
class Machine:
    """What all instances of a work have in common.

    python: the interpreter; hidden: the data folder; hosts: addresses by name; environment: the variables of this
    process, which acts as their role.
    """

    python: Path
    hidden: Path
    hosts: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, python: Path, hidden: Path, hosts: Sequence[str]) -> "Machine":
        """The machine of so many hosts, each with a loopback address of its own."""
        addresses = {host: f"127.0.0.{number}" for number, host in enumerate(hosts, 1)}
        # Without the marks by which the server finds this process.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIOLO_")}
        return cls(python, hidden, addresses, environment)

    def start(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        root: Path,
        shared: Path | None = None,
        below: Sequence[Path] = (),
        tools: Tools = NO_TOOLS,
        network: "Network | None" = None,
    ) -> Start:
        """How a program is started whose /opt/ml is `root`; its home is `own` beside that.

        `shared` is one folder more that it may write, at its own path; `below` are folders of packages that it has beside
        those of its environment, on which it has a layer of its own; `tools` is what it has besides. In a `network` of
        its own it is called at the socket of SAGEMAKER_BIND_TO_SOCKET. Raises Invalid.
        """
        own = root.parent / "own"
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        places = {BASE: root} if shared is None else {BASE: root, str(shared): shared}
        foreign = self.python != Path(sys.executable)
        python = layered(self.python, own, below) if foreign else self.python
        seen = (*interpreter(self.python), *below) if foreign else ()
        seen = (*seen, *map(Path, tools.seen))
        fence = Fence(own, seen, at=places, hosts=self.hosts, with_parent=True, alone=network is not None)
        words = _words(command, python, root)
        if network is not None:
            words = network.around(python, variables[SOCKET], words)
        environment = {**self._environment(python, foreign), **variables}
        if tools.programs:
            environment["PATH"] = os.pathsep.join([str(_programs(own, tools, python, root)), environment["PATH"]])
        if isolation().kind != "fenced":
            environment = {name: value.replace(BASE, str(root)) for name, value in environment.items()}
        words, environment = fenced(words, environment, fence, [self.hidden])
        return Start(tuple(words), environment, str(own))

    def network(self, port: int | None, shared: Path) -> "Network | None":
        """The network of a program that serves on the port; None where it serves at its socket, or there is no fence."""
        if port is None or isolation().kind != "fenced":
            return None
        # Most programs serve at their sockets, and start sooner without asyncio.
        from studiolo.containers.network import Network

        return Network.of(port, shared, self.environment)

    def _environment(self, python: Path, foreign: bool) -> dict[str, str]:
        """Its variables: `python3` and `pip` are the interpreter's; a foreign one finds no package of ours."""
        programs = [str(self.python.parents[1] / PROGRAM), str(python.parent)] if foreign else [str(python.parent)]
        path = os.pathsep.join([*programs, self.environment.get("PATH", os.defpath)])
        packages = [
            folder
            for folder in self.environment.get("PYTHONPATH", "").split(os.pathsep)
            if not (foreign and folder == OURS)
        ]
        return {**self.environment, "PATH": path, "PYTHONPATH": os.pathsep.join(packages)}


def machine_of(foreign: Foreign | None, python: Path, hidden: Path, hosts: Sequence[str]) -> "Machine | ForeignMachine":
    """The machine of so many hosts: this one, or that of a container engine."""
    machine = Machine.of(python, hidden, hosts)
    if foreign is None:
        return machine
    # Most containers start without.
    from studiolo.containers.foreign import ForeignMachine

    return ForeignMachine(foreign, machine.hosts, machine.environment)


def _words(command: Sequence[str], python: Path, root: Path) -> list[str]:
    """The command with the interpreter in it, and the folder in the place of /opt/ml where there is no fence."""
    words = [str(python) if word == PYTHON else word for word in command]
    return words if isolation().kind == "fenced" else [word.replace(BASE, str(root)) for word in words]


def _programs(own: Path, tools: Tools, python: Path, root: Path) -> Path:
    """The folder of the programs that a container has by name, made now."""
    folder = own / "programs"
    folder.mkdir(exist_ok=True)
    for name, command in tools.programs.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join(_words(command, python, root))} "$@"\n')
        script.chmod(0o755)
    return folder
