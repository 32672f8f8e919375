"""What a function runs on: Python with AWS's own runtime client, the machine's Node, or a program of the function's own."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.containers.environments import Environments, available_pythons
from studiolo.containers.image import Environment
from studiolo.domain import Conflict, Invalid
from studiolo.functions import node_packages
from studiolo.processes import interpreter

PROGRAMS = Path(__file__).with_name("programs")
CLIENT = "awslambdaric==4.2.2"
PACKAGES = (CLIENT, "boto3", "urllib3")
"""What Lambda's own Python has beside its library."""

_PYTHON = re.compile(r"python(3\.\d+)")
_NODE = re.compile(r"nodejs\d+\.x")
_OWN = ("provided.al2", "provided.al2023")


class RuntimeUnavailable(Conflict):
    """What a function needs to run is not on this machine, and could not be brought."""


@dataclass(frozen=True)
class Runtime:
    """A runtime that is ready.

    seen: what its process must see of what is hidden; language: the folder that Lambda has at /var/lang; modules: what
    Node has beside it.
    """

    command: tuple[str, ...]
    seen: tuple[Path, ...] = ()
    language: Path | None = None
    modules: Path | None = None


class Runtimes:
    """The runtimes of this machine."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def check(self, name: str) -> None:
        """Raise Invalid for a runtime that is not here."""
        if _PYTHON.fullmatch(name) or name in _OWN:
            return
        if not _NODE.fullmatch(name):
            raise Invalid(
                f"The runtime {name} is not available at Studiolo, which has python3.x, nodejs with the machine's node, "
                "and provided.al2 and provided.al2023 for a bootstrap program of the function's own."
            )
        if shutil.which("node") is None:
            raise Invalid(
                f"The runtime {name} needs node, which is not on the PATH of the machine that Studiolo runs on."
            )

    def ready(
        self, name: str, handler: str, code: Sequence[Path] = (), say: Callable[[str], None] = lambda line: None
    ) -> Runtime:
        """The runtime, made now where it is not there. code: the folders of it. Raises RuntimeUnavailable."""
        found = _PYTHON.fullmatch(name)
        if found is not None:
            environment = Environment(_python(found[1]), PACKAGES, image=f"Lambda {name}")
            try:
                python = self._environments.make(environment, say)
            except (Invalid, Conflict) as error:
                raise RuntimeUnavailable(str(error)) from error
            return Runtime((str(python), "-m", "awslambdaric", handler), interpreter(python), python.parents[1])
        if name in _OWN:
            return Runtime(("{task}/bootstrap",))
        node = shutil.which("node")
        if node is None:
            raise RuntimeUnavailable(f"The runtime {name} needs node, which is not on the PATH of this machine.")
        place = Path(node).resolve()
        command = (str(place), "--require", str(PROGRAMS / "responses.cjs"), str(PROGRAMS / "runtime.cjs"))
        seen = (place, place.parent.parent / "lib" / "node_modules")
        if not node_packages.names_sdk(code):
            return Runtime(command, seen)
        try:
            modules = node_packages.sdk(say)
        except node_packages.PackagesUnavailable as error:
            raise RuntimeUnavailable(str(error)) from error
        return Runtime(command, (*seen, modules), modules=modules)


def _python(version: str) -> str:
    """The version of Python for a runtime: of one that AWS's client has left behind, the nearest that is here."""
    return max(version, available_pythons()[0], key=lambda each: int(each.partition(".")[2]))
