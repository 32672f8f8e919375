"""Copies of folder markers, the keys that end in a slash: S3A makes them of empty folders, and copies them to rename.

SeaweedFS finds nothing to copy at such a key. A marker has no content, so that one put at the other key is its copy.
"""

from datetime import datetime
from http import HTTPStatus

from studiolo.aws.errors import ServiceError
from studiolo.door.names import Named, Source
from studiolo.door.operations import Operation

_CONDITION = "x-amz-copy-source-if-"
_OF_COPIES = ("x-amz-copy-source", "x-amz-metadata-directive", "x-amz-tagging-directive", "content-type")


def copied_folder(named: Named, operation: Operation) -> Source | None:
    """The marker that a request copies, if it copies one."""
    source = named.source if operation.name == "PutObject" else None
    return source if source is not None and source.key.endswith("/") else None


def look(source: Source) -> Named:
    """The request that finds the marker."""
    parameters = {"versionId": source.version} if source.version is not None else {}
    return Named("HEAD", source.bucket, source.key, parameters)


def check_found(named: Named, status: int, etag: str) -> None:
    """Raise ServiceError unless the answer to `look` says that the marker is there, and as the copy wants it.

    SeaweedFS looks at no conditions on a marker.
    """
    if status == HTTPStatus.NOT_FOUND:
        raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
    if status != HTTPStatus.OK:
        raise ServiceError("InternalError", "The object store cannot say what it has at the copy's source.", 500)
    for name, value in named.headers.items():
        if not name.startswith(_CONDITION):
            continue
        condition, matches = name.removeprefix(_CONDITION), value.strip().strip('"') in ("*", etag.strip('"'))
        if condition not in ("match", "none-match"):
            raise ServiceError("NotImplemented", f"{name} is not implemented where a folder is copied.", 501)
        if matches != (condition == "match"):
            message = "At least one of the pre-conditions you specified did not hold"
            raise ServiceError("PreconditionFailed", message, 412)


def put(named: Named, content_type: str) -> Named:
    """The request that makes the copy."""
    headers = {name: value for name, value in named.headers.items() if not name.startswith(_OF_COPIES)}
    return Named("PUT", named.bucket, named.key, {}, {**headers, "content-type": content_type}, None, named.others)


def result(etag: str, moment: datetime) -> bytes:
    """CopyObjectResult."""
    modified = f"<LastModified>{moment:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"{modified}<ETag>{etag}</ETag></CopyObjectResult>"
    ).encode()
