"""Training jobs: from channels to a model."""
