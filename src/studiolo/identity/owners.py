"""Whose buckets are: their ARNs do not tell. Those that nobody has claimed are the server's own account's."""

from functools import lru_cache

from sqlalchemy import select

from studiolo.domain import AlreadyExists
from studiolo.identity.records import Records
from studiolo.identity.tables import bucket_owners


class BucketOwners:
    """The buckets of all accounts. A name is one account's, as in a region of S3."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._cached = lru_cache(maxsize=1)(self._read)

    def of(self, bucket: str) -> str:
        """The account whose a bucket of that name is, or would be."""
        return self._cached(self._records.revision).get(bucket, self._records.account)

    def is_claimed(self, bucket: str) -> bool:
        """Whether it is that of another account than the server's own."""
        return bucket in self._cached(self._records.revision)

    def claim(self, bucket: str, account: str) -> bool:
        """Let a bucket that is about to be made be an account's; whether that is new.

        Raises AlreadyExists where it is another one's.
        """
        if account == self._records.account:
            if self.is_claimed(bucket):
                raise AlreadyExists(bucket)
            return False
        with self._records.changing() as tx:
            known = tx.execute(select(bucket_owners.c.account).where(bucket_owners.c.bucket == bucket)).scalar()
            if known not in (None, account):
                raise AlreadyExists(bucket)
            if known is None:
                tx.execute(bucket_owners.insert().values(bucket=bucket, account=account))
        return known is None

    def release(self, bucket: str) -> None:
        """Forget whose a bucket is that is no more, or has not been made."""
        if self.is_claimed(bucket):
            with self._records.changing() as tx:
                tx.execute(bucket_owners.delete().where(bucket_owners.c.bucket == bucket))

    def _read(self, _revision: int) -> dict[str, str]:
        with self._records.reading() as connection:
            return {row.bucket: row.account for row in connection.execute(bucket_owners.select())}
