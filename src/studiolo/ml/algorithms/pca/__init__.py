"""SageMaker's pca: principal component analysis.

`python -m studiolo.ml.algorithms.pca train` and `... serve` are its container's two commands.
"""
