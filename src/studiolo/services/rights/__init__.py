"""What each operation of each service asks of IAM: its actions, their resources and condition keys, as tables.

A new operation is a row in its service's table.
"""

from collections.abc import Mapping

from studiolo.services.rights import (
    accessanalyzer,
    application_autoscaling,
    cloudformation,
    cloudwatch,
    ec2,
    ecr,
    emr,
    emr_serverless,
    events,
    glue,
    iam,
    kms,
    lakeformation,
    lambda_,
    logs,
    organizations,
    sagemaker,
    scheduler,
    secretsmanager,
    servicecatalog,
    sns,
    sqs,
    ssm,
    sts,
)
from studiolo.services.rights.rows import Rights

RIGHTS: Mapping[str, Rights] = {
    "accessanalyzer": accessanalyzer.RIGHTS,
    "application-autoscaling": application_autoscaling.RIGHTS,
    "cloudwatch": cloudwatch.RIGHTS,
    "glue": glue.RIGHTS,
    "iam": iam.RIGHTS,
    "kms": kms.RIGHTS,
    "lakeformation": lakeformation.RIGHTS,
    "lambda": lambda_.RIGHTS,
    "logs": logs.RIGHTS,
    "sagemaker": sagemaker.RIGHTS,
    "sagemaker-metrics": sagemaker.RIGHTS,
    "sagemaker-runtime": sagemaker.RIGHTS,
    "sagemaker-featurestore-runtime": sagemaker.RIGHTS,
    "emr": emr.RIGHTS,
    "emr-serverless": emr_serverless.RIGHTS,
    "events": events.RIGHTS,
    "cloudformation": cloudformation.RIGHTS,
    "ec2": ec2.RIGHTS,
    "ecr": ecr.RIGHTS,
    "scheduler": scheduler.RIGHTS,
    "secretsmanager": secretsmanager.RIGHTS,
    "servicecatalog": servicecatalog.RIGHTS,
    "organizations": organizations.RIGHTS,
    "sns": sns.RIGHTS,
    "sqs": sqs.RIGHTS,
    "ssm": ssm.RIGHTS,
    "sts": sts.RIGHTS,
}
"""By botocore's name of the service. S3 is decided at its door."""
