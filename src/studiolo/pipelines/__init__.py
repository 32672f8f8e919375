"""SageMaker Pipelines: definitions of steps, and executions that walk through them by calling the services."""

from studiolo.pipelines.errors import Busy, NoPipeline
from studiolo.pipelines.pipelines import Pipelines

__all__ = ["Busy", "NoPipeline", "Pipelines"]
