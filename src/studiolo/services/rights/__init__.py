"""What each operation of each service asks of IAM: its actions, their resources and condition keys, as tables.

A new operation is a row in its service's table.
"""

from collections.abc import Mapping

from studiolo.services.rights import glue, iam, lakeformation, logs, sagemaker, sts
from studiolo.services.rights.rows import Rights

RIGHTS: Mapping[str, Rights] = {
    "glue": glue.RIGHTS,
    "iam": iam.RIGHTS,
    "lakeformation": lakeformation.RIGHTS,
    "logs": logs.RIGHTS,
    "sagemaker": sagemaker.RIGHTS,
    "sagemaker-runtime": sagemaker.RIGHTS,
    "sts": sts.RIGHTS,
}
"""By botocore's name of the service. S3 is decided at its door."""
