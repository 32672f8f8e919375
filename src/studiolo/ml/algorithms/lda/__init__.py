"""SageMaker's lda: topics of documents by latent Dirichlet allocation, by scikit-learn.

`python -m studiolo.ml.algorithms.lda train` and `... serve` are its container's two commands.
"""
