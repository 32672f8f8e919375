"""Hyperparameter tuning: many training jobs, one search."""
