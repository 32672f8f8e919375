"""Amazon Resource Names, of every partition."""

from dataclasses import dataclass

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "us-iso-": "aws-iso",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN; region and account are empty where the service is global."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def partition_of(region: str) -> str:
    """The partition a region lies in (`aws` for an empty or unknown one)."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def arn(service: str, region: str, account: str, resource: str) -> str:
    """Put an ARN together in the region's partition."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account}:{resource}"


def parse_arn(text: str) -> Arn:
    """Take an ARN apart. Raises ValueError."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        raise ValueError(f"{text!r} is not an ARN (arn:partition:service:region:account:resource)")
    return Arn(*parts[1:])
