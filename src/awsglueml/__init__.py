"""AWS Glue's machine-learning transforms, which are not here: a script that asks for them hears so at its import."""

raise ModuleNotFoundError(
    "AWS Glue's machine-learning transforms (awsglueml: FillMissingValues, FindMatches, FindIncrementalMatches) are "
    "not supported: fill values with toDF().fillna(…), or train a model of your own.",
    name="awsglueml",
)
