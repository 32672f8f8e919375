"""Images: what an image URI means here."""

from studiolo.containers.images.resolution import Images

__all__ = ["Images"]
