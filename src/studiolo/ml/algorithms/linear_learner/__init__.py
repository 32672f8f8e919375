"""SageMaker's linear-learner: linear regression, binary and multiclass classification.

`python -m studiolo.ml.algorithms.linear_learner train` and `... serve` are its container's two commands.
"""
