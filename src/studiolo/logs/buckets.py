"""The buckets that logs are exported to: CloudWatch Logs writes where the bucket's policy lets it."""

from typing import BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.domain import Invalid, Scope
from studiolo.identity import Identity, Question, root_user
from studiolo.objects import Objects
from studiolo.storage import StoreUnavailable

OWNED = {"s3:x-amz-acl": "bucket-owner-full-control"}


class Buckets:
    """A Destination of exports. What a policy lets the service do is written as the owner of the bucket."""

    def __init__(self, identity: Identity, objects: Objects) -> None:
        self._identity = identity
        self._objects = objects

    def put(self, scope: Scope, group: str, bucket: str, key: str, body: bytes | BinaryIO) -> None:
        """Write an object. Raises Invalid with the reason, where the bucket or its policy is."""
        owner, _ = self._identity.bucket(bucket)
        client = self._objects.client(root_user(owner, self._identity.partition))
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError as error:
            raise Invalid("The given bucket does not exist. Please provide a valid bucket.") from error
        self._ask(scope, group, bucket, "GetBucketAcl", self._identity.s3_arn(bucket), {})
        self._ask(scope, group, bucket, "PutObject", self._identity.s3_arn(f"{bucket}/{key}"), OWNED)
        try:
            client.put_object(Bucket=bucket, Key=key, Body=body, ACL="bucket-owner-full-control")
        except ClientError as error:
            raise Invalid(f"PutObject call on the given bucket failed: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"Logs cannot be exported now: {error}") from error

    def _ask(self, scope: Scope, group: str, bucket: str, operation: str, arn: str, told: dict[str, str]) -> None:
        owner, policy = self._identity.bucket(bucket)
        source = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{group}:*"
        asked = Question(
            f"s3:{operation}",
            arn,
            {"aws:SourceArn": source, "aws:SourceAccount": scope.account, "aws:PrincipalIsAWSService": "true", **told},
            account=owner,
        )
        names = frozenset({("Service", f"logs.{scope.region}.amazonaws.com")})
        if policy is None or not self._identity.of(owner).trusts(policy, names, asked):
            raise Invalid(
                f"{operation} call on the given bucket failed. Please check if CloudWatch Logs has been granted permission "
                "to perform this operation."
            )
