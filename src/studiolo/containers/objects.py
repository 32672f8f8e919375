"""Objects as jobs and endpoints name and reach them: S3 addresses, a client with the job's role, words for refusals."""

import re
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from studiolo.domain import Invalid
from studiolo.s3_config import s3_config

ADDRESS = re.compile(r"s3://([a-zA-Z0-9.\-_]{1,255})(?:/(.*))?", re.DOTALL)

BARE = {"403": "AccessDenied: Access Denied", "404": "NotFound: Not Found"}
"""What is said of a HEAD request that failed, whose answer has no words."""


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
            raise Invalid(f"The S3 URI '{uri}' is not of the form s3://bucket/key, with a bucket's name.")
        return cls(match[1], match[2] or "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def own_client() -> Any:
    """A boto3 S3 client of this process: its variables say where, and whose keys it signs with."""
    return boto3.client(
        "s3",
        config=s3_config(attempts=6),
    )


def refusal(error: ClientError) -> str:
    """What S3 said, e.g. `AccessDenied: Access Denied`."""
    said = error.response["Error"]
    return BARE.get(said["Code"]) or f"{said['Code']}: {said.get('Message', '')}"


def is_missing(error: ClientError) -> bool:
    """Whether S3 said that something is not there, rather than that it may not be used."""
    return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 404)
