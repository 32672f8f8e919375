"""Amazon S3 on the one endpoint: each call is streamed to the object store, signed with the engines' key."""

from studiolo.services.s3.actions import actions_of
from studiolo.services.s3.answers import error_answer
from studiolo.services.s3.authentication import verify_s3
from studiolo.services.s3.gateway import S3Gateway
from studiolo.services.s3.target import bucket_of_host

__all__ = ["S3Gateway", "actions_of", "bucket_of_host", "error_answer", "verify_s3"]
