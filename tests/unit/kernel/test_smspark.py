"""What smspark-submit makes of its arguments and of EMR's configurations."""

from pathlib import Path

import pytest

from studiolo.kernel.smspark import DATA_CATALOG, Asked, Configuration, Unusable, settings


def test_a_folder_of_files_is_its_files_and_the_application_s_arguments_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    asked = Asked.of(["--py-files", f"s3://b/x.zip,{tmp_path}", "--class", "a.Main", "-v", "app.jar", "--jars", "x"])
    files = f"s3://b/x.zip,{tmp_path / 'a.py'}"
    assert asked.arguments() == [
        "--class", "a.Main", "--py-files", files, "--verbose", "app.jar", "--jars", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--conf", "a=b", "app.py"], "no such option: --conf"),
        (["--jars", "/nowhere"], "missing parameter: app"),
        (["--jars"], "--jars option requires an argument"),
        (["--jars", "here.jar", "app.py"], "must be an absolute path"),
        (["--jars", "/not/there.jar", "app.py"], "/not/there.jar does not exist"),
    ],
)
def test_what_cannot_be_submitted_is_refused_with_a_reason(words: list[str], why: str) -> None:
    with pytest.raises(Unusable, match=why):
        Asked.of(words).arguments()


def test_configurations_are_settings_variables_and_the_data_catalog() -> None:
    configured = Configuration.of(
        [
            {"Classification": "spark-defaults", "Properties": {"spark.a": "1", "spark.master": "yarn"}},
            {"Classification": "core-site", "Properties": {"fs.x": "y"}},
            {"Classification": "hive-site", "Properties": {"hive.metastore.client.factory.class": DATA_CATALOG}},
            {
                "Classification": "spark-env",
                "Properties": {},
                "Configurations": [{"Classification": "export", "Properties": {"MOOD": "calm"}}],
            },
        ]
    )
    assert configured == Configuration({"spark.hadoop.fs.x": "y", "spark.a": "1"}, {"MOOD": "calm"}, data_catalog=True)
    with pytest.raises(Unusable, match="Invalid classification: presto-site"):
        Configuration.of({"Classification": "presto-site", "Properties": {}})


def test_event_logs_go_to_s3_itself_or_to_a_folder_that_is_uploaded(tmp_path: Path) -> None:
    told = {"conf": {"spark.sql.catalogImplementation": "hive"}, "catalog": {}}
    for options, place in (
        (["--spark-event-logs-s3-uri", "s3://b/logs"], "s3a://b/logs"),
        (["--local-spark-event-logs-dir", "/opt/ml/processing/spark-events/"], "file:///opt/ml/spark-events"),
    ):
        conf = settings(told, Asked.of([*options, "app.py"]), Configuration(), Path("/opt/ml"), tmp_path)
        assert (conf["spark.eventLog.enabled"], conf["spark.eventLog.dir"]) == ("true", place)
        assert conf["spark.sql.catalogImplementation"] == "in-memory"
