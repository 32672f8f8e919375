"""The object store: SeaweedFS as a supervised child, or any S3 you have."""

from studiolo.storage.checksums import UploadChecksums
from studiolo.storage.settings import BucketSettings
from studiolo.storage.storage import Storage, StoreAccess, StoreHealth, failure_file, remove_traces
from studiolo.storage.weed import StoreUnavailable, is_full

__all__ = [
    "BucketSettings",
    "Storage",
    "StoreAccess",
    "StoreHealth",
    "StoreUnavailable",
    "UploadChecksums",
    "failure_file",
    "is_full",
    "remove_traces",
]
