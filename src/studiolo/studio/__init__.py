"""Amazon SageMaker Studio: domains, user profiles, spaces, and the apps in them."""

from studiolo.studio.apps import Apps
from studiolo.studio.errors import InUse
from studiolo.studio.lab import App, Lab, NotebookInstance
from studiolo.studio.labs import Addresses
from studiolo.studio.notebooks import NotebookInstances
from studiolo.studio.opening import Door, Landing, Opening
from studiolo.studio.resources import Listing
from studiolo.studio.studio import Domains
from studiolo.studio.values import Domain, LifecycleConfig, NotebookLifecycleConfig, Space, UserProfile

__all__ = [
    "Addresses",
    "App",
    "Apps",
    "Domain",
    "Domains",
    "Door",
    "InUse",
    "Lab",
    "Landing",
    "LifecycleConfig",
    "Listing",
    "NotebookInstance",
    "NotebookInstances",
    "NotebookLifecycleConfig",
    "Opening",
    "Space",
    "UserProfile",
]
