"""SageMaker's forecasting-deepar: forecasts of many related time series, by GluonTS's DeepAR on PyTorch.

`python -m studiolo.ml.algorithms.deepar train` and `... serve` are its container's two commands.
"""
