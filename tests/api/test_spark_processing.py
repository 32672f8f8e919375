"""Processing jobs on Spark, through the SageMaker SDK."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.api.programs import Programs
from tests.conftest import REGION, Server


def test_the_sdk_s_processor_runs_an_application_with_all_that_it_sends(
    server: Server, client: Callable[..., Any], role: str, bucket: str, tmp_path: Path
) -> None:
    programs = Programs(client, role, bucket)
    programs.put("spark/rows/rows.csv", "1\n2\n3\n")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_spark.py"), role, bucket, tmp_path],
        env={**server.environment(), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    names = dict(line.split(": ") for line in done.stdout.splitlines() if line.startswith(("job: ", "failing: ")))
    said = programs.said(names["job"], "Processing", "algo-1")
    assert "told: [2, 4, 6] three rows" in said
    assert "settings: 3 calm local" in said
    assert any("SageMaker Spark 3.3 is Spark 3.3" in line and "here it is Spark 3.5" in line for line in said)
    assert "Spark runs on algo-1" in programs.said(names["job"], "Processing", "algo-2")[-1]
    sums = programs.left(f"s3://{bucket}/spark/sums")
    assert [body for name, body in sums.items() if name.endswith(".csv")] == [b"2\n4\n6\n"]
    ((name, events),) = programs.left(f"s3://{bucket}/spark/events").items()
    assert name.startswith("local-")
    assert json.loads(events.splitlines()[-1])["Event"] == "SparkListenerApplicationEnd"
    failed = programs.processed(names["failing"])
    assert failed["FailureReason"] == "AlgorithmError: ValueError: no rows, exit code: 1"
