"""The S3 door: a process of its own that verifies each call, asks identity, and streams. The only way to objects."""

from studiolo.door.passage import Passage
from studiolo.door.process import DoorProcess, DoorUnavailable

__all__ = ["DoorProcess", "DoorUnavailable", "Passage"]
