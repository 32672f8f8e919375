"""SageMaker's object2vec: embeddings of pairs of sequences of tokens, learned from what relates them, on PyTorch.

`python -m studiolo.ml.algorithms.object2vec train` and `... serve` are its container's two commands.
"""
