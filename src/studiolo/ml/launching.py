"""What jobs and endpoints are started with: what their role sees, keys, environments and fences, logs."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import studiolo
from studiolo.domain import Conflict, Invalid, Scope
from studiolo.identity import Identity, Principal, client_environment, container_variables
from studiolo.logs import Logs
from studiolo.ml.objects import Address, is_missing
from studiolo.ml.program import Start
from studiolo.objects import Objects
from studiolo.processes import Child, Fence, child_environment, fenced, interpreter, isolation, socket_folder

SERVICE = "sagemaker.amazonaws.com"
SESSION = "SageMaker"
"""Name of the role sessions of jobs and endpoints, as SageMaker has it."""
BASE = "/opt/ml"
"""Where a program finds its files, as in SageMaker's containers."""
SOCKET = "s"
TAIL_LINES = 10
PACKAGES = str(Path(studiolo.__file__).parent.parent)


class Launching:
    """The surroundings of the processes that machine learning starts.

    `folder` is the data folder, which their programs do not see.
    """

    def __init__(
        self, identity: Identity, logs: Logs, objects: Objects, folder: Path, endpoint: str, s3_endpoint: str
    ) -> None:
        self._identity = identity
        self._logs = logs
        self._objects = objects
        self._folder = folder
        self._endpoint = endpoint
        self._s3_endpoint = s3_endpoint

    def check_role(self, principal: Principal, role: str) -> None:
        """Raise Denied, NotFound or Invalid unless the caller may hand the role to SageMaker."""
        self._identity.pass_role(principal, role, SERVICE)

    def check_output(self, role: str, uri: str) -> None:
        """Raise Invalid where the URI's bucket is not there. A role that may only write to it cannot tell."""
        bucket = Address.of(uri).bucket
        with _answering():
            try:
                self._client(role).head_bucket(Bucket=bucket)
            except ClientError as error:
                if is_missing(error):
                    raise Invalid(f"The bucket '{bucket}' of '{uri}' cannot be found.") from error

    def check_input(self, scope: Scope, role: str, uri: str) -> None:
        """Raise Invalid unless the role sees objects under the URI."""
        address = Address.of(uri)
        refused = Invalid(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
            f"in the selected region ({scope.region}), that objects exist under that S3 prefix, and that the role "
            f'"{role}" has "s3:ListBucket" permissions on bucket "{address.bucket}".'
        )
        with _answering():
            try:
                found = self._client(role).list_objects_v2(Bucket=address.bucket, Prefix=address.key, MaxKeys=1)
            except ClientError as error:
                raise refused from error
        if not found["KeyCount"]:
            raise refused

    def check_model(self, scope: Scope, role: str, uri: str) -> None:
        """Raise Invalid unless the URI names an object that the role may read."""
        address = Address.of(uri)
        with _answering(), _model_words(scope, role, uri):
            self._client(role).head_object(Bucket=address.bucket, Key=address.key)

    def download_model(self, scope: Scope, role: str, uri: str, archive: Path) -> None:
        """Bring the object as the role. Raises Invalid where the role may not read it."""
        address = Address.of(uri)
        with _answering(), _model_words(scope, role, uri):
            self._client(role).download_file(address.bucket, address.key, str(archive))

    def log_file(self, scope: Scope, group: str, stream: str) -> Path:
        """The file that a process's LogWriter appends to."""
        return self._logs.writer_file(scope, group, stream)

    def begin(self, workload: str, scope: Scope, role: str) -> dict[str, str]:
        """The environment of a process of ours that acts as the role until `end(workload)`.

        AWS clients in it find the role's keys at the S3 door. Raises NotFound and Invalid for no such role.
        """
        self._identity.role(role)
        token = self._identity.workloads.add(workload).token
        self._identity.workloads.give(workload, role, SESSION)
        credentials = container_variables(self._s3_endpoint, token)
        aws = client_environment(self._endpoint, self._s3_endpoint, scope.region, credentials)
        return child_environment({**aws, "PYTHONPATH": os.pathsep.join([aws["PYTHONPATH"], PACKAGES])})

    def end(self, workload: str) -> None:
        """What had the role has ended: its keys are worth nothing any more."""
        self._identity.workloads.end(workload)

    def base(self, root: Path) -> Path:
        """Where a program started by `start` finds the folder `root`."""
        return Path(BASE) if isolation().kind == "fenced" else root

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        root: Path,
        notes: Sequence[str] = (),
        *,
        shared: Path | None = None,
        hosts: Mapping[str, str] | None = None,
    ) -> Start:
        """How a program is started in a fence of its own: `root` is its /opt/ml, `own` beside that its home.

        `shared` is one folder more that it may write, at its own path. Raises Invalid.
        """
        own = root.parent / "own"
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        places = {BASE: root} if shared is None else {BASE: root, str(shared): shared}
        fence = Fence(own, interpreter(Path(command[0])), at=places, hosts=hosts or {}, with_parent=True)
        command, environment = fenced(command, environment, fence, [self._folder])
        return Start(tuple(command), environment, str(own), tuple(notes))

    def new_socket(self) -> Path:
        """A place for a Unix socket, alone in a folder that nobody else may enter. Whoever gets it removes the folder."""
        return socket_folder(self._folder / "ipc" / uuid.uuid4().hex[:12], SOCKET) / SOCKET

    def _client(self, role: str) -> Any:
        """An S3 client of the role. Raises NotFound and Invalid for no such role."""
        return self._objects.role_client(role, SESSION)


@contextmanager
def _answering() -> Iterator[None]:
    """Raise Conflict where S3 does not answer."""
    try:
        yield
    except BotoCoreError as error:
        raise Conflict(f"The object store does not answer: {error}") from error


@contextmanager
def _model_words(scope: Scope, role: str, uri: str) -> Iterator[None]:
    """Raise Invalid in SageMaker's words where S3 refuses."""
    try:
        yield
    except ClientError as error:
        if is_missing(error):
            raise Invalid(f"Could not find model data at {uri}.") from error
        raise Invalid(
            f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
            f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {scope.region}.'
        ) from error


def obituary(child: Child | None, status: int | None, log: Path | None = None) -> str:
    """How a process of ours ended, with the last that it said."""
    how = "has ended unexpectedly"
    if status is not None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
    printed = _tail(child.log) if child is not None else []
    said = printed or [_message(line) for line in (_tail(log) if log is not None else [])]
    return f"its process {how}." + (" It last said:\n" + "\n".join(said) if said else "")


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        return []


def _message(line: str) -> str:
    """The message of one line of a log stream's file."""
    try:
        return str(json.loads(line)[2])
    except (ValueError, LookupError):
        return ""
