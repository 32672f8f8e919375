"""Machine learning: algorithms, training jobs, models and endpoints, under SageMaker's container contract."""
