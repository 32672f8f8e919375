"""Studiolo: the AWS data-preparation and machine-learning stack, executing for real on your own machine."""

__version__ = "0.1.0"
