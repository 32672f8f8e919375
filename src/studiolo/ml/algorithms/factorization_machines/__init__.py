"""SageMaker's factorization-machines: regression and binary classification with pairwise interactions of sparse features.

`python -m studiolo.ml.algorithms.factorization_machines train` and `... serve` are its container's two commands.
"""
