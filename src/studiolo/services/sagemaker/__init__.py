"""Amazon SageMaker: training and processing jobs, models, endpoint configurations, endpoints, and their tags."""

from studiolo.services.sagemaker import endpoint_configs, endpoints, models, processing_jobs, tags, training_jobs
from studiolo.services.sagemaker.service import sagemaker

__all__ = ["endpoint_configs", "endpoints", "models", "processing_jobs", "sagemaker", "tags", "training_jobs"]
