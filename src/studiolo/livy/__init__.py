"""Apache Livy's words on top of the engine: servers, sessions, statements, batches."""

from studiolo.livy.batches import Batch, Batches
from studiolo.livy.livy import Doors, Livy
from studiolo.livy.model import VERSION, BatchRequest, Place, Session, SessionRequest, request_of

__all__ = [
    "VERSION",
    "Batch",
    "BatchRequest",
    "Batches",
    "Doors",
    "Livy",
    "Place",
    "Session",
    "SessionRequest",
    "request_of",
]
