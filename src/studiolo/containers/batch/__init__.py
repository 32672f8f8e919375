"""Batch transform: objects of S3 through a model's serving program, and what it answers back to S3."""
