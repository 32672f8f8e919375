"""Data capture of a batch transform: manifests of the objects that went in, and of those that came out.

Layout after "Capture data from batch transform job" (Developer Guide): input and output/yyyy/mm/dd/hh/*.json.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import takewhile
from typing import Any

from studiolo.containers.batch.specification import Batch
from studiolo.containers.batch.transformer import Task, output_of
from studiolo.containers.objects import Address


def capture(client: Any, batch: Batch, job: str, tasks: Sequence[Task]) -> None:
    """Write down what has been transformed. Raises ClientError."""
    if not tasks:
        return
    under, at = Address.of(batch.captured), datetime.now(timezone.utc)
    sides = {"input": [address for address, _ in tasks], "output": [output_of(batch, name) for _, name in tasks]}
    for side, addresses in sides.items():
        key = f"{under.key.rstrip('/')}/{side}/{at:%Y/%m/%d/%H}/{job}-{uuid.uuid4()}.json".lstrip("/")
        body = json.dumps(manifest(addresses)).encode()
        client.put_object(Bucket=under.bucket, Key=key, Body=body, ContentType="application/json")


def manifest(addresses: Sequence[Address]) -> list[Any]:
    """The manifest of objects of one bucket, in the order of their keys."""
    keys = sorted(address.key for address in addresses)
    # What the first and the last have in common, all between them have.
    folders = zip(*(key.split("/")[:-1] for key in (keys[0], keys[-1])), strict=False)
    folder = "".join(f"{name}/" for name, _ in takewhile(lambda both: both[0] == both[1], folders))
    return [{"prefix": f"s3://{addresses[0].bucket}/{folder}"}, *(key[len(folder) :] for key in keys)]
