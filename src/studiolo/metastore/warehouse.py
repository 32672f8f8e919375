"""The warehouse of a scope: its own bucket in the object store, where tables go that are given no other place."""

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.domain import Conflict, Scope
from studiolo.metastore.locations import SCHEMES, split
from studiolo.storage import Storage


class Warehouse:
    """The warehouses of all scopes. Their buckets are Studiolo's: the server makes them, whoever comes first."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: set[str] = set()

    def root(self, scope: Scope) -> str:
        """Where the tables of a scope go that are given no other place: the location of its database `default`."""
        return f"s3://{_bucket(scope)}/warehouse"

    def prepare(self, scope: Scope, location: str) -> None:
        """Make the scope's own bucket, if the location is in it and the bucket is not known to be there.

        Raises Conflict in the object store's words where it refuses.
        """
        bucket = _bucket(scope)
        if bucket in self._known or not location.startswith(SCHEMES) or split(location)[0] != bucket:
            return
        try:
            self._storage.client().create_bucket(Bucket=bucket)
        except (ClientError, BotoCoreError) as error:
            if "BucketAlready" not in str(error):
                raise Conflict(f"The warehouse's bucket {bucket} cannot be made: {error}") from error
        self._known.add(bucket)

    def forget(self) -> None:
        """To be called when the object store was emptied."""
        self._known.clear()


def _bucket(scope: Scope) -> str:
    return f"studiolo-{scope.account}-{scope.region}"
