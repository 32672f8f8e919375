"""The object store: SeaweedFS as a supervised child, or any S3 you have."""

from studiolo.storage.storage import Storage, StoreAccess, StoreHealth, remove_traces
from studiolo.storage.weed import StoreUnavailable

__all__ = ["Storage", "StoreAccess", "StoreHealth", "StoreUnavailable", "remove_traces"]
