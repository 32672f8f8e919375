"""The program of Model Monitor's image: `python -m studiolo.ml.monitoring.analyzer BASE`.

BASE is the container's /opt/ml. It is told by its variables what to analyze and writes statistics, constraints and their
violations, as "Interpret results" and "Bring your own containers" of the Developer Guide have them.
"""
