"""SageMaker's CatBoost, for classification and for regression: one module each, which is the program of its container.

`python -m studiolo.ml.algorithms.catboost.classification train` and `... serve` are its container's two commands.
"""
