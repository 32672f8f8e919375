"""What buckets are set to, where the object store itself has no place for it."""

from collections.abc import Mapping

from sqlalchemy import Column, ColumnElement, Table, Text, select

from studiolo.state import State, metadata
from studiolo.storage.checksums import UploadChecksums

bucket_settings = Table(
    "bucket_settings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("bucket", Text, primary_key=True),
    # As S3 calls its sub-resource; `region` is where the bucket was made.
    Column("kind", Text, primary_key=True),
    # Of kinds that a bucket can have many of; else empty.
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
)
_OF = bucket_settings.c


class BucketSettings:
    """The settings of the buckets of one account. uploads: what is known of uploads into them."""

    def __init__(self, state: State, account: str) -> None:
        self._state = state
        self._account = account
        self.uploads = UploadChecksums(state)

    def get(self, bucket: str, kind: str, name: str = "") -> str | None:
        """A setting's document, as it was put."""
        return self.all(bucket, kind).get(name)

    def all(self, bucket: str, kind: str) -> Mapping[str, str]:
        """The documents of a kind, by their ids in their order."""
        query = select(_OF.id, _OF.document).where(self._of(bucket) & (_OF.kind == kind)).order_by(_OF.id)
        with self._state.reading() as connection:
            return {row.id: row.document for row in connection.execute(query)}

    def put(self, bucket: str, kind: str, document: str, name: str = "") -> None:
        """Set a bucket to something, or to something else."""
        row = {"account": self._account, "bucket": bucket, "kind": kind, "id": name, "document": document}
        with self._state.transaction() as tx:
            tx.execute(bucket_settings.delete().where(self._of(bucket) & (_OF.kind == kind) & (_OF.id == name)))
            tx.execute(bucket_settings.insert().values(row))

    def delete(self, bucket: str, kind: str, name: str = "") -> None:
        """Forget a setting; one that is not there is fine."""
        with self._state.transaction() as tx:
            tx.execute(bucket_settings.delete().where(self._of(bucket) & (_OF.kind == kind) & (_OF.id == name)))

    def forget(self, bucket: str) -> None:
        """Forget all of a bucket that is gone."""
        self.uploads.forget(bucket)
        with self._state.transaction() as tx:
            tx.execute(bucket_settings.delete().where(self._of(bucket)))

    def _of(self, bucket: str) -> ColumnElement[bool]:
        return (_OF.account == self._account) & (_OF.bucket == bucket)
