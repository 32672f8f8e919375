"""SageMaker's BlazingText: vectors of words, and classes of texts, by fastText.

`python -m studiolo.ml.algorithms.blazingtext train` and `... serve` are its container's two commands.
"""
