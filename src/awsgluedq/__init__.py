"""AWS Glue Data Quality, which is not here: a script that asks for it hears so at its import."""

raise ModuleNotFoundError(
    "AWS Glue Data Quality (awsgluedq, EvaluateDataQuality) is not supported: check the frame's toDF() with Spark.",
    name="awsgluedq",
)
