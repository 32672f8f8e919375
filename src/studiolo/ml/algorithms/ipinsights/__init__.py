"""SageMaker's ipinsights: which IPv4 addresses entities use, by embeddings of both, on PyTorch.

`python -m studiolo.ml.algorithms.ipinsights train` and `... serve` are its container's two commands.
"""
