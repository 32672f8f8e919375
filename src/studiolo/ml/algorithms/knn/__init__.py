"""SageMaker's knn: k nearest neighbors, by faiss.

`python -m studiolo.ml.algorithms.knn train` and `... serve` are its container's two commands.
"""
