"""The ways to a tracking server: signed requests of MLflow's clients, and browsers that have opened a link."""

from studiolo.mlflow_door.endpoint import SignedMlflow
from studiolo.mlflow_door.passing import Passing
from studiolo.mlflow_door.site import NAME, MlflowSite

__all__ = ["NAME", "MlflowSite", "Passing", "SignedMlflow"]
