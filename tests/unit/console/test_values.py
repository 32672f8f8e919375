"""How the console writes commands and values."""

import shlex
from datetime import datetime, timezone
from typing import Any

import pytest

from studiolo.console.commands import command, commands
from studiolo.console.people import Key, Made
from studiolo.console.rendering import cell, duration, kind, size
from studiolo.console.rows import format_of


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Made("glue", "GetTable", {"DatabaseName": "air", "Name": "hourly"}),
         "aws glue get-table --database-name air --name hourly"),
        (Made("s3", "ListObjectsV2", {"Bucket": "lake", "Prefix": "a b/", "ContinuationToken": "x"}),
         "aws s3api list-objects-v2 --bucket lake --prefix 'a b/'"),
        (Made("iam", "SimulatePrincipalPolicy", {"ActionNames": ["s3:Get*", "glue:*"]}),
         "aws iam simulate-principal-policy --action-names 's3:Get*' 'glue:*'"),
        (Made("logs", "GetLogEvents", {"startFromHead": False}), "aws logs get-log-events --no-start-from-head"),
        (Made("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"1,2"}),
         "aws sagemaker-runtime invoke-endpoint --endpoint-name e --body 1,2 out"),
    ],
)  # fmt: skip
def test_a_call_is_told_as_the_command_that_makes_it(made: Made, said: str) -> None:
    assert command(made) == said


def test_what_a_person_typed_stays_one_word_of_a_command() -> None:
    typed = "x'; rm -rf ~ #"
    assert shlex.split(command(Made("glue", "GetDatabase", {"Name": typed})))[-1] == typed


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (150 * 1024**2, "150 MiB"), (5000 * 1024**4, "5000 TiB")],
)
def test_sizes_are_in_the_largest_unit_that_leaves_one(value: int, written: str) -> None:
    assert size(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.012, "12 ms"), (9.44, "9.4 s"), (59.6, "60 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
)
def test_durations_have_two_units_at_most(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [1]}, '{"a": [1]}'),
        (datetime(2013, 3, 1, 1, 2, 3, 456, tzinfo=timezone.utc), "2013-03-01 01:02:03"),
        (0.1 + 0.2, "0.3"),
        (b"\0\1", "2 bytes"),
    ],
)
def test_values_of_rows_are_written_for_people(value: Any, written: str) -> None:
    assert cell(value) == written


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("InService", "good"),
        ("Failed", "bad"),
        ("Stopped", "idle"),
        ("PROVISIONING", "busy"),
        ("UPDATE_ROLLBACK_COMPLETE", "bad"),
    ],
)
def test_a_state_is_good_bad_idle_or_on_its_way(state: str, means: str) -> None:
    assert kind(state) == means


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "View"),
        ({"Parameters": {"table_type": "ICEBERG"}}, "Iceberg"),
        ({"Parameters": {"spark.sql.sources.provider": "delta"}}, "Delta"),
        ({"StorageDescriptor": {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat"}}, "CSV"),
        ({}, "Unknown"),
    ],
)
def test_a_table_s_format_is_told_by_what_the_catalog_has_of_it(table: dict[str, Any], name: str) -> None:
    assert format_of(table) == name


def test_a_key_is_never_written_with_its_secret() -> None:
    assert "hidden" not in repr(Key("AKIA", "hidden", "hidden"))


def test_of_many_commands_that_are_alike_a_few_are_shown_and_the_rest_counted() -> None:
    calls = [Made("sagemaker", "DescribeTrialComponent", {"TrialComponentName": f"run-{each}"}) for each in range(8)]
    told = commands([Made("sagemaker", "ListTrials", {}), *calls, *calls])
    assert told[:2] == [
        "aws sagemaker list-trials",
        "aws sagemaker describe-trial-component --trial-component-name run-0",
    ]
    assert told[-1] == "# describe-trial-component: 3 more"
    assert len(told) == 7
