"""Pipelines of Spark, exported as bundles of MLeap and served without Spark."""
