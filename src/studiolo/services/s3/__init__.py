"""Amazon S3 on the one endpoint: each call is decided, and streamed to the object store, signed with the store's key."""

from studiolo.services.s3.gateway import S3Gateway

__all__ = ["S3Gateway"]
