"""The object store as the makers of governed views use it: past the door, with the store's own key."""

import threading
from typing import Any

from botocore.exceptions import ClientError

from studiolo.s3_config import s3_config
from studiolo.storage import StoreAccess, keys


class StoreClient:
    """A boto3 client, made when it is first used. ours: whether the store is our SeaweedFS, with names of its own."""

    def __init__(self, access: StoreAccess, *, ours: bool) -> None:
        self._access = access
        self._ours = ours
        self._lock = threading.Lock()
        self._made: Any = None

    def s3(self) -> Any:
        """The client; its keys are the store's names."""
        with self._lock:
            if self._made is None:
                # It takes 20 MiB and a moment, which a door without governed views need not have.
                import boto3

                from studiolo import sdk

                self._made = boto3.session.Session(botocore_session=sdk.new_session()).client(
                    "s3",
                    endpoint_url=self._access.endpoint,
                    region_name="us-east-1",
                    aws_access_key_id=self._access.access_key,
                    aws_secret_access_key=self._access.secret_key,
                    config=s3_config(),
                )
            return self._made

    def name(self, key: str) -> str:
        """The store's name of a key."""
        return keys.stored(key) if self._ours else key

    def prefix(self, prefix: str) -> str:
        """What the store's names begin with of the keys that begin so."""
        return keys.stored_prefix(prefix) if self._ours else prefix

    def require_bucket(self, bucket: str) -> None:
        """Make a bucket that is not there."""
        try:
            self.s3().create_bucket(Bucket=bucket)
        except ClientError as error:
            if "BucketAlready" not in str(error):
                raise
