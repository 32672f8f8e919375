"""S3 operations that SeaweedFS does not know and would take for another: they are answered with 501.

To it `PUT /bucket?website` is CreateBucket, `DELETE /bucket?website` DeleteBucket, `PUT /bucket/key?torrent` PutObject.
Found by sending it every operation of botocore's S3 model; its answers to reading a configuration that nobody can
set (there is none) are true, and stay.
"""

from urllib.parse import unquote

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest

_OF_BUCKETS = frozenset(
    {
        "abac", "accelerate", "analytics", "intelligent-tiering", "inventory", "logging", "metadataAnnotationTable",
        "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics",
        "notification", "replication", "website",
    }
)  # fmt: skip
_OF_OBJECTS = frozenset({"annotation", "encryption", "renameObject", "restore", "select", "torrent"})


def refuse_unsupported(request: HttpRequest, path: str) -> None:
    """Raise ServiceError (501) for what SeaweedFS would misunderstand; `path` is in path style."""
    of_object = bool(path.lstrip("/").partition("/")[2])
    reads_bucket = not of_object and request.method in ("GET", "HEAD")
    if not request.query or reads_bucket:
        return
    names = {unquote(pair.partition("=")[0]) for pair in request.query.split("&")}
    for name in names & (_OF_OBJECTS if of_object else _OF_BUCKETS):
        raise ServiceError("NotImplemented", f"{request.method} ?{name} is not implemented by the object store.", 501)
