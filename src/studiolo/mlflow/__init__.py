"""Amazon SageMaker with MLflow: tracking servers, each a stock `mlflow server` of its own."""

from studiolo.mlflow.errors import Busy, NoServer
from studiolo.mlflow.opening import Opening
from studiolo.mlflow.records import TrackingServer
from studiolo.mlflow.servers import Addresses, TrackingServers

__all__ = ["Addresses", "Busy", "NoServer", "Opening", "TrackingServer", "TrackingServers"]
