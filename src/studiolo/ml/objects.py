"""The object store as jobs and endpoints use it: S3 addresses, a client, checks that things are there."""

import re
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config

from studiolo.domain import Invalid

ADDRESS = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)


class Access(Protocol):
    """Where the object store answers, and the key that opens it."""

    @property
    def endpoint(self) -> str: ...
    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket and a key (or a prefix of keys) in it."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> "Address":
        """The address that an `s3://bucket/key` URI names. Raises Invalid."""
        match = ADDRESS.fullmatch(uri)
        if match is None:
            raise Invalid(f"The S3 URI '{uri}' is not of the form s3://bucket/key.")
        return cls(match[1], match[2])


def store_client(access: Access, region: str) -> Any:
    """A boto3 S3 client of the object store, for a process other than the server, which has Storage's."""
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": 6},
            max_pool_connections=32,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
