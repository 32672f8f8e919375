"""Job runs of EMR Serverless over the death of the server, and of their own processes."""

import contextlib
from typing import Any

import psutil

from tests.conftest import REGION, Server, create_role
from tests.waiting import until

JOB = """
import sys, time
from pathlib import Path
Path("begun").touch()
while sys.argv[1] == "wait" and not Path("go").exists():
    time.sleep(0.05)
print("done")
"""


def start(server: Server, application: str, role: str, word: str) -> dict[str, str]:
    driver = {"sparkSubmit": {"entryPoint": "s3://crashes/job.py", "entryPointArguments": [word]}}
    emr = server.client("emr-serverless")
    started = emr.start_job_run(applicationId=application, executionRoleArn=role, jobDriver=driver)
    return {"applicationId": application, "jobRunId": started["jobRunId"]}


def over(server: Server, ids: dict[str, str]) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = server.client("emr-serverless").get_job_run(**ids)["jobRun"]
        return run if run["state"] in ("SUCCESS", "FAILED", "CANCELLED") else None

    return until(ended, seconds=120)


def test_a_job_runs_on_while_the_server_is_dead_and_one_that_is_killed_has_failed(own_server: Server) -> None:
    s3, role = own_server.client("s3"), create_role(own_server)
    s3.create_bucket(Bucket="crashes", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="crashes", Key="job.py", Body=JOB.encode())
    made = own_server.client("emr-serverless").create_application(releaseLabel="emr-7.13.0", type="SPARK")
    ids = start(own_server, made["applicationId"], role, "wait")
    begun = until(lambda: [*own_server.data.glob("submissions/*/work/begun")], seconds=120)
    own_server.kill()
    begun[0].with_name("go").touch()
    own_server.up()
    assert over(own_server, ids)["state"] == "SUCCESS"

    ids = start(own_server, made["applicationId"], role, "wait")
    until(lambda: {*own_server.data.glob("submissions/*/work/begun")} - {*begun}, seconds=120)
    own_server.kill()
    fence = [one for one in own_server.children() if "studiolo.kernel.submit" in one.cmdline()]
    for process in fence:
        # The first of them takes what is in the fence with it.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(fence, timeout=10)
    own_server.up()
    run = over(own_server, ids)
    assert (run["state"], run["stateDetails"]) == ("FAILED", "The application was killed.")
