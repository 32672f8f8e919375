"""How our own S3 clients talk: those at the door, and the server's at the store behind it."""

from botocore.config import Config


def s3_config(attempts: int = 4) -> Config:
    """The configuration of a boto3 S3 client that asks so often, at most, for what fails for a moment."""
    return Config(
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        # The door checks what is signed; further checksums cost time and say the same.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
