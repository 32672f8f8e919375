"""What jobs and endpoints are started with: their keys, logs and environments, and the store they read and write."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import studiolo
from studiolo.config import Settings
from studiolo.domain import Conflict, Invalid, Scope
from studiolo.identity import Identity, Principal, client_environment, key_variables
from studiolo.logs import Logs
from studiolo.ml.objects import Address
from studiolo.processes import Child, child_environment
from studiolo.storage import Storage

SERVICE = "sagemaker.amazonaws.com"
SESSION = "SageMaker"
"""Name of the role sessions of jobs and endpoints, as SageMaker has it."""
TAIL_LINES = 10
PACKAGES = str(Path(studiolo.__file__).parent.parent)


class Launching:
    """The surroundings of the processes that machine learning starts."""

    def __init__(
        self, identity: Identity, logs: Logs, storage: Storage, settings: Settings, endpoint: str, s3_endpoint: str
    ) -> None:
        self._identity = identity
        self._logs = logs
        self._storage = storage
        self._settings = settings
        self._endpoint = endpoint
        self._s3_endpoint = s3_endpoint

    @property
    def store(self) -> Any:
        """Where the object store is, and the engines' key there."""
        return self._storage.access

    @property
    def objects(self) -> Any:
        """A boto3 client of the object store, for this process."""
        return self._storage.client()

    def check_role(self, principal: Principal, role: str) -> None:
        """Raise Denied, NotFound or Invalid unless the caller may hand the role to SageMaker."""
        self._identity.pass_role(principal, role, SERVICE)

    def check_bucket(self, uri: str) -> None:
        """Raise Invalid unless the URI's bucket is there."""
        bucket = Address.of(uri).bucket
        with _refusing(f"The bucket '{bucket}' of '{uri}' cannot be found or used."):
            self.objects.head_bucket(Bucket=bucket)

    def check_object(self, uri: str) -> None:
        """Raise Invalid unless the URI names an object that is there."""
        address = Address.of(uri)
        with _refusing(f"Could not find model data at {uri}."):
            self.objects.head_object(Bucket=address.bucket, Key=address.key)

    def check_objects(self, uri: str) -> None:
        """Raise Invalid unless there are objects under the URI."""
        address = Address.of(uri)
        words = (
            f'No S3 objects found under S3 URL "{uri}" given in input data source. '
            "Please ensure that the bucket exists and that objects exist under that S3 prefix."
        )
        with _refusing(words):
            if not self.objects.list_objects_v2(Bucket=address.bucket, Prefix=address.key, MaxKeys=1)["KeyCount"]:
                raise Invalid(words)

    def log_file(self, scope: Scope, group: str, stream: str) -> Path:
        """The file that a process's LogWriter appends to."""
        return self._logs.writer_file(scope, group, stream)

    def runner_environment(self) -> dict[str, str]:
        """The environment of a program of our own."""
        return child_environment({"PYTHONPATH": PACKAGES})

    def algorithm_environment(
        self, scope: Scope, role: str, lifetime: timedelta, additions: Mapping[str, str]
    ) -> dict[str, str]:
        """The environment of an algorithm's program: AWS clients in it sign with a key of the role.

        Raises NotFound where the role is gone.
        """
        key = self._identity.key_of(self._identity.session_of(role, SESSION))
        aws = client_environment(self._endpoint, self._s3_endpoint, scope.region, key_variables(key))
        path = os.pathsep.join(filter(None, [additions.get("PYTHONPATH"), aws["PYTHONPATH"], PACKAGES]))
        return child_environment({**aws, **additions, "PYTHONPATH": path})


@contextmanager
def _refusing(words: str) -> Iterator[None]:
    """Raise Invalid with the words where the store refuses, and Conflict where it does not answer."""
    try:
        yield
    except ClientError as error:
        raise Invalid(words) from error
    except BotoCoreError as error:
        raise Conflict(f"The object store does not answer: {error}") from error


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
