"""Whose buckets are, as the door keeps it: claimed before they are made, forgotten when they are gone."""

import asyncio
from collections.abc import Awaitable, Callable

from studiolo.aws.errors import ServiceError
from studiolo.domain import AlreadyExists
from studiolo.door.actions import arn
from studiolo.identity import Identity
from studiolo.storage import BucketSettings


async def claim(identity: Identity, bucket: str, account: str, exists: Callable[[], Awaitable[bool]]) -> bool:
    """Let a bucket that is about to be made be an account's; whether that is new. exists: whether the store has it.

    Raises ServiceError (409) where it is another account's.
    """
    owners = identity.buckets
    try:
        if account != identity.account and not owners.is_claimed(bucket) and await exists():
            raise AlreadyExists(bucket)
        return await asyncio.to_thread(owners.claim, bucket, account)
    except AlreadyExists as error:
        message = (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again."
        )
        raise ServiceError("BucketAlreadyExists", message, 409) from error


def forget(identity: Identity, settings: BucketSettings, bucket: str) -> None:
    """What was kept here of a bucket that is gone."""
    owner, _ = identity.bucket(bucket)
    identity.of(owner).resource_policies.delete(arn(bucket))
    settings.forget(bucket)
    identity.buckets.release(bucket)
