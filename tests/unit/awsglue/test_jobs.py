"""A job's arguments and frame, and what transforms say of themselves."""

import pytest

import awsglue.transforms
from awsglue.context import GlueContext
from awsglue.errors import NotSupported
from awsglue.job import Job
from awsglue.transforms import (
    ApplyMapping,
    EvaluateDataQuality,
    FillMissingValues,
    FindIncrementalMatches,
    FindMatches,
    GlueTransform,
)
from awsglue.utils import GlueArgumentError, getResolvedOptions


def test_options_are_taken_with_a_space_or_an_equals_sign() -> None:
    argv = ["script.py", "--JOB_NAME", "air", "--day=monday", "--JOB_RUN_ID", "jr_1", "--other", "x", "--minus", "--1"]
    options = getResolvedOptions(argv, ["JOB_NAME", "day", "minus"])
    assert options == {"JOB_NAME": "air", "day": "monday", "minus": "--1", "JOB_RUN_ID": "jr_1"}


def test_a_missing_option_is_named() -> None:
    with pytest.raises(GlueArgumentError, match="the following arguments are required: --day"):
        getResolvedOptions(["script.py", "--JOB_NAME", "air"], ["JOB_NAME", "day"])


def test_a_job_begins_and_ends(glue_context: GlueContext) -> None:
    job = Job(glue_context)
    with pytest.raises(RuntimeError, match="call init first"):
        job.commit()
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
    arguments = {argument["name"]: argument for argument in ApplyMapping.describeArgs()}
    assert (arguments["frame"]["optional"], arguments["stageThreshold"]["defaultValue"]) == (False, "0")


def test_transforms_that_are_not_there_say_so() -> None:
    for transform in (EvaluateDataQuality, FillMissingValues, FindMatches, FindIncrementalMatches):
        with pytest.raises(NotSupported, match=f"{transform.name()} is not supported"):
            transform.apply(frame=None)
