"""Jobs, their arguments, and the transforms as classes."""

import importlib
import json

import pytest

import awsglue.transforms
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import ApplyMapping, DropNullFields, GlueTransform, Map, Relationalize
from awsglue.utils import GlueArgumentError, getResolvedOptions


def test_options_are_taken_with_a_space_or_an_equals_sign() -> None:
    argv = [
        "script.py",
        "--JOB_NAME",
        "air",
        "--day=monday",
        "--JOB_RUN_ID",
        "jr_1",
        "--other",
        "x",
        "--my-minus",
        "--1",
    ]
    options = getResolvedOptions(argv, ["JOB_NAME", "day", "my-minus"])
    assert {name: value for name, value in options.items() if value is not None} == {
        "JOB_NAME": "air",
        "day": "monday",
        "my_minus": "--1",
        "JOB_RUN_ID": "jr_1",
        "job_bookmark_option": "job-bookmark-disable",
    }
    assert options["JOB_ID"] is None


def test_the_arguments_that_glue_gives_itself_are_not_a_scripts_to_ask_for() -> None:
    with pytest.raises(RuntimeError, match="Using reserved arguments job-bookmark-option"):
        getResolvedOptions(["script.py"], ["job-bookmark-option"])
    found = getResolvedOptions(
        ["script.py", "--TempDir", "s3://t/", "--continuation-option", "continuation-enabled"], []
    )
    assert (found["RedshiftTempDir"], found["job_bookmark_option"]) == ("s3://t/", "job-bookmark-enable")
    with pytest.raises(GlueArgumentError, match="invalid choice"):
        getResolvedOptions(["script.py", "--job-bookmark-option", "often"], [])


def test_a_missing_option_is_named() -> None:
    with pytest.raises(GlueArgumentError, match="the following arguments are required: --day"):
        getResolvedOptions(["script.py", "--JOB_NAME", "air"], ["JOB_NAME", "day"])


def test_a_job_begins_and_ends_and_notebooks_end_one_that_did_not_begin(glue_context: GlueContext) -> None:
    job = Job(glue_context)
    job.commit()
    assert not job.isInitialized()
    job.init("air", {"day": "monday"})
    job.commit()
    assert job.isInitialized()


def test_every_transform_describes_itself() -> None:
    for name in awsglue.transforms.__all__:
        transform = getattr(awsglue.transforms, name)
        assert issubclass(transform, GlueTransform)
        described = transform.describe()["transform"]
        assert described["name"] == name
        assert transform.describeTransform()
    assert names(Map) == [
        "frame", "f", "preservesPartitioning", "transformation_ctx", "info", "stageThreshold", "totalThreshold"
    ]  # fmt: skip
    assert names(Relationalize)[:4] == ["frame", "staging_path", "name", "options"]
    arguments = {argument["name"]: argument for argument in ApplyMapping.describeArgs()}
    assert (arguments["frame"]["optional"], arguments["stageThreshold"]["defaultValue"]) == (False, "0")


def names(transform: type[GlueTransform]) -> list[str]:
    return [argument["name"] for argument in transform.describeArgs()]


def test_a_transform_is_found_by_its_name() -> None:
    assert isinstance(awsglue.transforms.get_transform("dropnullfields"), DropNullFields)
    described = json.loads(awsglue.transforms.describe_transform("DropNullFields"))
    assert described["transform"]["returns"]["type"] == "DynamicFrame"
    assert awsglue.transforms.describe_transform("Guess") == "{}"


def test_a_library_that_is_not_there_says_what_to_do_instead() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"not supported: .*train"):
        importlib.import_module("awsglueml.transforms")
