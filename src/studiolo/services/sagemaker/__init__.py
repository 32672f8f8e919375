"""Amazon SageMaker: training, tuning and processing jobs, models, endpoint configurations, endpoints, Studio, tags."""

from studiolo.services.sagemaker import (
    endpoint_configs,
    endpoints,
    models,
    processing_jobs,
    studio_domains,
    studio_lifecycle,
    studio_spaces,
    tags,
    training_jobs,
    tuning_jobs,
)
from studiolo.services.sagemaker.service import sagemaker

__all__ = [
    "endpoint_configs",
    "endpoints",
    "models",
    "processing_jobs",
    "sagemaker",
    "studio_domains",
    "studio_lifecycle",
    "studio_spaces",
    "tags",
    "training_jobs",
    "tuning_jobs",
]
