"""SageMaker's ntm: topics of documents by a variational autoencoder, on PyTorch.

`python -m studiolo.ml.algorithms.ntm train` and `... serve` are its container's two commands.
"""
