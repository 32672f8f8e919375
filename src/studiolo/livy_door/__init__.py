"""Livy's REST API: its answers, and the ports at which it is spoken."""

from studiolo.livy_door.admission import Admission
from studiolo.livy_door.clusters import ClusterLivy
from studiolo.livy_door.endpoint import LivyEndpoint
from studiolo.livy_door.listening import LivyDoors
from studiolo.livy_door.rest import MOST_BODY, Caller, Rest

__all__ = ["MOST_BODY", "Admission", "Caller", "ClusterLivy", "LivyDoors", "LivyEndpoint", "Rest"]
