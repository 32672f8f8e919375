"""Chapter 3: the role. Glue and SageMaker work for you under a role that you let them take."""

import json

import sagemaker

ROLE = "air-quality-demo"
POLICIES = (
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole",
    "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["glue.amazonaws.com", "sagemaker.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def ensure_role(sdk: sagemaker.Session) -> str:
    """The ARN of the story's role, made if it is not there."""
    iam = sdk.boto_session.client("iam")
    try:
        arn: str = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        answer = iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Description="Glue and SageMaker in the air-quality demo",
        )
        arn = answer["Role"]["Arn"]
    for policy in POLICIES:  # attaching twice is no error, and mends a first run that was interrupted here
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
    return arn
