"""AWS Glue Data Quality: rulesets in DQDL, evaluated on Spark.

After "Data Quality Definition Language (DQDL) reference" and "EvaluateDataQuality class" of the AWS Glue Developer
Guide. Jobs and notebooks use `awsgluedq.transforms`.
"""
