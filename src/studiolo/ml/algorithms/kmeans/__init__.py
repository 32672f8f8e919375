"""SageMaker's kmeans: k-means clustering, by scikit-learn.

`python -m studiolo.ml.algorithms.kmeans train` and `... serve` are its container's two commands.
"""
