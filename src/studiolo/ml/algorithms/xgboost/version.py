"""Which XGBoost this is: the images are of many, which differ in a few names."""

import xgboost

VERSION = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
