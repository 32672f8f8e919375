"""Amazon SageMaker: jobs, models, endpoint configurations, endpoints, feature groups, Studio, projects, tags."""

from studiolo.services.sagemaker import (
    endpoint_configs,
    endpoints,
    feature_groups,
    models,
    processing_jobs,
    projects,
    studio_domains,
    studio_spaces,
    tags,
    training_jobs,
    tuning_jobs,
)
from studiolo.services.sagemaker.service import sagemaker

__all__ = [
    "endpoint_configs",
    "endpoints",
    "feature_groups",
    "models",
    "processing_jobs",
    "projects",
    "sagemaker",
    "studio_domains",
    "studio_spaces",
    "tags",
    "training_jobs",
    "tuning_jobs",
]
