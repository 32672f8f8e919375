"""S3 operations that SeaweedFS does not know and would take for another: they are answered with 501.

To it `PUT /bucket?website` is CreateBucket, `DELETE /bucket?website` DeleteBucket, `GET /bucket/key?torrent` GetObject.
Found by sending it every operation of botocore's S3 model; its answers to reading a configuration that nobody can
set (there is none) are true, and stay.
"""

from studiolo.aws.errors import ServiceError
from studiolo.door.names import Named
from studiolo.door.operations import Operation

_UNKNOWN = frozenset({"GetObjectTorrent", "RestoreObject", "SelectObjectContent"})
# To append, SeaweedFS would overwrite.
_UNKNOWN_HEADERS = ("x-amz-write-offset-bytes",)


def refuse_unsupported(named: Named, operation: Operation) -> None:
    """Raise ServiceError (501) for what SeaweedFS would misunderstand."""
    if operation.name in _UNKNOWN:
        raise _not_implemented(operation.name)
    for name in _UNKNOWN_HEADERS:
        if name in named.headers:
            raise _not_implemented(f"{operation.name} with the header {name}")


def _not_implemented(what: str) -> ServiceError:
    return ServiceError("NotImplemented", f"{what} is not implemented by the object store.", 501)
