"""Chapter 3: the bucket. Raw files go up, tables come down; what is there unchanged is not sent again."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import sagemaker

from studiolo.demo.data import Measurements, packed
from studiolo.demo.narrator import Stage

PREFIX = "air-quality"  # all that the story keeps in the bucket is under it
UPLOADS = 4  # at once


def upload(sdk: sagemaker.Session, measurements: Measurements, stage: Stage) -> str:
    """Make raw/ hold exactly these files; answers its address, s3://bucket/air-quality/raw/."""
    bucket, prefix = sdk.default_bucket(), f"{PREFIX}/raw/"
    s3 = sdk.boto_session.client("s3")
    there = {item["Key"]: (item["Size"], item["ETag"].strip('"')) for item in objects(s3, bucket, prefix)}
    stage.plan(len(measurements.files))

    def send(number: int) -> tuple[str, int]:
        name, content = packed(measurements.files[number])
        key = prefix + name
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()  # what S3 calls the ETag of a plain upload
        sent = 0
        if there.get(key) != (len(content), etag):
            s3.put_object(Bucket=bucket, Key=key, Body=content)
            sent = len(content)
        stage.step()
        return key, sent

    with ThreadPoolExecutor(UPLOADS) as threads:
        uploads = dict(threads.map(send, range(len(measurements.files))))
    remove(s3, bucket, set(there) - set(uploads))
    changed = [size for size in uploads.values() if size]
    unchanged = len(uploads) - len(changed)
    stage.say(f"s3://{bucket}/{prefix}: {len(changed)} files sent ({sum(changed) / 1e6:.1f} MB), {unchanged} unchanged")
    return f"s3://{bucket}/{prefix}"


def read_table(sdk: sagemaker.Session, name: str) -> pd.DataFrame:
    """A table that Spark has written to prepared/, sorted by date."""
    bucket, s3 = sdk.default_bucket(), sdk.boto_session.client("s3")
    parts = []
    for item in objects(s3, bucket, f"{PREFIX}/prepared/{name}/"):
        if item["Key"].endswith(".parquet"):
            content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            parts.append(pd.read_parquet(io.BytesIO(content)))
    table = pd.concat(parts, ignore_index=True)
    table["date"] = pd.to_datetime(table["date"])
    return table.sort_values([column for column in ("date", "station") if column in table], ignore_index=True)


def objects(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """Every object under the prefix: Key, Size, ETag ..."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item for page in pages for item in page.get("Contents", [])]


def remove(s3: Any, bucket: str, keys: set[str]) -> None:
    """Delete these objects."""
    waiting = sorted(keys)
    for start in range(0, len(waiting), 1000):  # the most that S3 takes in one request
        batch = [{"Key": key} for key in waiting[start : start + 1000]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})


def clear(sdk: sagemaker.Session, folder: str, keep: tuple[str, ...] = ()) -> None:
    """Delete what earlier runs left in a folder of the story, except what is under any of `keep` in it."""
    bucket, s3 = sdk.default_bucket(), sdk.boto_session.client("s3")
    keys = {item["Key"] for item in objects(s3, bucket, f"{PREFIX}/{folder}/")}
    kept = tuple(f"{PREFIX}/{folder}/{place}" for place in keep)
    remove(s3, bucket, {key for key in keys if not key.startswith(kept)})
