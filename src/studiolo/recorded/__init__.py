"""EC2's VPC family and ECR, which only record; and parameters, secrets and keys, which are real."""

from studiolo.recorded.recorder import Recorder
from studiolo.recorded.records import Book, Record, RecordExists, RecordInUse, RecordInvalid, RecordMissing, Records

__all__ = ["Book", "Record", "RecordExists", "RecordInUse", "RecordInvalid", "RecordMissing", "Recorder", "Records"]
