"""Amazon SageMaker: training jobs, models, endpoint configurations, endpoints, Studio, and their tags."""

from studiolo.services.sagemaker import (
    endpoint_configs,
    endpoints,
    models,
    studio_domains,
    studio_spaces,
    tags,
    training_jobs,
)
from studiolo.services.sagemaker.service import sagemaker

__all__ = [
    "endpoint_configs",
    "endpoints",
    "models",
    "sagemaker",
    "studio_domains",
    "studio_spaces",
    "tags",
    "training_jobs",
]
