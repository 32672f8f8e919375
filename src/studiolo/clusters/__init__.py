"""Clusters of EMR: daemons on an address of their own, steps, nodes that come and go, the world that scripts find."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studiolo.clusters.clusters import Clusters

__all__ = ["Clusters"]


def __getattr__(name: str) -> Any:
    # Runners are programs of this package and cannot wait for the server's half.
    if name == "Clusters":
        return import_module("studiolo.clusters.clusters").Clusters
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
