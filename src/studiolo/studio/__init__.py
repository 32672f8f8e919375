"""Amazon SageMaker Studio: domains, user profiles, spaces, and the apps in them."""

from studiolo.studio.apps import Addresses, Apps
from studiolo.studio.errors import InUse
from studiolo.studio.jupyter import BASE
from studiolo.studio.opening import Landing, Opening
from studiolo.studio.resources import App, Domain, LifecycleConfig, Listing, Space, UserProfile
from studiolo.studio.studio import Domains

__all__ = [
    "BASE",
    "Addresses",
    "App",
    "Apps",
    "Domain",
    "Domains",
    "InUse",
    "Landing",
    "LifecycleConfig",
    "Listing",
    "Opening",
    "Space",
    "UserProfile",
]
