"""SageMaker's randomcutforest: anomaly scores by a random cut forest, by krcf.

`python -m studiolo.ml.algorithms.random_cut_forest train` and `... serve` are its container's two commands.
"""
