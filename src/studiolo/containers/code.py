"""The code of script mode: brought before its program starts, so that what it requires is had once and not by each job.

SDKs name it by the hyperparameter `sagemaker_submit_directory` (version 2) or send it as a channel (version 3). The
training toolkit takes what lies in /opt/ml/code, and brings the code itself only where nothing does.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from studiolo.archives import unpack_tar
from studiolo.containers.objects import Address, refusal
from studiolo.domain import Invalid, NotFound
from studiolo.processes import read_left

if TYPE_CHECKING:
    from studiolo.containers.environments import Environments

HYPERPARAMETERS = "input/config/hyperparameters.json"
SUBMITTED = "sagemaker_submit_directory"
REQUIREMENTS = ("code/requirements.txt", "input/data/code/requirements.txt", "model/code/requirements.txt")
OF_MLFLOW = ("model/MLmodel", "model/requirements.txt")
"""What tells a model of MLflow's, and what that requires: it is code of its own."""
LONGEST = 1 << 20


def bring_code(client: Callable[[], Any], source: str, root: Path, spare: Path) -> None:
    """Unpack the code, if it is on S3, into `root`/code, unless there is some.

    `client` makes one of S3; `spare` is where the archive may lie meanwhile. Raises NotFound where it cannot be read,
    Invalid where it leaves its folder.
    """
    uri, code = _unquoted(source), root / "code"
    if not uri.startswith("s3://") or (code.is_dir() and any(code.iterdir())):
        return
    address, archive = Address.of(uri), spare / "sourcedir.tar.gz"
    try:
        client().download_file(address.bucket, address.key, str(archive))
    except ClientError as error:
        raise NotFound(f"The code of the job, {uri}, cannot be read ({refusal(error)}).") from error
    if code.is_dir():
        code.rmdir()
    try:
        unpack_tar(archive, code)
    except Invalid as error:
        raise Invalid(f"The code of the job, {uri}, cannot be used: {error}") from error
    archive.unlink()


def required(root: Path) -> list[str]:
    """What the code's requirements.txt asks for, where that can be had once for all jobs; else nothing.

    Options, and files beside it, are left to pip, which the container's program runs.
    """
    told, required_by = OF_MLFLOW
    for name in (*REQUIREMENTS, *([required_by] if (root / told).is_file() else [])):
        try:
            text = read_left(root, name, LONGEST).decode(errors="replace")
        except (OSError, Invalid):
            continue
        lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
        wanted = [line for line in lines if line and not line.startswith("#")]
        return [] if any(line[0] in "-./" or "file:" in line or "\\" in line for line in wanted) else wanted
    return []


def below(environments: "Environments", python: Path, root: Path, say: Callable[[str], object]) -> tuple[Path, ...]:
    """The folders of packages that the code requires beyond those of the environment. Raises Invalid in uv's words."""
    from studiolo.runtimes import ModulesUnavailable

    wanted = required(root)
    if not wanted:
        return ()
    begun = time.monotonic()
    try:
        packages = environments.required(python, wanted)
    except ModulesUnavailable as error:
        raise Invalid(f"The packages of requirements.txt cannot be had. {error}") from error
    say(f"What requirements.txt asks for is there after {time.monotonic() - begun:.1f} s: {', '.join(wanted)}")
    return (packages,)


def _unquoted(value: str) -> str:
    """Version 2 of the SDK sends each value as JSON."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, str) else value
