"""A stock JupyterLab: its environment, its kernels, how it is started in the fence, how it is asked.

It listens on a socket file, takes no token but ours, and runs kernels on an interpreter of its place's own.
"""

import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from studiolo.domain import Conflict
from studiolo.processes import Fence, SocketConnection, child_environment, interpreter, remove_left
from studiolo.studio import magics
from studiolo.studio.images import ImageKernel
from studiolo.studio.kernels import kernels, on_image
from studiolo.studio.lab import Lab

SOCKET = "s"
CONFIG = Path(__file__).parent / "jupyter" / "config"
SHARED = Path(__file__).parent / "jupyter" / "data"
"""What every JupyterLab is shown of ours: its panels."""

TUTORIAL = Path(__file__).parent / "jupyter" / "tutorial" / "air-quality.ipynb"
ANSWER_SECONDS = 5.0
LARGEST_ANSWER = 1024 * 1024


def new_token() -> str:
    return secrets.token_urlsafe(32)


class Place:
    """The folder of a space or a notebook instance: its files, the interpreter of its kernels, what JupyterLab keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.python = folder / "venv" / "bin" / "python"
        self.images = folder / "images"

    def make(self, lab: Lab, python: Path, images: Sequence[ImageKernel]) -> None:
        """Make what is missing of it, while nothing runs in it. python: JupyterLab's interpreter.

        Raises Conflict, in uv's words.
        """
        if not self.home.exists():
            self.home.mkdir(parents=True, mode=0o700)
            shutil.copyfile(TUTORIAL, self.home / TUTORIAL.name)
        for each in (self.folder / "kernels", self.folder / "metadata"):
            _clear(each)
        for each in (self.folder / "run", self.folder / "metadata"):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.python.exists():
            _clear(self.python.parents[1])
            self._make_interpreter()
        known = {kernel.name: kernel.specification for kernel in kernels(self.python, python)}
        further = magics.environment()
        known |= {each.name: on_image(each.title, each.python).specification for each in images}
        for name, specification in {**known, **(magics.specs(further) if further.ready else {})}.items():
            _write(self.folder / "kernels" / name / "kernel.json", specification)
        _write(self.folder / "metadata" / "resource-metadata.json", lab.metadata)

    def leave_script(self, text: str) -> Path:
        """A file with a script, to be run before JupyterLab is, while nothing runs here. What ran may have left links."""
        folder = self.folder / "run"
        _clear(folder)
        folder.mkdir(mode=0o700)
        file = folder / "lifecycle.sh"
        file.write_text(text)
        return file

    def command(self, lab: Lab, python: Path) -> list[str]:
        """JupyterLab on that interpreter, at its socket file."""
        options = {
            "ServerApp.sock": lab.socket,
            "ServerApp.sock_mode": "0600",
            "ServerApp.base_url": lab.base,
            "ServerApp.root_dir": str(self.home),
            "ServerApp.open_browser": "False",
            # Its origins are checked before it is asked: it is behind our proxy alone.
            "ServerApp.allow_remote_access": "True",
            "ServerApp.terminado_settings": "{'shell_command': ['bash']}",
            "ServerApp.quit_button": "False",
            "KernelSpecManager.ensure_native_kernel": "False",
            "LabApp.news_url": "None",
            "LabApp.extension_manager": "readonly",
            "MappingKernelManager.buffer_offline_messages": "True",
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        # Where Studiolo runs as root, as in a container, so does it.
        rooted = ["--allow-root"] if os.getuid() == 0 else []
        return ["/usr/bin/env", f"HOME={self.home}", str(python), "-m", "jupyterlab", *rooted, *given]

    def environment(self, lab: Lab, aws: Mapping[str, str]) -> dict[str, str]:
        """What it, its kernels and its terminals see: the role's keys, where AWS is, and where they are."""
        own = {
            "JUPYTER_TOKEN": lab.token,
            "JUPYTER_CONFIG_PATH": str(CONFIG),
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "run"),
            "JUPYTER_PATH": os.pathsep.join(map(str, (self.folder, SHARED))),
            "JUPYTERLAB_SETTINGS_DIR": str(self.folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / "workspaces"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "AWS_ACCOUNT_ID": lab.scope.account,
            "REGION_NAME": lab.scope.region,
            "glue_role_arn": lab.role,
            "request_origin": "SageMakerStudioPySparkNotebook",
        }
        return child_environment({**aws, **own, **lab.told})

    def fence(self, lab: Lab, python: Path, images: Sequence[ImageKernel]) -> Fence:
        """It writes its own folder and its socket's, and sees its interpreter."""
        socket = Path(lab.socket).parent
        metadata = {"/opt/ml/metadata": self.folder / "metadata"}
        further = magics.environment()
        magic = (*interpreter(further.python), magics.PROGRAMS) if further.ready else ()
        return Fence(
            self.folder,
            seen=(*interpreter(python), CONFIG, SHARED, *magic, *(path for each in images for path in each.seen)),
            at={str(socket): socket, **metadata},
        )

    def remove(self) -> None:
        remove_left(self.folder)

    def _make_interpreter(self) -> None:
        """An interpreter of the space's own, which finds Studiolo's packages and takes further ones by `%pip`."""
        folder = self.python.parents[1]
        made = subprocess.run(
            [find_uv_bin(), "venv", "--quiet", "--python", sys.executable, str(folder)],
            env=child_environment({}),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if made.returncode != 0:
            raise Conflict(f"The interpreter of the space could not be made. {made.stderr.strip()}")
        packages = next(folder.glob("lib/python3.*/site-packages"))
        # Behind its own: a package that is installed there comes first.
        (packages / "studiolo.pth").write_text("\n".join(_packages()) + "\n")


def ask(lab: Lab, what: str) -> Any:
    """What a JupyterLab's REST API answers at `what`, as JSON. Raises OSError and ValueError where it does not."""
    connection = SocketConnection(lab.socket, ANSWER_SECONDS)
    try:
        connection.request("GET", f"{lab.base}{what}", headers={"Authorization": f"token {lab.token}"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"JupyterLab answered {answer.status}.")
        return json.loads(answer.read(LARGEST_ANSWER))
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def last_activity(lab: Lab) -> datetime:
    """When it was used last. Raises OSError, ValueError, KeyError."""
    said: str = ask(lab, "api/status")["last_activity"]
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def _packages() -> list[str]:
    """The folders where Studiolo's packages are."""
    found = []
    for name in ("studiolo", "boto3"):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            found.append(str(Path(spec.origin).parents[1]))
    return list(dict.fromkeys(found))


def _write(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(json.dumps(value, indent=1))


def _clear(folder: Path) -> None:
    """Remove what is there, following no link: the space's programs may have put one in the folder's place."""
    remove_left(folder)
    if folder.is_symlink():
        folder.unlink()
