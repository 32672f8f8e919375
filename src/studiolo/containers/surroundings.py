"""What surrounds a container: what its role sees, keys, the variables of a process that acts as it, logs, sockets."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import studiolo
from studiolo.containers.model_data import bring_model
from studiolo.containers.objects import Address, is_missing
from studiolo.domain import Conflict, Invalid, Scope
from studiolo.identity import Identity, Principal, client_environment, container_variables
from studiolo.logs import Logs
from studiolo.objects import Objects
from studiolo.processes import child_environment, socket_folder
from studiolo.runtimes.environments import CACHE, environments_folder

SERVICE = "sagemaker.amazonaws.com"
SESSION = "SageMaker"
"""Name of the role sessions of jobs and endpoints, as SageMaker has it."""
SOCKET = "s"
PACKAGES = str(Path(studiolo.__file__).parent.parent)


class Surroundings:
    """What the containers of one data folder, `folder`, are surrounded by; their programs do not see that."""

    def __init__(
        self, identity: Identity, logs: Logs, objects: Objects, folder: Path, endpoint: str, s3_endpoint: str
    ) -> None:
        self._identity = identity
        self._logs = logs
        self._objects = objects
        self.folder = folder
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
        if not self.sees(role, uri):
            raise Invalid(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
                f"exists in the selected region ({scope.region}), that objects exist under that S3 prefix, and that the "
                f'role "{role}" has "s3:ListBucket" permissions on bucket "{Address.of(uri).bucket}".'
            )

    def sees(self, role: str, uri: str) -> bool:
        """Whether the role sees objects under the URI: those in a bucket that it may not list, it does not see."""
        address = Address.of(uri)
        with _answering():
            try:
                found = self._client(role).list_objects_v2(Bucket=address.bucket, Prefix=address.key, MaxKeys=1)
            except ClientError:
                return False
        return bool(found["KeyCount"])

    def objects(self, role: str, uri: str) -> list[str]:
        """The URIs of the objects under the URI that the role sees."""
        address = Address.of(uri)
        with _answering():
            try:
                pages = self._client(role).get_paginator("list_objects_v2")
                found = list(pages.paginate(Bucket=address.bucket, Prefix=address.key))
            except ClientError:
                return []
        return [f"s3://{address.bucket}/{each['Key']}" for page in found for each in page.get("Contents", [])]

    def check_model(self, scope: Scope, role: str, uri: str) -> None:
        """Raise Invalid unless the URI names an object that the role may read, or ends with / and has some below it."""
        address = Address.of(uri)
        if uri.endswith("/"):
            if not self.sees(role, uri):
                raise Invalid(f"Could not find model data at {uri}.")
            return
        with _answering(), _model_words(scope, role, uri):
            self._client(role).head_object(Bucket=address.bucket, Key=address.key)

    def bring_model(self, scope: Scope, role: str, uri: str, folder: Path, *, compressed: bool) -> None:
        """Lay the model into the new folder, as the role. Raises Invalid where the role may not read it."""
        with _answering(), _model_words(scope, role, uri):
            bring_model(self._client(role), uri, folder, compressed=compressed)

    def log_file(self, scope: Scope, group: str, stream: str) -> Path:
        """The file that a process's LogWriter appends to."""
        return self._logs.writer_file(scope, group, stream)

    def begin(self, workload: str, scope: Scope, role: str) -> dict[str, str]:
        """The environment of a process of ours that acts as the role until `end(workload)`.

        AWS clients in it find the role's keys at the S3 door. Raises NotFound and Invalid for no such role.
        """
        self._identity.role(role)
        added = self._identity.workloads.add(workload)
        self._identity.workloads.give(workload, role, SESSION)
        credentials = container_variables(self._s3_endpoint, added.token)
        aws = client_environment(self._endpoint, self._s3_endpoint, scope.region, credentials)
        return child_environment(
            {
                CACHE: str(environments_folder()),
                **aws,
                "PYTHONPATH": os.pathsep.join([aws["PYTHONPATH"], PACKAGES]),
                # By this name Hive's client says to the metastore who asks.
                "HADOOP_USER_NAME": added.metastore_token,
            }
        )

    def end(self, workload: str) -> None:
        """What had the role has ended: its keys are worth nothing any more."""
        self._identity.workloads.end(workload)

    def new_socket(self) -> Path:
        """A place for a Unix socket, alone in a folder that nobody else may enter. Whoever gets it removes the folder."""
        return socket_folder(self.folder / "ipc" / uuid.uuid4().hex[:12], SOCKET) / SOCKET

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
