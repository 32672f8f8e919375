"""What job runs of EMR Serverless ask for, and what they have used."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from studiolo.domain import Invalid, LimitExceeded, Scope
from studiolo.engine import Streams
from studiolo.serverless import Application, ApplicationRequest, Run, RunRequest, SparkJob, Utilization
from studiolo.serverless.jobs import capacity, check_initial, cpus, gigabytes, spark_defaults, streams, utilization
from studiolo.serverless.model import Capacity, Workers

BEGAN = datetime(2026, 1, 1, tzinfo=timezone.utc)
SCOPE = Scope("000000000000", "eu-central-1")
APP = Application("00app", SCOPE, ApplicationRequest("emr-7.13.0", "SPARK"), {}, "STARTED", "", BEGAN, BEGAN)
JOB = RunRequest("role", "me", spark=SparkJob("s3://b/x.py"))
RUN = Run("00run", "00app", SCOPE, JOB, "emr-7.13.0", {}, "SUCCESS", "", BEGAN, BEGAN, started=BEGAN)


def ran(seconds: float, parameters: str = "") -> Run:
    asked = replace(JOB, spark=SparkJob("s3://b/x.py", parameters=parameters))
    return replace(RUN, asked=asked, ended=BEGAN + timedelta(seconds=seconds))


def test_a_driver_and_three_executors_are_what_emr_serverless_gives_by_default() -> None:
    assert capacity(APP, JOB) == Capacity(16, 64, 4)


def test_workers_are_those_of_the_run_s_settings() -> None:
    parameters = "--executor-memory 6g --conf spark.executor.instances=1 --driver-cores 2 --conf spark.driver.memory=3g"
    assert capacity(APP, ran(1, parameters).asked) == Capacity(6, 4 + 7, 2)


def at_most(cpu: str, memory: str, **more: str) -> Application:
    return replace(APP, asked=replace(APP.asked, maximum={"cpu": cpu, "memory": memory, **more}))


def test_a_run_has_as_many_executors_as_its_application_may_have_beside_its_driver() -> None:
    assert capacity(at_most("12 vCPU", "400 GB"), JOB) == Capacity(12, 48, 3)
    assert capacity(at_most("400vCPU", "400GB", disk="40GB"), JOB) == Capacity(8, 32, 2)
    with pytest.raises(LimitExceeded, match="exceeded maximumCapacity settings: 4 vCPU and 64 GB"):
        capacity(at_most("4 vCPU", "64 GB"), JOB)


def test_what_a_run_has_used_stays_when_its_application_is_changed() -> None:
    run = ran(60)
    run = replace(run, asked=replace(run.asked, capacity=capacity(APP, run.asked)))
    assert utilization(at_most("12 vCPU", "400 GB"), run, BEGAN) == utilization(APP, run, BEGAN)


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        (Workers(1, "3vCPU", "8GB"), "Workers of 3vCPU and 8GB are not available"),
        (Workers(1, "1 vCPU", "64 GB"), "there are those of 1 vCPU and 2 to 8 GB"),
        (Workers(3, "4 vCPU", "16 GB"), "12 vCPU and 48 GB, is more than the maximum capacity, 8vCPU and 64GB"),
    ],
)
def test_an_initial_capacity_that_cannot_be_is_refused(workers: Workers, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_initial(replace(at_most("8vCPU", "64GB").asked, initial={"Driver": workers}))
    with pytest.raises(Invalid, match="of the kinds DRIVER and EXECUTOR, not TezTask"):
        check_initial(replace(APP.asked, initial={"TezTask": Workers(1, "1vCPU", "2GB")}))


def test_what_is_used_counts_each_second_and_what_is_billed_a_minute_at_least() -> None:
    used, billed = utilization(APP, ran(29.2), BEGAN)
    assert used == Utilization(round(16 * 30 / 3600, 3), round(64 * 30 / 3600, 3), round(4 * 20 * 30 / 3600, 3))
    assert billed == Utilization(round(16 * 60 / 3600, 3), round(64 * 60 / 3600, 3), 0.0)


def test_a_run_that_did_not_start_has_used_nothing() -> None:
    assert utilization(APP, replace(RUN, started=None), BEGAN)[1] == Utilization(0.0, 0.0, 0.0)


def test_logs_go_to_the_streams_that_emr_serverless_names() -> None:
    asked = {"enabled": True, "logStreamNamePrefix": "nightly"}
    run = replace(RUN, asked=replace(JOB, monitoring={"cloudWatchLoggingConfiguration": asked}))
    path = "nightly/applications/00app/jobs/00run/SPARK_DRIVER"
    assert streams(APP, run) == Streams(
        ("/aws/emr-serverless", f"{path}/stdout"), ("/aws/emr-serverless", f"{path}/stderr")
    )
    assert streams(APP, RUN) is None


def test_settings_are_those_of_spark_defaults_at_any_depth() -> None:
    inner = {"classification": "spark-defaults", "properties": {"spark.b": "2"}}
    given = [
        {"classification": "spark-defaults", "properties": {"spark.a": "1"}, "configurations": [inner]},
        {"classification": "spark-log4j2", "properties": {"rootLogger.level": "info"}},
    ]
    assert spark_defaults(given) == {"spark.a": "1", "spark.b": "2"}


@pytest.mark.parametrize(("read", "text", "value"), [(cpus, "4vCPU", 4), (cpus, "2 vcpu", 2), (gigabytes, "16 GB", 16)])
def test_capacity_is_read_as_it_is_given(read: object, text: str, value: float) -> None:
    assert read(text) == value  # type: ignore[operator]


@pytest.mark.parametrize("read", [cpus, gigabytes])
def test_what_is_no_capacity_is_refused(read: object) -> None:
    with pytest.raises(Invalid):
        read("plenty")  # type: ignore[operator]
