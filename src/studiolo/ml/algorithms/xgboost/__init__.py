"""SageMaker's XGBoost as a built-in algorithm, by the XGBoost of the image's version.

`python -m studiolo.ml.algorithms.xgboost train` and `... serve` are its container's two commands.
"""
