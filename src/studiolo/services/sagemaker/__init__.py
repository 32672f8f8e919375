"""Amazon SageMaker: training, tuning and processing jobs, models, endpoint configurations, endpoints, Studio, tags."""

from studiolo.services.sagemaker import (
    endpoint_configs,
    endpoints,
    lineage,
    model_cards,
    model_packages,
    models,
    processing_jobs,
    projects,
    search,
    studio_domains,
    studio_lifecycle,
    studio_spaces,
    tags,
    training_jobs,
    transform_jobs,
    tuning_jobs,
)
from studiolo.services.sagemaker.service import sagemaker

__all__ = [
    "endpoint_configs",
    "endpoints",
    "lineage",
    "model_cards",
    "model_packages",
    "models",
    "processing_jobs",
    "projects",
    "sagemaker",
    "search",
    "studio_domains",
    "studio_lifecycle",
    "studio_spaces",
    "tags",
    "training_jobs",
    "transform_jobs",
    "tuning_jobs",
]
