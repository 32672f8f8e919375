"""EC2's VPC family, SNS and ECR, which only record; and parameters, secrets and keys, which are real."""

from studiolo.recorded.recorder import Recorder
from studiolo.recorded.records import Record, RecordExists, RecordInUse, RecordInvalid, RecordMissing

__all__ = ["Record", "RecordExists", "RecordInUse", "RecordInvalid", "RecordMissing", "Recorder"]
