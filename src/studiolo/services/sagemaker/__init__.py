"""Amazon SageMaker: training, tuning and processing jobs, models, endpoint configurations, endpoints, Studio, tags."""

from studiolo.services.sagemaker import (
    endpoint_configs,
    endpoints,
    experiments,
    models,
    pipeline_executions,
    pipelines,
    processing_jobs,
    search,
    studio_domains,
    studio_spaces,
    tags,
    training_jobs,
    trial_components,
    tuning_jobs,
)
from studiolo.services.sagemaker.service import sagemaker

__all__ = [
    "endpoint_configs",
    "endpoints",
    "experiments",
    "models",
    "pipeline_executions",
    "pipelines",
    "processing_jobs",
    "sagemaker",
    "search",
    "studio_domains",
    "studio_spaces",
    "tags",
    "training_jobs",
    "trial_components",
    "tuning_jobs",
]
