"""The `awsglue` library's interface on plain PySpark: GlueContext, DynamicFrame, transforms, jobs.

Written from AWS's public documentation ("AWS Glue PySpark transforms reference", "DynamicFrame class",
"GlueContext class"). It needs PySpark 3.5 and, for the Data Catalog, boto3.
"""

from awsglue.dynamicframe import DynamicFrame

__all__ = ["DynamicFrame"]
