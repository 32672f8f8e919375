"""The checksums of the parts of uploads, which the object store checks and does not tell."""

from collections.abc import Mapping

from sqlalchemy import Column, Integer, Table, Text, select

from studiolo.state import State, metadata

upload_checksums = Table(
    "upload_checksums",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("upload", Text, primary_key=True),
    # Of the part; 0 is the upload, of which algorithm and type are known, -1 the access list that it brings.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
)
_OF = upload_checksums.c
UPLOAD = 0
ACCESS = -1


class UploadChecksums:
    """Kept until the upload has ended: by part number, the algorithm and the value."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put(self, bucket: str, upload: str, number: int, name: str, value: str) -> None:
        """Keep the checksum of a part, or that of one that comes in its place; UPLOAD: algorithm and type of them all.

        ACCESS: "headers", and those that give the object its access list, as JSON.
        """
        row = {"bucket": bucket, "upload": upload, "number": number}
        with self._state.transaction() as tx:
            mine = (_OF.bucket == bucket) & (_OF.upload == upload) & (_OF.number == number)
            tx.execute(upload_checksums.delete().where(mine))
            tx.execute(upload_checksums.insert().values(**row, name=name, value=value))

    def of(self, bucket: str, upload: str) -> Mapping[int, tuple[str, str]]:
        """Those of an upload, by part number."""
        query = select(upload_checksums).where((_OF.bucket == bucket) & (_OF.upload == upload))
        with self._state.reading() as connection:
            return {row.number: (row.name, row.value) for row in connection.execute(query)}

    def underway(self, bucket: str) -> Mapping[str, tuple[str, str]]:
        """Algorithm and type of the uploads of a bucket, by their ids."""
        query = select(upload_checksums).where((_OF.bucket == bucket) & (_OF.number == UPLOAD))
        with self._state.reading() as connection:
            return {row.upload: (row.name, row.value) for row in connection.execute(query)}

    def forget(self, bucket: str, upload: str | None = None) -> None:
        """Forget an upload that has ended; all of a bucket that is gone."""
        mine = _OF.bucket == bucket
        if upload is not None:
            mine &= _OF.upload == upload
        with self._state.transaction() as tx:
            tx.execute(upload_checksums.delete().where(mine))
