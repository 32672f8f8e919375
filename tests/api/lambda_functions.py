"""What tests of Lambda share: code in zips, and functions made of it."""

import io
import json
import sys
import uuid
import zipfile
from typing import Any

RUNTIME = f"python3.{sys.version_info.minor}"
HANDLER = """
import boto3, json, logging, os, sys, time
logging.getLogger().setLevel("INFO")

def handler(event, context):
    print("printed", json.dumps(event))
    logging.info("two\\nlines")
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "arn" in event:
        return boto3.client("sts").get_caller_identity()["Arn"]
    return {"process": context.log_stream_name, "version": context.function_version, "told": os.environ.get("TOLD")}
"""


def zipped(**files: str) -> bytes:
    """A zip of Python files by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name.replace('__', '/')}.py", text)
    return packed.getvalue()


def create(client: Any, role: str, code: str = HANDLER, **given: Any) -> str:
    """A function that can be invoked; its name."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    asked = {"Runtime": RUNTIME, "Handler": "index.handler", "Timeout": 20, "Code": {"ZipFile": zipped(index=code)}}
    client.create_function(FunctionName=name, Role=role, **{**asked, **given})
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return name


def invoke(client: Any, name: str, event: Any = None, **given: Any) -> dict[str, Any]:
    """The answer, its payload read."""
    answer: dict[str, Any] = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), **given)
    text = answer["Payload"].read()
    return {**answer, "Payload": json.loads(text) if text else None}


def messages(logs: Any, name: str, pattern: str = "") -> list[str]:
    """What is in a function's log group."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}", filterPattern=pattern)
    return [event["message"] for page in pages for event in page["events"]]
