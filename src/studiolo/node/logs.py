"""The logs of applications' daemons, put where the cluster's LogUri says by a program of its own: `main([url, *logs])`.

The URL is that of the node's applications; each log is put there by its application's name and its own.
"""

import gzip
import os
import sys
from collections.abc import Sequence
from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""Of a longer log the end is put."""


def logs(folder: Path, applications: Sequence[str]) -> list[Path]:
    """The logs that there are."""
    places = [folder / "mnt" / "var" / "log" / name.lower() for name in applications]
    return sorted(log for place in places for log in place.glob("*.log"))


def main(arguments: Sequence[str]) -> int:
    """Put the logs that are named under the URL."""
    import boto3

    url, *names = arguments
    bucket, _, prefix = url.partition("://")[2].partition("/")
    client = boto3.client("s3")
    for log in map(Path, names):
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LARGEST))
            content = gzip.compress(file.read(LARGEST), 1)
        key = f"{prefix}{log.parent.name}/{log.name}.gz"
        client.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/gzip")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
