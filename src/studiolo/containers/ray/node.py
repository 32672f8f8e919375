"""On a node of Ray, by whatever Python it has: makes Studiolo's own ready there, once, and goes on in it.

Only the standard library is there. What it says goes to the logs of the work's hosts.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from studiolo.containers.ray.wire import SAY, tell

SENT = "sent.json"
OLDEST = (3, 10)
CARRY = "studiolo.containers.ray.carry"


def main() -> int:
    """Goes on as `carry.py`; where that cannot be, the exit status."""
    if sys.version_info < OLDEST:
        return _fail(f"The Ray node's python3 is {sys.version.split()[0]}: Studiolo needs 3.10 or newer.")
    wanted: list[str] = json.loads(Path(SENT).read_text())["requirements"]
    try:
        python = _made(wanted)
        os.execv(python, [str(python), "-m", CARRY])  # noqa: S606 (no shell is wanted)
    except subprocess.CalledProcessError as error:
        return _fail(f"Studiolo's packages cannot be installed on the Ray node: {error.output.strip()[-1000:]}")
    except OSError as error:
        return _fail(f"Studiolo's packages cannot be installed on the Ray node: {error}")


def _made(wanted: Sequence[str]) -> Path:
    """The interpreter of an environment with the packages, made now where it is not there. One maker at a time."""
    content = "\n".join([sys.version, *wanted])
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "studiolo"
    folder = caches / f"ray-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    python, complete = folder / "bin" / "python", folder / "complete"
    caches.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists() and python.exists():
            return python
        tell(1, SAY, "Making Studiolo's Python environment on the Ray node, once: about a minute.")
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv")
        _run(str(folder / "bin" / "uv"), "pip", "install", "-q", "--python", str(python), *wanted)
        complete.touch()
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _fail(words: str) -> int:
    tell(1, SAY, words)
    # What is no message is quoted as the reason.
    os.write(1, f"{words}\n".encode())
    return 1


if __name__ == "__main__":
    sys.exit(main())
